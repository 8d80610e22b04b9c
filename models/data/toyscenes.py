"""The generator of toyscenes: two to four things in a place, 96 x 96, multi-label, one sentence each.

A picture is planned first (place, time, weather, things, colours) and drawn from the plan, so tags,
sentence and picture agree by construction. Every picture has its own seed, as in toyworld.

Most scenes keep to one colour and every place has its own things: were tags independent, nearly every two
scenes would share one, and "shares a tag" would mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.data.drawing.palette import Oklch, distance
from models.data.drawing.pen import Thing
from models.data.drawing.settings import PLACES, Setting, sample_setting
from models.data.drawing.tableau import Actor, draw_tableau, monochrome
from models.data.drawing.things_lights import lamp_on_foot
from models.data.toyworld import CLASS_NAMES as THING_NAMES
from models.data.toyworld import SPLIT_CODES
from models.data.toyworld import THINGS as TOYWORLD_THINGS
from models.types import Bool, Int64, UInt8

SEED = 20200304
SIZE = 96
N_QUERY, N_DATABASE, N_TRAIN = 400, 4_000, 1_500
MIN_CONTRAST = 0.17

COLOURS: dict[str, Oklch] = {
    "red": Oklch(0.57, 0.21, 27),
    "orange": Oklch(0.73, 0.17, 55),
    "yellow": Oklch(0.88, 0.17, 96),
    "green": Oklch(0.64, 0.16, 147),
    "blue": Oklch(0.56, 0.17, 256),
    "purple": Oklch(0.50, 0.19, 302),
    "pink": Oklch(0.77, 0.14, 352),
    "brown": Oklch(0.48, 0.09, 52),
    "white": Oklch(0.97, 0.008, 240),
}
SURROUNDINGS = (*PLACES, "night", "rain", "snow")
TAGS: tuple[str, ...] = (*THING_NAMES, *COLOURS, *SURROUNDINGS)
THINGS: dict[str, Thing] = {**TOYWORLD_THINGS, "lamp": lamp_on_foot}

# Colours that little stands against (pale walls, dark nights) are asked for more often.
_COLOUR_ODDS = dict(zip(COLOURS, (0.65, 1.4, 1.6, 0.65, 0.7, 0.6, 2.2, 0.7, 2.6), strict=True))
# Size relative to the other things, and how often a thing is seen in each place.
_BULK = dict(zip(THING_NAMES, (0.66, 0.74, 0.92, 0.98, 0.92, 0.98, 1.08, 1.08, 1.28, 0.86), strict=True))
_BULK_ON_TABLE = dict(zip(THING_NAMES, (0.85, 0.95, 0.8, 1.12, 0.8, 0.8, 0.75, 0.9, 0.8, 1.0), strict=True))
_ODDS = {
    "table": (4.0, 4.0, 0.0, 1.2, 0.0, 0.0, 0.4, 0.3, 0.0, 2.0),
    "room": (0.0, 0.0, 4.0, 2.6, 0.7, 0.5, 0.0, 0.0, 0.0, 1.6),
    "hills": (0.0, 0.0, 0.3, 0.0, 0.8, 2.2, 1.0, 0.0, 4.0, 0.2),
    "seaside": (0.0, 0.0, 2.0, 0.0, 2.4, 0.4, 0.3, 5.0, 0.6, 0.0),
    "street": (0.0, 0.0, 0.0, 0.8, 0.8, 2.0, 4.0, 0.0, 0.8, 0.8),
}


@dataclass(frozen=True)
class Plan:
    """What a scene shows.

    Attributes:
        setting: place, time, weather and their colours.
        things: (name, colour word) from left to right.
        caption: one sentence.
    """

    setting: Setting
    things: tuple[tuple[str, str], ...]
    caption: str

    @property
    def tags(self) -> frozenset[str]:
        """Everything of `TAGS` that can be seen."""
        seen = {name for name, _ in self.things} | {colour for _, colour in self.things}
        seen.add(self.setting.place)
        if self.setting.is_night:
            seen.add("night")
        if self.setting.weather != "fair":
            seen.add(self.setting.weather)
        return frozenset(seen)


def _rng(split: str, row: int, purpose: int, seed: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, SPLIT_CODES[split], row, purpose]))


def plan(split: str, row: int, seed: int = SEED) -> Plan:
    """What the picture in this row shows; `split` is `query` or `database`."""
    rng = _rng(split, row, 0, seed)
    setting = sample_setting(rng)
    n = int(rng.choice([2, 3, 4], p=[0.55, 0.33, 0.12]))
    odds = np.array(_ODDS[setting.place])
    if setting.weather != "fair":
        odds[THING_NAMES.index("umbrella")] *= 1.3
    picked = rng.choice(len(THING_NAMES), size=n, replace=False, p=odds / odds.sum())
    clear = [
        word
        for word, colour in COLOURS.items()
        if min(distance(colour, setting.land), distance(colour, setting.sky)) >= MIN_CONTRAST
    ]
    # Most scenes keep to one colour, some add a second.
    weights = np.array([_COLOUR_ODDS[word] for word in clear])
    scheme = rng.choice(clear, size=2, replace=False, p=weights / weights.sum())
    colours = [scheme[0]] * n
    if rng.uniform() < 0.25:
        colours[rng.integers(n)] = scheme[1]
    things = tuple((THING_NAMES[k], str(colour)) for k, colour in zip(picked, colours, strict=True))
    return Plan(setting, things, caption(setting, things, rng))


def _phrase(name: str, colour: str) -> str:
    return f"{_article(colour)} {colour} {name}"


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


PLACE_PHRASES = {
    "table": ("on a table", "on a wooden table", "on the kitchen table"),
    "room": ("in a room", "inside a room", "in a living room"),
    "hills": ("in front of hills", "in the hills", "among rolling hills"),
    "seaside": ("by the sea", "at the seaside", "on the beach by the sea"),
    "street": ("on a city street", "in a street", "on the street in town"),
}
TIME_PHRASES = {
    (False, "fair"): ("",),
    (False, "rain"): (" in the rain", " on a rainy day", " while rain falls"),
    (False, "snow"): (" in the snow", " on a snowy day", " while snow falls"),
    (True, "fair"): (" at night", " on a clear night"),
    (True, "rain"): (" on a rainy night", " at night in the rain"),
    (True, "snow"): (" on a snowy night", " at night in the snow"),
}


def caption(setting: Setting, things: tuple[tuple[str, str], ...], rng: np.random.Generator) -> str:
    """One sentence that names every thing with its colour from left to right, the place, time and weather."""
    words = [_phrase(name, colour) for name, colour in things]
    where = str(rng.choice(PLACE_PHRASES[setting.place]))
    when = str(rng.choice(TIME_PHRASES[setting.is_night, setting.weather]))
    listed = f"{', '.join(words[:-1])} and {words[-1]}"
    form = int(rng.integers(4))
    if form == 0 and len(words) == 2:
        sentence = f"{words[0]} to the left of {words[1]} {where}{when}"
    elif form == 1:
        sentence = f"{where}{when}, {listed}"
    elif form == 2:
        sentence = f"{words[0]} next to {' and '.join(words[1:])} {where}{when}"
    else:
        sentence = f"{listed} {where}{when}"
    return f"{sentence[0].upper()}{sentence[1:]}."


def labels(split: str, seed: int = SEED) -> Bool:
    """Multi-hot tags, bool (n, len(TAGS))."""
    n = N_QUERY if split == "query" else N_DATABASE
    return np.array(
        [[tag in tags for tag in TAGS] for tags in (plan(split, row, seed).tags for row in range(n))]
    )


def train_rows(seed: int = SEED) -> Int64:
    """Rows of the database that are the train split, ascending, int64 (n_train,)."""
    rows = np.random.default_rng([seed, 2]).permutation(N_DATABASE)[:N_TRAIN]
    return np.sort(rows).astype(np.int64)


def picture(split: str, row: int, seed: int = SEED) -> UInt8:
    """The picture in this row, uint8 (96, 96, 3)."""
    scene, rng = plan(split, row, seed), _rng(split, row, 1, seed)
    actors = []
    for name, word in scene.things:
        main = COLOURS[word]
        if word != "white":
            main = main.shifted(rng.uniform(-0.03, 0.03), rng.uniform(0.9, 1.05), rng.normal(0, 3))
        palette = monochrome(main, scene.setting, rng)
        if name == "potted plant":  # its leaves are its second colour
            leaves = main.shifted(-0.07 if word in ("white", "yellow", "pink") else 0.08)
            palette = replace(palette, second=leaves)
        bulk = _BULK_ON_TABLE[name] if scene.setting.place == "table" else _BULK[name]
        actors.append(Actor(THINGS[name], palette, bulk, floats=name == "sailboat"))
    return draw_tableau(actors, scene.setting, SIZE, rng)
