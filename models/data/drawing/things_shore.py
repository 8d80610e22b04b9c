"""Things by the water: sailboat and house."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import (
    Path,
    curve,
    ellipse,
    intersection,
    line,
    polygon,
    rect,
    sector,
)
from models.data.drawing.pen import Pen, Thing


def sailboat(pen: Pen, rng: np.random.Generator) -> None:
    """Sloop with two sails, dinghy with one, schooner with two masts, square sail, paper boat, catamaran."""
    kind = int(rng.integers(6))
    deck = rng.uniform(0.36, 0.48)
    half = rng.uniform(0.68, 0.86)
    mast_top = -0.92
    mast = (rng.uniform(-0.1, 0.06), -0.3, 0.0, 0.0, 0.0, 0.0)[kind]
    if kind == 2:
        for x, top in ((-0.38, -0.55), (0.16, mast_top)):
            pen.stroke(line([(x, top), (x, deck)]), 0.07, "dark")
            pen.fill(
                _sail(x - 0.04, top + 0.08, x - (0.36 if x < 0 else 0.46), deck - 0.1, -0.06), "main", 0.15
            )
        pen.fill(_sail(0.22, mast_top + 0.2, 0.74, deck - 0.12, 0.06), "accent")
    elif kind == 3:
        pen.stroke(line([(0, mast_top), (0, deck)]), 0.085, "dark")
        wide, high = rng.uniform(0.46, 0.58), rng.uniform(-0.72, -0.6)
        sail = [
            (-wide, high),
            (0, high + 0.04),
            (wide, high),
            (wide + 0.08, high + 0.42),
            (wide - 0.02, deck - 0.22),
            (0, deck - 0.12),
            (-wide + 0.02, deck - 0.22),
            (-wide + 0.08, high + 0.42),
        ]
        square = polygon(sail, 0.06)
        pen.fill(square, "main", 0.1)
        for x in (-0.36, 0.04, 0.44) if rng.uniform() < 0.7 else ():
            pen.fill(intersection(square, rect(x - 0.1, -1, x + 0.1, 1)), "accent")
        pen.stroke(line([(-wide - 0.06, high), (wide + 0.06, high)]), 0.075, "dark")
    elif kind == 4:
        mast_top = -0.62
        pen.fill(polygon([(0, mast_top), (0.44, deck + 0.05), (-0.44, deck + 0.05)], 0.02), "main", 0.3)
        pen.fill(polygon([(0, mast_top), (0.44, deck + 0.05), (0.0, deck + 0.05)], 0.02), "main", -0.25)
    else:
        pen.stroke(line([(mast, mast_top), (mast, deck + 0.05)]), 0.075, "dark")
        aft = _sail(mast - 0.05, mast_top + 0.06, -0.66, deck - 0.1, rng.uniform(-0.1, 0.02))
        fore = _sail(
            mast + 0.06, mast_top + rng.uniform(0.08, 0.3), 0.66, deck - 0.1, rng.uniform(-0.02, 0.1)
        )
        if kind == 1:
            fore = _sail(mast + 0.06, mast_top + 0.05, 0.72, deck - 0.12, 0.12)
        if kind != 1:
            pen.fill(aft, "main" if kind == 0 else "accent", 0.1)
        pen.fill(fore, "accent" if kind == 0 else "main", 0.1)
        if rng.uniform() < 0.5:
            big = fore if kind == 1 else aft
            for y in (-0.1, 0.14):
                pen.fill(intersection(big, rect(-1, y - 0.055, 1, y + 0.055)), "light")
    if kind != 4 and rng.uniform() < 0.7:
        x = 0.16 if kind == 2 else mast
        pen.fill(polygon([(x, mast_top - 0.06), (x + 0.24, mast_top + 0.02), (x, mast_top + 0.1)]), "second")
    _hull(pen, rng, kind, deck, half)
    water = int(rng.integers(3))
    if water:
        for k in range(water):
            y = 0.8 + 0.11 * k
            waves = [(-0.95 + 0.19 * i, y + (0.035 if i % 2 else -0.035)) for i in range(11)]
            pen.stroke(curve(waves), 0.075, "light" if k == 0 else "second", -0.15)


def _sail(x0: float, top: float, x1: float, low: float, belly: float) -> Path:
    """A triangle with a straight luff at x0 and a bellied leech that ends in (x1, low)."""
    path = curve([(x0, top), ((x0 + x1) / 2 + belly + 0.1 * (x1 - x0), (top + low) / 2), (x1, low)])
    path.lineTo(x0, low)
    path.close()
    return path


def _hull(pen: Pen, rng: np.random.Generator, kind: int, deck: float, half: float) -> None:
    bottom = 0.86
    if kind == 4:
        pen.fill(
            polygon(
                [
                    (-0.95, deck),
                    (-0.3, deck + 0.12),
                    (0.3, deck + 0.12),
                    (0.95, deck),
                    (0.5, bottom),
                    (-0.5, bottom),
                ],
                0.02,
            ),
            "second",
        )
        pen.glaze(polygon([(0.0, deck + 0.12), (0.3, deck + 0.12), (0.95, deck), (0.5, bottom)]), -0.3)
        return
    if kind == 5:
        pen.fill(rect(-half, deck - 0.02, half, deck + 0.1, 0.04), "dark", 0.3)
        pen.fill(
            curve(
                [
                    (-half - 0.04, deck + 0.1),
                    (half + 0.1, deck + 0.06),
                    (half - 0.2, bottom - 0.06),
                    (-half + 0.15, bottom - 0.06),
                ],
                closed=True,
                tension=0.5,
            ),
            "second",
        )
        pen.fill(rect(-half * 0.5, deck + 0.16, half * 0.5, deck + 0.24, 0.04), "light")
        return
    bow = 0.08 if kind != 3 else 0.16
    stern = 0.0 if kind != 3 else 0.16
    hull = curve(
        [
            (-half, deck - stern),
            (-half * 0.4, deck + 0.03),
            (half * 0.4, deck + 0.03),
            (half + 0.08, deck - bow),
        ]
    )
    hull.quadTo(half * 0.85, bottom, half * 0.4, bottom)
    hull.lineTo(-half * 0.55, bottom)
    hull.quadTo(-half * 0.95, bottom, -half, deck - stern)
    hull.close()
    pen.fill(hull, "second")
    band = int(rng.integers(3))
    if band == 0:
        pen.fill(intersection(hull, rect(-2, bottom - 0.17, 2, 2)), "main", -0.2)
    elif band == 1:
        for x in (-0.36, 0.0, 0.36):
            pen.fill(ellipse(x, (deck + bottom) / 2 + 0.03, 0.075), "light")
    else:
        pen.fill(intersection(hull, rect(-2, deck + 0.08, 2, deck + 0.17)), "light")
    if kind in (0, 2) and rng.uniform() < 0.4:
        pen.fill(rect(-0.5, deck - 0.13, -0.12, deck + 0.05, 0.05), "light")


def house(pen: Pen, rng: np.random.Generator) -> None:
    """Gable house, long house, town house, modern house with a flat roof, A-frame, round-roofed cottage."""
    kind = int(rng.integers(6))
    has_cross = bool(rng.uniform() < 0.6)
    smokes = bool(rng.uniform() < 0.3)
    if kind == 0:  # gable to the front
        half, eaves, peak = rng.uniform(0.52, 0.66), rng.uniform(0.0, 0.12), rng.uniform(-0.8, -0.6)
        _chimney(pen, 0.4 * half, peak + 0.08, eaves, smokes)
        pen.fill(
            polygon([(-half, 0.9), (-half, eaves), (0, peak + 0.06), (half, eaves), (half, 0.9)]), "main"
        )
        over = half + 0.2
        roof = [(-over, eaves + 0.13), (0, peak), (over, eaves + 0.13)]
        pen.stroke(line(roof), rng.uniform(0.15, 0.19), "second")
        if rng.uniform() < 0.6:
            pen.fill(ellipse(0, (peak + eaves) / 2 + 0.14, 0.1), "light")
        _door(pen, rng, rng.uniform(-0.1, 0.1) if half < 0.58 else 0.0)
        for x in (-half * 0.62, half * 0.62):
            _window(pen, x, eaves + 0.36, 0.1, has_cross)
    elif kind == 1:  # long side with a broad roof
        half, eaves, ridge = rng.uniform(0.74, 0.84), rng.uniform(0.02, 0.16), rng.uniform(-0.5, -0.32)
        _chimney(pen, rng.choice([-0.36, 0.36]), ridge - 0.2, ridge + 0.1, smokes)
        pen.fill(rect(-half, eaves - 0.05, half, 0.9), "main")
        pen.fill(
            polygon(
                [
                    (-half - 0.12, eaves + 0.06),
                    (-half + 0.2, ridge),
                    (half - 0.2, ridge),
                    (half + 0.12, eaves + 0.06),
                ],
                0.03,
            ),
            "second",
        )
        door = rng.choice([-0.5, 0.0, 0.5]) * half
        _door(pen, rng, door)
        for x in (-0.62 * half, 0.0, 0.62 * half):
            if abs(x - door) > 0.24:
                _window(pen, x, eaves + 0.32, 0.11, has_cross)
    elif kind == 2:  # town house
        half, eaves, peak = rng.uniform(0.42, 0.5), rng.uniform(-0.5, -0.4), -0.95
        pen.fill(rect(-half, eaves, half, 0.9), "main")
        if rng.uniform() < 0.5:
            half_steps = [(0.13, peak + 0.03), (0.13, peak + 0.18), (0.28, peak + 0.18), (0.28, eaves - 0.1)]
            half_steps += [(half + 0.03, eaves - 0.1), (half + 0.03, eaves + 0.05)]
            steps = [(-x, y) for x, y in reversed(half_steps)] + half_steps
            pen.fill(polygon(steps), "second")
        else:
            pen.fill(
                polygon([(-half - 0.1, eaves + 0.05), (0, peak), (half + 0.1, eaves + 0.05)], 0.03), "second"
            )
        rows = (eaves + 0.22, eaves + 0.6)
        for y in rows:
            for x in (-0.5 * half, 0.5 * half):
                _window(pen, x, y, 0.095, has_cross)
        _door(pen, rng, rng.choice([-0.4, 0.0, 0.4]) * half)
    elif kind == 3:  # modern
        split = rng.uniform(0.05, 0.15)
        left = rng.uniform(-0.3, -0.1)
        pen.fill(rect(left, -0.45, 0.72, split + 0.02), "second")
        pen.fill(rect(left - 0.1, -0.53, 0.82, -0.4, 0.02), "dark", 0.2)
        pen.fill(rect(-0.8, split, 0.8, 0.9), "main")
        pen.fill(rect(-0.9, split - 0.06, 0.9, split + 0.07, 0.02), "dark", 0.2)
        pen.fill(rect(left + 0.14, -0.28, 0.6, split - 0.14), "light")
        pen.stroke(
            line([((left + 0.74) / 2, -0.28), ((left + 0.74) / 2, split - 0.14)]),
            0.045,
            "dark",
            0.2,
            cap="butt",
        )
        pen.fill(rect(-0.68, split + 0.22, 0.02, 0.66), "light")
        pen.stroke(line([(-0.33, split + 0.22), (-0.33, 0.66)]), 0.045, "dark", 0.2, cap="butt")
        _door(pen, rng, 0.45)
    elif kind == 4:  # A-frame
        half, peak = rng.uniform(0.68, 0.8), -0.85
        _chimney(pen, 0.36, -0.45, 0.2, smokes)
        front = polygon([(-half, 0.9), (0, peak), (half, 0.9)])
        pen.fill(front, "main")
        pen.stroke(line([(-half - 0.08, 0.86), (0, peak), (half + 0.08, 0.86)]), 0.17, "second")
        pen.fill(polygon([(0, -0.42), (0.2, 0.06), (-0.2, 0.06)]), "light")
        pen.stroke(line([(-half * 0.56, 0.2), (half * 0.56, 0.2)]), 0.09, "dark", 0.3)
        _door(pen, rng, 0.0)
        for x in (-0.36, 0.36):
            _window(pen, x, 0.5, 0.08, False)
    else:  # cottage
        half, eaves = rng.uniform(0.58, 0.7), rng.uniform(0.08, 0.18)
        pen.fill(rect(-half, eaves - 0.1, half, 0.9), "main")
        _chimney(pen, -0.38, -0.72, -0.2, smokes)
        roof = curve(
            [
                (-half - 0.2, eaves + 0.08),
                (-half - 0.05, -0.28),
                (-0.3, -0.55),
                (0.3, -0.55),
                (half + 0.05, -0.28),
                (half + 0.2, eaves + 0.08),
            ]
        )
        roof.close()
        pen.fill(roof, "second")
        pen.fill(sector(0, -0.02, 0.2, 0.28, 180, 180), "main", 0.2)
        _window(pen, 0, -0.12, 0.075, False)
        _door(pen, rng, 0.0)
        for x in (-0.62 * half, 0.62 * half):
            _window(pen, x, eaves + 0.34, 0.1, has_cross)
    if rng.uniform() < 0.3:
        for x in (-0.82, 0.84):
            pen.fill(ellipse(x, 0.8, 0.13, 0.12), "accent", -0.4)


def _door(pen: Pen, rng: np.random.Generator, x: float) -> None:
    top = rng.uniform(0.38, 0.46)
    if rng.uniform() < 0.4:
        pen.fill(sector(x, top + 0.02, 0.125, 0.13, 180, 180), "accent")
    pen.fill(rect(x - 0.125, top, x + 0.125, 0.9), "accent")
    pen.fill(ellipse(x + 0.06, 0.66, 0.035), "light")


def _window(pen: Pen, x: float, y: float, half: float, rng_cross: bool) -> None:
    pen.fill(rect(x - half - 0.035, y - half - 0.035, x + half + 0.035, y + half + 0.035, 0.02), "dark", 0.25)
    pen.fill(rect(x - half, y - half, x + half, y + half, 0.01), "light")
    if rng_cross and half > 0.09:
        pen.stroke(line([(x, y - half), (x, y + half)]), 0.04, "dark", 0.25, cap="butt")
        pen.stroke(line([(x - half, y), (x + half, y)]), 0.04, "dark", 0.25, cap="butt")


def _chimney(pen: Pen, x: float, top: float, low: float, smokes: bool) -> None:
    pen.fill(rect(x - 0.09, top, x + 0.09, low), "second", -0.4)
    pen.fill(rect(x - 0.12, top - 0.03, x + 0.12, top + 0.07, 0.02), "second", -0.1)
    if smokes:
        for k, (dx, dy, r) in enumerate(((0.02, -0.1, 0.06), (0.1, -0.2, 0.075))):
            pen.fill(ellipse(x + dx, top + dy, r), "light", -0.1 * k)


THINGS: dict[str, Thing] = {"sailboat": sailboat, "house": house}
