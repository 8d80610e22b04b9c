"""Colours in OKLCH, kept inside sRGB by lowering chroma, and palettes whose thing stands out from its ground.

Free random hues look muddy. Twelve anchor hues do not, each at the lightness where it is itself (a dark
yellow is olive, a dark orange brown), with a minimum distance between thing and background.
Conversion: Björn Ottosson, "A perceptual color space for image processing", 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, radians, sin
from typing import Literal

import numpy as np

Ground = Literal["pastel", "middle", "deep"]
Srgb = tuple[float, float, float]


@dataclass(frozen=True)
class Oklch:
    """A colour by OKLab lightness (0 to 1), chroma (0 to about .3) and hue (degrees)."""

    lightness: float
    chroma: float
    hue: float

    def shifted(self, lightness: float = 0.0, chroma: float = 1.0, hue: float = 0.0) -> Oklch:
        """A neighbour: lightness and hue are added to, chroma is multiplied."""
        lifted = min(max(self.lightness + lightness, 0.0), 1.0)
        return replace(self, lightness=lifted, chroma=self.chroma * chroma, hue=(self.hue + hue) % 360)

    def lab(self) -> tuple[float, float, float]:
        """OKLab coordinates."""
        angle = radians(self.hue)
        return self.lightness, self.chroma * cos(angle), self.chroma * sin(angle)

    def srgb(self) -> Srgb:
        """Gamma-encoded red, green, blue in 0..1; chroma is lowered until the colour can be shown."""
        low, high = 0.0, self.chroma
        if _in_gamut(_linear_rgb(*self.lab())):
            low = high
        else:
            for _ in range(18):
                middle = (low + high) / 2
                if _in_gamut(_linear_rgb(*replace(self, chroma=middle).lab())):
                    low = middle
                else:
                    high = middle
        red, green, blue = (_encode(v) for v in _linear_rgb(*replace(self, chroma=low).lab()))
        return red, green, blue


def _linear_rgb(lightness: float, a: float, b: float) -> Srgb:
    l_ = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m_ = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s_ = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_,
        -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_,
        -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_,
    )


def _in_gamut(rgb: Srgb) -> bool:
    return all(-1e-4 <= v <= 1 + 1e-4 for v in rgb)


def _encode(value: float) -> float:
    value = min(max(value, 0.0), 1.0)
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def distance(a: Oklch, b: Oklch) -> float:
    """How different two colours look: Euclidean distance in OKLab, about 1 between black and white."""
    (l1, a1, b1), (l2, a2, b2) = a.lab(), b.lab()
    return float(((l1 - l2) ** 2 + (a1 - a2) ** 2 + (b1 - b2) ** 2) ** 0.5)


@dataclass(frozen=True)
class Anchor:
    """A hue with the lightness and chroma at which it looks like its name."""

    name: str
    hue: float
    lightness: float
    chroma: float


ANCHORS: tuple[Anchor, ...] = (
    Anchor("rose", 8, 0.64, 0.18),
    Anchor("red", 27, 0.59, 0.20),
    Anchor("orange", 52, 0.72, 0.16),
    Anchor("amber", 72, 0.79, 0.16),
    Anchor("yellow", 93, 0.87, 0.16),
    Anchor("lime", 124, 0.82, 0.16),
    Anchor("green", 150, 0.66, 0.15),
    Anchor("teal", 188, 0.68, 0.12),
    Anchor("sky", 228, 0.70, 0.13),
    Anchor("blue", 259, 0.57, 0.17),
    Anchor("violet", 294, 0.58, 0.18),
    Anchor("magenta", 338, 0.66, 0.19),
)
# Deep colours keep to hues that stay clean there; the others go brown or olive.
_DEEP_HUES = (2.0, 165.0, 195.0, 215.0, 252.0, 268.0, 292.0, 312.0, 345.0)


@dataclass(frozen=True)
class Palette:
    """The colours of one picture.

    Attributes:
        ground: the background's leading colour.
        main, second, accent, dark, light: the five roles a pen names.
        ink: outlines and line drawings; light on deep grounds, dark elsewhere.
    """

    ground: Oklch
    main: Oklch
    second: Oklch
    accent: Oklch
    dark: Oklch
    light: Oklch
    ink: Oklch


MIN_CONTRAST = {"main": 0.24, "second": 0.14, "accent": 0.14, "dark": 0.26, "ink": 0.36}


def sample_ground(rng: np.random.Generator, kind: Ground) -> Oklch:
    """A background colour: `pastel` L .86-.95, `middle` about .66-.86, `deep` .27-.40."""
    if kind == "pastel":
        return Oklch(rng.uniform(0.86, 0.95), rng.uniform(0.025, 0.07), _any_hue(rng))
    if kind == "deep":
        hue = (_DEEP_HUES[rng.integers(len(_DEEP_HUES))] + rng.normal(0, 5)) % 360
        return Oklch(rng.uniform(0.27, 0.40), rng.uniform(0.05, 0.10), hue)
    anchor = ANCHORS[rng.integers(len(ANCHORS))]
    hue = (anchor.hue + rng.normal(0, 6)) % 360
    # Warm hues need light to stay sand and apricot; cool ones carry a darker middle.
    floor = 0.84 if 62 <= hue <= 135 else 0.76 if 30 <= hue < 62 else 0.66
    return Oklch(rng.uniform(floor, floor + 0.08), rng.uniform(0.07, 0.12), hue)


def _any_hue(rng: np.random.Generator) -> float:
    anchor = ANCHORS[rng.integers(len(ANCHORS))]
    return float((anchor.hue + rng.normal(0, 8)) % 360)


def vivid(anchor: Anchor, rng: np.random.Generator) -> Oklch:
    """A full colour near an anchor, still worthy of its name."""
    return Oklch(
        anchor.lightness + rng.uniform(-0.05, 0.05),
        anchor.chroma * rng.uniform(0.8, 1.05),
        (anchor.hue + rng.normal(0, 4)) % 360,
    )


def _any_colour(rng: np.random.Generator) -> Oklch:
    kind = rng.choice(4, p=[0.64, 0.14, 0.13, 0.09])
    if kind == 0:
        return vivid(ANCHORS[rng.integers(len(ANCHORS))], rng)
    if kind == 1:
        return Oklch(rng.uniform(0.84, 0.93), rng.uniform(0.05, 0.09), _any_hue(rng))
    if kind == 2:
        hue = (_DEEP_HUES[rng.integers(len(_DEEP_HUES))] + rng.normal(0, 5)) % 360
        return Oklch(rng.uniform(0.34, 0.46), rng.uniform(0.08, 0.13), hue)
    return Oklch(rng.uniform(0.93, 0.97), rng.uniform(0.008, 0.025), rng.uniform(60, 110))


def _with_contrast(candidates: list[Oklch], wanted: list[tuple[Oklch, float]]) -> Oklch:
    """The first candidate far enough from every named colour, else the one that comes nearest to it."""

    def shortfall(colour: Oklch) -> float:
        return sum(max(0.0, least - distance(colour, other)) for other, least in wanted)

    return min(candidates, key=shortfall)


def sample_palette(
    rng: np.random.Generator, ground: Oklch, main: Oklch | None = None, ground_strength: float = 1.0
) -> Palette:
    """Colours for one thing on a background of this colour.

    Args:
        rng: source of chance.
        ground: the background's leading colour.
        main: the thing's leading colour, if it is given; it is then kept even at low contrast.
        ground_strength: scales the demanded contrast; above 1 for thin things.
    """
    need = {role: least * ground_strength for role, least in MIN_CONTRAST.items()}
    is_deep = ground.lightness < 0.5
    if main is None:
        main = _with_contrast([_any_colour(rng) for _ in range(24)], [(ground, need["main"])])
    turn = rng.choice([28.0, -28.0, 60.0, 120.0, -120.0, 180.0])
    related = [_anchored((main.hue + turn + rng.normal(0, 8)) % 360, rng) for _ in range(4)]
    related += [main.shifted(rng.choice([-0.2, 0.2]), 0.8)] + [_any_colour(rng) for _ in range(16)]
    second = _with_contrast(related, [(main, 0.16), (ground, need["second"])])
    lively = [vivid(ANCHORS[rng.integers(len(ANCHORS))], rng) for _ in range(20)]
    accent = _with_contrast(lively, [(main, 0.2), (second, 0.15), (ground, need["accent"])])
    tint = rng.uniform(0, 360)
    dark = (
        Oklch(rng.uniform(0.68, 0.76), 0.03, ground.hue)
        if is_deep
        else Oklch(rng.uniform(0.22, 0.34), rng.uniform(0.02, 0.05), tint)
    )
    light = Oklch(rng.uniform(0.93, 0.98), rng.uniform(0.01, 0.03), rng.uniform(70, 260))
    ink = (
        Oklch(rng.uniform(0.92, 0.97), 0.02, 90)
        if is_deep
        else Oklch(
            rng.uniform(0.20, 0.30), rng.uniform(0.03, 0.08), _DEEP_HUES[rng.integers(len(_DEEP_HUES))]
        )
    )
    return Palette(ground, main, second, accent, dark, light, ink)


def _anchored(hue: float, rng: np.random.Generator) -> Oklch:
    nearest = min(ANCHORS, key=lambda anchor: abs((anchor.hue - hue + 180) % 360 - 180))
    return vivid(nearest, rng)
