"""Pre-training categories to wear and carry. Cousins of the demo's classes: hat (lamp shade), bag (mug)."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import arc, curve, ellipse, line, polygon, rect, sector, star
from models.data.drawing.pen import Pen, Thing
from models.data.drawing.things_pretrain_shapes import petal, turned


def glasses(pen: Pen, rng: np.random.Generator) -> None:
    """Round, square, or dark sunglasses, with temples at the sides."""
    u = rng.uniform
    kind = rng.integers(3)
    size, apart = u(0.34, 0.4), 0.5
    thick = u(0.09, 0.13)
    for side in (-1, 1):
        x = side * apart
        pen.stroke(
            line([(side * (apart + size * 0.9), -0.12), (side * 0.98, -u(0.25, 0.4))]), thick, "second"
        )
        if kind == 0:
            lens = ellipse(x, 0.05, size)
        elif kind == 1:
            lens = rect(x - size, -0.25, x + size, u(0.25, 0.35), 0.08)
        else:
            lens = curve(
                [
                    (x - size, -0.2),
                    (x, -0.3),
                    (x + size, -0.2),
                    (x + size * 0.7, 0.25),
                    (x, 0.4),
                    (x - size * 0.7, 0.25),
                ],
                closed=True,
            )
        pen.fill(lens, "dark" if kind == 2 else "light")
        pen.stroke(lens, thick, "main")
        pen.glaze(ellipse(x - 0.1, -0.05, 0.06, 0.14, 30), 0.6)
    pen.stroke(curve([(-0.16, 0.0), (0, -0.12), (0.16, 0.0)]), thick, "main")


def hat(pen: Pen, rng: np.random.Generator) -> None:
    """Top hat, baseball cap, or straw hat with a wide brim; cousin of lamp shade."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        half, top = u(0.42, 0.52), u(-0.75, -0.5)
        pen.fill(polygon([(-half * 1.08, top), (half * 1.08, top), (half, 0.6), (-half, 0.6)], 0.04), "main")
        pen.fill(rect(-half, 0.25, half, 0.5), "accent")
        pen.fill(ellipse(0, 0.6, u(0.82, 0.95), 0.16), "main", -0.1)
    elif kind == 1:
        pen.fill(
            curve([(0.2, 0.35), (0.75, 0.3), (0.98, 0.5), (0.6, 0.56), (0.1, 0.5)], closed=True), "second"
        )
        pen.fill(sector(-0.15, 0.45, u(0.62, 0.7), u(0.8, 0.95), 180, 180), "main")
        pen.stroke(curve([(-0.15, -0.4), (0.05, 0.0), (0.1, 0.4)]), 0.05, "dark")
        pen.fill(ellipse(-0.15, -0.42, 0.09, 0.06), "accent")
    else:
        pen.fill(ellipse(0, 0.45, 0.98, u(0.2, 0.3)), "main")
        pen.fill(turned([(-0.45, 0.2), (-0.3, 0.4), (0.1, 0.5), (0.45, 0.54)]), "main", 0.15)
        pen.fill(polygon([(-0.5, 0.12), (0.5, 0.12), (0.55, 0.42), (-0.55, 0.42)], 0.03), "second")
        if rng.random() < 0.6:
            pen.fill(star(0.4, 0.25, 0.22, 5, 0.55), "accent")


def shirt(pen: Pen, rng: np.random.Generator) -> None:
    """T-shirt with a print, buttoned shirt with long sleeves, or striped vest."""
    u = rng.uniform
    kind = rng.integers(3)
    half = u(0.44, 0.54)
    if kind == 2:
        body = [
            (-half, 0.9),
            (-half, -0.2),
            (-half * 0.6, -0.45),
            (-half * 0.6, -0.9),
            (-half * 0.3, -0.9),
            (-0.1, -0.5),
        ]
        shape = polygon([*body, *((-x, y) for x, y in body[::-1])], 0.03)
        pen.fill(shape, "main")
        for y in (-0.1, 0.25, 0.6):
            pen.fill(rect(-half, y, half, y + 0.15), "second")
        return
    for side in (-1, 1):
        end = 0.98 if kind == 0 else 0.9
        low = u(-0.15, 0.0) if kind == 0 else u(0.6, 0.75)
        cuff = 0.32 if kind == 0 else 0.26
        sleeve = [
            (side * 0.3, -0.8),
            (side * 0.62, -0.7),
            (side * end, low),
            (side * (end - cuff), low + 0.12),
            (side * 0.4, -0.2),
        ]
        pen.fill(polygon(sleeve, 0.03), "main", -0.15)
    body = polygon(
        [(-half * 0.75, -0.82), (half * 0.75, -0.82), (half, -0.4), (half, 0.9), (-half, 0.9), (-half, -0.4)],
        0.04,
    )
    pen.fill(body, "main")
    if kind == 0:
        pen.fill(sector(0, -0.83, 0.24, u(0.18, 0.3), 0, 180), "dark")
        if rng.random() < 0.5:
            pen.fill(star(0, 0.05, 0.26), "accent")
        else:
            pen.fill(rect(-half, -0.05, half, 0.25), "accent")
    else:
        pen.stroke(line([(0, -0.7), (0, 0.88)]), 0.05, "dark")
        for y in (-0.35, 0.0, 0.35, 0.7):
            pen.fill(ellipse(0.08, y, 0.05), "light")
        for side in (-1, 1):
            pen.fill(polygon([(0, -0.6), (side * 0.3, -0.9), (side * 0.36, -0.6)]), "second")
        pen.fill(rect(0.17, -0.25, 0.4, 0.0), "second")


def shoe(pen: Pen, rng: np.random.Generator) -> None:
    """Trainer with laces, high heel, or boot."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        upper = [
            (-0.9, 0.5),
            (-0.85, -0.2),
            (-0.45, -0.3),
            (-0.15, -0.1),
            (0.5, 0.18),
            (0.9, 0.35),
            (0.92, 0.55),
        ]
        pen.fill(polygon(upper, 0.12), "main")
        pen.fill(rect(-0.95, 0.48, 0.97, 0.75, 0.1), "light")
        for i in range(3):
            x, y = -0.2 + 0.22 * i, -0.02 + 0.1 * i
            pen.stroke(line([(x, y - 0.06), (x - 0.1, y + 0.2)]), 0.07, "light")
        pen.fill(polygon([(-0.7, 0.1), (0.1, 0.4), (-0.6, 0.35)], 0.03), "accent")
    elif kind == 1:
        heel = u(0.45, 0.7)
        pen.fill(
            polygon([(-0.85, 0.9 - heel), (-0.6, 0.9 - heel * 0.9), (-0.72, 0.9), (-0.86, 0.9)]), "second"
        )
        sole = [
            (-0.9, 0.75 - heel),
            (-0.55, 0.8 - heel),
            (0.1, 0.55),
            (0.9, 0.72),
            (0.95, 0.9),
            (0.1, 0.85),
            (-0.45, 1.05 - heel),
            (-0.85, 1.0 - heel),
        ]
        pen.fill(polygon(sole, 0.08), "main")
        pen.stroke(
            curve([(-0.85, 0.75 - heel), (-0.5, 0.4 - heel), (-0.2, 0.55 - heel * 0.6)]), 0.08, "accent"
        )
    else:
        shaft = u(0.3, 0.38)
        boot = [
            (-0.6, -0.9),
            (-0.6 + 2 * shaft, -0.9),
            (-0.6 + 2 * shaft, 0.2),
            (0.5, 0.35),
            (0.85, 0.55),
            (0.85, 0.78),
            (-0.62, 0.78),
        ]
        pen.fill(polygon(boot, 0.1), "main")
        pen.fill(rect(-0.66, 0.74, 0.9, 0.92, 0.03), "dark")
        pen.fill(rect(-0.64, -0.95, -0.56 + 2 * shaft, -0.72, 0.04), "second")
        pen.stroke(line([(-0.55, 0.25), (0.1, 0.25)]), 0.08, "accent")


def crown(pen: Pen, rng: np.random.Generator) -> None:
    """Pointed crown with balls, king's crown with arches and a cap, or low tiara."""
    u = rng.uniform
    kind = rng.integers(3)
    half = u(0.72, 0.85)
    if kind == 1:
        pen.fill(sector(0, 0.35, half * 0.85, 0.95, 180, 180), "second")
        for k in (-1, 0, 1):
            pen.stroke(curve([(k * half * 0.85, 0.3), (k * half * 0.8, -0.25), (0, -0.6)]), 0.13, "main")
        pen.stroke(line([(0, -0.6), (0, -0.92)]), 0.09, "main")
        pen.stroke(line([(-0.14, -0.78), (0.14, -0.78)]), 0.09, "main")
    else:
        n = 5 if kind == 0 else 7
        depth = u(0.05, 0.2)
        points = []
        for i in range(n):
            x = half * (-1 + 2 * i / (n - 1))
            height = -0.6 if kind == 0 else 0.25 - 0.75 * float(np.sin(np.pi * i / (n - 1)))
            y = height if i % 2 == 0 else depth
            points.append((x * (1.1 if i in (0, n - 1) else 1.0), y))
            if i % 2 == 0:
                pen.fill(ellipse(points[-1][0], y - 0.04, 0.1), "accent")
        pen.fill(polygon([(-half, 0.6), *points, (half, 0.6)]), "main")
    pen.fill(rect(-half, 0.35, half, 0.7, 0.05), "main", -0.2)
    for x in (-0.5, 0.0, 0.5):
        pen.fill(ellipse(x * half * 1.1, 0.52, 0.1), "accent" if x else "light")


def bag(pen: Pen, rng: np.random.Generator) -> None:
    """Handbag, paper shopping bag, or rucksack; cousin of mug, by the handle."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        pen.stroke(arc(0, -0.12, u(0.36, 0.48), u(0.55, 0.7), 180, 180), 0.11, "second")
        pen.fill(polygon([(-0.65, -0.15), (0.65, -0.15), (0.88, 0.85), (-0.88, 0.85)], 0.12), "main")
        pen.fill(polygon([(-0.66, -0.16), (0.66, -0.16), (0.45, 0.3), (-0.45, 0.3)], 0.1), "main", -0.25)
        pen.fill(rect(-0.1, 0.2, 0.1, 0.42, 0.04), "accent")
    elif kind == 1:
        half = u(0.5, 0.62)
        pen.stroke(arc(0, -0.4, 0.26, u(0.35, 0.5), 180, 180), 0.08, "dark")
        pen.fill(polygon([(-half, -0.42), (half, -0.42), (half * 0.95, 0.9), (-half * 0.95, 0.9)]), "main")
        pen.fill(
            polygon([(half, -0.42), (half * 0.95, 0.9), (half * 0.6, 0.9), (half * 0.65, -0.1)]), "main", -0.3
        )
        pen.fill(petal(-0.25, 0.25, 0.5, 0.5, 0) if rng.random() < 0.5 else star(-0.05, 0.3, 0.3), "accent")
    else:
        half = u(0.5, 0.58)
        pen.stroke(arc(0, -0.75, 0.16, 0.18, 180, 180), 0.09, "dark")
        for side in (-1, 1):
            pen.fill(rect(side * half * 0.9, 0.1, side * (half + 0.22), 0.75, 0.1), "second")
        pen.fill(rect(-half, -0.8, half, 0.9, half * 0.6), "main")
        pen.fill(rect(-half * 0.72, 0.25, half * 0.72, 0.75, 0.08), "second")
        pen.stroke(line([(-half * 0.72, 0.4), (half * 0.72, 0.4)]), 0.05, "dark")
        pen.fill(sector(0, -0.25, half, 0.4, 0, 180), "accent")


THINGS: dict[str, Thing] = {
    "glasses": glasses,
    "hat": hat,
    "shirt": shirt,
    "shoe": shoe,
    "crown": crown,
    "bag": bag,
}
