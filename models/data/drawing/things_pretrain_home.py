"""Pre-training categories of furniture and household.

Cousins of the demo's classes: table and bed (chair), bulb and candle (lamp).
"""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import arc, curve, ellipse, line, polygon, rect, sector
from models.data.drawing.pen import Pen, Thing
from models.data.drawing.things_pretrain_shapes import on_circle, turned


def table(pen: Pen, rng: np.random.Generator) -> None:
    """Dining table, round table on one foot, or trestle table with a drawer; cousin of chair."""
    u = rng.uniform
    kind = rng.integers(3)
    y = u(-0.4, -0.1)
    if kind == 0:
        for x in (-0.6, 0.6):
            pen.stroke(line([(x, y), (x, 0.65)]), 0.09, "second", -0.2, cap="butt")
        for x in (-0.86, 0.86):
            pen.stroke(line([(x, y + 0.2), (x, 0.92)]), u(0.11, 0.15), "second", cap="butt")
        pen.fill(
            polygon([(-0.66, y - 0.18), (0.66, y - 0.18), (0.98, y + 0.15), (-0.98, y + 0.15)], 0.03), "main"
        )
        pen.fill(rect(-0.98, y + 0.13, 0.98, y + 0.27, 0.02), "main", -0.25)
    elif kind == 1:
        pen.fill(turned([(y, 0.12), (0.2, 0.07), (0.6, 0.11), (0.8, 0.1), (0.92, 0.48)]), "second")
        pen.fill(ellipse(0, y + 0.08, 0.9, 0.2), "main", -0.25)
        pen.fill(ellipse(0, y, 0.9, 0.2), "main")
        if rng.random() < 0.5:
            pen.fill(
                polygon(
                    [
                        (-0.88, y + 0.05),
                        (-0.6, y + 0.45),
                        (-0.3, y + 0.2),
                        (0, y + 0.5),
                        (0.3, y + 0.2),
                        (0.6, y + 0.45),
                        (0.88, y + 0.05),
                    ],
                    0.03,
                ),
                "light",
            )
    else:
        for side in (-1, 1):
            pen.stroke(line([(side * 0.6, y), (side * 0.82, 0.9)]), 0.11, "second")
            pen.stroke(line([(side * 0.6, y), (side * 0.45, 0.9)]), 0.11, "second", -0.2)
        pen.fill(rect(-0.6, y, 0.6, y + 0.3, 0.02), "second")
        pen.fill(rect(-0.45, y + 0.06, 0.45, y + 0.24, 0.02), "light")
        pen.fill(ellipse(0, y + 0.15, 0.06), "dark")
        pen.fill(rect(-0.98, y - 0.12, 0.98, y + 0.04, 0.03), "main")


def bed(pen: Pen, rng: np.random.Generator) -> None:
    """Single bed from the side, double bed from its foot, or bunk bed; cousin of chair."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        pen.fill(rect(-0.98, u(-0.5, -0.25), -0.82, 0.88, 0.05), "second")
        pen.fill(rect(0.84, u(-0.05, 0.15), 0.98, 0.88, 0.05), "second")
        pen.fill(rect(-0.9, 0.45, 0.9, 0.65), "second", -0.2)
        pen.fill(rect(-0.84, 0.2, 0.86, 0.5, 0.08), "light")
        pen.fill(rect(-0.78, 0.02, -0.3, 0.26, 0.1), "accent")
        pen.fill(rect(-0.2, 0.12, 0.86, 0.55, 0.08), "main")
    elif kind == 1:
        pen.fill(rect(-0.85, -0.65, 0.85, 0.4, u(0.05, 0.3)), "second")
        pen.fill(polygon([(-0.68, -0.2), (0.68, -0.2), (0.92, 0.75), (-0.92, 0.75)], 0.04), "light")
        for x in (-0.34, 0.34):
            pen.fill(rect(x - 0.26, -0.34, x + 0.26, -0.02, 0.1), "accent")
        pen.fill(polygon([(-0.74, 0.1), (0.74, 0.1), (0.95, 0.75), (-0.95, 0.75)], 0.04), "main")
        pen.stroke(line([(-0.72, 0.16), (0.72, 0.16)]), 0.1, "light")
        for x in (-0.85, 0.85):
            pen.stroke(line([(x, 0.75), (x, 0.9)]), 0.1, "dark", cap="butt")
    else:
        for y in (-0.35, 0.5):
            pen.fill(rect(-0.9, y - 0.2, 0.9, y, 0.06), "main")
            pen.fill(rect(-0.85, y - 0.32, -0.4, y - 0.14, 0.08), "light")
            pen.fill(rect(-0.95, y, 0.95, y + 0.13), "second")
        for x in (-0.9, 0.9):
            pen.stroke(line([(x, -0.8), (x, 0.88)]), 0.11, "second")
        for x in (0.3, 0.6):
            pen.stroke(line([(x, -0.6), (x, 0.88)]), 0.06, "dark")
        for y in (-0.1, 0.2, 0.75):
            pen.stroke(line([(0.3, y), (0.6, y)]), 0.06, "dark")


def ladder(pen: Pen, rng: np.random.Generator) -> None:
    """Straight ladder, step ladder from the side, or rope ladder."""
    u = rng.uniform
    kind = rng.integers(3)
    n = int(rng.integers(5, 7))
    if kind == 1:
        spread = u(0.5, 0.65)
        pen.stroke(line([(0.08, -0.82), (spread, 0.88)]), 0.1, "second")
        for t in np.linspace(0.15, 0.9, n):
            x = -0.08 - (spread - 0.08) * t
            pen.stroke(line([(x - 0.02, -0.82 + 1.7 * t), (x + 0.26, -0.82 + 1.7 * t)]), 0.09, "dark")
        pen.stroke(line([(-0.08, -0.82), (-spread, 0.88)]), 0.13, "main")
        pen.fill(rect(-0.24, -0.92, 0.24, -0.76, 0.04), "accent")
        pen.stroke(line([(-spread * 0.55, 0.2), (spread * 0.6, 0.2)]), 0.05, "dark")
        return
    top, bottom = u(0.26, 0.34), u(0.34, 0.46)
    for t in np.linspace(0.08, 0.92, n):
        half = top + (bottom - top) * t
        pen.stroke(
            line([(-half, -0.92 + 1.84 * t), (half, -0.92 + 1.84 * t)]), 0.12 if kind else 0.1, "second"
        )
    for side in (-1, 1):
        if kind == 0:
            pen.stroke(line([(side * top, -0.95), (side * bottom, 0.95)]), 0.13, "main")
        else:
            rope = [(side * (top + 0.06 * (i % 2)), -0.95 + 1.9 * i / 6) for i in range(7)]
            pen.stroke(curve(rope), 0.08, "main")


def candle(pen: Pen, rng: np.random.Generator) -> None:
    """Thick candle with wax drops, candle in a dish, or three-armed candlestick; cousin of lamp."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 2:
        pen.stroke(arc(0, -0.15, 0.6, 0.5, 0, 180), 0.09, "main")
        pen.fill(turned([(-0.1, 0.06), (0.3, 0.1), (0.6, 0.06), (0.78, 0.12), (0.9, 0.42)]), "main")
        sticks = [(-0.6, -0.15), (0.0, -0.2), (0.6, -0.15)]
        half, height = 0.08, u(0.25, 0.4)
    elif kind == 1:
        half, height = u(0.13, 0.2), u(0.6, 0.85)
        pen.stroke(arc(0.66, 0.62, 0.2, 0.18, 0, 360), 0.09, "second")
        sticks = [(0.0, 0.7)]
    else:
        half, height = u(0.24, 0.36), u(0.8, 1.2)
        sticks = [(0.0, 0.9)]
    for x, y in sticks:
        pen.fill(rect(x - half, y - height, x + half, y, 0.04), "main" if kind < 2 else "light")
        pen.stroke(line([(x, y - height), (x, y - height - 0.1)]), 0.05, "dark")
        flame = [
            (x, y - height - 0.5),
            (x + 0.11, y - height - 0.2),
            (x, y - height - 0.06),
            (x - 0.11, y - height - 0.2),
        ]
        pen.fill(curve(flame, closed=True), "accent")
        pen.fill(ellipse(x, y - height - 0.17, 0.05, 0.08), "light")
        if kind == 2:
            pen.fill(rect(x - 0.15, y - 0.03, x + 0.15, y + 0.05, 0.03), "second")
    if kind == 1:
        pen.fill(polygon([(-0.62, 0.68), (0.62, 0.68), (0.45, 0.9), (-0.45, 0.9)], 0.05), "second")
    elif kind == 0:
        for x in (-half * 0.6, half * 0.35):
            pen.stroke(line([(x, 0.93 - height), (x, 0.93 - height + u(0.15, 0.4))]), 0.12, "light")


def bulb(pen: Pen, rng: np.random.Generator) -> None:
    """Light bulb with a filament, spiral saving lamp, or bulb with rays; cousin of lamp."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 1:
        half = u(0.26, 0.36)
        for i in range(4):
            y = -0.75 + 0.26 * i
            pen.stroke(line([(-half, y + 0.1), (half, y)]), 0.17, "light", -0.08 * (i % 2))
        pen.fill(polygon([(-0.38, 0.2), (0.38, 0.2), (0.24, 0.55), (-0.24, 0.55)], 0.04), "main")
    else:
        size = u(0.42, 0.58) if kind == 0 else u(0.4, 0.46)
        pen.fill(
            turned(
                [
                    (-0.2 - size, 0.05),
                    (-0.2 - size * 0.8, size * 0.62),
                    (-0.2, size),
                    (0.2, size * 0.62),
                    (0.5, 0.24),
                ]
            ),
            "main",
        )
        pen.stroke(line([(-0.12, 0.45), (-0.16, -0.1), (0, 0.05), (0.16, -0.1), (0.12, 0.45)]), 0.055, "dark")
        pen.glaze(ellipse(-size * 0.45, -0.4, 0.09, 0.17, 30), 0.7)
        if kind == 2:
            for angle in range(180, 361, 45):
                pen.stroke(
                    line([on_circle(0, -0.15, 0.66, angle), on_circle(0, -0.15, u(0.85, 0.95), angle)]),
                    0.09,
                    "accent",
                )
    for i, y in enumerate((0.52, 0.64, 0.76)):
        pen.fill(rect(-0.23, y, 0.23, y + 0.1, 0.04), "second" if i % 2 == 0 else "dark")
    pen.fill(sector(0, 0.86, 0.13, 0.08, 0, 180), "dark")


def clock(pen: Pen, rng: np.random.Generator) -> None:
    """Wall clock, alarm clock with two bells, or mantel clock."""
    u = rng.uniform
    kind = rng.integers(3)
    cx, cy, size = 0.0, 0.0, u(0.72, 0.85)
    if kind == 1:
        cy, size = 0.12, 0.6
        for side in (-1, 1):
            pen.stroke(line([(side * 0.3, 0.6), (side * 0.5, 0.88)]), 0.12, "dark")
            pen.fill(sector(side * 0.42, -0.5, 0.26, 0.26, 180 + side * 35, 180), "second")
        pen.stroke(line([(0, -0.5), (0, -0.8)]), 0.09, "dark")
    elif kind == 2:
        cy, size = -0.15, 0.5
        pen.fill(polygon([(-0.72, 0.9), (-0.6, -0.5), (0, -0.95), (0.6, -0.5), (0.72, 0.9)], 0.06), "main")
        pen.fill(rect(-0.25, 0.5, 0.25, 0.75, 0.03), "dark")
        pen.fill(ellipse(u(-0.12, 0.12), 0.62, 0.1), "accent")
    pen.fill(ellipse(cx, cy, size), "second" if kind == 2 else "main")
    pen.fill(ellipse(cx, cy, size * 0.8), "light")
    for angle in range(0, 360, 90 if rng.random() < 0.5 else 30):
        pen.stroke(
            line([on_circle(cx, cy, size * 0.62, angle), on_circle(cx, cy, size * 0.7, angle)]), 0.06, "dark"
        )
    pen.stroke(line([(cx, cy), on_circle(cx, cy, size * 0.38, u(0, 360))]), 0.09, "dark")
    pen.stroke(line([(cx, cy), on_circle(cx, cy, size * 0.58, u(0, 360))]), 0.06, "accent")


THINGS: dict[str, Thing] = {
    "table": table,
    "bed": bed,
    "ladder": ladder,
    "candle": candle,
    "bulb": bulb,
    "clock": clock,
}
