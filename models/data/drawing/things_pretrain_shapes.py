"""Shapes that several pre-training categories are built from."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin

from models.data.drawing.paths import Path, Point, ellipse, ribbon
from models.data.drawing.pen import Role

# For several alike parts of one thing: scoops, balloons, books.
COLOURS: tuple[Role, Role, Role] = ("main", "second", "accent")


def turned(profile: Sequence[tuple[float, float]], cx: float = 0.0) -> Path:
    """The outline of something made on a lathe: (y, half width) from top to bottom, symmetric about `cx`."""
    return ribbon([(cx, y) for y, _ in profile], [2 * half for _, half in profile])


def on_circle(cx: float, cy: float, radius: float, degrees: float) -> Point:
    """The point of a circle at an angle; 0 is three o'clock, clockwise."""
    return cx + radius * cos(radians(degrees)), cy + radius * sin(radians(degrees))


def petal(cx: float, cy: float, length: float, width: float, degrees: float) -> Path:
    """An ellipse that starts at (cx, cy) and points at an angle; for petals, leaves, blades and feathers."""
    x, y = on_circle(cx, cy, length / 2, degrees)
    return ellipse(x, y, length / 2, width / 2, degrees)
