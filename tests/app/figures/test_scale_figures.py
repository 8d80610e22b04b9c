"""Charts of the Scale page."""

from __future__ import annotations

import numpy as np
import pytest

from app.figures.scale import (
    _PENS,
    Limit,
    Line,
    against_size,
    distances,
    look_ups,
    real_and_noise,
    recall_against_time,
    short,
)
from app.services import scale

SIZES = np.array([1e4, 1e5, 1e6])


def lines() -> list[Line]:
    return [
        Line(kind, kind, SIZES, SIZES * (1 + place) / 1e6, SIZES * (2 + place) / 1e6, ("a", "b", "c"))
        for place, kind in enumerate(("float", "exhaustive", "hnsw"))
    ]


def test_every_kind_has_a_pen_and_a_name() -> None:
    assert set(_PENS) == set(scale.SCALE_KINDS) == set(scale.NAMES)
    assert len({(pen.color, pen.dash, pen.symbol) for pen in _PENS.values()}) == len(_PENS)


def test_lines_and_limits_are_named() -> None:
    figure = against_size(lines(), [Limit("reading", SIZES, SIZES / 1e7)], y="ms", hover="%{y} ms")
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    text = " ".join(str(a.text) for a in figure.layout.annotations)
    assert all(name in text for name in ("float", "exhaustive", "hnsw", "reading"))
    low, high = figure.layout.yaxis.range
    for trace in figure.data:
        assert low <= np.log10(trace.y).min() and np.log10(trace.y).max() <= high


def test_one_size_alone() -> None:
    only = [Line("ivf", "IVF", SIZES[:1], SIZES[:1])]
    assert against_size(only, [], y="ms", hover="%{y}").data
    assert recall_against_time(only, k=10).data


def test_pairs() -> None:
    figure = real_and_noise(["IVF", "HNSW"], np.array([0.9, 1.0]), np.array([0.1, 0.5]), x="recall")
    assert [trace.name for trace in figure.data[1:]] == ["modelled on real codes", "uniform noise"]
    assert distances(*np.full((3, 33), 1 / 33)).data


@pytest.mark.parametrize("n", [1000, 10**10])
def test_the_scan_is_drawn_where_it_belongs(n: int) -> None:
    figure = look_ups([("one table", [2**r for r in range(12)])], n=n, radius=2)
    low, high = figure.layout.yaxis.range
    assert low < np.log10(n) < high
    assert any("scan" in str(a.text) for a in figure.layout.annotations)


def test_short() -> None:
    assert [short(n) for n in (10, 1e3, 10_000, 1e6, 1e10)] == ["10", "1 k", "10 k", "1 M", "10 G"]
