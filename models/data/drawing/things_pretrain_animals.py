"""Pre-training categories that swim, crawl or fly. No cousins among the demo's classes."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import curve, ellipse, intersection, line, polygon, rect, ribbon, sector
from models.data.drawing.pen import Pen, Thing
from models.data.drawing.things_pretrain_shapes import on_circle, petal, turned


def butterfly(pen: Pen, rng: np.random.Generator) -> None:
    """Round wings, swallow-tail, or folded wings from the side."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 2:
        pen.fill(
            curve([(0.1, 0.4), (-0.5, -0.2), (-0.55, -0.8), (0.1, -0.9), (0.45, -0.4)], closed=True), "main"
        )
        pen.fill(curve([(0.0, 0.4), (0.4, -0.1), (0.85, 0.1), (0.7, 0.6)], closed=True), "second")
        pen.fill(ellipse(-0.1, -0.5, 0.17), "accent")
        pen.fill(ellipse(0.5, 0.25, 0.12), "light")
        pen.stroke(line([(-0.45, 0.6), (0.55, 0.75)]), 0.13, "dark")
        pen.stroke(curve([(-0.45, 0.58), (-0.7, 0.4), (-0.9, 0.45)]), 0.05, "dark")
        return
    for side in (-1, 1):
        if kind == 0:
            upper = ellipse(side * 0.5, -0.32, u(0.4, 0.46), u(0.38, 0.5), side * -30)
            lower = ellipse(side * 0.4, 0.42, u(0.28, 0.34), 0.36, side * -20)
        else:
            upper = polygon(
                [(side * 0.03, 0.05), (side * 0.95, -0.85), (side * 0.8, 0.0), (side * 0.3, 0.2)], 0.12
            )
            lower = polygon(
                [(side * 0.03, 0.05), (side * 0.65, 0.1), (side * 0.6, 0.9), (side * 0.25, 0.5)], 0.1
            )
        pen.fill(lower, "second")
        pen.fill(upper, "main")
        pen.fill(ellipse(side * 0.55, -0.35, 0.15), "accent")
        pen.fill(ellipse(side * 0.4, 0.38, 0.1), "light")
        pen.stroke(curve([(0, -0.5), (side * 0.12, -0.8), (side * 0.3, -0.92)]), 0.05, "dark")
    pen.fill(ellipse(0, 0.05, 0.09, 0.62), "dark")


def fish(pen: Pen, rng: np.random.Generator) -> None:
    """Oval with a forked tail, tall angel fish, or puffer."""
    u = rng.uniform
    kind = rng.integers(3)
    long, tall = ((u(0.55, 0.65), u(0.3, 0.42)), (0.48, u(0.45, 0.55)), (0.52, u(0.46, 0.52)))[kind]
    pen.fill(polygon([(0.4, 0.0), (0.95, -u(0.35, 0.5)), (0.8, 0.0), (0.95, u(0.35, 0.5))], 0.04), "second")
    if kind == 1:
        pen.fill(polygon([(-0.3, -0.3), (0.45, -0.95), (0.35, -0.1)], 0.05), "second")
        pen.fill(polygon([(-0.3, 0.3), (0.45, 0.95), (0.35, 0.1)], 0.05), "second")
    elif kind == 2:
        for degrees in range(0, 360, 30):
            pen.stroke(
                line([on_circle(-0.15, 0, 0.4, degrees), on_circle(-0.15, 0, 0.66, degrees)]), 0.07, "dark"
            )
    else:
        pen.fill(polygon([(-0.25, -0.25), (0.1, -0.68), (0.3, -0.2)], 0.06), "second")
    body = ellipse(-0.15, 0, long, tall)
    pen.fill(body, "main")
    if rng.random() < 0.6:
        for x in (0.0, 0.25):
            pen.fill(intersection(body, rect(x - 0.06, -1, x + 0.06, 1)), "accent")
    else:
        pen.fill(sector(-0.15, 0, long * 0.95, tall * 0.95, 0, 180), "light")
        pen.fill(petal(-0.1, 0.05, 0.35, 0.2, 25), "second")
    pen.fill(ellipse(-0.45, -0.1, 0.11), "light")
    pen.fill(ellipse(-0.46, -0.1, 0.055), "dark")


def bird(pen: Pen, rng: np.random.Generator) -> None:
    """Perched songbird, swimming duck, or bird in flight."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        pen.fill(polygon([(0.3, 0.15), (0.95, u(-0.1, 0.4)), (0.9, 0.55), (0.3, 0.45)], 0.04), "second")
        for x in (-0.05, 0.15):
            pen.stroke(line([(x, 0.5), (x, 0.88)]), 0.06, "dark")
        pen.fill(ellipse(0.0, 0.15, 0.55, 0.42, 25), "main")
        head, size = (-0.4, -0.35), u(0.28, 0.34)
        pen.fill(petal(-0.15, 0.05, 0.75, 0.38, 28), "second")
    elif kind == 1:
        pen.fill(
            curve(
                [(-0.65, 0.25), (-0.5, 0.75), (0.4, 0.8), (0.95, 0.05), (0.4, 0.25), (-0.1, 0.2)], closed=True
            ),
            "main",
        )
        pen.stroke(curve([(-0.4, 0.4), (-0.35, 0.0), (-0.4, -0.4)]), 0.3, "main")
        head, size = (-0.42, -0.5), u(0.26, 0.32)
        pen.fill(petal(-0.1, 0.45, 0.7, 0.35, u(-15, 0)), "second")
    else:
        pen.fill(polygon([(0.3, 0.05), (0.95, -0.05), (0.9, 0.35)], 0.04), "second")
        pen.fill(
            curve([(0.15, 0.1), (0.35, -0.6), (0.75, -0.9), (0.0, -0.75), (-0.25, 0.0)], closed=True),
            "second",
            -0.15,
        )
        pen.fill(ellipse(-0.05, 0.12, 0.5, 0.26, -8), "main")
        pen.fill(
            curve([(0.1, 0.1), (-0.05, 0.6), (0.35, 0.95), (-0.35, 0.75), (-0.3, 0.15)], closed=True),
            "second",
        )
        head, size = (-0.5, 0.0), u(0.22, 0.27)
    x, y = head
    pen.fill(
        polygon([(x - size * 0.8, y - 0.12), (x - size - 0.28, y + 0.04), (x - size * 0.8, y + 0.14)]),
        "accent",
    )
    pen.fill(ellipse(x, y, size), "main")
    pen.fill(ellipse(x - 0.08, y - 0.06, 0.065), "dark")


def cat(pen: Pen, rng: np.random.Generator) -> None:
    """Sitting from the front, face alone, or walking from the side."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 2:
        pen.stroke(curve([(0.55, 0.1), (0.9, -0.2), (u(0.7, 0.95), -0.75)]), 0.13, "main")
        for x in (-0.35, -0.15, 0.35, 0.55):
            pen.stroke(line([(x, 0.3), (x + u(-0.06, 0.06), 0.85)]), 0.15, "main", -0.1)
        pen.fill(ellipse(0.1, 0.2, 0.58, 0.3), "main")
        x, y, size = -0.55, -0.15, 0.32
    elif kind == 0:
        pen.stroke(curve([(0.3, 0.8), (0.75, 0.75), (0.7, u(0.1, 0.4))]), 0.15, "main")
        pen.fill(turned([(-0.15, 0.2), (0.25, 0.32), (0.65, 0.45), (0.92, 0.42)]), "main")
        pen.fill(ellipse(0, 0.45, 0.2, 0.32), "light")
        x, y, size = 0.0, -0.35, 0.42
    else:
        x, y, size = 0.0, 0.12, u(0.68, 0.76)
    for side in (-1, 1):
        pen.fill(
            polygon(
                [
                    (x + side * size * 0.95, y - size * 1.2),
                    (x + side * size * 0.95, y - size * 0.1),
                    (x + side * size * 0.2, y - size * 0.75),
                ],
                0.03,
            ),
            "main",
        )
        pen.fill(
            polygon(
                [
                    (x + side * size * 0.8, y - size * 0.9),
                    (x + side * size * 0.8, y - size * 0.4),
                    (x + side * size * 0.42, y - size * 0.7),
                ]
            ),
            "second",
        )
    pen.fill(ellipse(x, y, size, size * 0.86), "main")
    for side in (-1, 1):
        pen.fill(ellipse(x + side * size * 0.4, y - size * 0.1, size * 0.18, size * 0.24), "light")
        pen.fill(ellipse(x + side * size * 0.4, y - size * 0.08, size * 0.1, size * 0.2), "dark")
        for k in (-0.1, 0.12):
            pen.stroke(
                line(
                    [
                        (x + side * size * 0.45, y + size * 0.3),
                        (x + side * size * 1.15, y + size * (0.28 + k)),
                    ]
                ),
                0.05,
                "dark",
            )
    pen.fill(
        polygon([(x - size * 0.13, y + size * 0.2), (x + size * 0.13, y + size * 0.2), (x, y + size * 0.38)]),
        "accent",
    )


def snail(pen: Pen, rng: np.random.Generator) -> None:
    """Round spiral shell, pointed shell, or withdrawn deep into a large one."""
    u = rng.uniform
    kind = rng.integers(3)
    size = (u(0.5, 0.58), 0.5, u(0.64, 0.7))[kind]
    cx, cy = 0.15, 0.78 - size
    head = -0.85 if kind < 2 else -0.72
    foot = [(0.98, 0.85), (0.3, 0.75), (-0.45, 0.72), (head + 0.05, 0.3), (head, 0.0)]
    pen.fill(ribbon(foot, [0.06, 0.26, 0.3, 0.24, 0.26]), "second")
    for dx in (-0.12, 0.14):
        pen.stroke(line([(head, 0.0), (head + dx, -0.38)]), 0.06, "second")
        pen.fill(ellipse(head + dx, -0.4, 0.07), "dark")
    if kind == 1:
        pen.fill(polygon([(-0.35, 0.72), (0.85, 0.72), (u(0.25, 0.5), -0.85)], 0.1), "main")
        for y, half in ((0.4, 0.42), (0.05, 0.3), (-0.3, 0.17)):
            pen.stroke(line([(0.32 - half, y + 0.05), (0.32 + half, y - 0.08)]), 0.08, "light")
        return
    pen.fill(ellipse(cx, cy, size), "main")
    turns = [on_circle(cx, cy, size * (0.82 - 0.8 * i / 22), 130 - 40 * i) for i in range(22)]
    pen.stroke(curve(turns), 0.085, "light" if rng.random() < 0.6 else "dark")


THINGS: dict[str, Thing] = {
    "butterfly": butterfly,
    "fish": fish,
    "bird": bird,
    "cat": cat,
    "snail": snail,
}
