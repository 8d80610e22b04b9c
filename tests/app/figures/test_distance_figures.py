"""Charts about distances and buckets."""

import numpy as np
import pytest

from app.figures.buckets import effective_words, largest_buckets, occupancy
from app.figures.distances import intra_inter, nice_step, query_distances


def test_overlap_is_the_shared_area() -> None:
    intra, inter = np.array([0.7, 0.3, 0.0]), np.array([0.1, 0.4, 0.5])
    figure = intra_inter(np.arange(3.0), intra, inter, unit="bits", marks=[(1.0, "here")])
    assert figure.data[2].name == "overlap 40%"  # 0.1 + 0.3
    assert [note.text for note in figure.layout.annotations][-1] == "here"


def test_the_two_kinds_of_pairs_differ_in_dash_as_well() -> None:
    figure = intra_inter(np.arange(2.0), np.array([1.0, 0.0]), np.array([0.0, 1.0]), unit="bits")
    assert figure.data[0].line.dash != figure.data[1].line.dash


def test_query_distances_mirror_at_zero_and_show_counts_without_sign() -> None:
    figure = query_distances(np.arange(3), np.array([5, 1, 0]), np.array([0, 4, 9]), unit="bits", cut=1)
    relevant, others = figure.data
    assert list(relevant.y) == [5, 1, 0]
    assert list(others.y) == [0, -4, -9]
    assert "-" not in "".join(figure.layout.yaxis.ticktext)


@pytest.mark.parametrize(("top", "step"), [(1000, 500), (8, 5), (90, 50), (1, 0.5)])
def test_nice_step(top: float, step: float) -> None:
    assert nice_step(top) == pytest.approx(step)


def test_occupancy_counts_every_image_once() -> None:
    bars = occupancy(np.array([1, 1, 3, 20, 75, 900])).data[0]
    assert sum(bars.y) == pytest.approx(1)
    assert list(bars.y) == pytest.approx([0.002, 0.003, 0.02, 0.075, 0.9])


def test_occupancy_of_an_empty_database_is_flat() -> None:
    assert sum(occupancy(np.array([], dtype=np.int64)).data[0].y) == 0


def test_largest_buckets_stack_the_majority_and_the_rest() -> None:
    figure = largest_buckets(["#1", "#2"], np.array([9, 4]), np.array([1, 0]), kinds=("most", "rest"))
    assert figure.layout.barmode == "stack"
    assert figure.data[0].marker.pattern.shape != figure.data[1].marker.pattern.shape


def test_effective_words_are_two_to_the_entropy() -> None:
    assert list(effective_words(np.array([3.0, 0.0]), 16).data[0].y) == [8, 1]


def test_a_mark_is_named_on_the_side_with_more_room() -> None:
    positions, share = np.arange(11.0), np.full(11, 1 / 11)
    marks = [(1.0, "left of the middle"), (9.0, "right of the middle")]
    notes = intra_inter(positions, share, share, unit="bits", marks=marks).layout.annotations[-2:]
    assert [note.xanchor for note in notes] == ["left", "right"]
