from __future__ import annotations

from app.figures.beside import Source, beside

OURS = Source("Ours", {"DPSH": 0.7, "ITQ": 0.4}, {"DPSH": (0.68, 0.73)}, is_ours=True)
SURVEY = Source("Survey", {"DPSH": 0.757, "CNNH": 0.522}, {})


def test_every_source_has_marks_of_its_own_and_a_line_joins_a_method() -> None:
    figure = beside([OURS, SURVEY], ["DPSH", "CNNH", "ITQ", "nobody"])
    marks = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    assert set(marks) == {"Ours", "Survey"}
    assert dict(zip(marks["Survey"].y, marks["Survey"].x, strict=True)) == SURVEY.scores
    assert marks["Ours"].marker.symbol != marks["Survey"].marker.symbol
    assert marks["Ours"].marker.color != marks["Survey"].marker.color
    lines = {trace.y[0]: tuple(trace.x) for trace in figure.data if trace.mode == "lines"}
    assert lines == {"DPSH": (0.7, 0.757), "CNNH": (0.522, 0.522), "ITQ": (0.4, 0.4)}
    assert list(figure.layout.yaxis.categoryarray) == ["ITQ", "CNNH", "DPSH"], "the first on top"


def test_whiskers_are_the_range_over_seeds() -> None:
    figure = beside([OURS, SURVEY], ["DPSH", "ITQ"])
    marks = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    whiskers = marks["Ours"].error_x
    assert [round(v, 3) for v in whiskers.array] == [0.03, 0]
    assert [round(v, 3) for v in whiskers.arrayminus] == [0.02, 0]
    assert not marks["Survey"].error_x.visible


def test_chance_runs_across_all_methods() -> None:
    figure = beside([OURS, SURVEY], ["DPSH", "CNNH", "ITQ"], chance=0.1)
    line = next(trace for trace in figure.data if trace.name == "random codes")
    assert (tuple(line.x), tuple(line.y)) == ((0.1, 0.1), ("DPSH", "ITQ"))


def test_published_figures_alone_are_drawn_too() -> None:
    figure = beside([SURVEY], ["DPSH", "CNNH"])
    assert [trace.name for trace in figure.data if trace.mode == "markers"] == ["Survey"]
