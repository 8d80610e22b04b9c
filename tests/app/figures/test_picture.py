"""Pictures of method cards: one slider, fixed axes, every kind."""

import pytest

from app.figures.picture import picture_figure, picture_table
from tests.app.many import picture


@pytest.mark.parametrize("kind", ["lines", "bars", "grid"])
def test_every_frame_is_a_step_and_the_start_is_drawn(kind: str) -> None:
    told = picture(kind)
    figure = picture_figure(told)
    slider = figure.layout.sliders[0]
    assert [step.label for step in slider.steps] == ["1", "2", "4"]
    assert slider.active == told["start"]
    assert len(figure.frames) == 3
    shown, frame = figure.data[0], figure.frames[told["start"]].data[0]
    assert shown.type == frame.type
    assert len(figure.data) == (1 if kind == "grid" else 2)


def test_axes_hold_every_frame() -> None:
    told = picture("lines")
    low, high = picture_figure(told).layout.yaxis.range
    values = [y for frame in told["frames"] for series in frame["series"] for y in series["y"]]
    assert low <= min(values)
    assert high >= max(values)


def test_a_grid_keeps_its_colours_over_all_frames() -> None:
    figure = picture_figure(picture("grid"))
    assert {(frame.data[0].zmin, frame.data[0].zmax) for frame in figure.frames} == {(-2, 2)}
    assert list(figure.layout.yaxis.range) == [5.5, -0.5]


def test_a_single_frame_has_no_slider() -> None:
    told = picture()
    told |= {"frames": told["frames"][:1], "start": 0, "slider": ""}
    figure = picture_figure(told)
    assert not figure.layout.sliders
    assert not figure.frames


@pytest.mark.parametrize("kind", ["lines", "bars", "grid"])
def test_the_table_holds_every_point(kind: str) -> None:
    table = picture_table(picture(kind))
    assert {len(column) for column in table.values()} == {3 * (48 if kind == "grid" else 34)}


def test_constant_curves_have_an_axis() -> None:
    told = picture()
    for frame in told["frames"]:
        for series in frame["series"]:
            series["y"] = [0.0] * len(series["x"])
    low, high = picture_figure(told).layout.yaxis.range
    assert low < 0 < high
