"""Things of a room: chair and lamp."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import (
    Path,
    arc,
    curve,
    ellipse,
    intersection,
    line,
    polygon,
    profile,
    rect,
    ribbon,
    sector,
    transform,
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


def lamp(pen: Pen, rng: np.random.Generator) -> None:
    """Table lamp, standing lamp, jointed desk lamp, hanging lamp, ball lamp."""
    kinds = (_table_lamp, _standing_lamp, _desk_lamp, _hanging_lamp, _ball_lamp)
    kinds[rng.integers(len(kinds))](pen, rng)


def lamp_on_foot(pen: Pen, rng: np.random.Generator) -> None:
    """A lamp that stands and whose shade, not its light, carries its colour."""
    kinds = (_table_lamp, _standing_lamp, _desk_lamp)
    kinds[rng.integers(len(kinds))](pen, rng)


def _shade(rng: np.random.Generator, y: float, half_top: float, half_bottom: float, height: float) -> Path:
    if rng.uniform() < 0.55:
        return polygon(
            [(-half_top, y), (half_top, y), (half_bottom, y + height), (-half_bottom, y + height)], 0.04
        )
    bend = 0.35 * half_top + 0.65 * half_bottom - 0.1
    return profile([(half_top, y), (bend, y + 0.5 * height), (half_bottom, y + height)], sag=0.02)


def _table_lamp(pen: Pen, rng: np.random.Generator) -> None:
    top, height = rng.uniform(-0.92, -0.8), rng.uniform(0.58, 0.72)
    low = top + height
    pen.stroke(line([(0, low - 0.1), (0, 0.3)]), 0.085, "dark")
    kind = int(rng.integers(4))
    if kind == 0:
        pen.fill(profile([(0.1, low + 0.1), (0.36, 0.42), (0.26, 0.84)]), "second")
    elif kind == 1:
        pen.fill(ellipse(0, 0.24, 0.17), "second")
        pen.fill(ellipse(0, 0.56, 0.25), "second", -0.2)
    elif kind == 2:
        pen.stroke(line([(0, low), (0, 0.8)]), 0.12, "second")
    else:
        pen.fill(
            polygon([(-0.1, low + 0.12), (0.1, low + 0.12), (0.32, 0.82), (-0.32, 0.82)], 0.05), "second"
        )
    pen.fill(rect(-0.34, 0.78, 0.34, 0.9, 0.05), "dark")
    half = rng.uniform(0.56, 0.72)
    shade = _shade(rng, top, rng.uniform(0.26, 0.4), half, height)
    pen.fill(shade, "main")
    if rng.uniform() < 0.6:
        pen.fill(intersection(shade, rect(-1, low - 0.13, 1, low + 0.1)), "accent")
    pen.glaze(intersection(shade, rect(-0.14, -1, 0.16, 1)), 0.3)
    if rng.uniform() < 0.5:
        x = 0.36 * half
        pen.stroke(line([(x, low), (x, low + 0.24)]), 0.05, "dark")
        pen.fill(ellipse(x, low + 0.27, 0.05), "accent")


def _standing_lamp(pen: Pen, rng: np.random.Generator) -> None:
    top = rng.uniform(-0.96, -0.88)
    height, half = rng.uniform(0.52, 0.66), rng.uniform(0.46, 0.58)
    if rng.uniform() < 0.5:
        pen.stroke(line([(0, top + 0.3), (0, 0.86)]), 0.085, "dark")
        pen.fill(sector(0, 0.9, 0.34, 0.13, 180, 180), "dark")
    else:
        joint = rng.uniform(0.1, 0.3)
        pen.stroke(line([(0, top + 0.3), (0, joint)]), 0.085, "dark")
        for x in (-0.38, 0.0, 0.38):
            pen.stroke(line([(0, joint - 0.05), (x, 0.87)]), 0.085, "dark", 0.15 * (x == 0))
    shade = _shade(rng, top, half * rng.uniform(0.5, 0.9), half, height)
    pen.fill(shade, "main")
    pen.fill(intersection(shade, rect(-1, top - 0.1, 1, top + 0.1)), "second")
    pen.fill(intersection(shade, rect(-1, top + height - 0.1, 1, 1)), "second")


def _desk_lamp(pen: Pen, rng: np.random.Generator) -> None:
    thick = rng.uniform(0.09, 0.12)
    elbow = (rng.uniform(0.3, 0.5), rng.uniform(-0.1, 0.1))
    head = (rng.uniform(-0.3, -0.1), rng.uniform(-0.72, -0.6))
    foot = (rng.uniform(-0.15, 0.05), 0.8)
    pen.fill(sector(foot[0], 0.9, rng.uniform(0.38, 0.5), 0.2, 180, 180), "second")
    pen.stroke(line([foot, elbow]), thick, "dark")
    pen.stroke(line([elbow, head]), thick, "dark")
    pen.fill(ellipse(*elbow, 0.09), "accent")
    angle = rng.uniform(15, 50)
    bulb = transform(ellipse(0, 0.42, 0.16), angle=angle, move=head)
    pen.fill(bulb, "light")
    hood = (
        polygon([(-0.12, -0.14), (0.12, -0.14), (0.4, 0.4), (-0.4, 0.4)], 0.04)
        if rng.uniform() < 0.5
        else sector(0, 0.4, 0.42, 0.5, 180, 180)
    )
    pen.fill(transform(hood, angle=angle, move=head), "main")
    cap = rect(-0.13, -0.22, 0.13, -0.06, 0.05)
    pen.fill(transform(cap, angle=angle, move=head), "main", -0.4)


def _hanging_lamp(pen: Pen, rng: np.random.Generator) -> None:
    top, half = rng.uniform(-0.35, -0.1), rng.uniform(0.6, 0.82)
    low = top + rng.uniform(0.45, 0.62)
    pen.stroke(line([(0, -1.25), (0, top)]), 0.07, "dark", cap="butt")
    pen.fill(ellipse(0, low + 0.02, 0.2, 0.2), "light")
    kind = int(rng.integers(4))
    if kind == 0:
        hood = sector(0, low, half, low - top, 180, 180)
    elif kind == 1:
        hood = polygon([(-0.12, top), (0.12, top), (half, low), (-half, low)], 0.04)
    elif kind == 2:
        hood = profile([(0.14, top), (0.24, top + 0.2), (half, low)])
    else:
        hood = rect(-0.62 * half, top, 0.62 * half, low + 0.1, 0.1)
    pen.fill(hood, "main")
    if kind == 3:
        for x in (-0.3, 0.0, 0.3):
            pen.fill(rect(half * x - 0.05, top + 0.08, half * x + 0.05, low + 0.04, 0.03), "second")
    else:
        pen.fill(intersection(hood, rect(-1, low - 0.12, 1, low + 0.1)), "second")
    pen.fill(rect(-0.1, top - 0.14, 0.1, top + 0.04, 0.04), "dark")
    if rng.uniform() < 0.5:
        for angle in (-35, 0, 35):
            ray = line([(0, 0.32), (0, 0.5)])
            pen.stroke(transform(ray, angle=angle, move=(0, low)), 0.06, "light")


def _ball_lamp(pen: Pen, rng: np.random.Generator) -> None:
    r = rng.uniform(0.36, 0.46)
    y = rng.uniform(-0.5, -0.4)
    pen.fill(rect(-0.3, 0.78, 0.3, 0.9, 0.06), "dark")
    pen.stroke(line([(0, y + r), (0, 0.84)]), 0.1, "dark")
    if rng.uniform() < 0.5:
        pen.stroke(line([(-0.26, 0.42), (0.26, 0.42)]), 0.09, "accent")
    pen.fill(ellipse(0, y, r), "light")
    pen.glaze(ellipse(-0.1, y + 0.06, r * 0.62), 0.3)
    pen.fill(rect(-0.2, y + r - 0.1, 0.2, y + r + 0.06, 0.04), "main")
    if rng.uniform() < 0.6:
        pen.fill(sector(0, y, r, r, 180, 180), "main")


THINGS: dict[str, Thing] = {"chair": chair, "lamp": lamp}
