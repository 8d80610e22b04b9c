"""Things on a table: mug and teapot."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import (
    arc,
    curve,
    ellipse,
    intersection,
    line,
    profile,
    rect,
    ribbon,
    sector,
    transform,
)
from models.data.drawing.pen import Pen, Thing


def mug(pen: Pen, rng: np.random.Generator) -> None:
    """Straight, tapered, belly, tall or cup on a saucer; looked at from the side or a little from above."""
    kind = int(rng.integers(5))
    half_top, half_bottom, top, belly = (
        (rng.uniform(0.46, 0.56), 0.0, rng.uniform(-0.62, -0.4), 0.0),  # straight
        (rng.uniform(0.54, 0.64), rng.uniform(-0.2, -0.12), rng.uniform(-0.55, -0.35), 0.02),  # tapered
        (rng.uniform(0.44, 0.52), -0.04, rng.uniform(-0.5, -0.3), 0.16),  # belly
        (rng.uniform(0.38, 0.44), rng.uniform(-0.04, 0.06), rng.uniform(-0.85, -0.7), 0.0),  # tall
        (rng.uniform(0.6, 0.7), rng.uniform(-0.34, -0.26), rng.uniform(-0.2, -0.05), 0.1),  # cup
    )[kind]
    half_bottom += half_top
    is_cup = kind == 4
    base = 0.76 if is_cup else 0.88
    from_above = rng.uniform(0.07, 0.15) if rng.uniform() < 0.65 else 0.0
    left = -0.16
    if is_cup:
        pen.fill(ellipse(left, 0.8, 0.9, 0.1), "second")
        pen.fill(ellipse(left, 0.775, 0.5, 0.05), "second", -0.35)
    middle, reach = (top + base) / 2, rng.uniform(0.26, 0.36)
    height = (base - top) * (0.3 if not is_cup else 0.26)
    grip = left + max(half_top, half_bottom) + (belly * 0.6 if not is_cup else -0.1)
    thick = rng.uniform(0.1, 0.15)
    at = middle - (0.06 if not is_cup else 0.16)
    handle = int(rng.integers(3))
    if handle == 0:
        loop = arc(grip - 0.05, at, reach, height, -90, 180)
    elif handle == 1:
        loop = line(
            [
                (grip - 0.12, at - height),
                (grip + reach, at - height),
                (grip + reach, at + height),
                (grip - 0.12, at + height),
            ]
        )
    else:
        loop = curve(
            [
                (grip - 0.1, at - height),
                (grip + reach, at - 0.7 * height),
                (grip + 0.6 * reach, at + 0.5 * height),
                (grip - 0.14, at + height),
            ]
        )
    pen.stroke(loop, thick, "main", -0.25)
    side = [(half_top, top), ((half_top + half_bottom) / 2 + belly, middle + 0.1), (half_bottom, base)]
    if is_cup:
        side = [(half_top, top), (half_top * 0.92, top + 0.4 * (base - top)), (half_bottom, base)]
    body = transform(profile(side, sag=0.05 if from_above else 0.015), move=(left, 0.0))
    pen.fill(body, "main")
    deco = int(rng.integers(6))
    if deco == 0:
        y = middle + rng.uniform(-0.1, 0.1)
        pen.fill(intersection(body, rect(-2, y - 0.1, 2, y + 0.12)), "second")
    elif deco == 1:
        for x in (-0.26, 0.0, 0.26):
            for y in (middle - 0.14, middle + 0.16):
                pen.fill(ellipse(left + x, y + 0.02, 0.075), "accent")
    elif deco == 2:
        heart = curve(
            [(0, -0.05), (0.12, -0.17), (0.2, -0.03), (0, 0.2), (-0.2, -0.03), (-0.12, -0.17)], closed=True
        )
        pen.fill(transform(heart, move=(left, middle + 0.02)), "accent")
    elif deco == 3:
        pen.fill(intersection(body, rect(-2, base - 0.3 * (base - top), 2, 2)), "second")
    elif deco == 4:
        for x in np.arange(-0.5, 0.6, 0.25):
            pen.fill(intersection(body, rect(left + x - 0.055, -2, left + x + 0.055, 2)), "second")
    if from_above:
        pen.fill(ellipse(left, top, half_top, from_above), "main", 0.3)
        pen.fill(
            ellipse(left, top + 0.012, half_top - 0.07, from_above - 0.035),
            "dark" if rng.uniform() < 0.6 else "accent",
            -0.1,
        )
    else:
        pen.fill(
            rect(left - half_top - 0.03, top - 0.06, left + half_top + 0.03, top + 0.05, 0.05), "main", 0.25
        )
    if rng.uniform() < 0.4:
        for x in (-0.15, 0.15):
            y = top - from_above
            steam = [
                (left + x, y - 0.06),
                (left + x + 0.07, y - 0.17),
                (left + x - 0.05, y - 0.27),
                (left + x + 0.03, y - 0.4),
            ]
            pen.stroke(curve(steam), 0.06, "light")


def _spout(pen: Pen, root: tuple[float, float], tip: tuple[float, float], thick: float) -> None:
    """A curved pipe that narrows towards its tip."""
    (x0, y0), (x1, y1) = root, tip
    way = [(x0 + 0.2, y0 + 0.1), (x0 - 0.02, y0), (x0 + 0.55 * (x1 - x0), y0 + 0.42 * (y1 - y0)), (x1, y1)]
    pen.fill(ribbon(way, [1.9 * thick, 1.6 * thick, 0.95 * thick, 0.8 * thick]), "main", -0.15)
    pen.stroke(line([(x1 - 0.07, y1 + 0.02), (x1 + 0.05, y1 - 0.03)]), 0.06, "second")


def teapot(pen: Pen, rng: np.random.Generator) -> None:
    """Round pot, tall coffee pot, kettle with a bow, low pot with a bow, straight modern pot."""
    kind = int(rng.integers(5))
    base = 0.86
    half, top, bottom_half = (
        (rng.uniform(0.54, 0.62), rng.uniform(-0.22, -0.1), 0.32),
        (0.36, rng.uniform(-0.7, -0.55), 0.46),
        (0.34, rng.uniform(-0.12, 0.0), rng.uniform(0.58, 0.64)),
        (rng.uniform(0.6, 0.66), rng.uniform(0.1, 0.2), 0.4),
        (rng.uniform(0.42, 0.5), rng.uniform(-0.32, -0.2), 0.46),
    )[kind]
    middle = (top + base) / 2
    has_bow = kind in (2, 3)
    root, tip = (
        ((-half + 0.02, middle + 0.12), (-0.94, top + 0.02)),
        ((-0.4, middle + 0.2), (-0.88, top + 0.2)),
        ((-0.46, middle + 0.08), (-0.93, top + 0.04)),
        ((-half + 0.02, middle + 0.06), (-0.97, top - 0.02)),
        ((-half + 0.02, middle + 0.1), (-0.86, top + 0.06)),
    )[kind]
    _spout(pen, root, tip, rng.uniform(0.13, 0.17))
    thick = rng.uniform(0.09, 0.13)
    if has_bow:
        pen.stroke(arc(0, top + 0.12, 0.5, rng.uniform(0.75, 0.95), 195, 150), thick, "second")
    else:
        x = {0: half - 0.08, 1: 0.36, 4: half - 0.06}[kind]
        far = min(x + rng.uniform(0.34, 0.42), 0.93)
        high, low = (top + 0.12, base - 0.25) if kind == 1 else (top + 0.14, middle + 0.28)
        if rng.uniform() < 0.5:
            pen.stroke(
                curve([(x, high), (far, high + 0.05), (far - 0.02, (high + low) / 2 + 0.05), (x, low)]),
                thick,
                "main",
                -0.3,
            )
        else:
            pen.stroke(
                curve([(x, high), (far, high - 0.06), (far, middle), (x + 0.1, low + 0.05)]), thick, "second"
            )
    neck = {0: 0.3, 1: 0.3, 2: 0.3, 3: 0.3, 4: half}[kind]
    side = {
        0: [(neck, top), (half, middle), (bottom_half, base)],
        1: [(neck, top), (0.34, top + 0.25), (0.46, middle + 0.25), (bottom_half, base)],
        2: [(neck, top), (0.47, middle), (bottom_half, base)],
        3: [(neck, top), (half, middle), (bottom_half, base)],
        4: [(half, top), (half + 0.03, middle), (bottom_half, base)],
    }[kind]
    body = profile(side, sag=0.03)
    pen.fill(body, "main")
    deco = int(rng.integers(5))
    if deco == 0:
        pen.fill(intersection(body, rect(-2, middle - 0.05, 2, middle + 0.17)), "second")
    elif deco == 1:
        for x in (-0.28, 0.0, 0.28):
            pen.fill(ellipse(x, middle + 0.06, 0.085), "accent")
    elif deco == 2:
        pen.fill(intersection(body, rect(-2, base - 0.24, 2, 2)), "second")
    elif deco == 3:
        for angle in (0, 72, 144, 216, 288):
            petal = ellipse(0, -0.12, 0.065, 0.1)
            pen.fill(transform(petal, angle=angle, move=(0.02, middle + 0.08)), "accent")
        pen.fill(ellipse(0.02, middle + 0.08, 0.06), "light")
    lid = rng.uniform(0.1, 0.17)
    pen.fill(sector(0, top + 0.02, neck + 0.03, lid + 0.05, 180, 180), "second")
    pen.fill(rect(-neck - 0.05, top - 0.02, neck + 0.05, top + 0.06, 0.04), "main", -0.3)
    pen.fill(ellipse(0, top - lid - 0.08, 0.085, 0.075), "accent")
    if kind in (0, 3):
        pen.fill(rect(-bottom_half, base - 0.03, bottom_half, base + 0.05, 0.04), "main", -0.35)


THINGS: dict[str, Thing] = {"mug": mug, "teapot": teapot}
