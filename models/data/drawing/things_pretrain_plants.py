"""Pre-training categories that grow. Cousins of the demo's classes: tree, flower, cactus (potted plant)."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import (
    curve,
    difference,
    ellipse,
    line,
    polygon,
    rect,
    ribbon,
    sector,
    transform,
    union,
)
from models.data.drawing.pen import Pen, Thing
from models.data.drawing.things_pretrain_shapes import on_circle, petal, turned


def apple(pen: Pen, rng: np.random.Generator) -> None:
    """Whole, halved with core and seeds, or bitten."""
    u = rng.uniform
    kind = rng.integers(3)
    wide, tall = u(0.62, 0.75), u(0.9, 1.05)
    right = [
        (0, -0.38), (wide * 0.5, -0.5), (wide, -0.1),
        (wide * 0.8, tall * 0.5), (wide * 0.35, tall * 0.86), (0, tall * 0.8),
    ]  # fmt: skip
    body = curve([*right, *((-x, y) for x, y in right[-2:0:-1])], closed=True)
    if kind == 1:
        body = difference(
            body, ellipse(wide, 0.1, 0.3), ellipse(wide * 0.95, 0.4, 0.2), ellipse(wide, -0.15, 0.2)
        )
    pen.stroke(curve([(0, -0.35), (0.02, -0.6), (u(0.05, 0.16), -0.85)]), 0.09, "dark")
    pen.fill(body, "main")
    if kind == 2:
        pen.fill(transform(body, scale=0.84, about=(0, 0.2)), "light")
        for side in (-1, 1):
            pen.fill(ellipse(side * 0.11, 0.22, 0.06, 0.12, side * 15), "dark")
    else:
        pen.glaze(ellipse(-wide * 0.5, -0.1, 0.12, 0.22, 25), 0.6)
    if rng.random() < 0.8:
        pen.fill(petal(0.04, -0.55, u(0.4, 0.55), 0.24, u(-35, 0)), "second")


def tree(pen: Pen, rng: np.random.Generator) -> None:
    """Leafy crown, fir in tiers, or palm; cousin of potted plant, but never in a pot."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        trunk = u(0.09, 0.14)
        pen.fill(turned([(-0.1, trunk), (0.5, trunk), (0.9, trunk * 1.9)]), "second")
        pen.stroke(line([(0, 0.25), (0.25, 0.0)]), 0.09, "second")
        size = u(0.3, 0.4)
        spots = [(-0.38, -0.1), (0.38, -0.1), (-0.3, -0.45), (0.3, -0.45), (0.0, -0.62), (0.0, -0.2)]
        pen.fill(union(*(ellipse(x + u(-0.05, 0.05), y, size) for x, y in spots)), "main")
        if rng.random() < 0.5:
            for x, y in spots[:4]:
                pen.fill(ellipse(x, y, 0.08), "accent")
        else:
            pen.glaze(ellipse(0.25, -0.1, 0.35, 0.25), -0.3)
    elif kind == 1:
        pen.fill(rect(-0.11, 0.5, 0.11, 0.92), "second")
        n = rng.integers(3, 5)
        for i in range(n):
            bottom = 0.65 - i * 1.15 / n
            half = u(0.62, 0.72) * (1 - 0.65 * i / n)
            pen.fill(
                polygon([(-half, bottom), (half, bottom), (0, bottom - 0.72)], 0.03), "main", -0.12 * (i % 2)
            )
    else:
        lean = u(-0.2, 0.2)
        pen.fill(ribbon([(0, 0.92), (lean, 0.3), (lean * 1.5, -0.4)], [0.24, 0.15, 0.12]), "second")
        top = (lean * 1.5, -0.42)
        for degrees in (-165, -125, -60, -20, 20, 160):
            mid = on_circle(*top, 0.4, degrees)
            end = on_circle(*top, u(0.62, 0.75), degrees)
            pen.fill(
                ribbon([top, (mid[0], mid[1] - 0.12), (end[0], end[1] + 0.16)], [0.1, 0.22, 0.03]), "main"
            )
        for x in (-0.08, 0.1):
            pen.fill(ellipse(top[0] + x, top[1] + 0.08, 0.1), "accent")


def flower(pen: Pen, rng: np.random.Generator) -> None:
    """Daisy, tulip, or bluebell on a stem with leaves; cousin of potted plant, but without a pot."""
    u = rng.uniform
    kind = rng.integers(3)
    bend = u(-0.12, 0.12)
    head = (bend, -0.35)
    pen.stroke(curve([(0, 0.95), (-bend, 0.4), head]), 0.08, "second")
    for side in (-1, 1):
        pen.fill(petal(0, u(0.5, 0.75), u(0.45, 0.6), 0.2, -90 + side * u(40, 60)), "second")
    if kind == 0:
        n, length = int(rng.integers(5, 10)), u(0.46, 0.56)
        for i in range(n):
            pen.fill(petal(*head, length, 2.3 * length / n + 0.08, 360 * i / n), "main")
        pen.fill(ellipse(*head, u(0.15, 0.22)), "accent")
    elif kind == 1:
        half = u(0.28, 0.36)
        x, y = head
        cup = [
            (x - half, y - 0.45),
            (x - half / 2, y - 0.2),
            (x, y - 0.5),
            (x + half / 2, y - 0.2),
            (x + half, y - 0.45),
        ]
        pen.fill(union(polygon(cup), sector(x, y - 0.25, half, 0.42, -10, 200)), "main")
        pen.fill(petal(x, y + 0.12, 0.55, 0.22, -90), "main", 0.2)
    else:
        for i, side in enumerate((-1, 1, -1)):
            y = -0.05 - 0.32 * i
            x = side * 0.32
            pen.stroke(curve([(bend * 0.5, y), (x * 0.7, y - 0.12), (x, y)]), 0.06, "second")
            pen.fill(turned([(y - 0.05, 0.06), (y + 0.1, 0.13), (y + 0.3, 0.2)], x), "main")
        pen.stroke(line([head, (bend, -0.85)]), 0.06, "second")
        pen.fill(ellipse(bend, -0.85, 0.12, 0.16), "main")


def mushroom(pen: Pen, rng: np.random.Generator) -> None:
    """Toadstool with dots, tall pointed cap, or a pair; cousin of umbrella."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 2:
        for x, y, size in ((0.35, 0.9, 0.62), (-0.3, 0.9, u(0.85, 1.0))):
            pen.fill(
                turned([(y - 0.8 * size, 0.13 * size), (y - 0.3 * size, 0.15 * size), (y, 0.22 * size)], x),
                "light",
            )
            pen.fill(sector(x, y - 0.75 * size, 0.5 * size, 0.55 * size, 180, 180), "main")
        return
    stem, cap = u(0.15, 0.24), u(0.68, 0.88)
    y = u(-0.05, 0.12)
    pen.fill(turned([(y - 0.1, stem), (0.4, stem * 0.9), (0.75, stem * 1.4), (0.9, stem * 1.2)]), "light")
    if kind == 0:
        pen.fill(sector(0, y, cap, u(0.7, 0.9), 180, 180), "main")
        for x, dy, r in ((-0.4, 0.22, 0.13), (0.05, 0.45, 0.16), (0.42, 0.2, 0.11)):
            pen.fill(ellipse(x, y - dy, r, r * 0.85), "accent" if rng.random() < 0.3 else "light")
    else:
        cap *= 0.75
        pen.fill(polygon([(-cap, y), (0, -0.95), (cap, y)], 0.25), "main")
        for x in (-0.25, 0.0, 0.25):
            pen.stroke(line([(x * 0.4, y - 0.5), (x, y - 0.1)]), 0.05, "dark")
    pen.fill(ellipse(0, y, cap, 0.09), "second")


def cactus(pen: Pen, rng: np.random.Generator) -> None:
    """Column with arms, barrel, or paddles, standing on sand; cousin of potted plant, but without a pot."""
    u = rng.uniform
    kind = rng.integers(3)
    pen.fill(ellipse(0, 0.88, u(0.5, 0.75), 0.1), "second")
    if kind == 0:
        half = u(0.15, 0.2)
        pen.fill(rect(-half, -0.92, half, 0.9, half), "main")
        for side in (-1, 1):
            low, high = u(0.05, 0.35), u(-0.5, -0.2)
            pen.stroke(line([(0, low), (side * 0.52, low), (side * 0.52, high)]), half * 1.5, "main")
        for x in (-half * 0.4, half * 0.4):
            pen.stroke(line([(x, -0.7), (x, 0.75)]), 0.05, "light")
    elif kind == 1:
        half = u(0.55, 0.7)
        pen.fill(ellipse(0, 0.25, half, 0.65), "main")
        for k in (-0.7, -0.35, 0.0, 0.35, 0.7):
            pen.stroke(curve([(k * 0.2, -0.36), (k * half, 0.25), (k * 0.25, 0.86)]), 0.055, "dark")
        pen.fill(ellipse(0, -0.42, 0.2, 0.14), "accent")
    else:
        for x, y, rx, ry, angle in (
            (0, 0.45, 0.3, 0.45, 0),
            (-0.42, -0.2, 0.24, 0.36, -35),
            (0.4, -0.15, 0.24, 0.36, 35),
            (0.05, -0.55, 0.2, 0.3, 8),
        ):
            pen.fill(ellipse(x, y, rx, ry, angle), "main", 0.1 * (angle != 0))
            for dy in (-0.15, 0.1):
                pen.fill(ellipse(x, y + dy, 0.05), "light")
        pen.fill(ellipse(0.09, -0.86, 0.11), "accent")


THINGS: dict[str, Thing] = {
    "apple": apple,
    "tree": tree,
    "flower": flower,
    "mushroom": mushroom,
    "cactus": cactus,
}
