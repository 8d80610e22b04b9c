"""Shapes as pure functions: numbers in, a new path out. Unit coordinates, y downwards, angles in degrees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import atan2, cos, hypot, radians, sin, tan
from typing import Literal, TypeAlias

from models.data.drawing.backend import skia

Path: TypeAlias = skia.Path
Point = tuple[float, float]

# Skia's boolean operations round to single precision near 1; they are steadier on larger numbers.
_BOOLEAN_SCALE = 256.0


def ellipse(cx: float, cy: float, rx: float, ry: float | None = None, angle: float = 0.0) -> Path:
    """An ellipse around (cx, cy), or a circle without `ry`; turned clockwise by `angle` degrees."""
    ry = rx if ry is None else ry
    path = skia.Path()
    path.addOval(skia.Rect.MakeLTRB(cx - rx, cy - ry, cx + rx, cy + ry))
    return transform(path, angle=angle, about=(cx, cy)) if angle else path


def rect(x0: float, y0: float, x1: float, y1: float, radius: float = 0.0) -> Path:
    """A rectangle between two corners, in any order, with rounded corners if `radius` is above 0."""
    path = skia.Path()
    box = skia.Rect.MakeLTRB(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    path.addRoundRect(box, radius, radius)
    return path


def polygon(points: Sequence[Point], radius: float = 0.0) -> Path:
    """A closed polygon; `radius` rounds its corners as far as the sides allow."""
    if radius <= 0:
        path = skia.Path()
        path.addPoly([skia.Point(x, y) for x, y in points], True)
        return path
    n = len(points)
    path = skia.Path()
    first, last = points[0], points[-1]
    path.moveTo((first[0] + last[0]) / 2, (first[1] + last[1]) / 2)
    for i, (x, y) in enumerate(points):
        px, py = points[i - 1]
        nx, ny = points[(i + 1) % n]
        before, after = hypot(px - x, py - y), hypot(nx - x, ny - y)
        turn = atan2(py - y, px - x) - atan2(ny - y, nx - x)
        half_angle = abs(((turn + 3.141592653589793) % 6.283185307179586) - 3.141592653589793) / 2
        largest = 0.49 * min(before, after) * abs(tan(half_angle))
        path.arcTo(skia.Point(x, y), skia.Point((x + nx) / 2, (y + ny) / 2), min(radius, largest))
    path.close()
    return path


def curve(points: Sequence[Point], closed: bool = False, tension: float = 1.0) -> Path:
    """A smooth curve through the points (Catmull-Rom); `tension` 0 gives straight pieces, 1 round ones."""
    n = len(points)
    path = skia.Path()
    path.moveTo(*points[0])
    for i in range(n if closed else n - 1):
        p0 = points[i - 1] if closed or i > 0 else points[0]
        p1, p2 = points[i], points[(i + 1) % n]
        p3 = points[(i + 2) % n] if closed or i + 2 < n else points[-1]
        k = tension / 6
        path.cubicTo(
            p1[0] + k * (p2[0] - p0[0]), p1[1] + k * (p2[1] - p0[1]),
            p2[0] - k * (p3[0] - p1[0]), p2[1] - k * (p3[1] - p1[1]),
            p2[0], p2[1],
        )  # fmt: skip
    if closed:
        path.close()
    return path


def line(points: Sequence[Point]) -> Path:
    """An open broken line, to be stroked."""
    path = skia.Path()
    path.addPoly([skia.Point(x, y) for x, y in points], False)
    return path


def arc(cx: float, cy: float, rx: float, ry: float, start: float, sweep: float) -> Path:
    """A piece of an ellipse's edge, to be stroked; 0 degrees is three o'clock, positive `sweep` clockwise."""
    path = skia.Path()
    path.addArc(skia.Rect.MakeLTRB(cx - rx, cy - ry, cx + rx, cy + ry), start, sweep)
    return path


def sector(cx: float, cy: float, rx: float, ry: float, start: float, sweep: float) -> Path:
    """A closed piece of an ellipse between an arc and its chord; a half disc for a `sweep` of 180."""
    path = arc(cx, cy, rx, ry, start, sweep)
    path.close()
    return path


def ring(cx: float, cy: float, radius: float, thickness: float) -> Path:
    """A circular ring; `radius` is the outer one."""
    return difference(ellipse(cx, cy, radius), ellipse(cx, cy, max(radius - thickness, 0.0)))


def star(
    cx: float, cy: float, radius: float, n_points: int = 5, depth: float = 0.45, angle: float = -90
) -> Path:
    """A star whose inner corners lie at `depth` times the radius."""
    corners = []
    for i in range(2 * n_points):
        r = radius if i % 2 == 0 else radius * depth
        a = radians(angle + 180 * i / n_points)
        corners.append((cx + r * cos(a), cy + r * sin(a)))
    return polygon(corners)


def ribbon(points: Sequence[Point], widths: Sequence[float]) -> Path:
    """A smooth band along the points with its own width at each, for stems, spouts, leaves and tails."""
    left: list[Point] = []
    right: list[Point] = []
    for i, (x, y) in enumerate(points):
        (ax, ay), (bx, by) = points[max(i - 1, 0)], points[min(i + 1, len(points) - 1)]
        length = hypot(bx - ax, by - ay) or 1.0
        nx, ny = -(by - ay) / length * widths[i] / 2, (bx - ax) / length * widths[i] / 2
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    path = curve(left)
    path.addPath(curve(right[::-1]), skia.Path.kExtend_AddPathMode)
    path.close()
    return path


def leaf(x: float, y: float, length: float, width: float, angle: float = 0.0) -> Path:
    """A pointed leaf that grows from (x, y); at `angle` 0 upwards, clockwise from there."""
    points = [(0.0, 0.0), (0.0, -0.42 * length), (0.0, -length)]
    return transform(ribbon(points, [0.15 * width, width, 0.0]), angle=angle, move=(x, y))


def profile(side: Sequence[Point], sag: float = 0.0, tension: float = 1.0) -> Path:
    """A body of revolution from the side: half widths and heights from top to bottom, mirrored about x = 0.

    `sag` bends the bottom edge down, as if seen a little from above.
    """
    path = curve(side, tension=tension)
    half, bottom = side[-1]
    path.quadTo(0, bottom + 2 * sag, -half, bottom)
    path.addPath(curve([(-x, y) for x, y in side[::-1]], tension=tension), skia.Path.kExtend_AddPathMode)
    path.close()
    return path


def outline(path: Path, width: float, cap: Literal["round", "butt"] = "round") -> Path:
    """The area that a stroke of this width covers."""
    paint = skia.Paint(Style=skia.Paint.kStroke_Style, StrokeWidth=width)
    paint.setStrokeCap(skia.Paint.kRound_Cap if cap == "round" else skia.Paint.kButt_Cap)
    paint.setStrokeJoin(skia.Paint.kRound_Join)
    area = skia.Path()
    paint.getFillPath(path, area)
    return area


def _boolean(paths: Iterable[Path], operation: skia.PathOp) -> Path:
    grown = [transform(path, scale=_BOOLEAN_SCALE) for path in paths]
    result = grown[0]
    for other in grown[1:]:
        result = skia.Op(result, other, operation)
    return transform(result, scale=1 / _BOOLEAN_SCALE)


def union(*paths: Path) -> Path:
    """Everything that lies in any of the paths."""
    return _boolean(paths, skia.PathOp.kUnion_PathOp)


def difference(path: Path, *holes: Path) -> Path:
    """The path without the holes."""
    return _boolean((path, *holes), skia.PathOp.kDifference_PathOp)


def intersection(*paths: Path) -> Path:
    """What lies in all of the paths."""
    return _boolean(paths, skia.PathOp.kIntersect_PathOp)


def transform(
    path: Path,
    *,
    move: Point = (0.0, 0.0),
    scale: float | Point = 1.0,
    angle: float = 0.0,
    about: Point = (0.0, 0.0),
) -> Path:
    """A copy that is scaled, then turned clockwise by `angle` degrees about a point, then moved."""
    sx, sy = scale if isinstance(scale, tuple) else (scale, scale)
    matrix = skia.Matrix()
    matrix.setTranslate(about[0] + move[0], about[1] + move[1])
    matrix.preRotate(angle)
    matrix.preScale(sx, sy)
    matrix.preTranslate(-about[0], -about[1])
    copy = skia.Path()
    path.transform(matrix, copy)
    return copy


def mirrored(path: Path) -> Path:
    """A copy flipped left to right about x = 0."""
    return transform(path, scale=(-1.0, 1.0))
