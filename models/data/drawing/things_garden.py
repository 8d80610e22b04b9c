"""Things of a garden or balcony: umbrella and potted plant."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from models.data.drawing.paths import (
    Path,
    arc,
    curve,
    difference,
    ellipse,
    intersection,
    leaf,
    line,
    outline,
    polygon,
    profile,
    rect,
    sector,
    transform,
)
from models.data.drawing.pen import Pen, Thing


def umbrella(pen: Pen, rng: np.random.Generator) -> None:
    """Open with a crook, deep dome, sun shade on a straight pole, half turned away, or closed."""
    kind = int(rng.integers(5))
    if kind == 4:
        _closed_umbrella(pen, rng)
        return
    part = Pen()
    deep = {
        0: rng.uniform(0.55, 0.7),
        1: rng.uniform(0.85, 1.0),
        2: rng.uniform(0.38, 0.5),
        3: rng.uniform(0.6, 0.7),
    }[kind]
    half = {0: 0.92, 1: 0.74, 2: 0.95, 3: 0.86}[kind]
    rim = {0: -0.1, 1: 0.08, 2: -0.42, 3: -0.1}[kind]
    part.stroke(line([(0, rim - deep - 0.12), (0, rim - deep + 0.1)]), 0.08, "dark")
    if kind == 2:
        part.stroke(line([(0, rim - 0.1), (0, 0.88)]), 0.1, "dark")
        if rng.uniform() < 0.6:
            part.fill(sector(0, 0.9, 0.34, 0.16, 180, 180), "accent")
    else:
        hook = rng.uniform(0.13, 0.19)
        part.stroke(line([(0, rim - 0.1), (0, 0.9 - hook)]), 0.085, "dark")
        part.stroke(
            arc(hook, 0.9 - hook, hook, hook, 180, -190), 0.11, "accent" if rng.uniform() < 0.6 else "dark"
        )
    n = int(rng.integers(4, 7))
    canopy = _canopy(half, rim, deep, n)
    part.fill(canopy, "main")
    peak = (0.0, rim - deep)
    if kind == 3:  # the near panels hang lower, the inside shows
        part.fill(difference(ellipse(0, rim, half, 0.16), rect(-2, -2, 2, rim)), "main", -0.7)
    if rng.uniform() < 0.75:
        for k in range(n):
            if k % 2:
                a, b = (-half + 2 * half * j / n for j in (k, k + 1))
                gore = curve([peak, (a * 0.72, rim - 0.66 * deep), (a, rim + 0.2)])
                gore.lineTo(b, rim + 0.2)
                back = curve([(b, rim + 0.2), (b * 0.72, rim - 0.66 * deep), peak])
                gore.addPath(back, gore.kExtend_AddPathMode)
                gore.close()
                part.fill(intersection(canopy, gore), "second")
    else:
        part.fill(intersection(canopy, rect(-2, rim - 0.2, 2, rim + 1)), "second")
    if rng.uniform() < 0.3:
        for _ in range(6):
            a = rng.uniform(pi * 1.15, pi * 1.85)
            spot = ellipse(half * 0.7 * cos(a), rim + deep * 0.75 * sin(a), 0.06)
            part.fill(spot, "light")
    lean = rng.normal(0, 10) + (22 * rng.choice([-1, 1]) if kind == 3 else 0)
    pen.paste(part, angle=float(np.clip(lean, -38, 38)), scale=0.98)


def _canopy(half: float, rim: float, deep: float, n: int) -> Path:
    """A vault whose lower edge hangs in `n` scallops."""
    vault = sector(0, rim + 0.06, half, deep + 0.06, 180, 180)
    bites = [ellipse(-half + half * (2 * k + 1) / n, rim + 0.08, half / n * 0.94, 0.1) for k in range(n)]
    return difference(vault, *bites)


def _closed_umbrella(pen: Pen, rng: np.random.Generator) -> None:
    part = Pen()
    wide = rng.uniform(0.2, 0.3)
    hook = rng.uniform(0.14, 0.2)
    part.stroke(line([(0, 0.7), (0, 0.96)]), 0.07, "dark")
    part.stroke(line([(0, -0.3), (0, -0.78)]), 0.085, "dark")
    part.stroke(arc(hook, -0.76, hook, hook, 180, 190), 0.11, "accent")
    folds = profile([(0.1, -0.42), (wide, -0.3), (wide * 0.8, 0.1), (0.04, 0.8)])
    part.fill(folds, "main")
    for x in (-0.5, 0.25):
        fold = polygon([(x * wide, -0.45), (x * wide + 0.7 * wide, -0.45), (0, 0.8)])
        part.fill(intersection(folds, fold), "second" if x > 0 else "main", 0.0 if x > 0 else -0.35)
    zigzag = [(-wide, -0.28), (-wide / 2, -0.4), (0, -0.28), (wide / 2, -0.4), (wide, -0.28)]
    part.stroke(line(zigzag), 0.06, "main", 0.4)
    part.stroke(line([(-wide * 0.85, 0.12), (wide * 0.85, 0.06)]), 0.08, "accent")
    pen.paste(part, angle=float(rng.uniform(-28, 28)))


def potted_plant(pen: Pen, rng: np.random.Generator) -> None:
    """Blades, a clipped tree, large round leaves on stalks, feathered fronds, or trailing vines."""
    kind = int(rng.integers(5))
    top = rng.uniform(0.32, 0.45)
    root = top + 0.05
    plant = Pen()
    if kind == 0:  # blades
        n = int(rng.integers(5, 8))
        for k in rng.permutation(n):
            angle = (k - (n - 1) / 2) * rng.uniform(17, 22)
            length = rng.uniform(1.0, 1.3) * (1 - abs(angle) / 220)
            blade = leaf(angle / 320, root, length, rng.uniform(0.17, 0.24), angle)
            plant.fill(blade, "second", 0.35 * (-1 if k % 2 else 1))
            spine = transform(line([(0, -0.12), (0, -0.8 * length)]), angle=angle, move=(angle / 320, root))
            plant.glaze(outline(spine, 0.035), 0.45)
    elif kind == 1:  # clipped tree: one or two crowns, with tufts that say leaf
        plant.stroke(line([(0, root), (0, -0.4)]), 0.1, "dark")
        crowns = ([(-0.42, 0.46)], [(-0.08, 0.27), (-0.62, 0.31)])[rng.integers(2)]
        for y, r in crowns:
            n = 11
            for i in range(n):
                a = 360 * i / n
                x1, y1 = r * 0.72 * np.sin(np.radians(a)), y - r * 0.72 * np.cos(np.radians(a))
                plant.fill(leaf(x1, y1, 0.42 * r + 0.06, 0.3 * r + 0.06, a + 20), "second", -0.3)
            plant.fill(ellipse(0, y, 0.88 * r), "second")
            for _ in range(7):
                a, reach = rng.uniform(0, 360), r * 0.55 * rng.uniform() ** 0.5
                spot = (reach * np.cos(np.radians(a)), y + reach * np.sin(np.radians(a)))
                plant.fill(leaf(*spot, 0.2 * r + 0.06, 0.12 * r + 0.03, rng.uniform(-60, 60)), "second", 0.4)
    elif kind == 2:  # large leaves on stalks
        n = int(rng.integers(5, 8))
        order = sorted(range(n), key=lambda k: -abs(k - (n - 1) / 2))
        for k in order:
            angle = (k - (n - 1) / 2) * (130 / n) + rng.normal(0, 4)
            reach = rng.uniform(0.7, 0.95) * (1 - abs(angle) / 300)
            x, y = reach * np.sin(np.radians(angle)), root - reach * np.cos(np.radians(angle))
            plant.stroke(
                curve([(0, root), (0.3 * x, root - 0.55 * (root - y)), (x, y)]), 0.055, "second", -0.5
            )
            turn = angle * 1.25
            start = (x - 0.12 * np.sin(np.radians(turn)), y + 0.12 * np.cos(np.radians(turn)))
            length, width = rng.uniform(0.42, 0.54), rng.uniform(0.36, 0.44)
            plant.fill(leaf(*start, length, width, turn), "second", 0.25 * (-1 if k % 2 else 1))
            vein = transform(line([(0, -0.04), (0, -0.85 * length)]), angle=turn, move=start)
            plant.glaze(outline(vein, 0.03), 0.5)
    elif kind == 3:  # feathered fronds
        n = int(rng.integers(3, 6))
        for k in range(n):
            lean = (k - (n - 1) / 2) * (1.25 / max(n - 1, 1))
            end = (lean * 1.1, root - rng.uniform(1.0, 1.2) + 0.55 * abs(lean))
            way = [(0.0, root), (lean * 0.35, root - 0.6), end]
            plant.stroke(curve(way), 0.05, "second", -0.4)
            for t in np.linspace(0.3, 1.0, 6):
                x = 2 * (1 - t) * t * way[1][0] * 1.15 + t * t * end[0]
                y = (1 - t) ** 2 * root + 2 * (1 - t) * t * (way[1][1] - 0.1) + t * t * end[1]
                size = 0.3 * (1.15 - 0.5 * t)
                for turn in (-62, 62):
                    plant.fill(
                        leaf(x, y, size, 0.105, turn + 55 * lean * t), "second", 0.3 * (1 if turn > 0 else -1)
                    )
            plant.fill(leaf(*end, 0.18, 0.1, 50 * lean), "second", 0.2)
    else:  # trailing vines: a tuft above and leaves hanging over the pot
        for angle in (-50, -25, 0, 25, 50):
            plant.fill(
                leaf(angle / 250, root, rng.uniform(0.55, 0.75), 0.24, angle),
                "second",
                0.2 * (-1) ** (angle // 25),
            )
    if kind != 4:
        pen.paste(plant)
        _pot(pen, rng, top)
        return
    top -= 0.25
    half = _pot(pen, rng, top)
    pen.paste(plant, move=(0, -0.25))
    for side in (-1, 1):
        for k in range(2):
            x0 = side * (half - 0.08 + 0.12 * k)
            length = rng.uniform(0.4, 0.75) - 0.12 * k
            way = [
                (side * 0.15, top),
                (x0, top - 0.1),
                (x0 + side * 0.1, top + 0.4 * length),
                (x0 + side * 0.06, top + length),
            ]
            pen.stroke(curve(way), 0.05, "second", -0.4)
            for t in (0.1, 0.4, 0.7, 1.0):
                turn = side * (110 + 60 * (round(t * 10) % 2))
                pen.fill(leaf(x0 + side * 0.08, top + t * length - 0.05, 0.25, 0.17, turn), "second", 0.3)


def _pot(pen: Pen, rng: np.random.Generator, top: float) -> float:
    """A pot that stands on y = 0.9; returns half its opening."""
    kind = int(rng.integers(4))
    half = rng.uniform(0.32, 0.42)
    if kind == 0:  # terracotta with a rim
        pot = polygon([(-half, top), (half, top), (half * 0.68, 0.9), (-half * 0.68, 0.9)], 0.05)
        pen.fill(pot, "main")
        pen.fill(rect(-half - 0.06, top - 0.04, half + 0.06, top + 0.15, 0.04), "main", 0.3)
    elif kind == 1:  # bowl
        pen.fill(profile([(half + 0.04, top), (half + 0.06, (top + 0.9) / 2), (half * 0.55, 0.9)]), "main")
        pen.fill(rect(-half - 0.06, top - 0.03, half + 0.06, top + 0.05, 0.04), "main", -0.3)
    elif kind == 2:  # straight, on a stand
        pot = rect(-half, top, half, 0.76, 0.06)
        for x in (-0.8 * half, 0.8 * half):
            pen.stroke(line([(x, 0.6), (x * 1.15, 0.88)]), 0.075, "dark")
        pen.fill(pot, "main")
    else:  # banded
        pot = polygon([(-half, top), (half, top), (half * 0.8, 0.9), (-half * 0.8, 0.9)], 0.08)
        pen.fill(pot, "main")
        y = (top + 0.9) / 2
        pen.fill(intersection(pot, rect(-1, y - 0.09, 1, y + 0.09)), "accent")
    pen.glaze(rect(-half * 0.95, top + 0.14, half * 0.95, top + 0.19), -0.35)
    return half


THINGS: dict[str, Thing] = {"umbrella": umbrella, "potted plant": potted_plant}
