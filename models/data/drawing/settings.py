"""Where and when a scene is, and in which quiet colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.data.drawing.palette import Oklch

Place = Literal["table", "room", "hills", "seaside", "street"]
PLACES: tuple[Place, ...] = ("table", "room", "hills", "seaside", "street")
Weather = Literal["fair", "rain", "snow"]


@dataclass(frozen=True)
class Setting:
    """Where and when a scene is.

    Attributes:
        place: the kind of surroundings.
        is_night: a dark sky with moon and stars; outdoors only.
        weather: rain and snow fall outdoors only.
        sky: colour of the sky, or of the wall indoors.
        land: colour of the ground that things stand on.
    """

    place: Place
    is_night: bool
    weather: Weather
    sky: Oklch
    land: Oklch


@dataclass(frozen=True)
class Stage:
    """Where things may stand: heights of their feet from back to front, in pixels; `sea` for boats."""

    back: float
    front: float
    sea: tuple[float, float] | None = None


def sample_setting(rng: np.random.Generator) -> Setting:
    """A place with its time, weather and quiet colours, so that the things carry the picture."""
    place = PLACES[rng.integers(len(PLACES))]
    if place in ("table", "room"):
        hue = rng.uniform(0, 360)
        sky = Oklch(rng.uniform(0.84, 0.93), rng.uniform(0.025, 0.06), hue)
        return Setting(
            place, False, "fair", sky, Oklch(rng.uniform(0.70, 0.80), 0.05, rng.choice([50.0, 65.0, hue]))
        )
    weathers: tuple[Weather, ...] = ("fair", "rain", "snow")
    weather = weathers[rng.choice(3, p=[0.54, 0.23, 0.23])]
    is_night = bool(rng.uniform() < 0.33)
    if is_night:
        sky = Oklch(rng.uniform(0.25, 0.32), rng.uniform(0.05, 0.09), rng.uniform(250, 300))
    elif weather == "rain":
        sky = Oklch(rng.uniform(0.72, 0.80), rng.uniform(0.015, 0.035), rng.uniform(225, 275))
    else:
        sky = Oklch(
            rng.uniform(0.86, 0.93), rng.uniform(0.04, 0.06), rng.choice([228.0, 215.0, 60.0, 20.0, 295.0])
        )
    hue = {"hills": rng.choice([145.0, 165.0, 120.0]), "seaside": 80.0, "street": 275.0}[place] + rng.normal(
        0, 8
    )
    lightness, chroma = (
        (0.88, 0.05) if place == "seaside" else (0.72, 0.02) if place == "street" else (0.78, 0.07)
    )
    if weather == "snow":
        lightness, chroma, hue = 0.95, 0.01, 240.0
    if is_night:
        # Dark sand and grass go brown; moonlight turns them blue.
        hue = hue + 60 if place == "hills" else 265.0
        lightness, chroma = (0.62, 0.03) if weather == "snow" else (0.40, 0.045)
    elif weather == "rain":
        lightness -= 0.08
    return Setting(place, is_night, weather, sky, Oklch(lightness, chroma, hue % 360))
