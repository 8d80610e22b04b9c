"""toyscenes: tags, sentence and picture come from one plan."""

from __future__ import annotations

import re

import numpy as np
import pytest

from models.data import load_dataset, toyscenes
from models.data.drawing.palette import distance
from models.data.drawing.settings import Stage
from models.data.drawing.tableau import Actor, monochrome, place
from models.types import Split

WORDS = {tag: rf"\b{tag}\b" for tag in toyscenes.TAGS} | {
    "seaside": r"\bsea(side)?\b",
    "rain": r"\brain",
    "snow": r"\bsnow",
}


@pytest.mark.parametrize("split", ["query", "database", "train"])
def test_every_sentence_names_its_tags_and_no_other(split: Split) -> None:
    data = load_dataset("toyscenes")
    captions, labels = data.captions(split), data.labels(split)
    assert captions is not None and len(captions) == len(labels)
    for caption, row in zip(captions, labels, strict=True):
        named = {tag for tag, pattern in WORDS.items() if re.search(pattern, caption)}
        assert named == {tag for tag, on in zip(toyscenes.TAGS, row, strict=True) if on}, caption


def test_shipped_labels_and_sentences_are_those_of_the_code() -> None:
    data = load_dataset("toyscenes")
    assert np.array_equal(data.labels("query"), toyscenes.labels("query"))
    assert np.array_equal(data.train_rows, toyscenes.train_rows())
    captions = data.captions("database")
    assert captions is not None
    assert all(captions[row] == toyscenes.plan("database", row).caption for row in range(0, 4_000, 97))


def test_counts_and_tags() -> None:
    info = load_dataset("toyscenes").info
    assert (info.n_query, info.n_database, info.n_train) == (400, 4_000, 1_500)
    assert info.class_names == toyscenes.TAGS and len(set(toyscenes.TAGS)) == 27
    labels = load_dataset("toyscenes").labels("database")
    assert labels.sum(axis=1).min() >= 4
    assert labels.mean(axis=0).min() > 0.05 and labels.mean(axis=0).max() < 0.4


def test_a_plan_has_two_to_four_different_things_in_visible_colours() -> None:
    for row in range(200):
        plan = toyscenes.plan("query", row)
        names = [name for name, _ in plan.things]
        assert 2 <= len(names) <= 4 and len(set(names)) == len(names)
        for _, word in plan.things:
            assert distance(toyscenes.COLOURS[word], plan.setting.land) >= toyscenes.MIN_CONTRAST
        assert plan.setting.place not in ("table", "room") or plan.setting.weather == "fair"


def test_the_leading_colour_of_a_thing_is_the_one_it_is_called_by() -> None:
    rng = np.random.default_rng(0)
    setting = toyscenes.plan("query", 0).setting
    for word, colour in toyscenes.COLOURS.items():
        palette = monochrome(colour, setting, rng)
        nearest = min(toyscenes.COLOURS, key=lambda other: distance(toyscenes.COLOURS[other], palette.main))
        assert nearest == word


def test_things_stand_from_left_to_right_and_boats_on_water() -> None:
    rng = np.random.default_rng(1)
    palette = monochrome(toyscenes.COLOURS["red"], toyscenes.plan("query", 0).setting, rng)
    car = Actor(toyscenes.THINGS["car"], palette, 1.0)
    boat = Actor(toyscenes.THINGS["sailboat"], palette, 1.0, floats=True)
    stage = Stage(75.0, 92.0, sea=(45.0, 60.0))
    spots = place([car, boat, car], 96, stage, rng)
    assert [spot.x for spot in spots] == sorted(spot.x for spot in spots)
    assert 45 <= spots[1].foot <= 60
    assert all(75 <= spots[k].foot <= 92 for k in (0, 2))


def test_a_picture_depends_on_split_and_row_alone() -> None:
    first = toyscenes.picture("query", 3)
    assert first.shape == (96, 96, 3) and first.dtype == np.uint8
    assert np.array_equal(first, toyscenes.picture("query", 3))
    assert not np.array_equal(first, toyscenes.picture("database", 3))


@pytest.mark.parametrize("row", [0, 77, 399])
def test_shipped_pictures_are_those_of_the_code(row: int) -> None:
    drawn = toyscenes.picture("query", row).astype(float)
    shipped = np.asarray(load_dataset("toyscenes").image("query", row), dtype=float)
    assert np.abs(drawn - shipped).mean() < 9
    assert np.corrcoef(drawn.ravel(), shipped.ravel())[0, 1] > 0.97
