"""Pre-training categories from kitchen and table. Cousins of the demo's classes: vase, pan (teapot)."""

from __future__ import annotations

import numpy as np

from models.data.drawing.paths import arc, curve, ellipse, line, polygon, rect, sector
from models.data.drawing.pen import Pen, Thing
from models.data.drawing.things_pretrain_shapes import COLOURS, petal, turned


def bottle(pen: Pen, rng: np.random.Generator) -> None:
    """Wine, milk or medicine bottle, with label or without; cousin of vase."""
    u = rng.uniform
    kind = rng.integers(3)
    width, neck, top = u(0.26, 0.4), u(0.09, 0.13), -0.78
    if kind == 0:  # wine
        shoulder = u(-0.25, 0.0)
        profile = [(top, neck), (-0.45, neck), (shoulder, width), (0.5, width), (0.9, width)]
    elif kind == 1:  # milk
        neck *= 1.7
        profile = [(top, neck), (-0.55, neck), (-0.15, width), (0.35, width), (0.9, width * 0.95)]
    else:  # round flask
        width *= 1.35
        profile = [
            (top, neck),
            (-0.3, neck),
            (0.05, width * 0.8),
            (0.45, width),
            (0.8, width * 0.7),
            (0.9, 0.2),
        ]
    pen.fill(turned(profile))
    pen.fill(rect(-neck * 1.25, -0.95, neck * 1.25, top + 0.04, 0.03), "second")
    if rng.random() < 0.75:
        half = width * (0.97 if kind < 2 else 0.75)
        pen.fill(rect(-half, u(0.1, 0.2), half, u(0.5, 0.62), 0.03), "light")
        pen.stroke(line([(-half * 0.5, 0.35), (half * 0.5, 0.35)]), 0.07, "accent")
    pen.glaze(rect(-width * 0.7, -0.05, -width * 0.45, 0.8, 0.05), 0.5)


def vase(pen: Pen, rng: np.random.Generator) -> None:
    """Slim vase, amphora, or bowl vase, now and then with flowers; cousin of potted plant."""
    u = rng.uniform
    kind = rng.integers(3)
    top, lip, belly = u(-0.55, -0.35), u(0.2, 0.34), u(0.38, 0.55)
    if kind == 0:
        profile = [
            (top, lip),
            (top + 0.2, lip * 0.6),
            (0.05, belly * 0.6),
            (0.45, belly * 0.75),
            (0.9, lip * 0.8),
        ]
    elif kind == 1:
        profile = [
            (top, lip),
            (top + 0.2, lip * 0.6),
            (0.15, belly),
            (0.6, belly * 0.6),
            (0.78, 0.14),
            (0.9, 0.28),
        ]
        for side in (-1, 1):
            handle = [
                (side * lip * 0.7, top + 0.14),
                (side * belly * 1.15, top + 0.16),
                (side * belly * 0.85, 0.1),
            ]
            pen.stroke(curve(handle), 0.1, "second")
    else:
        profile = [
            (top, lip),
            (top + 0.16, lip * 0.8),
            (0.25, belly * 1.15),
            (0.65, belly),
            (0.9, belly * 0.55),
        ]
    if rng.random() < 0.35:
        for x in (-0.25, 0.0, 0.25):
            tip = (x + u(-0.1, 0.1), u(-0.88, -0.78))
            pen.stroke(curve([(x * 0.3, top + 0.1), (x * 0.8, (top + tip[1]) / 2), tip]), 0.06, "dark")
            pen.fill(ellipse(*tip, u(0.11, 0.16)), "accent")
    pen.fill(turned(profile))
    pen.fill(ellipse(0, top, lip, 0.06), "dark")
    y = u(0.1, 0.3)
    if rng.random() < 0.6:
        pen.stroke(curve([(-0.3, y), (-0.15, y + 0.09), (0, y), (0.15, y + 0.09), (0.3, y)]), 0.07, "light")
    else:
        pen.fill(petal(0, y - 0.1, 0.3, 0.2, 90), "second")


def spoon(pen: Pen, rng: np.random.Generator) -> None:
    """Table spoon, wooden spoon with a hole, or ladle seen from the side."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 2:
        pen.stroke(curve([(0.3, -0.9), (0.1, -0.88), (0.12, -0.6), (0.2, 0.4)]), u(0.08, 0.12), "main")
        size = u(0.38, 0.48)
        pen.fill(sector(-0.1, 0.38, size, size * 1.1, 0, 180), "main")
        pen.stroke(line([(-0.1 - size, 0.38), (-0.1 + size, 0.38)]), 0.06, "dark")
        return
    width, length = u(0.24, 0.36), u(0.32, 0.42)
    handle = u(0.045, 0.07)
    pen.fill(
        turned([(-0.35, handle), (0.2, handle), (0.7, handle * 1.7), (0.92, handle * 1.5)]),
        "main" if kind else "second",
    )
    pen.fill(ellipse(0, -0.55, width, length), "main")
    if kind:
        pen.fill(ellipse(0, -0.55, width * 0.3, length * 0.3), "dark")
    else:
        pen.fill(ellipse(0, -0.57, width * 0.72, length * 0.76), "light", -0.1)


def pan(pen: Pen, rng: np.random.Generator) -> None:
    """Frying pan from above or from the side, or a lidded pot with two grips; cousin of teapot."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        size = u(0.5, 0.62)
        pen.stroke(line([(0.0, 0.0), (0.92, 0.78)]), u(0.13, 0.18), "second")
        pen.fill(ellipse(-0.25, -0.2, size), "main")
        pen.fill(ellipse(-0.25, -0.2, size * 0.8), "dark")
        if rng.random() < 0.6:
            egg = [(-0.55, -0.2), (-0.35, -0.5), (-0.05, -0.4), (0.05, -0.1), (-0.2, 0.1), (-0.45, 0.05)]
            pen.fill(curve(egg, closed=True), "light")
            pen.fill(ellipse(-0.25, -0.2, 0.14), "accent")
    elif kind == 1:
        depth = u(0.25, 0.42)
        pen.stroke(curve([(0.3, 0.12), (0.6, 0.02), (0.98, u(-0.15, 0.0))]), 0.13, "second")
        pen.fill(
            polygon([(-0.95, 0.05), (0.4, 0.05), (0.25, 0.05 + depth), (-0.8, 0.05 + depth)], 0.08), "main"
        )
        pen.fill(rect(-1.0, 0.0, 0.45, 0.1, 0.04), "dark")
    else:
        width, top = u(0.55, 0.68), u(-0.25, -0.05)
        for side in (-1, 1):
            pen.stroke(arc(side * width, top + 0.3, 0.2, 0.13, 0, 360), 0.08, "dark")
        pen.fill(rect(-width, top, width, 0.85, 0.12), "main")
        pen.fill(sector(0, top, width * 1.02, u(0.2, 0.3), 180, 180), "second")
        pen.fill(rect(-width * 1.06, top - 0.05, width * 1.06, top + 0.06, 0.04), "dark")
        pen.fill(ellipse(0, top - 0.3, 0.1), "accent")


def cake(pen: Pen, rng: np.random.Generator) -> None:
    """Layer cake with candles, a slice from the side, or a cupcake."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        wide, top = u(0.65, 0.85), u(-0.25, 0.0)
        for x in np.linspace(-wide * 0.6, wide * 0.6, rng.integers(2, 5)):
            pen.stroke(line([(x, top), (x, top - 0.35)]), 0.08, "accent")
            pen.fill(ellipse(x, top - 0.47, 0.06, 0.1), "light")
        pen.fill(rect(-wide, top, wide, 0.85, 0.06), "main")
        pen.fill(rect(-wide, 0.4, wide, 0.52), "second")
        drops = np.linspace(-wide, wide, 6)
        pen.fill(rect(-wide, top - 0.04, wide, top + 0.15, 0.05), "light")
        for x in drops[:-1] + (drops[1] - drops[0]) / 2:
            pen.fill(ellipse(x, top + 0.14, 0.11, u(0.08, 0.2)), "light")
        pen.fill(rect(-1.0, 0.82, 1.0, 0.92, 0.04), "dark")
    elif kind == 1:
        tip, back, top = -0.9, 0.8, u(-0.3, -0.1)
        pen.fill(polygon([(tip, top), (back, top - 0.25), (back, 0.7), (tip, 0.8)], 0.03), "main")
        pen.fill(
            polygon([(tip, top), (back, top - 0.35), (back, top - 0.05), (tip, top + 0.16)], 0.03), "light"
        )
        pen.stroke(line([(tip + 0.05, 0.45), (back - 0.05, 0.3)]), 0.12, "second")
        pen.fill(ellipse(0.5, top - 0.42, u(0.13, 0.18)), "accent")
    else:
        cup = [(-0.55, 0.15), (0.55, 0.15), (0.4, 0.9), (-0.4, 0.9)]
        for i, half in enumerate((0.66, 0.5, 0.3)):
            pen.fill(ellipse(0, 0.1 - 0.28 * i, half, 0.24), "light" if i % 2 else "main")
        pen.fill(polygon(cup, 0.04), "second")
        for x in (-0.25, 0.0, 0.25):
            pen.stroke(line([(x * 1.25, 0.2), (x, 0.85)]), 0.05, "dark")
        pen.fill(ellipse(0, -0.68, 0.14), "accent")


def icecream(pen: Pen, rng: np.random.Generator) -> None:
    """Cone with one to three scoops, ice lolly on a stick, or a sundae in a glass."""
    u = rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        size = u(0.34, 0.42)
        pen.fill(polygon([(-size, -0.02), (size, -0.02), (0, 0.95)], 0.03), "second")
        for k in (-1, 1):
            pen.stroke(line([(k * size * 0.75, 0.05), (-k * 0.1, 0.65)]), 0.05, "dark")
        scoops = [[(0.0, -0.2)], [(-0.2, -0.15), (0.22, -0.15), (0.0, -0.5)], [(0.0, -0.15), (0.0, -0.6)]]
        for i, (x, y) in enumerate(scoops[rng.integers(3)]):
            pen.fill(ellipse(x, y, size * 0.9), COLOURS[i])
    elif kind == 1:
        half = u(0.28, 0.38)
        pen.fill(rect(-0.08, 0.3, 0.08, 0.95, 0.06), "second")
        pen.fill(rect(-half, -0.92, half, 0.5, half * 0.9), "main")
        if rng.random() < 0.5:
            pen.fill(rect(-half, -0.2, half, 0.1), "accent")
        for x in (-half * 0.4, half * 0.4):
            pen.stroke(line([(x, -0.55), (x, 0.25)]), 0.06, "dark")
    else:
        for (x, y), role in zip(((-0.25, -0.25), (0.25, -0.25), (0.0, -0.5)), COLOURS, strict=True):
            pen.fill(ellipse(x, y, u(0.26, 0.32)), role)
        pen.stroke(line([(0.25, -0.5), (0.55, -0.95)]), 0.09, "dark")
        pen.fill(
            turned([(-0.2, 0.6), (0.1, 0.5), (0.4, 0.14), (0.6, 0.07), (0.78, 0.1), (0.9, 0.36)]), "second"
        )


THINGS: dict[str, Thing] = {
    "bottle": bottle,
    "vase": vase,
    "spoon": spoon,
    "pan": pan,
    "cake": cake,
    "icecream": icecream,
}
