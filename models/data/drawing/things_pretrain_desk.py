"""Pre-training categories from desk and workshop. No cousins among the demo's classes."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import arc, curve, difference, ellipse, line, polygon, rect, ring, union
from models.data.drawing.pen import Pen, Thing
from models.data.drawing.things_pretrain_shapes import COLOURS, on_circle, turned


def camera(pen: Pen, rng: np.random.Generator) -> None:
    """Compact camera, reflex camera with a prism hump, or film camera with two reels."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 2:
        for x, size in ((-0.5, 0.36), (0.2, 0.42)):
            pen.fill(ellipse(x, -0.5, size), "second")
            pen.fill(ellipse(x, -0.5, size * 0.35), "dark")
        pen.fill(polygon([(0.4, 0.25), (0.95, -0.1), (0.95, 0.75), (0.4, 0.45)], 0.03), "dark")
        pen.fill(rect(-0.85, -0.15, 0.5, 0.75, 0.1), "main")
        pen.fill(rect(-0.65, 0.1, -0.15, 0.4, 0.04), "light")
        pen.fill(ellipse(0.2, 0.3, 0.13), "accent")
        return
    top = u(-0.45, -0.3)
    if kind == 1:
        pen.fill(
            polygon([(-0.4, top + 0.05), (-0.25, top - 0.3), (0.25, top - 0.3), (0.4, top + 0.05)], 0.05),
            "main",
        )
    pen.fill(rect(-0.85, top - 0.14, -0.5, top + 0.1, 0.04), "dark")
    pen.fill(rect(-0.98, top, 0.98, 0.72, 0.12), "main")
    pen.fill(rect(-0.98, top + 0.28, 0.98, 0.45), "second")
    x = 0.0 if kind else u(-0.1, 0.25)
    size = u(0.4, 0.48)
    pen.fill(ellipse(x, 0.18, size), "dark")
    pen.fill(ellipse(x, 0.18, size * 0.72), "light")
    pen.fill(ellipse(x, 0.18, size * 0.45), "dark")
    pen.fill(ellipse(x - 0.08, 0.08, 0.08), "light")
    pen.fill(rect(0.62, top + 0.08, 0.86, top + 0.22, 0.03), "accent")


def phone(pen: Pen, rng: np.random.Generator) -> None:
    """Smartphone, mobile with keys and aerial, or dial telephone with a handset."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 2:
        pen.fill(polygon([(-0.45, -0.2), (0.45, -0.2), (0.85, 0.8), (-0.85, 0.8)], 0.15), "main")
        pen.fill(ellipse(0, 0.3, 0.4), "light")
        for angle in range(0, 360, 45):
            pen.fill(ellipse(*on_circle(0, 0.3, 0.26, angle), 0.065), "dark")
        pen.fill(ellipse(0, 0.3, 0.1), "accent")
        pen.stroke(
            curve([(-0.8, -0.3), (-0.6, -0.55), (0, -0.62), (0.6, -0.55), (0.8, -0.3)]),
            u(0.2, 0.26),
            "second",
        )
        for side in (-1, 1):
            pen.fill(ellipse(side * 0.8, -0.3, 0.2, 0.17), "second")
        return
    half = u(0.42, 0.54) if kind == 0 else u(0.34, 0.42)
    if kind == 1:
        pen.fill(rect(half - 0.18, -0.98, half - 0.04, -0.4, 0.05), "dark")
    pen.fill(rect(-half, -0.92 if kind == 0 else -0.65, half, 0.92, 0.12), "main" if kind else "dark")
    if kind == 0:
        pen.fill(rect(-half * 0.86, -0.75, half * 0.86, 0.72, 0.03), "light")
        for i in range(3):
            for j in range(4):
                role = COLOURS[int(rng.integers(3))]
                x, y = (i - 1) * half * 0.54, -0.52 + 0.34 * j
                pen.fill(rect(x - 0.1, y - 0.1, x + 0.1, y + 0.1, 0.04), role)
    else:
        pen.fill(rect(-half * 0.78, -0.5, half * 0.78, 0.1, 0.04), "light")
        for i in range(3):
            for j in range(3):
                x, y = (i - 1) * half * 0.52, 0.3 + 0.2 * j
                pen.fill(rect(x - 0.08, y - 0.06, x + 0.08, y + 0.06, 0.03), "accent" if j == 0 else "dark")


def book(pen: Pen, rng: np.random.Generator) -> None:
    """Closed book, open book, or a pile of three."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        half = u(0.5, 0.62)
        pen.fill(rect(-half + 0.1, -0.82, half + 0.1, 0.92, 0.03), "light")
        pen.fill(rect(-half, -0.92, half, 0.84, 0.04), "main")
        pen.fill(rect(-half, -0.92, -half + 0.18, 0.84, 0.03), "main", -0.35)
        pen.fill(rect(-half * 0.4, -0.6, half * 0.75, -0.2, 0.03), "second")
        pen.stroke(line([(-half * 0.2, 0.35), (half * 0.55, 0.35)]), 0.07, "accent")
    elif kind == 1:
        lift = u(0.12, 0.25)
        for side in (-1, 1):
            pen.fill(polygon([(0, -0.35), (side * 0.98, -0.5), (side * 0.98, 0.65), (0, 0.75)], 0.03), "main")
            page = [
                (0, -0.4),
                (side * 0.4, -0.4 - lift),
                (side * 0.88, -0.5),
                (side * 0.88, 0.5),
                (side * 0.4, 0.5 - lift),
                (0, 0.62),
            ]
            pen.fill(polygon(page, 0.1), "light")
            for y in (-0.25, 0.0, 0.25):
                pen.stroke(line([(side * 0.2, y - 0.06), (side * 0.7, y - 0.06)]), 0.05, "dark")
        pen.stroke(line([(0, -0.38), (0, 0.68)]), 0.06, "second")
    else:
        y = 0.9
        for role in COLOURS:
            height, x, half = u(0.3, 0.42), u(-0.12, 0.12), u(0.68, 0.85)
            pen.fill(rect(x - half, y - height, x + half, y, 0.05), role)
            pen.fill(rect(x - half + 0.12, y - height + 0.09, x + half + 0.01, y - 0.09), "light")
            y -= height


def envelope(pen: Pen, rng: np.random.Generator) -> None:
    """Closed with its flap, open with a letter, or the address side with a stamp."""
    u = rng.uniform
    kind = rng.integers(3)
    half, top, bottom = u(0.85, 0.98), u(-0.55, -0.4), u(0.5, 0.65)
    if kind == 1:
        top = -0.15
        bottom = 0.85
        pen.fill(polygon([(-half, top), (0, -0.85), (half, top)], 0.03), "main", -0.3)
        pen.fill(rect(-half * 0.8, -0.7, half * 0.8, 0.5), "light")
        for y in (-0.5, -0.3, -0.1):
            pen.stroke(line([(-half * 0.55, y), (half * 0.55, y)]), 0.05, "dark")
        pen.fill(
            polygon([(-half, top), (0, 0.4), (half, top), (half, bottom), (-half, bottom)], 0.02), "main"
        )
        pen.stroke(line([(-half, bottom), (0, 0.35), (half, bottom)]), 0.05, "dark")
        return
    pen.fill(rect(-half, top, half, bottom, 0.04), "main")
    if kind == 0:
        for side in (-1, 1):
            pen.stroke(line([(side * half, bottom), (side * 0.1, 0.05)]), 0.05, "dark")
        pen.fill(polygon([(-half, top), (half, top), (0, u(0.12, 0.28))], 0.03), "main", 0.25)
        pen.stroke(line([(-half, top), (0, 0.2), (half, top)]), 0.06, "dark")
        if rng.random() < 0.7:
            pen.fill(ellipse(0, 0.18, 0.15), "accent")
    else:
        pen.fill(rect(half - 0.45, top + 0.1, half - 0.1, top + 0.5, 0.02), "accent")
        for i in range(3):
            y = 0.02 + 0.18 * i
            pen.stroke(line([(-half * 0.45, y), (half * u(0.1, 0.4), y)]), 0.06, "dark")
        pen.stroke(line([(-half * 0.85, top + 0.16), (-half * 0.3, top + 0.16)]), 0.06, "second")


def key(pen: Pen, rng: np.random.Generator) -> None:
    """Old key with a ring bow, door key with a round head, or key with a clover head."""
    u = rng.uniform
    kind = rng.integers(3)
    thick = u(0.12, 0.17)
    pen.stroke(line([(-0.3, 0), (0.92, 0)]), thick, "main", cap="butt")
    teeth = [(u(0.5, 0.58), u(0.28, 0.4)), (0.75, u(0.2, 0.34)), (0.9, u(0.25, 0.4))]
    for x, length in teeth[: int(rng.integers(2, 4))]:
        pen.fill(rect(x - 0.06, 0, x + 0.06, length), "main")
    size = u(0.38, 0.46)
    if kind == 0:
        pen.fill(ring(-0.52, 0, size, 0.15), "main")
        pen.fill(rect(-0.12, -0.13, -0.02, 0.13, 0.02), "second")
    elif kind == 1:
        pen.fill(difference(ellipse(-0.5, 0, size * 1.05), ellipse(-0.66, 0, 0.13)), "second")
    else:
        spots = [(-0.72, 0.0), (-0.45, -0.25), (-0.45, 0.25)]
        rings = union(*(ellipse(x, y, 0.26) for x, y in spots))
        pen.fill(difference(rings, *(ellipse(x, y, 0.11) for x, y in spots)), "main")
        pen.fill(ellipse(-0.18, 0, 0.12), "accent")


def scissors(pen: Pen, rng: np.random.Generator) -> None:
    """Open, nearly closed, or garden shears without finger rings."""
    u = rng.uniform
    kind = rng.integers(3)
    spread = (u(24, 34), u(8, 14), u(18, 26))[kind]
    for side in (-1, 1):
        tip = on_circle(0, 0, 0.98, -90 + side * spread)
        left, right = on_circle(0, 0, 0.12, 180 + side * spread), on_circle(0, 0, 0.12, side * spread)
        pen.fill(polygon([left, tip, right], 0.01), "light", -0.15 if side < 0 else 0.0)
        grip = on_circle(0, 0, 0.62, 90 + side * max(spread, 22))
        if kind == 2:
            end = on_circle(0, 0, 0.95, 90 + side * spread)
            pen.stroke(curve([(0, 0), (end[0] * 0.7 + side * 0.12, end[1] * 0.5), end]), 0.17, "main")
        else:
            pen.stroke(line([(0, 0), on_circle(0, 0, 0.4, 90 + side * max(spread, 22))]), 0.12, "main")
            pen.stroke(arc(*grip, 0.19, 0.26, 0, 360), 0.12, "main")
    pen.fill(ellipse(0, 0, 0.085), "dark")


def hammer(pen: Pen, rng: np.random.Generator) -> None:
    """Claw hammer, wooden mallet, or sledge hammer."""
    u = rng.uniform
    kind = rng.integers(3)
    half = u(0.08, 0.12)
    pen.fill(turned([(-0.6, half * 0.8), (0.2, half), (0.6, half * 1.35), (0.95, half * 1.2)]), "second")
    if kind == 0:
        pen.fill(rect(-0.55, -0.86, -0.25, -0.44, 0.04), "main", -0.2)
        claw = [
            (-0.3, -0.8),
            (0.15, -0.82),
            (0.5, -0.75),
            (0.85, -0.4),
            (0.45, -0.5),
            (0.15, -0.48),
            (-0.3, -0.5),
        ]
        pen.fill(polygon(claw, 0.05), "main")
    elif kind == 1:
        pen.fill(rect(-0.68, -0.92, 0.68, -0.32, u(0.06, 0.14)), "main")
        for x in (-0.48, 0.48):
            pen.fill(rect(x - 0.05, -0.92, x + 0.05, -0.32), "dark")
    else:
        pen.fill(polygon([(-0.7, -0.9), (0.7, -0.9), (0.7, -0.5), (-0.7, -0.5)], 0.06), "main")
        for side in (-1, 1):
            pen.fill(rect(side * 0.55, -0.94, side * 0.72, -0.46, 0.03), "dark")
    if rng.random() < 0.6:
        pen.fill(rect(-half * 1.25, 0.45, half * 1.25, 0.9, 0.05), "accent")


def pencil(pen: Pen, rng: np.random.Generator) -> None:
    """Pencil with a rubber, wax crayon, or paint brush; upright."""
    u = rng.uniform
    kind = rng.integers(3)
    half = u(0.14, 0.22)
    if kind == 0:
        pen.fill(polygon([(-half, -0.45), (0, -0.95), (half, -0.45)]), "light")
        pen.fill(polygon([(-half * 0.36, -0.77), (0, -0.95), (half * 0.36, -0.77)]), "dark")
        pen.fill(rect(-half, -0.45, half, 0.62), "main")
        pen.fill(rect(-half * 0.33, -0.45, half * 0.33, 0.62), "main", 0.3)
        pen.fill(rect(-half, 0.58, half, 0.72), "second")
        pen.fill(rect(-half, 0.7, half, 0.92, 0.07), "accent")
    elif kind == 1:
        half *= 1.25
        pen.fill(
            polygon(
                [(-half * 0.75, -0.4), (-half * 0.3, -0.88), (half * 0.3, -0.88), (half * 0.75, -0.4)], 0.04
            ),
            "main",
        )
        pen.fill(rect(-half, -0.42, half, 0.92, 0.05), "main", -0.12)
        pen.fill(rect(-half, -0.2, half, 0.7), "second")
        pen.stroke(curve([(0, -0.1), (half * 0.5, 0.1), (-half * 0.5, 0.3), (0, 0.5)]), 0.07, "dark")
    else:
        pen.fill(turned([(-0.2, half * 0.7), (0.1, half * 0.75), (0.92, 0.05)]), "main")
        pen.fill(rect(-half * 0.85, -0.4, half * 0.85, -0.12, 0.02), "second")
        pen.fill(turned([(-0.95, 0.03), (-0.65, half * 0.9), (-0.4, half * 0.8)]), "accent")


THINGS: dict[str, Thing] = {
    "camera": camera,
    "phone": phone,
    "book": book,
    "envelope": envelope,
    "key": key,
    "scissors": scissors,
    "hammer": hammer,
    "pencil": pencil,
}
