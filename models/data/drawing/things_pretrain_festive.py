"""Pre-training categories of music and feasts. No close cousins among the demo's classes."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import (
    arc,
    curve,
    difference,
    ellipse,
    line,
    polygon,
    rect,
    sector,
    star,
    union,
)
from models.data.drawing.pen import Pen, Thing
from models.data.drawing.things_pretrain_shapes import turned


def guitar(pen: Pen, rng: np.random.Generator) -> None:
    """Acoustic guitar, electric guitar with horns, or banjo; upright."""
    u = rng.uniform
    kind = rng.integers(3)
    neck = u(0.07, 0.1)
    pen.fill(rect(-0.15, -0.98, 0.15, -0.74, 0.04), "dark")
    if kind == 0:
        wide = u(0.42, 0.5)
        body = union(
            ellipse(0, 0.05, wide * 0.76, 0.28), ellipse(0, 0.52, wide, 0.4), rect(-0.25, 0.1, 0.25, 0.5)
        )
        pen.fill(body, "main")
        pen.fill(ellipse(0, 0.2, 0.15), "dark")
    elif kind == 1:
        body = [
            (-0.12, 0.05),
            (-0.42, -0.2),
            (-0.45, 0.25),
            (-0.5, 0.75),
            (0, 0.92),
            (0.5, 0.75),
            (0.38, 0.3),
            (0.35, -0.05),
            (0.12, 0.12),
        ]
        pen.fill(polygon(body, 0.12), "main")
        pen.fill(polygon([(-0.2, 0.2), (0.15, 0.2), (0.32, 0.7), (-0.05, 0.65)], 0.06), "light")
        for y in (0.3, 0.48):
            pen.fill(rect(-0.14, y, 0.14, y + 0.08, 0.02), "dark")
    else:
        size = u(0.42, 0.48)
        pen.fill(ellipse(0, 0.45, size), "main")
        pen.fill(ellipse(0, 0.45, size * 0.78), "light")
    pen.fill(rect(-neck, -0.85, neck, 0.15), "second")
    for y in (-0.6, -0.4, -0.2):
        pen.stroke(line([(-neck, y), (neck, y)]), 0.05, "light")
    pen.fill(rect(-0.2, 0.62, 0.2, 0.71, 0.02), "dark")
    pen.stroke(line([(0, -0.8), (0, 0.66)]), 0.05, "light")


def bell(pen: Pen, rng: np.random.Generator) -> None:
    """Church bell with clapper, hand bell with a grip, or desk bell with a button."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 2:
        pen.fill(rect(-0.06, -0.35, 0.06, 0.0, 0.03), "dark")
        pen.fill(ellipse(0, -0.35, 0.15, 0.08), "accent")
        pen.fill(sector(0, 0.65, u(0.68, 0.78), u(0.8, 0.9), 180, 180), "main")
        pen.fill(rect(-0.92, 0.65, 0.92, 0.85, 0.06), "second")
        pen.glaze(ellipse(-0.35, 0.2, 0.1, 0.25, 35), 0.6)
        return
    top = -0.62 if kind == 0 else -0.15
    lip = u(0.66, 0.76) if kind == 0 else u(0.5, 0.58)
    pen.fill(ellipse(0, 0.72, 0.17), "dark")
    if kind == 0:
        pen.stroke(arc(0, -0.74, 0.16, 0.16, 0, 360), 0.09, "second")
    else:
        pen.fill(turned([(-0.95, 0.1), (-0.75, 0.14), (-0.4, 0.08), (-0.1, 0.1)]), "second")
    mid = (top + 0.68) / 2
    pen.fill(
        turned([(top, 0.14), (top + 0.12, lip * 0.5), (mid, lip * 0.62), (0.55, lip * 0.85), (0.7, lip)]),
        "main",
    )
    pen.fill(rect(-lip, 0.58, lip, 0.7, 0.05), "accent")
    if rng.random() < 0.5:
        pen.stroke(line([(-lip * 0.5, mid), (lip * 0.5, mid)]), 0.07, "light")


def gift(pen: Pen, rng: np.random.Generator) -> None:
    """Box with lid and bow, flat parcel, or tall box with dots."""
    u = rng.uniform
    kind = rng.integers(3)
    half, top = ((u(0.62, 0.75), -0.3), (u(0.85, 0.95), 0.05), (u(0.42, 0.5), -0.45))[kind]
    band = u(0.1, 0.15)
    pen.fill(rect(-half * 0.94, top, half * 0.94, 0.9, 0.03), "main")
    if kind == 2:
        for x in (-0.28, 0.28):
            for y in (0.0, 0.35, 0.7):
                pen.fill(ellipse(x, y, 0.07), "light")
    else:
        pen.fill(rect(-half * 0.94, 0.4, half * 0.94, 0.4 + band), "accent")
    if kind != 1:
        pen.fill(rect(-half, top - 0.02, half, top + 0.24, 0.03), "second")
    pen.fill(rect(-band, top - 0.02, band, 0.9), "accent")
    for side in (-1, 1):
        loop = ellipse(side * 0.26, top - 0.2, 0.27, u(0.14, 0.2), side * -28)
        pen.fill(difference(loop, ellipse(side * 0.28, top - 0.21, 0.14, 0.07, side * -28)), "accent")
    pen.fill(ellipse(0, top - 0.06, 0.12), "accent", -0.2)


def trophy(pen: Pen, rng: np.random.Generator) -> None:
    """Cup with two handles, slim goblet with a lid, or star on a column."""
    u = rng.uniform
    kind = rng.integers(3)
    pen.fill(rect(-u(0.36, 0.46), 0.7, u(0.36, 0.46), 0.92, 0.03), "dark")
    if kind == 2:
        pen.fill(turned([(0.0, 0.1), (0.4, 0.12), (0.72, 0.25)]), "second")
        pen.fill(star(0, -0.38, u(0.52, 0.6), 5, u(0.4, 0.5)), "main")
        pen.fill(ellipse(0, -0.38, 0.14), "accent")
        return
    lip = u(0.5, 0.58) if kind == 0 else 0.36
    if kind == 0:
        for side in (-1, 1):
            pen.stroke(
                curve(
                    [
                        (side * lip * 0.9, -0.68),
                        (side * 0.88, -0.62),
                        (side * 0.75, -0.15),
                        (side * 0.25, 0.05),
                    ]
                ),
                0.1,
                "second",
            )
    else:
        pen.fill(sector(0, -0.5, lip, 0.32, 180, 180), "second")
        pen.fill(ellipse(0, -0.87, 0.1), "accent")
    rim = -0.85 if kind == 0 else -0.52
    pen.fill(
        turned([(rim, lip), (-0.3, lip * 0.88), (0.1, 0.2), (0.35, 0.08), (0.6, 0.14), (0.72, 0.32)]), "main"
    )
    if rng.random() < 0.7:
        pen.fill(star(0, -0.35, 0.2), "accent")
    pen.glaze(ellipse(-lip * 0.6, -0.4, 0.06, 0.25, -10), 0.6)


THINGS: dict[str, Thing] = {
    "guitar": guitar,
    "bell": bell,
    "gift": gift,
    "trophy": trophy,
}
