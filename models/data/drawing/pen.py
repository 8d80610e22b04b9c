"""The pen that categories draw with.

A category is a function `def mug(pen: Pen, rng: np.random.Generator) -> None`. It draws one thing in unit
coordinates: x to the right, y downwards, inside about [-1, 1] x [-1, 1], standing on y = 0.9, and takes its
sub-type, proportions and details from `rng`. It names roles, never colours; the scene chooses palette, style,
pose, light and surroundings. Shapes come from `models.data.drawing.paths`. Modules collect their categories
in one literal dict

    THINGS: dict[str, Thing] = {"mug": mug, ...}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.data.drawing.paths import Path, outline, transform

Role = Literal["main", "second", "accent", "dark", "light"]


@dataclass(frozen=True)
class Mark:
    """One laid-down piece of a thing.

    Attributes:
        area: what it covers, in unit coordinates.
        role: which colour of the palette it takes.
        tone: -1 to 1, how much darker or lighter than that colour.
        width: of the stroke that made it; None for a filled shape.
        spine: the stroked path itself; None for a filled shape.
        is_glaze: a see-through shade (negative tone) or shine (positive tone) over what lies below.
    """

    area: Path
    role: Role
    tone: float = 0.0
    width: float | None = None
    spine: Path | None = None
    is_glaze: bool = False


class Pen:
    """Collects the marks of one thing, first mark at the back."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []

    def fill(self, path: Path, role: Role = "main", tone: float = 0.0) -> None:
        """Lay down a filled shape."""
        self.marks.append(Mark(path, role, tone))

    def stroke(
        self,
        path: Path,
        width: float,
        role: Role = "dark",
        tone: float = 0.0,
        cap: Literal["round", "butt"] = "round",
    ) -> None:
        """Lay down a line of this width; below about .05 it vanishes at 64 pixels."""
        self.marks.append(Mark(outline(path, width, cap), role, tone, width, path))

    def glaze(self, path: Path, tone: float) -> None:
        """Shade (tone below 0) or brighten (above 0) what lies below; plain styles leave it out."""
        self.marks.append(Mark(path, "dark" if tone < 0 else "light", tone, is_glaze=True))

    def paste(
        self, other: Pen, *, move: tuple[float, float] = (0.0, 0.0), scale: float = 1.0, angle: float = 0.0
    ) -> None:
        """Add the marks of another pen, scaled and turned about its origin, then moved."""
        for mark in other.marks:
            area, spine = (
                None if path is None else transform(path, move=move, scale=scale, angle=angle)
                for path in (mark.area, mark.spine)
            )
            width = None if mark.width is None else mark.width * scale
            self.marks.append(Mark(area, mark.role, mark.tone, width, spine, mark.is_glaze))


Thing = Callable[[Pen, np.random.Generator], None]


def draw(thing: Thing, rng: np.random.Generator) -> tuple[Mark, ...]:
    """The marks of one drawing of a thing, back to front."""
    pen = Pen()
    thing(pen, rng)
    return tuple(pen.marks)
