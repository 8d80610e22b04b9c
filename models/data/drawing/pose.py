"""Where a thing stands in the picture and how it is turned, and the shadow that this pose casts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from models.data.drawing.backend import skia
from models.data.drawing.paths import Path, Point
from models.data.drawing.pen import Mark
from models.data.drawing.styles import BLACK, solid

ShadowKind = Literal["none", "ground", "drop"]


@dataclass(frozen=True)
class Pose:
    """From unit coordinates to pixels.

    Attributes:
        x, y: where the pivot goes, in pixels.
        radius: pixels per unit.
        angle: clockwise turn in degrees.
        is_flipped: mirrored left to right.
        shear: sideways shift per unit of height.
        stretch: width over height, relative to the drawing.
        tilt_x, tilt_y: mild perspective; how much the scale changes per unit to the right and downwards.
        pivot: the point in unit coordinates that everything turns about; the middle of the thing.
    """

    x: float
    y: float
    radius: float
    angle: float = 0.0
    is_flipped: bool = False
    shear: float = 0.0
    stretch: float = 1.0
    tilt_x: float = 0.0
    tilt_y: float = 0.0
    pivot: Point = (0.0, 0.0)

    def matrix(self) -> skia.Matrix:
        """The 3 x 3 matrix of this pose."""
        matrix = skia.Matrix()
        matrix.setTranslate(self.x, self.y)
        matrix.preConcat(
            skia.Matrix.MakeAll(1, 0, 0, 0, 1, 0, self.tilt_x / self.radius, self.tilt_y / self.radius, 1)
        )
        matrix.preRotate(self.angle)
        width = self.radius * self.stretch**0.5 * (-1 if self.is_flipped else 1)
        height = self.radius / self.stretch**0.5
        matrix.preConcat(skia.Matrix.MakeAll(width, self.shear * height, 0, 0, height, 0, 0, 0, 1))
        matrix.preTranslate(-self.pivot[0], -self.pivot[1])
        return matrix


def posed(marks: tuple[Mark, ...], pose: Pose) -> list[Path]:
    """The covered areas in pixels, without glazes."""
    matrix = pose.matrix()
    paths = []
    for mark in marks:
        if not mark.is_glaze:
            path = skia.Path()
            mark.area.transform(matrix, path)
            paths.append(path)
    return paths


def frame(marks: tuple[Mark, ...]) -> tuple[Point, float]:
    """Middle of a thing in unit coordinates and half its longer side."""
    box = bounds([mark.area for mark in marks if not mark.is_glaze])
    return (box.centerX(), box.centerY()), max(box.width(), box.height()) / 2


def bounds(paths: list[Path]) -> skia.Rect:
    """The smallest box around all the paths."""
    box = paths[0].computeTightBounds()
    for path in paths[1:]:
        box.join(path.computeTightBounds())
    return box


def _blurred_layer(canvas: skia.Canvas, alpha: float, sigma: float, draw: Callable[[], None]) -> None:
    paint = skia.Paint(Alphaf=alpha)
    paint.setImageFilter(skia.ImageFilters.Blur(sigma, sigma))
    canvas.saveLayer(None, paint)
    draw()
    canvas.restore()


def cast_shadow(
    canvas: skia.Canvas, paths: list[Path], kind: ShadowKind, size: int, light_side: float, strength: float
) -> None:
    """Draw the shadow of posed paths: laid back on the ground from the lowest point, or dropped on a wall.

    Args:
        canvas: in pixels.
        paths: the thing's areas in pixels.
        kind: `ground`, `drop` or `none`.
        size: side of the picture in pixels.
        light_side: -1 for light from the left to 1 for light from the right.
        strength: 0 to 1.
    """
    if kind == "none":
        return
    black = solid(BLACK)

    def lay() -> None:
        for path in paths:
            canvas.drawPath(path, black)

    if kind == "drop":
        canvas.save()
        canvas.translate(-light_side * 0.045 * size, 0.05 * size)
        _blurred_layer(canvas, 0.45 * strength, 0.028 * size, lay)
        canvas.restore()
        return
    foot = bounds(paths).bottom()
    canvas.save()
    # The silhouette, hinged at its lowest point and laid back: the contact stays where thing and ground meet.
    canvas.translate(0, foot)
    canvas.concat(skia.Matrix.MakeAll(1, 0.55 * light_side, 0, 0, 0.2, 0, 0, 0, 1))
    canvas.translate(0, -foot)
    _blurred_layer(canvas, 0.5 * strength, 0.012 * size, lay)
    canvas.restore()
