"""A room and a table, ready for things to be put there."""

from __future__ import annotations

import numpy as np

from models.data.drawing.backend import skia
from models.data.drawing.grounds import faint_pattern, fill_gradient
from models.data.drawing.palette import Oklch
from models.data.drawing.paths import curve, line, outline, polygon, rect
from models.data.drawing.settings import Setting, Stage
from models.data.drawing.styles import WHITE, solid


def room(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
    """Wall and floor, with boards or a rug, a window or a picture."""
    wall, floor = setting.sky, setting.land
    edge = size * rng.uniform(0.6, 0.68)
    fill_gradient(
        canvas, skia.Rect.MakeWH(size, size), (wall.shifted(0.02), wall.shifted(-0.02)), (0, 0), (0, edge)
    )
    if rng.uniform() < 0.55:
        faint_pattern(canvas, size, wall, rng)
    if rng.uniform() < 0.75:
        _on_the_wall(canvas, size, edge, setting, rng)
    fill_gradient(
        canvas,
        skia.Rect.MakeLTRB(0, edge, size, size),
        (floor.shifted(-0.03), floor.shifted(0.04)),
        (0, edge),
        (0, size),
    )
    canvas.drawPath(rect(0, edge - 0.025 * size, size, edge), solid(WHITE, 0.6))
    kind = int(rng.integers(3))
    if kind == 0:  # floor boards
        for k in range(-6, 7):
            x = size / 2 + k * size * 0.1
            board = line([(x, edge), (size / 2 + (x - size / 2) * 2.2, size)])
            canvas.drawPath(outline(board, size * 0.008), solid(floor.shifted(-0.1), 0.6))
    elif kind == 1:  # rug
        rug = wall.shifted(-0.12, 1.4, rng.uniform(-40, 40))
        for grow, colour in ((1.0, rug), (0.8, rug.shifted(0.06)), (0.62, rug)):
            box = skia.Rect.MakeLTRB(
                size * (0.5 - 0.42 * grow),
                size * (0.86 - 0.1 * grow),
                size * (0.5 + 0.42 * grow),
                size * (0.86 + 0.1 * grow),
            )
            canvas.drawOval(box, solid(colour))
    return Stage(edge + 0.09 * size, 0.95 * size)


def table(canvas: skia.Canvas, size: int, setting: Setting, rng: np.random.Generator) -> Stage:
    """A table top in front of a wall or tiles."""
    wall, wood = setting.sky, setting.land
    fill_gradient(
        canvas, skia.Rect.MakeWH(size, size), (wall.shifted(0.02), wall.shifted(-0.03)), (0, 0), (0, size)
    )
    if rng.uniform() < 0.6:  # tiles
        pitch = size * rng.uniform(0.1, 0.15)
        for k in range(-1, int(size / pitch) + 2):
            for row in range(int(size / pitch) + 1):
                x = (k + 0.5 * (row % 2)) * pitch
                tile = rect(
                    x + 0.04 * pitch,
                    (row + 0.04) * pitch,
                    x + 0.96 * pitch,
                    (row + 0.96) * pitch,
                    0.08 * pitch,
                )
                canvas.drawPath(tile, solid(WHITE, 0.16 + 0.14 * float(rng.uniform())))
    else:
        _on_the_wall(canvas, size, 0.7 * size, setting, rng)
    edge, front = size * rng.uniform(0.66, 0.72), size * rng.uniform(0.92, 0.95)
    canvas.drawPath(rect(0, front, size, size), solid(wall.shifted(-0.12)))
    area = skia.Rect.MakeLTRB(0, edge, size, front)
    fill_gradient(canvas, area, (wood.shifted(-0.02), wood.shifted(0.05)), (0, edge), (0, front))
    for _ in range(7):
        x, y = size * rng.uniform(-0.1, 1), edge + (front - edge) * rng.uniform(0.08, 0.95)
        grain = line([(x, y), (x + size * rng.uniform(0.1, 0.4), y)])
        canvas.drawPath(outline(grain, 0.007 * size), solid(wood.shifted(-0.1), 0.45))
    canvas.drawPath(rect(0, front, size, front + 0.035 * size), solid(wood.shifted(-0.14)))
    if rng.uniform() < 0.4:  # a runner of cloth
        cloth = wall.shifted(-0.05, 1.3, rng.uniform(-40, 40))
        x = size * rng.uniform(0.3, 0.6)
        runner = polygon(
            [
                (x - 0.16 * size, edge),
                (x + 0.2 * size, edge),
                (x + 0.27 * size, front),
                (x - 0.23 * size, front),
            ]
        )
        canvas.drawPath(runner, solid(cloth, 0.9))
    return Stage(edge + 0.08 * size, front - 0.02 * size)


def _on_the_wall(
    canvas: skia.Canvas, size: int, edge: float, setting: Setting, rng: np.random.Generator
) -> None:
    x, y = size * rng.uniform(0.2, 0.8), size * rng.uniform(0.17, 0.26)
    w, h = size * rng.uniform(0.11, 0.16), size * rng.uniform(0.1, 0.14)
    frame = solid(WHITE, 0.95) if rng.uniform() < 0.6 else solid(setting.land.shifted(-0.2))
    canvas.drawPath(rect(x - w, y - h, x + w, y + h, 0.01 * size), frame)
    pane = rect(x - 0.85 * w, y - 0.82 * h, x + 0.85 * w, y + 0.82 * h)
    if rng.uniform() < 0.5:  # a window
        canvas.drawPath(pane, solid(Oklch(0.88, 0.05, 225)))
        canvas.drawPath(rect(x - 0.05 * w, y - h, x + 0.05 * w, y + h), frame)
        canvas.drawPath(rect(x - w, y - 0.05 * h, x + w, y + 0.06 * h), frame)
    else:  # a picture
        canvas.save()
        canvas.clipPath(pane, skia.ClipOp.kIntersect, True)
        tint = setting.sky.shifted(-0.06, 1.3, rng.uniform(-60, 60))
        canvas.drawPath(pane, solid(tint))
        canvas.drawCircle(x - 0.2 * w, y - 0.1 * h, 0.3 * h, solid(tint.shifted(0.1)))
        hill = curve(
            [
                (x - w, y + 0.5 * h),
                (x - 0.3 * w, y + 0.1 * h),
                (x + 0.4 * w, y + 0.5 * h),
                (x + w, y + 0.2 * h),
            ]
        )
        hill.lineTo(x + w, y + h)
        hill.lineTo(x - w, y + h)
        canvas.drawPath(hill, solid(tint.shifted(-0.12)))
        canvas.restore()
