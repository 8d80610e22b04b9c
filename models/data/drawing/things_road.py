"""Things on a road: bicycle and car."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np

from models.data.drawing.paths import (
    Path,
    Point,
    arc,
    curve,
    difference,
    ellipse,
    intersection,
    line,
    polygon,
    rect,
    sector,
    transform,
)
from models.data.drawing.pen import Pen, Role, Thing


def bicycle(pen: Pen, rng: np.random.Generator) -> None:
    """Racing bicycle, town bicycle with a low frame, small-wheeled bicycle, penny-farthing, cruiser."""
    kind = int(rng.integers(5))
    if kind == 3:
        _penny_farthing(pen, rng)
        return
    r = (
        rng.uniform(0.4, 0.44),
        rng.uniform(0.39, 0.43),
        rng.uniform(0.27, 0.31),
        0.0,
        rng.uniform(0.36, 0.4),
    )[kind]
    thick = rng.uniform(0.085, 0.11)
    rear, front = (-0.55, 0.9 - r), (0.55, 0.9 - r)
    for hub in (rear, front):
        _wheel(pen, rng, hub, r, thick)
    crank = (-0.08, 0.9 - 0.86 * r)
    seat = (-0.28, (-0.2, -0.16, -0.3, 0.0, -0.06)[kind])
    head = (0.36, (-0.22, -0.22, -0.08, 0.0, -0.12)[kind])
    seat_joint = (seat[0] + 0.2 * (crank[0] - seat[0]), seat[1] + 0.2 * (crank[1] - seat[1]))
    pen.stroke(line([rear, seat_joint]), thick * 0.85, "main", -0.25)
    pen.stroke(line([rear, crank]), thick, "main", -0.25)
    pen.stroke(line([head, front]), thick, "main", -0.1)
    if kind == 1:  # low frame
        pen.stroke(curve([(head[0] + 0.02, head[1] + 0.12), (0.12, 0.32), crank]), thick * 1.15, "main")
    elif kind == 4:  # cruiser
        pen.stroke(
            curve([(head[0] + 0.02, head[1] + 0.04), (0.05, head[1] - 0.02), seat_joint]),
            thick * 1.15,
            "main",
        )
        pen.stroke(curve([(head[0] + 0.04, head[1] + 0.14), (0.14, 0.28), crank]), thick * 1.15, "main")
    else:
        pen.stroke(line([seat_joint, (head[0], head[1] + 0.04)]), thick * 1.1, "main")
        pen.stroke(line([(head[0] + 0.03, head[1] + 0.14), crank]), thick * 1.1, "main")
    pen.stroke(line([seat, crank]), thick * 1.1, "main")
    stem = (head[0] - 0.04, head[1] - 0.2)
    pen.stroke(line([head, stem]), thick * 0.9, "main", -0.1)
    if kind == 0:
        bar = [
            (stem[0] - 0.02, stem[1]),
            (stem[0] + 0.2, stem[1] - 0.01),
            (stem[0] + 0.26, stem[1] + 0.1),
            (stem[0] + 0.12, stem[1] + 0.2),
        ]
        pen.stroke(curve(bar), thick, "dark")
    elif kind == 1:
        pen.stroke(
            curve(
                [(stem[0] + 0.1, stem[1] - 0.03), (stem[0], stem[1] - 0.05), (stem[0] - 0.22, stem[1] + 0.03)]
            ),
            thick,
            "dark",
        )
        basket = [(0.42, -0.36), (0.86, -0.36), (0.79, -0.02), (0.47, -0.02)]
        pen.fill(polygon(basket, 0.04), "accent")
        pen.glaze(rect(0.46, -0.23, 0.82, -0.18), -0.5)
    else:
        high = 0.14 if kind == 2 else 0.06
        pen.stroke(
            curve(
                [
                    (stem[0] + 0.12, stem[1] - high),
                    (stem[0], stem[1] - high + 0.02),
                    (stem[0] - 0.18, stem[1] - high + 0.08),
                ]
            ),
            thick,
            "dark",
        )
        pen.stroke(line([stem, (stem[0], stem[1] - high)]), thick * 0.9, "main")
    pen.stroke(line([seat, (seat[0] - 0.03, seat[1] - 0.12)]), thick * 0.8, "dark")
    saddle = [
        (seat[0] - 0.22, seat[1] - 0.17),
        (seat[0] + 0.16, seat[1] - 0.14),
        (seat[0] - 0.18, seat[1] - 0.08),
    ]
    pen.fill(curve(saddle, closed=True), "accent" if rng.uniform() < 0.5 else "dark")
    pen.stroke(line([(saddle[0][0], seat[1] - 0.13), (seat[0] + 0.14, seat[1] - 0.14)]), 0.1, "dark")
    pen.fill(ellipse(*crank, 0.09), "second")
    pen.stroke(line([crank, (crank[0] + 0.1, crank[1] + 0.14)]), 0.065, "dark")
    pen.stroke(line([(crank[0] + 0.02, crank[1] + 0.15), (crank[0] + 0.19, crank[1] + 0.15)]), 0.07, "dark")
    if rng.uniform() < 0.45 and kind != 2:  # mudguards
        for hub in (rear, front):
            pen.stroke(arc(*hub, r + 0.05, r + 0.05, 195, 110), 0.075, "second")


def _wheel(pen: Pen, rng: np.random.Generator, hub: Point, r: float, thick: float) -> None:
    if rng.uniform() < 0.15:
        pen.fill(ellipse(*hub, r - 0.05), "light", -0.3)
    else:
        turn = rng.uniform(0, 60)
        for a in np.arange(0, 180, 45 if r > 0.35 else 60) + turn:
            dx, dy = (r - 0.05) * cos(radians(a)), (r - 0.05) * sin(radians(a))
            pen.stroke(line([(hub[0] - dx, hub[1] - dy), (hub[0] + dx, hub[1] + dy)]), 0.028, "dark", 0.4)
    pen.stroke(ellipse(*hub, r - thick / 2), thick, "dark")
    pen.fill(ellipse(*hub, 0.065), "second")


def _penny_farthing(pen: Pen, rng: np.random.Generator) -> None:
    r, small = rng.uniform(0.6, 0.66), rng.uniform(0.19, 0.23)
    hub, rear = (0.18, 0.9 - r), (-0.66, 0.9 - small)
    _wheel(pen, rng, hub, r, 0.1)
    _wheel(pen, rng, rear, small, 0.09)
    top = (hub[0] - 0.02, hub[1] - r - 0.1)
    pen.stroke(curve([top, (-0.3, hub[1] - 0.42), (-0.56, 0.25), rear]), 0.11, "main")
    pen.stroke(line([hub, top, (top[0] + 0.02, top[1] - 0.1)]), 0.095, "main")
    pen.stroke(
        curve([(top[0] - 0.2, top[1] - 0.02), (top[0], top[1] - 0.12), (top[0] + 0.22, top[1] - 0.02)]),
        0.085,
        "dark",
    )
    pen.stroke(line([(-0.3, hub[1] - 0.6), (-0.06, hub[1] - 0.64)]), 0.12, "accent")
    pen.stroke(
        line([(hub[0] - 0.12, hub[1] + 0.16), (hub[0], hub[1]), (hub[0] + 0.12, hub[1] - 0.16)]),
        0.08,
        "second",
    )


def car(pen: Pen, rng: np.random.Generator) -> None:
    """Saloon, small hatchback, pickup, van, sports car, beetle, or a car from the front."""
    kind = int(rng.integers(7))
    if kind == 6:
        _car_front(pen, rng)
        return
    r = (0.21, 0.22, 0.24, 0.21, 0.2, 0.23)[kind] * rng.uniform(0.92, 1.1)
    floor = 0.88 - 0.75 * r
    half = (0.95, 0.78, 0.95, 0.92, 0.95, 0.84)[kind]
    roof = (-0.12, -0.22, -0.22, -0.42, 0.06, -0.2)[kind] + rng.uniform(-0.06, 0.04)
    belt = (0.22, 0.18, 0.18, 0.1, 0.32, 0.24)[kind]
    wheels = ((-0.55, 0.56), (-0.46, 0.48), (-0.55, 0.58), (-0.56, 0.56), (-0.58, 0.58), (-0.5, 0.52))[kind]
    if kind == 2 and rng.uniform() < 0.6:  # something on the bed
        for x in (-0.7, -0.45, -0.28):
            pen.fill(
                rect(x - 0.13, belt - rng.uniform(0.1, 0.25), x + 0.12, belt + 0.2, 0.04),
                "accent",
                rng.uniform(-0.4, 0.4),
            )
    if kind in (0, 1, 3) and rng.uniform() < 0.3:  # roof rack
        pen.stroke(line([(-0.4, roof - 0.05), (0.25, roof - 0.05)]), 0.06, "dark")
        pen.fill(rect(-0.34, roof - 0.24, 0.16, roof - 0.06, 0.05), "accent")
    cabin, lower = _car_shape(kind, half, roof, belt, floor)
    body_role: Role = "second" if kind in (0, 1) and rng.uniform() < 0.3 else "main"
    pen.fill(cabin, body_role)
    pen.fill(lower, "main")
    panes = intersection(
        transform(cabin, move=(0, 0.075), scale=(0.93, 0.9), about=(0, belt)), rect(-1, -1, 1, belt + 0.02)
    )
    pillars = {
        0: [(-0.06, 0.02)],
        1: [(-0.02, 0.06)],
        2: [],
        3: [(-0.36, -0.28), (0.18, 0.26)],
        4: [],
        5: [(-0.08, 0.0)],
    }[kind]
    if kind == 3 and rng.uniform() < 0.5:
        panes = intersection(panes, rect(0.26, -1, 1, 1))
        pillars = []
    pen.fill(difference(panes, *(rect(a, -1, b, 1) for a, b in pillars)) if pillars else panes, "light")
    pen.glaze(intersection(panes, polygon([(0.2, -1), (0.36, -1), (0.06, 0.6), (-0.1, 0.6)])), 0.7)
    if rng.uniform() < 0.5:
        pen.fill(intersection(lower, rect(-1, floor - 0.16, 1, floor - 0.06)), "second")
    pen.fill(intersection(lower, ellipse(half - 0.04, belt + 0.18, 0.08, 0.07)), "accent")
    pen.fill(intersection(lower, ellipse(-half + 0.02, belt + 0.18, 0.06, 0.07)), "accent", -0.5)
    pen.stroke(line([(0.06, belt + 0.13), (0.18, belt + 0.13)]), 0.05, "dark")
    pen.fill(rect(-half - 0.03, floor - 0.1, -half + 0.14, floor + 0.01, 0.04), "dark", 0.5)
    pen.fill(rect(half - 0.14, floor - 0.1, half + 0.03, floor + 0.01, 0.04), "dark", 0.5)
    for x in wheels:
        arch = intersection(lower, ellipse(x, 0.88 - r, r + 0.06))
        pen.fill(arch, "main", -0.75)
        _tyre(pen, x, r)


def _tyre(pen: Pen, x: float, r: float, y: float = 0.0) -> None:
    y = y or 0.88 - r
    pen.fill(ellipse(x, y, r), "dark")
    pen.fill(ellipse(x, y, r * 0.52), "light")
    pen.fill(ellipse(x, y, r * 0.2), "dark", 0.3)


def _car_shape(kind: int, half: float, roof: float, belt: float, floor: float) -> tuple[Path, Path]:
    """Cabin and lower body in profile, driving to the right."""
    low = belt + 0.06
    if kind == 5:  # beetle: one vault, round wings
        vault = sector(-0.04, belt + 0.1, 0.66, belt + 0.1 - roof, 180, 180)
        wings = curve(
            [
                (-half, floor),
                (-half + 0.03, belt + 0.16),
                (-0.5, belt - 0.02),
                (0.5, belt + 0.02),
                (half - 0.02, belt + 0.2),
                (half, floor),
            ]
        )
        wings.close()
        return vault, wings
    tops = {
        0: ((-0.62, -0.36), (0.2, 0.5)),
        1: ((-0.72, -0.56), (0.16, 0.46)),
        2: ((0.0, 0.04), (0.42, 0.6)),
        3: ((-0.92, -0.88), (0.5, 0.76)),
        4: ((-0.66, -0.3), (0.06, 0.46)),
    }[kind]
    (bl, tl), (tr, br) = tops
    cabin = polygon([(bl, low), (tl, roof), (tr, roof), (br, low)], 0.1)
    cabin = polygon(
        [(bl - 0.02, low + 0.1), (bl, belt), (tl, roof), (tr, roof), (br, belt), (br + 0.02, low + 0.1)], 0.09
    )
    hood = {0: 0.05, 1: 0.05, 2: 0.06, 3: 0.04, 4: 0.14}[kind]
    tail = {0: 0.02, 1: 0.0, 2: 0.0, 3: 0.0, 4: -0.03}[kind]
    lower = polygon(
        [
            (-half, floor),
            (-half, belt + tail),
            (bl, belt),
            (br, belt),
            (half - 0.06, belt + hood),
            (half, belt + hood + 0.12),
            (half, floor),
        ],
        0.09,
    )
    return cabin, lower


def _car_front(pen: Pen, rng: np.random.Generator) -> None:
    half, roof, belt = rng.uniform(0.66, 0.76), rng.uniform(-0.5, -0.3), 0.12
    for x in (-0.72 * half, 0.72 * half):
        pen.fill(rect(x - 0.13, 0.5, x + 0.13, 0.9, 0.06), "dark")
    for side in (-1, 1):
        pen.fill(ellipse(side * (half + 0.08), belt - 0.02, 0.1, 0.08), "second")
    cabin = polygon(
        [(-half * 0.9, belt + 0.15), (-half * 0.62, roof), (half * 0.62, roof), (half * 0.9, belt + 0.15)],
        0.14,
    )
    pen.fill(cabin, "main", -0.1)
    pane = polygon(
        [(-half * 0.76, belt), (-half * 0.54, roof + 0.11), (half * 0.54, roof + 0.11), (half * 0.76, belt)],
        0.07,
    )
    pen.fill(pane, "light")
    pen.glaze(intersection(pane, polygon([(-0.3, -1), (-0.1, -1), (-0.35, 1), (-0.55, 1)])), 0.7)
    pen.fill(rect(-half, belt, half, 0.72, 0.16), "main", 0.1)
    pen.fill(rect(-half - 0.03, 0.58, half + 0.03, 0.74, 0.07), "dark", 0.35)
    round_light = rng.uniform() < 0.6
    for side in (-1, 1):
        x = side * half * 0.7
        pen.fill(
            ellipse(x, 0.34, 0.14) if round_light else rect(x - 0.15, 0.26, x + 0.15, 0.42, 0.05), "accent"
        )
        pen.fill(
            ellipse(x, 0.34, 0.07) if round_light else rect(x - 0.08, 0.3, x + 0.08, 0.38, 0.03), "light"
        )
    grille = rect(-half * 0.36, 0.26, half * 0.36, 0.46, 0.06)
    pen.fill(grille, "dark")
    for y in (0.32, 0.4):
        pen.stroke(line([(-half * 0.28, y), (half * 0.28, y)]), 0.035, "light")


THINGS: dict[str, Thing] = {"bicycle": bicycle, "car": car}
