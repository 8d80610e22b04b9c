"""The pre-training categories and the pictures made of them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("skia", reason="drawing needs skia-python (requirements-dev.txt) and libgl1, libegl1")

from models.data.drawing.pen import Mark, draw
from models.data.drawing.scene import SceneConfig
from models.data.drawing.things_pretrain import THINGS
from models.data.pretraining import CATEGORIES, draw_pictures

DEMO_CLASSES = {
    "mug", "teapot", "chair", "lamp", "umbrella", "bicycle", "car", "sailboat", "house",
    "potted plant", "plant",
}  # fmt: skip


def bounds(marks: tuple[Mark, ...]) -> tuple[float, float, float, float]:
    boxes = [mark.area.computeTightBounds() for mark in marks]
    return (
        min(b.left() for b in boxes),
        min(b.top() for b in boxes),
        max(b.right() for b in boxes),
        max(b.bottom() for b in boxes),
    )


def test_there_are_46_and_none_is_a_class_of_the_demo() -> None:
    assert len(THINGS) == 46
    assert tuple(THINGS) == CATEGORIES
    assert not {name.replace("-", " ") for name in THINGS} & DEMO_CLASSES


@pytest.mark.parametrize("name", THINGS)
def test_each_draws_something_that_fills_the_unit_square(name: str) -> None:
    for seed in range(20):
        marks = draw(THINGS[name], np.random.default_rng(seed))
        left, top, right, bottom = bounds(marks)
        assert max(right - left, bottom - top) > 1.1, f"{name} with seed {seed} is tiny"
        assert min(right - left, bottom - top) > 0.2
        assert -1.2 <= left <= right <= 1.2, f"{name} with seed {seed} leaves its square"
        assert -1.2 <= top <= bottom <= 1.2
        assert len({mark.role for mark in marks}) >= 2, f"{name} with seed {seed} has one colour"


@pytest.mark.parametrize("name", THINGS)
def test_each_has_sub_types_and_follows_its_seed(name: str) -> None:
    def drawn(seed: int) -> tuple[Mark, ...]:
        return draw(THINGS[name], np.random.default_rng(seed))

    structures = {tuple((m.role, m.area.countVerbs()) for m in drawn(seed)) for seed in range(20)}
    assert len(structures) >= 2
    assert [m.area for m in drawn(3)] == [m.area for m in drawn(3)]


@pytest.fixture(scope="module")
def few() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return draw_pictures(2, seed=5, part=0).images


def test_pictures_are_balanced_and_in_order() -> None:
    pictures = draw_pictures(1, seed=5, part=0, config=SceneConfig(size=32))
    assert pictures.images.shape == (46, 32, 32, 3)
    assert pictures.images.dtype == np.uint8
    np.testing.assert_array_equal(pictures.categories, np.arange(46))


def test_pictures_follow_the_seed(few: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    np.testing.assert_array_equal(few, draw_pictures(2, seed=5, part=0).images)
    assert (few != draw_pictures(2, seed=6, part=0).images).any()
    assert (few != draw_pictures(2, seed=5, part=1).images).any()


def test_more_pictures_begin_with_the_same_ones(few: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    more = draw_pictures(3, seed=5, part=0).images
    np.testing.assert_array_equal(more.reshape(46, 3, *few.shape[1:])[:, :2].reshape(few.shape), few)


def test_pictures_do_not_depend_on_the_number_of_processes(
    few: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> None:
    told = []
    pictures = draw_pictures(2, seed=5, part=0, n_processes=2, on_progress=lambda *now: told.append(now))
    np.testing.assert_array_equal(pictures.images, few)
    assert told[-1] == (92, 92)
