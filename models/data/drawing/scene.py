"""One thing in its picture: background, clutter, shadow, thing, something in front, light, blur, grain."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.data.drawing.backend import skia
from models.data.drawing.clutter import clutter_behind, occluder
from models.data.drawing.grounds import GROUNDS, faint_pattern
from models.data.drawing.palette import Ground, Palette, sample_ground, sample_palette
from models.data.drawing.pen import Mark, Thing, draw
from models.data.drawing.pose import Pose, ShadowKind, bounds, cast_shadow, frame, posed
from models.data.drawing.styles import STYLES, Look, sample_look, sticker_border
from models.types import UInt8


def _weights(**weights: float) -> dict[str, float]:
    return weights


@dataclass(frozen=True)
class SceneConfig:
    """How much pictures vary. Pose, scale and occlusion make them hard; background and style are free.

    Attributes:
        size: side in pixels.
        radius: half the thing's longer side over half the picture, lowest and highest.
        offset: how far the centre lies off the middle at most, as a share of the picture.
        rotation_sd: of the turn, in degrees.
        steep_share, steep_max: share of pictures with a turn up to so many degrees.
        flip_share: share mirrored left to right.
        shear_sd, stretch_sd, perspective_sd: spread of shear, of log width over height, of perspective.
        n_clutter: most shapes behind the thing.
        occluder_share: share of pictures with one or two things in front.
        styles, grounds, lightness: weights of the choices.
        pattern_share: share of backgrounds with a faint pattern.
        sticker_share: share of things with a white rim.
        light_share: share of pictures with a light gradient over everything.
        blur_max, grain_max: highest sigma of blur in pixels (most have far less) and of grain in grey levels.
    """

    size: int = 64
    radius: tuple[float, float] = (0.55, 0.95)
    offset: float = 0.16
    rotation_sd: float = 14.0
    steep_share: float = 0.06
    steep_max: float = 50.0
    flip_share: float = 0.5
    shear_sd: float = 0.12
    stretch_sd: float = 0.15
    perspective_sd: float = 0.08
    n_clutter: int = 4
    occluder_share: float = 0.35
    styles: dict[str, float] = field(
        default_factory=lambda: _weights(
            shaded=4, flat=2, outline=2, paper=2, textured=2, line=1, silhouette=1
        )
    )
    grounds: dict[str, float] = field(
        default_factory=lambda: {"gradient": 2, "wall and floor": 2, "hills": 2, "blob": 2, "split": 1.5}
    )
    lightness: dict[str, float] = field(default_factory=lambda: _weights(pastel=0.52, middle=0.28, deep=0.20))
    pattern_share: float = 0.5
    sticker_share: float = 0.06
    light_share: float = 0.7
    blur_max: float = 0.8
    grain_max: float = 3.0


def pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """One of the names, with a chance in proportion to its weight."""
    names = list(weights)
    shares = np.array([weights[name] for name in names], dtype=np.float64)
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


def sample_pose(
    rng: np.random.Generator, config: SceneConfig, marks: tuple[Mark, ...], is_steep: bool, upright: float
) -> Pose:
    """A pose within the spread; `upright` 0 to 1 takes turn and shear from things that stand firm."""
    steadiness = 1.0 - 0.65 * upright
    angle = rng.normal(0, config.rotation_sd) * steadiness
    if is_steep:
        angle = rng.choice([-1.0, 1.0]) * rng.uniform(0.4, 1.0) * config.steep_max * steadiness
    pivot, extent = frame(marks)
    share = rng.uniform(*config.radius)
    # A large thing moves less, so that no more than an edge of it leaves the picture.
    reach = config.offset * config.size * (1.25 - 0.75 * share)
    return Pose(
        x=config.size / 2 + rng.uniform(-1, 1) * reach,
        y=config.size / 2 + rng.uniform(-1, 1) * reach,
        radius=config.size / 2 * share / float(np.clip(extent, 0.75, 1.05)),
        angle=angle,
        is_flipped=bool(rng.uniform() < config.flip_share),
        shear=float(np.clip(rng.normal(0, config.shear_sd), -0.3, 0.3)) * steadiness,
        stretch=float(np.exp(rng.normal(0, config.stretch_sd))),
        tilt_x=float(np.clip(rng.normal(0, config.perspective_sd), -0.18, 0.18)),
        tilt_y=float(np.clip(rng.normal(0, config.perspective_sd), -0.18, 0.18)),
        pivot=pivot,
    )


def paint_thing(
    canvas: skia.Canvas,
    size: int,
    marks: tuple[Mark, ...],
    pose: Pose,
    palette: Palette,
    style: str,
    look: Look,
    *,
    shadow: ShadowKind = "none",
    light_side: float = 0.0,
    strength: float = 1.0,
    is_sticker: bool = False,
) -> None:
    """Shadow and thing in one pose and style, on a canvas in pixels."""
    cast_shadow(canvas, posed(marks, pose), shadow, size, light_side, strength)
    canvas.save()
    canvas.concat(pose.matrix())
    if is_sticker:
        sticker_border(canvas, marks)
    STYLES[style](canvas, marks, palette, look)
    canvas.restore()


def draw_scene(
    thing: Thing, rng: np.random.Generator, config: SceneConfig | None = None, upright: float = 0.0
) -> UInt8:
    """One picture of one thing.

    Args:
        thing: draws the thing in unit coordinates.
        rng: the only source of chance; equal states give equal pictures.
        config: how much pictures vary.
        upright: 0 for things that may be thrown about, 1 for things that stand firm.

    Returns:
        uint8 (size, size, 3), sRGB.
    """
    config = config or SceneConfig()
    size = config.size
    canvas, pixels = new_canvas(size)
    marks = draw(thing, rng)
    kind: Ground = pick(rng, config.lightness)  # type: ignore[assignment]
    ground = sample_ground(rng, kind)
    # Things made of thin lines need more contrast to be seen at all.
    palette = sample_palette(rng, ground, ground_strength=1.35 if thinness(marks) > 0.5 else 1.0)
    is_steep = bool(rng.uniform() < config.steep_share)
    pose = sample_pose(rng, config, marks, is_steep, upright)
    setting = pick(rng, config.grounds)
    turned = abs(pose.angle) > 16
    if turned and setting in ("wall and floor", "hills"):
        setting = "blob"  # a thing that tumbles does so in front of a plain ground
    edge = GROUNDS[setting](canvas, size, ground, rng)
    if rng.uniform() < config.pattern_share and setting != "hills":
        faint_pattern(canvas, size, ground, rng)
    if edge is not None:
        pose = _set_down(pose, marks, edge, size)
    clutter_behind(canvas, size, palette, int(rng.integers(0, config.n_clutter + 1)), rng)
    style, look = pick(rng, config.styles), sample_look(rng)
    shadow: ShadowKind = "ground" if edge is not None else "drop"
    if rng.uniform() < (0.12 if edge is not None else 0.35):
        shadow = "none"
    paint_thing(
        canvas,
        size,
        marks,
        pose,
        palette,
        style,
        look,
        shadow=shadow,
        light_side=-1.0 if look.light_angle < -90 else 1.0,
        strength=rng.uniform(0.5, 1.0),
        is_sticker=bool(rng.uniform() < config.sticker_share) and style not in ("line", "outline"),
    )
    if rng.uniform() < config.occluder_share:
        for _ in range(int(rng.integers(1, 3))):
            occluder(canvas, size, palette, rng)
    if rng.uniform() < config.light_share:
        light_gradient(canvas, size, look.light_angle + rng.normal(0, 20), rng.uniform(0.06, 0.2))
    return finish(pixels, rng, config.blur_max * rng.uniform() ** 2, rng.uniform(0, config.grain_max))


def thinness(marks: tuple[Mark, ...]) -> float:
    """Share of a thing's marks that are thin strokes."""
    return sum(mark.width is not None and mark.width < 0.13 for mark in marks) / max(len(marks), 1)


def _set_down(pose: Pose, marks: tuple[Mark, ...], edge: float, size: int) -> Pose:
    """Move a pose down until the thing's lowest point rests on the ground in front of the edge."""
    foot = bounds(posed(marks, pose)).bottom()
    lowest = min(max(foot, edge + 0.03 * size), 0.97 * size)
    return Pose(**{**vars(pose), "y": pose.y + lowest - foot})


def new_canvas(size: int) -> tuple[skia.Canvas, UInt8]:
    """A raster canvas and the RGBA pixels (size, size, 4) that it draws into."""
    pixels = np.zeros((size, size, 4), dtype=np.uint8)
    return skia.Canvas(pixels), pixels


def light_gradient(canvas: skia.Canvas, size: int, angle: float, strength: float) -> None:
    """Brighten the side the light comes from and darken the other."""
    dx, dy = size / 2 * np.cos(np.radians(angle)), size / 2 * np.sin(np.radians(angle))
    paint = skia.Paint(Dither=True)
    paint.setBlendMode(skia.BlendMode.kSoftLight)
    bright, dim = (
        skia.ColorSetARGB(int(255 * strength * 1.6), 255, 255, 255),
        skia.ColorSetARGB(int(255 * strength * 1.9), 0, 0, 20),
    )
    middle = size / 2
    paint.setShader(
        skia.GradientShader.MakeLinear(
            [skia.Point(middle + dx, middle + dy), skia.Point(middle - dx, middle - dy)], [bright, dim]
        )
    )
    canvas.drawRect(skia.Rect.MakeWH(size, size), paint)


def finish(pixels: UInt8, rng: np.random.Generator, blur: float, grain: float) -> UInt8:
    """Blur and grain; RGBA (size, size, 4) in, RGB (size, size, 3) out."""
    size = pixels.shape[0]
    if blur > 0.25:
        blurred = np.zeros_like(pixels)
        paint = skia.Paint(ImageFilter=skia.ImageFilters.Blur(blur, blur, skia.TileMode.kClamp))
        skia.Canvas(blurred).drawImage(skia.Image.fromarray(pixels), 0, 0, skia.SamplingOptions(), paint)
        pixels = blurred
    noise = rng.normal(0, 1, (size, size, 1)) * grain
    return np.clip(np.rint(pixels[:, :, :3] + noise), 0, 255).astype(np.uint8)
