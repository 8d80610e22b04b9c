"""Charts about codebook codes."""

import numpy as np

from app.figures.books import adds_up, class_errors


def test_each_term_starts_where_the_last_one_ended() -> None:
    bars = adds_up(["a", "b", "c"], [2.0, -3.0, 0.5], -0.5, unit="distance").data[0]
    assert list(bars.base) == [0, 2, -1, 0]
    assert list(bars.x) == [2, -3, 0.5, -0.5]
    assert list(bars.y)[-1] == "distance"


def test_terms_that_subtract_are_hatched_as_well() -> None:
    bars = adds_up(["a", "b"], [2.0, -3.0], -1.0, unit="distance").data[0]
    assert list(bars.marker.pattern.shape) == ["", "/", ""]
    assert bars.text[1] == "−3"


def test_the_axis_holds_every_term() -> None:
    figure = adds_up(["a", "b"], [5.0, -9.0], -4.0, unit="distance")
    low, high = figure.layout.xaxis.range
    assert low < -4
    assert high > 5


def test_classes_stand_by_error_and_those_without_images_are_left_out() -> None:
    mean = np.array([0.1, np.nan, 0.3])
    figure = class_errors(["a", "b", "c"], mean, mean * 0.5, mean * 2, 0.2)
    assert list(figure.data[1].y) == ["c", "a"]
