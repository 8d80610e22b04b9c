"""Seven ways to render the marks of a thing. The canvas carries the pose; widths are in unit coordinates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from models.data.drawing.backend import skia
from models.data.drawing.palette import Oklch, Palette
from models.data.drawing.paths import Path, outline
from models.data.drawing.pen import Mark


@dataclass(frozen=True)
class Look:
    """What a style still leaves open, sampled once per picture so that all its things match.

    Attributes:
        light_angle: degrees, where the light comes from; -90 is straight above.
        line_width: of outlines and line drawings, unit coordinates.
        variant: 0 to 1, chooses between the flavours of a style.
        pitch: distance between texture elements, unit coordinates.
        texture_angle: degrees.
    """

    light_angle: float
    line_width: float
    variant: float
    pitch: float
    texture_angle: float


def sample_look(rng: np.random.Generator, line_scale: float = 1.0) -> Look:
    """Light from above, left or right; lines that survive 64 pixels at `line_scale` 1."""
    return Look(
        light_angle=rng.uniform(-150, -30),
        line_width=rng.uniform(0.055, 0.085) * line_scale,
        variant=rng.uniform(),
        pitch=rng.uniform(0.15, 0.26),
        texture_angle=rng.choice([0.0, 90.0, 45.0, -45.0]),
    )


def solid(colour: Oklch, alpha: float = 1.0, **settings: object) -> skia.Paint:
    """An anti-aliased paint of one colour."""
    return skia.Paint(Color4f=skia.Color4f(*colour.srgb(), alpha), AntiAlias=True, **settings)


def soft(colour: Oklch, alpha: float, sigma: float) -> skia.Paint:
    """A paint whose edge is blurred by `sigma` in the canvas's own units."""
    paint = solid(colour, alpha)
    paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, sigma))
    return paint


BLACK, WHITE = Oklch(0.13, 0.02, 280), Oklch(0.99, 0.0, 0)


def colour_of(mark: Mark, palette: Palette) -> Oklch:
    """The palette's colour for a mark's role, shifted by its tone."""
    base: Oklch = getattr(palette, mark.role)
    return base.shifted(0.22 * mark.tone)


def _glaze(canvas: skia.Canvas, mark: Mark, strength: float = 0.5) -> None:
    canvas.drawPath(mark.area, solid(BLACK if mark.tone < 0 else WHITE, min(abs(mark.tone) * strength, 1.0)))


def shaded(canvas: skia.Canvas, marks: tuple[Mark, ...], palette: Palette, look: Look) -> None:
    """Light falls from one side: a gradient on each piece, a soft dark edge away from the light."""
    dx, dy = cos(radians(look.light_angle)), sin(radians(look.light_angle))
    for mark in marks:
        if mark.is_glaze:
            _glaze(canvas, mark)
            continue
        colour = colour_of(mark, palette)
        box = mark.area.computeTightBounds()
        cx, cy, r = box.centerX(), box.centerY(), max(box.width(), box.height()) / 2 or 0.1
        stops = (colour.shifted(0.09, 0.95), colour, colour.shifted(-0.13, 0.95, -6))
        paint = solid(colour)
        paint.setShader(
            skia.GradientShader.MakeLinear(
                [skia.Point(cx + dx * r, cy + dy * r), skia.Point(cx - dx * r, cy - dy * r)],
                [skia.Color4f(*stop.srgb(), 1).toColor() for stop in stops],
                [0.0, 0.42, 1.0],
            )
        )
        canvas.drawPath(mark.area, paint)
        if r < 0.12:
            continue
        canvas.save()
        canvas.clipPath(mark.area, skia.ClipOp.kIntersect, True)
        edge = soft(BLACK, 0.30, 0.05)
        edge.setStyle(skia.Paint.kStroke_Style)
        edge.setStrokeWidth(0.09)
        canvas.translate(dx * 0.03, dy * 0.03)
        canvas.drawPath(mark.area, edge)
        canvas.restore()


def flat(canvas: skia.Canvas, marks: tuple[Mark, ...], palette: Palette, look: Look) -> None:
    """Plain colours; in half the pictures one side of the whole thing lies in a light shade."""
    canvas.saveLayer(None, None)
    for mark in marks:
        if mark.is_glaze:
            _glaze(canvas, mark, 0.4)
        else:
            canvas.drawPath(mark.area, solid(colour_of(mark, palette)))
    if look.variant < 0.5:
        paint = solid(BLACK, 0.16)
        paint.setBlendMode(skia.BlendMode.kSrcATop)
        canvas.rotate(12 if look.light_angle < -90 else -12)
        side = skia.Rect.MakeLTRB(0, -4, 4, 4) if look.light_angle < -90 else skia.Rect.MakeLTRB(-4, -4, 0, 4)
        canvas.drawRect(side, paint)
    canvas.restore()


def outlined(canvas: skia.Canvas, marks: tuple[Mark, ...], palette: Palette, look: Look) -> None:
    """Flat colours inside an even ink line."""
    width = look.line_width
    for mark in marks:
        if mark.is_glaze:
            _glaze(canvas, mark, 0.35)
            continue
        thin = mark.width is not None and mark.width < 1.2 * width
        if thin:
            canvas.drawPath(outline(mark.spine, max(mark.width or 0.0, 0.6 * width)), solid(palette.ink))
            continue
        rim = solid(
            palette.ink,
            Style=skia.Paint.kStroke_Style,
            StrokeWidth=width * (1.6 if mark.width is None else 1.1),
        )
        rim.setStrokeJoin(skia.Paint.kRound_Join)
        canvas.drawPath(mark.area, rim)
        canvas.drawPath(mark.area, solid(colour_of(mark, palette)))
        if mark.width is not None:
            continue
        canvas.save()
        canvas.clipPath(mark.area, skia.ClipOp.kIntersect, True)
        rim.setStrokeWidth(width * 0.6)
        canvas.drawPath(mark.area, rim)
        canvas.restore()


def paper(canvas: skia.Canvas, marks: tuple[Mark, ...], palette: Palette, look: Look) -> None:
    """Cut paper: every piece casts a small shadow on the one below and catches light on its upper edge."""
    dx, dy = -cos(radians(look.light_angle)), -sin(radians(look.light_angle))
    for mark in marks:
        if mark.is_glaze:
            continue
        canvas.save()
        canvas.translate(0.045 * dx, 0.045 * dy + 0.015)
        canvas.drawPath(mark.area, soft(BLACK, 0.42, 0.035))
        canvas.restore()
        colour = colour_of(mark, palette)
        canvas.drawPath(mark.area, solid(colour))
        canvas.save()
        canvas.clipPath(mark.area, skia.ClipOp.kIntersect, True)
        canvas.translate(0.012 * dx, 0.012 * dy)
        rim = solid(WHITE, 0.38, Style=skia.Paint.kStroke_Style, StrokeWidth=0.035)
        canvas.drawPath(mark.area, rim)
        canvas.restore()


def textured(canvas: skia.Canvas, marks: tuple[Mark, ...], palette: Palette, look: Look) -> None:
    """Printed cloth: stripes, dots, a grid or hatching on the larger pieces."""
    texture = _texture(look)
    for mark in marks:
        if mark.is_glaze:
            _glaze(canvas, mark, 0.4)
            continue
        colour = colour_of(mark, palette)
        canvas.drawPath(mark.area, solid(colour))
        box = mark.area.computeTightBounds()
        if mark.width is None and mark.role in ("main", "second") and min(box.width(), box.height()) > 0.25:
            shift = 0.11 if colour.lightness < 0.62 else -0.11
            canvas.save()
            canvas.clipPath(mark.area, skia.ClipOp.kIntersect, True)
            canvas.drawPath(texture, solid(colour.shifted(shift, 1.0, 10)))
            canvas.restore()


def _texture(look: Look) -> Path:
    """Texture elements over the whole unit square, as one path."""
    path, pitch = skia.Path(), look.pitch
    kind = int(look.variant * 4)
    steps = np.arange(-2.0, 2.0, pitch)
    if kind in (0, 3):
        for x in steps:
            path.addRect(skia.Rect.MakeXYWH(x, -2, pitch * (0.5 if kind == 0 else 0.28), 4))
    if kind == 3:
        for y in steps:
            path.addRect(skia.Rect.MakeXYWH(-2, y, 4, pitch * 0.28))
    if kind == 1:
        for row, y in enumerate(steps):
            for x in steps + pitch / 2 * (row % 2):
                path.addCircle(x, y, pitch * 0.26)
    if kind == 2:
        for y in steps:
            wave = skia.Path()
            wave.moveTo(-2, y)
            for k, x in enumerate(np.arange(-2.0, 2.0, pitch / 1.5)):
                wave.lineTo(x, y + pitch * 0.25 * (1 if k % 2 else -1))
            path.addPath(outline(wave, pitch * 0.3))
    turned = skia.Path()
    path.transform(skia.Matrix.RotateDeg(look.texture_angle), turned)
    return turned


def line(canvas: skia.Canvas, marks: tuple[Mark, ...], palette: Palette, look: Look) -> None:
    """A line drawing on the ground's own colour, often with a spot colour printed out of register."""
    paper_tone = palette.ground.shifted(0.03, 0.9)
    spot = look.variant < 0.6
    for mark in marks:
        if mark.is_glaze:
            continue
        if mark.width is not None and mark.width < 0.11:
            ink = outline(
                mark.spine, max(0.75 * mark.width, (0.6 if mark.width < 0.04 else 1.0) * look.line_width)
            )
            canvas.drawPath(ink, solid(palette.ink))
            continue
        canvas.drawPath(mark.area, solid(paper_tone))
        if spot and mark.role in ("main", "accent"):
            canvas.save()
            canvas.clipPath(mark.area, skia.ClipOp.kIntersect, True)
            canvas.translate(0.06, 0.05)
            canvas.drawPath(mark.area, solid(colour_of(mark, palette), 0.85))
            canvas.restore()
        elif mark.role == "dark":
            canvas.drawPath(mark.area, solid(palette.ink, 0.85))
        rim = solid(palette.ink, Style=skia.Paint.kStroke_Style, StrokeWidth=look.line_width)
        rim.setStrokeJoin(skia.Paint.kRound_Join)
        canvas.drawPath(mark.area, rim)


def silhouette(canvas: skia.Canvas, marks: tuple[Mark, ...], palette: Palette, look: Look) -> None:
    """One colour; light pieces are cut out, second pieces differ by a breath."""
    body = palette.main
    second = body.shifted(0.08 if body.lightness < 0.6 else -0.08)
    hole = palette.ground.shifted(0.02)
    for mark in marks:
        if mark.is_glaze:
            continue
        colour = hole if mark.role == "light" else second if mark.role in ("second", "accent") else body
        canvas.drawPath(mark.area, solid(colour))


Style = Callable[[skia.Canvas, tuple[Mark, ...], Palette, Look], None]
STYLES: dict[str, Style] = {
    "shaded": shaded,
    "flat": flat,
    "outline": outlined,
    "paper": paper,
    "textured": textured,
    "line": line,
    "silhouette": silhouette,
}


def sticker_border(canvas: skia.Canvas, marks: tuple[Mark, ...], width: float = 0.16) -> None:
    """A white rim around the whole thing, to be drawn below it."""
    paint = solid(WHITE, Style=skia.Paint.kStrokeAndFill_Style, StrokeWidth=width)
    paint.setStrokeJoin(skia.Paint.kRound_Join)
    for mark in marks:
        if not mark.is_glaze:
            canvas.drawPath(mark.area, paint)
