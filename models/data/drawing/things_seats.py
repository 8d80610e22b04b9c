"""Chairs of six builds."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import (
    arc,
    curve,
    ellipse,
    line,
    polygon,
    rect,
    ribbon,
    sector,
)
from models.data.drawing.pen import Pen, Thing


def chair(pen: Pen, rng: np.random.Generator) -> None:
    """Kitchen chair half from the side, chair from the front, armchair, office, shell or bistro chair."""
    kinds = (_kitchen_chair, _front_chair, _armchair, _office_chair, _shell_chair, _bistro_chair)
    kinds[rng.integers(len(kinds))](pen, rng)


def _kitchen_chair(pen: Pen, rng: np.random.Generator) -> None:
    thick = rng.uniform(0.1, 0.14)
    seat, top = rng.uniform(0.08, 0.18), rng.uniform(-0.92, -0.75)
    lean = rng.uniform(0.04, 0.14)
    for x, foot in ((-0.2, 0.7), (0.62, 0.7)):  # legs at the back
        pen.stroke(line([(x, seat), (x + 0.02, foot)]), thick * 0.85, "main", -0.55)
    back_left, back_right = (-0.5, top + 0.16), (-0.16 - lean, top)
    posts = [(back_left, (-0.46, seat)), (back_right, (-0.12, seat - 0.16))]
    pen.stroke(line([posts[1][0], posts[1][1]]), thick, "main", -0.3)
    steps = int(rng.integers(2, 5))
    if rng.uniform() < 0.35:
        panel = [posts[0][0], posts[1][0], (posts[1][1][0], seat - 0.42), (posts[0][1][0], seat - 0.26)]
        pen.fill(polygon(panel, 0.04), "second")
    else:
        for t in np.linspace(0.03, 0.62, steps):
            (ax, ay), (bx, by) = posts[0]
            (cx, cy), (dx, dy) = posts[1]
            rail = [(ax + t * (bx - ax), ay + t * (by - ay)), (cx + t * (dx - cx), cy + t * (dy - cy))]
            pen.stroke(line(rail), thick * 0.9, "second" if steps < 4 else "main")
    pen.stroke(line(list(posts[0])), thick, "main")
    pen.fill(
        polygon([(-0.54, seat + 0.06), (-0.14, seat - 0.16), (0.68, seat - 0.16), (0.5, seat + 0.06)], 0.03),
        "second",
        0.15,
    )
    pen.fill(rect(-0.54, seat + 0.03, 0.52, seat + 0.15, 0.04), "main")
    for x in (-0.47, 0.45):
        pen.stroke(line([(x, seat + 0.1), (x, 0.88)]), thick, "main")
    if rng.uniform() < 0.5:
        pen.stroke(line([(-0.47, 0.62), (0.45, 0.62)]), thick * 0.7, "main", -0.2)


def _front_chair(pen: Pen, rng: np.random.Generator) -> None:
    half, top, seat = rng.uniform(0.4, 0.5), rng.uniform(-0.92, -0.8), rng.uniform(0.12, 0.22)
    thick = rng.uniform(0.1, 0.13)
    for x in (-0.8 * half, 0.8 * half):
        pen.stroke(line([(x, seat), (x, 0.74)]), thick * 0.9, "main", -0.55)
    kind = int(rng.integers(3))
    if kind == 0:
        pen.stroke(arc(0, top + 0.35, half - 0.04, 0.36, 180, 180), thick, "main")
        for x in np.linspace(-half + 0.24, half - 0.24, 3):
            pen.stroke(line([(x, top + 0.08), (x, seat)]), thick * 0.7, "main", 0.1)
    elif kind == 1:
        for y in np.linspace(top + 0.1, seat - 0.3, 3):
            pen.fill(rect(-half + 0.02, y - 0.07, half - 0.02, y + 0.09, 0.04), "second")
    else:
        pen.fill(rect(-half + 0.02, top, half - 0.02, seat - 0.22, 0.14), "second")
        pen.fill(ellipse(0, (top + seat) / 2 - 0.12, 0.1, 0.08), "light")
    for x in (-half + 0.04, half - 0.04):
        pen.stroke(line([(x, top + (0.35 if kind == 0 else 0.04)), (x, seat)]), thick, "main")
    cushion = [
        (-half + 0.02, seat - 0.1),
        (half - 0.02, seat - 0.1),
        (half + 0.12, seat + 0.12),
        (-half - 0.12, seat + 0.12),
    ]
    pen.fill(polygon(cushion, 0.07), "second", 0.2)
    pen.fill(rect(-half - 0.12, seat + 0.08, half + 0.12, seat + 0.2, 0.05), "main")
    for x in (-half - 0.04, half + 0.04):
        pen.stroke(line([(x, seat + 0.15), (x, 0.88)]), thick, "main")


def _armchair(pen: Pen, rng: np.random.Generator) -> None:
    for x in (-0.6, 0.6):
        pen.stroke(line([(x, 0.7), (x * 1.08, 0.88)]), 0.1, "dark")
    top = rng.uniform(-0.82, -0.6)
    style = int(rng.integers(3))
    back = (
        rect(-0.58, top, 0.58, 0.5, 0.26)
        if style == 0
        else sector(0, top + 0.62, 0.64, 0.64, 180, 180)
        if style == 1
        else curve(
            [
                (-0.6, 0.4),
                (-0.64, top + 0.06),
                (-0.3, top + 0.02),
                (0, top - 0.12),
                (0.3, top + 0.02),
                (0.64, top + 0.06),
                (0.6, 0.4),
            ],
            closed=True,
        )
    )
    pen.fill(back, "main")
    if rng.uniform() < 0.5:
        for x in (-0.26, 0.0, 0.26):
            pen.stroke(line([(x, top + 0.3), (x, 0.2)]), 0.05, "main", -0.5)
    else:
        pen.fill(rect(-0.24, -0.12, 0.24, 0.28, 0.12), "accent")
    pen.fill(rect(-0.55, 0.18, 0.55, 0.46, 0.12), "second")
    pen.fill(rect(-0.6, 0.4, 0.6, 0.74, 0.08), "main", -0.3)
    for side in (-1, 1):
        pen.fill(rect(side * 0.52, -0.02 + rng.uniform(0, 0.05), side * 0.84, 0.76, 0.15), "main", 0.2)
    pen.glaze(rect(-0.52, 0.41, 0.52, 0.47), -0.5)


def _office_chair(pen: Pen, rng: np.random.Generator) -> None:
    seat, top = 0.12, rng.uniform(-0.95, -0.78)
    pen.stroke(line([(0, seat), (0, 0.66)]), 0.12, "dark", 0.2)
    for x, y in ((-0.5, 0.8), (0.5, 0.8), (-0.22, 0.86), (0.24, 0.86)):
        pen.stroke(line([(0, 0.62), (x, y - 0.04)]), 0.085, "dark")
        pen.fill(ellipse(x, y, 0.075), "dark", -0.3)
    if rng.uniform() < 0.5:  # from the front
        half = rng.uniform(0.36, 0.44)
        pen.stroke(line([(0, -0.2), (0, seat)]), 0.14, "dark")
        pen.fill(rect(-half, top, half, -0.14, 0.18), "main")
        pen.glaze(rect(-half + 0.1, top + 0.12, half - 0.1, top + 0.2, 0.04), 0.5)
        pen.fill(rect(-half - 0.08, 0.0, half + 0.08, 0.24, 0.12), "second")
        if rng.uniform() < 0.7:
            for side in (-1, 1):
                pen.stroke(line([(side * (half + 0.14), -0.22), (side * (half + 0.14), 0.14)]), 0.08, "dark")
                pen.stroke(line([(side * (half + 0.02), -0.24), (side * (half + 0.2), -0.24)]), 0.1, "dark")
    else:  # from the side
        lean = rng.uniform(0.08, 0.2)
        pen.stroke(curve([(0.05, seat + 0.12), (-0.42, seat + 0.02), (-0.46, -0.25)]), 0.09, "dark")
        way = [(-0.36, -0.06), (-0.43, -0.4), (-0.4 - lean, top)]
        pen.fill(ribbon(way, [0.2, 0.26, 0.18]), "main")
        pen.fill(rect(-0.4, 0.0, 0.48, 0.2, 0.1), "second")
        if rng.uniform() < 0.7:
            pen.stroke(line([(-0.34, -0.22), (0.18, -0.22), (0.14, 0.08)]), 0.08, "dark")


def _shell_chair(pen: Pen, rng: np.random.Generator) -> None:
    spread = rng.uniform(0.4, 0.52)
    for x0, x1 in ((-0.1, -0.3), (0.16, 0.34)):
        pen.stroke(line([(x0, 0.3), (x1, 0.76)]), 0.075, "dark", 0.25)
    for x0, x1 in ((-0.26, -spread), (0.3, spread + 0.08)):
        pen.stroke(line([(x0, 0.3), (x1, 0.88)]), 0.095, "dark")
    top = rng.uniform(-0.9, -0.7)
    shell = [
        (-0.62, top), (-0.3, top + 0.04), (-0.26, -0.2), (0.0, 0.1), (0.4, 0.08), (0.66, 0.16),
        (0.62, 0.34), (0.2, 0.4), (-0.3, 0.36), (-0.52, 0.0),
    ]  # fmt: skip
    pen.fill(curve(shell, closed=True, tension=0.9), "main")
    inner = [
        (-0.56, top + 0.08),
        (-0.4, top + 0.1),
        (-0.36, -0.2),
        (-0.1, 0.16),
        (0.55, 0.2),
        (0.2, 0.28),
        (-0.24, 0.26),
        (-0.46, 0.0),
    ]
    pen.fill(curve(inner, closed=True, tension=0.9), "second")


def _bistro_chair(pen: Pen, rng: np.random.Generator) -> None:
    thick = rng.uniform(0.085, 0.11)
    top, half = rng.uniform(-0.92, -0.8), rng.uniform(0.34, 0.42)
    for side in (-1, 1):
        pen.stroke(
            curve([(side * 0.26, 0.1), (side * 0.3, 0.45), (side * 0.34, 0.72)]), thick * 0.9, "main", -0.5
        )
    loop = curve(
        [
            (-half, 0.12),
            (-half - 0.06, -0.4),
            (-0.24, top + 0.04),
            (0.24, top + 0.04),
            (half + 0.06, -0.4),
            (half, 0.12),
        ]
    )
    pen.stroke(loop, thick, "main")
    inner = curve([(-0.2, 0.1), (-0.2, -0.34), (0, top + 0.3), (0.2, -0.34), (0.2, 0.1)])
    pen.stroke(inner, thick * 0.8, "main", 0.15)
    pen.fill(ellipse(0, 0.18, half + 0.14, 0.15), "main", -0.2)
    pen.fill(ellipse(0, 0.14, half + 0.13, 0.12), "second")
    for side in (-1, 1):
        pen.stroke(
            curve([(side * (half + 0.04), 0.24), (side * (half + 0.06), 0.55), (side * (half + 0.16), 0.88)]),
            thick,
            "main",
        )


THINGS: dict[str, Thing] = {"chair": chair}
