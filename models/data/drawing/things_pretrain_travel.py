"""Pre-training categories of travel and wind.

Cousins of the demo's classes: bus (car), windmill (house), anchor (sailboat), balloon (umbrella).
"""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import arc, curve, ellipse, intersection, line, polygon, rect, ring, sector
from models.data.drawing.pen import Pen, Thing
from models.data.drawing.things_pretrain_shapes import COLOURS, on_circle, petal, turned


def bus(pen: Pen, rng: np.random.Generator) -> None:
    """City bus from the side, double-decker, or bus from the front; cousin of car."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 2:
        half = u(0.55, 0.65)
        for side in (-1, 1):
            pen.fill(rect(side * half * 0.55, 0.6, side * half * 0.9, 0.92, 0.04), "dark")
            pen.fill(ellipse(side * (half + 0.1), -0.3, 0.08, 0.14), "dark")
        pen.fill(rect(-half, -0.92, half, 0.75, 0.1), "main")
        pen.fill(rect(-half * 0.82, -0.6, half * 0.82, 0.1, 0.05), "light")
        pen.fill(rect(-half * 0.7, -0.86, half * 0.7, -0.68, 0.03), "dark")
        for side in (-1, 1):
            pen.fill(ellipse(side * half * 0.68, 0.42, 0.11), "accent")
        pen.stroke(line([(-0.25, 0.42), (0.25, 0.42)]), 0.07, "dark")
        return
    top = u(-0.35, -0.2) if kind == 0 else u(-0.85, -0.75)
    pen.fill(rect(-0.98, top, 0.98, 0.68, 0.1), "main")
    rows = [top + 0.12] if kind == 0 else [top + 0.12, -0.05]
    n = int(rng.integers(4, 6))
    for y in rows:
        for i in range(n):
            x = -0.86 + i * 1.72 / n
            pen.fill(rect(x, y, x + 1.4 / n, y + 0.36, 0.03), "light")
    pen.fill(rect(-0.98, 0.4, 0.98, 0.5), "second")
    for x in (-0.55, 0.55):
        pen.fill(ellipse(x, 0.68, u(0.2, 0.24)), "dark")
        pen.fill(ellipse(x, 0.68, 0.09), "light")
    pen.fill(rect(0.88, 0.36, 0.99, 0.5, 0.02), "accent")


def plane(pen: Pen, rng: np.random.Generator) -> None:
    """Airliner from the side, from above, or propeller plane with two wings."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        pen.fill(polygon([(0.55, -0.05), (0.75, -0.65), (0.98, -0.65), (0.9, 0.0)], 0.04), "second")
        body = u(0.18, 0.24)
        pen.fill(
            curve(
                [
                    (-0.98, 0.1),
                    (-0.7, 0.1 - body),
                    (0.3, 0.1 - body),
                    (0.98, -0.1),
                    (0.5, 0.2),
                    (-0.7, 0.1 + body),
                ],
                closed=True,
            ),
            "main",
        )
        pen.fill(polygon([(-0.2, 0.12), (0.15, 0.12), (0.6, 0.7), (0.35, 0.7)], 0.03), "second")
        for x in np.arange(-0.5, 0.45, 0.22):
            pen.fill(ellipse(x, 0.0, 0.05), "dark")
        pen.fill(polygon([(-0.86, 0.0), (-0.66, -0.08), (-0.66, 0.05)]), "light")
    elif kind == 1:
        half = u(0.12, 0.17)
        sweep = u(0.2, 0.45)
        for side in (-1, 1):
            pen.fill(
                polygon(
                    [(0, -0.25), (side * 0.95, -0.25 + sweep), (side * 0.95, sweep - 0.05), (0, 0.25)], 0.04
                ),
                "second",
            )
            pen.fill(polygon([(0, 0.55), (side * 0.4, 0.75), (side * 0.4, 0.92), (0, 0.82)], 0.03), "second")
            pen.fill(rect(side * 0.42, -0.12 + sweep * 0.4, side * 0.58, 0.2 + sweep * 0.4, 0.06), "accent")
        pen.fill(turned([(-0.95, 0.03), (-0.75, half), (0.4, half), (0.92, 0.05)]), "main")
        pen.fill(ellipse(0, -0.7, half * 0.6, 0.09), "light")
    else:
        pen.fill(polygon([(0.6, 0.0), (0.75, -0.45), (0.95, -0.45), (0.95, 0.1)], 0.05), "second")
        pen.fill(
            curve([(-0.7, -0.15), (-0.1, -0.22), (0.95, 0.05), (0.0, 0.3), (-0.7, 0.25)], closed=True), "main"
        )
        for x in (-0.4, 0.1):
            pen.stroke(line([(x, -0.55), (x, 0.3)]), 0.06, "dark")
        pen.fill(rect(-0.6, -0.68, 0.35, -0.52, 0.06), "second")
        pen.fill(rect(-0.65, 0.22, 0.3, 0.38, 0.06), "second")
        pen.fill(ellipse(-0.76, 0.05, 0.1, 0.2), "dark")
        pen.fill(ellipse(-0.88, 0.05, 0.05, u(0.45, 0.6)), "accent")
        pen.stroke(line([(-0.3, 0.35), (-0.35, 0.65)]), 0.06, "dark")
        pen.fill(ellipse(-0.36, 0.68, 0.14), "dark")


def balloon(pen: Pen, rng: np.random.Generator) -> None:
    """Hot-air balloon with a basket, one toy balloon on a string, or three; cousin of umbrella."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        wide = u(0.58, 0.7)
        for side in (-1, 1):
            pen.stroke(line([(side * wide * 0.6, 0.15), (side * 0.16, 0.65)]), 0.05, "dark")
        skin = turned([(-0.95, 0.08), (-0.8, wide * 0.65), (-0.4, wide), (0.0, wide * 0.8), (0.35, 0.22)])
        pen.fill(skin, "main")
        stripes = (-0.42, 0.0, 0.42) if rng.random() < 0.7 else (0.0,)
        for k in stripes:
            pen.fill(intersection(skin, ellipse(k * wide, -0.35, wide * 0.15, 0.75)), "accent")
        pen.fill(rect(-0.2, 0.62, 0.2, 0.92, 0.05), "second")
        return
    spots = [(0.0, -0.4)] if kind == 1 else [(-0.45, -0.25), (0.45, -0.25), (0.0, -0.5)]
    size = u(0.48, 0.56) if kind == 1 else u(0.34, 0.4)
    end = (u(-0.15, 0.15), 0.95)
    for i, (x, y) in enumerate(spots):
        knot = y + size * 1.15
        pen.stroke(curve([(x, knot), (x * 0.5 + u(-0.12, 0.12), (knot + 0.9) / 2), end]), 0.05, "dark")
        role = COLOURS[i]
        pen.fill(polygon([(x, knot - 0.1), (x - 0.1, knot + 0.06), (x + 0.1, knot + 0.06)]), role)
        pen.fill(
            turned(
                [
                    (y - size, size * 0.3),
                    (y - size * 0.6, size * 0.85),
                    (y, size * 0.95),
                    (knot - 0.05, 0.04),
                ],
                x,
            ),
            role,
        )
        pen.glaze(ellipse(x - size * 0.4, y - size * 0.4, size * 0.14, size * 0.25, 25), 0.7)


def rocket(pen: Pen, rng: np.random.Generator) -> None:
    """Comic rocket with fins and flame, slim launcher with boosters, or shuttle."""
    u = rng.uniform
    kind = rng.integers(3)
    half = (u(0.26, 0.34), u(0.16, 0.2), u(0.22, 0.28))[kind]
    pen.fill(polygon([(-half * 0.6, 0.55), (half * 0.6, 0.55), (0, u(0.85, 1.0))], 0.04), "accent")
    if kind == 0:
        for side in (-1, 1):
            pen.fill(
                curve(
                    [
                        (side * half * 0.7, 0.05),
                        (side * 0.62, 0.4),
                        (side * 0.6, 0.8),
                        (side * half * 0.5, 0.55),
                    ],
                    closed=True,
                ),
                "second",
            )
        pen.fill(turned([(-0.95, 0.02), (-0.6, half * 0.75), (0.0, half), (0.6, half * 0.6)]), "main")
        pen.fill(turned([(-0.95, 0.02), (-0.72, half * 0.55), (-0.55, half * 0.8)]), "second")
    elif kind == 1:
        for side in (-1, 1):
            pen.fill(turned([(-0.2, 0.02), (0.0, 0.11), (0.65, 0.11)], side * (half + 0.13)), "second")
        pen.fill(turned([(-0.95, 0.02), (-0.7, half), (-0.2, half), (0.65, half)]), "main")
        for y in (-0.3, 0.3):
            pen.fill(rect(-half, y, half, y + 0.1), "dark")
    else:
        for side in (-1, 1):
            pen.fill(
                polygon(
                    [
                        (side * half * 0.6, -0.3),
                        (side * 0.72, 0.5),
                        (side * 0.72, 0.65),
                        (side * half * 0.6, 0.6),
                    ],
                    0.03,
                ),
                "second",
            )
        pen.fill(turned([(-0.95, 0.05), (-0.7, half), (0.2, half), (0.62, half)]), "main")
        pen.fill(polygon([(-0.06, 0.1), (0.06, 0.1), (0.06, 0.72), (-0.06, 0.72)]), "dark")
    window = (-0.25, -0.1, -0.55)[kind]
    pen.fill(ellipse(0, window, half * 0.5), "dark")
    pen.fill(ellipse(0, window, half * 0.32), "light")


def windmill(pen: Pen, rng: np.random.Generator) -> None:
    """Dutch mill, wind turbine, or farm wind pump; cousin of house."""
    u = rng.uniform
    kind = rng.integers(3)
    spin = u(0, 90)
    if kind == 0:
        pen.fill(polygon([(-0.3, -0.2), (0.3, -0.2), (0.46, 0.92), (-0.46, 0.92)]), "main")
        pen.fill(sector(0, -0.2, 0.33, 0.32, 180, 180), "second")
        pen.fill(rect(-0.12, 0.55, 0.12, 0.92, 0.06), "dark")
        pen.fill(ellipse(0, 0.2, 0.1), "light")
        for i in range(4):
            angle = spin + 90 * i
            tip = on_circle(0, -0.25, 0.75, angle)
            pen.stroke(line([(0, -0.25), tip]), 0.06, "dark")
            near, far = on_circle(0, -0.25, 0.25, angle), on_circle(0, -0.25, 0.75, angle)
            dx, dy = on_circle(0, 0, 0.17, angle + 90)
            pen.fill(polygon([near, far, (far[0] + dx, far[1] + dy), (near[0] + dx, near[1] + dy)]), "light")
        pen.fill(ellipse(0, -0.25, 0.08), "accent")
    elif kind == 1:
        pen.fill(turned([(-0.25, 0.05), (0.4, 0.07), (0.92, 0.1)]), "main")
        pen.fill(ellipse(0, 0.9, 0.4, 0.07), "second")
        for i in range(3):
            pen.fill(petal(0, -0.25, u(0.7, 0.76), 0.15, spin + 120 * i), "light")
        pen.fill(ellipse(0, -0.25, 0.1), "accent")
    else:
        for side in (-1, 1):
            pen.stroke(line([(side * 0.06, -0.3), (side * 0.35, 0.92)]), 0.07, "dark")
        for y in (0.2, 0.6):
            pen.stroke(line([(-0.06 - 0.24 * (y + 0.3), y), (0.06 + 0.24 * (y + 0.3), y)]), 0.06, "dark")
        pen.fill(polygon([(0.1, -0.4), (0.95, -0.6), (0.95, -0.2)]), "second")
        n = int(rng.integers(8, 12))
        for i in range(n):
            pen.fill(petal(0, -0.4, 0.54, 0.2, spin + 360 * i / n), "main" if i % 2 else "accent")
        pen.fill(ellipse(0, -0.4, 0.12), "dark")


def anchor(pen: Pen, rng: np.random.Generator) -> None:
    """Ship's anchor with pointed flukes, with a rope, or a four-armed grapnel; cousin of sailboat."""
    u = rng.uniform
    kind = rng.integers(3)
    thick, reach = u(0.13, 0.18), u(0.6, 0.72)
    pen.fill(ring(0, -0.72, 0.22, 0.1), "second")
    pen.stroke(line([(0, -0.5), (0, 0.75)]), thick, "main")
    pen.stroke(arc(0, 0.12, reach, 0.66, 10, 160), thick, "main", cap="butt")
    for side in (-1, 1):
        x, y = side * reach, 0.2
        pen.fill(
            polygon(
                [(x + side * 0.22, y + 0.12), (x - side * 0.26, y + 0.1), (x + side * 0.02, y - 0.3)], 0.02
            ),
            "main",
        )
    if kind == 2:
        pen.stroke(arc(0, 0.12, reach * 0.4, 0.66, 0, 180), thick * 0.8, "main", -0.2)
        for side in (-1, 1):
            pen.fill(
                polygon(
                    [
                        (side * reach * 0.4 - 0.12, 0.2),
                        (side * reach * 0.4 + 0.12, 0.2),
                        (side * reach * 0.4, -0.1),
                    ]
                ),
                "main",
                -0.2,
            )
    else:
        pen.stroke(line([(-u(0.35, 0.5), -0.32), (u(0.35, 0.5), -0.32)]), thick, "second")
    if kind == 1:
        pen.stroke(
            curve([(0.1, -0.75), (0.6, -0.6), (0.2, -0.1), (-0.35, 0.15), (0.1, 0.5), (0.7, 0.75)]),
            0.09,
            "light",
        )


THINGS: dict[str, Thing] = {
    "bus": bus,
    "plane": plane,
    "balloon": balloon,
    "rocket": rocket,
    "windmill": windmill,
    "anchor": anchor,
}
