"""Charts that compare methods, classes and queries."""

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.figures.classes import ap_scatter, class_ap
from app.figures.curves import Baseline, Line, against_bits, precision_at, precision_recall, radius
from app.figures.style import pens, spread, tint

BITS = np.array([16.0, 32.0])


def lines(n: int = 3) -> list[Line]:
    families = ["classic", "classic", "pairwise", "implicit"]
    return [
        Line(f"M{i}", families[i % 4], BITS, np.array([0.1 * i, 0.1 * i + 0.05]), is_chosen=i == 1)
        for i in range(n)
    ]


CHANCE = Baseline("random codes", BITS, np.array([0.1, 0.1]))


@pytest.mark.parametrize("draw", [precision_recall, precision_at])
def test_every_comparison_draws_the_baseline(draw: object) -> None:
    figure = draw(lines(), [CHANCE])  # type: ignore[operator]
    assert "random codes" in [trace.name for trace in figure.data]


def test_lines_are_named_at_their_ends() -> None:
    texts = " ".join(note.text for note in against_bits(lines(), [CHANCE], y="mAP").layout.annotations)
    assert all(name in texts for name in ("M0", "<b>M1</b>", "M2", "random codes"))


def test_the_chosen_line_lies_in_front_and_is_thicker() -> None:
    drawn = [t for t in against_bits(lines(), [CHANCE], y="mAP").data if t.mode == "lines+markers"]
    assert drawn[-1].name == "<b>M1</b>"
    assert drawn[-1].line.width > max(t.line.width for t in drawn[:-1])


def test_tie_range_is_shaded_for_the_chosen_run_only() -> None:
    low, high = np.array([0.0, 0.1]), np.array([0.3, 0.4])
    both = [Line(n, "classic", BITS, BITS / 100, low, high, is_chosen=n == "a") for n in ("a", "b")]
    assert sum(t.fill == "toself" for t in against_bits(both, [], y="mAP").data) == 1


def test_many_methods_keep_the_chosen_label() -> None:
    many = [
        Line(f"M{i}", "classic", BITS, np.array([0.9, 0.9 - i / 100]), is_chosen=i == 49) for i in range(50)
    ]
    labels = [n.text for n in against_bits(many, [], y="mAP").layout.annotations]
    assert any("<b>M49</b>" in text for text in labels)
    assert len(labels) < 20


def test_radius_shows_empty_queries_below_precision() -> None:
    figure = radius(lines(), lines(), [CHANCE], [CHANCE])
    assert {t.yaxis for t in figure.data} == {"y", "y2"}


def test_lines_of_one_family_share_a_colour_and_differ_in_symbol_and_dash() -> None:
    first, second, other = pens(["classic", "classic", "pairwise"])
    assert first.color == second.color != other.color
    assert first.symbol != second.symbol
    assert first.dash != second.dash


def test_an_unknown_family_is_drawn_too() -> None:
    assert pens(["something new"])[0].color == "#808080"


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.01, 0.05))
def test_spread_keeps_order_gap_and_range(positions: list[float], gap: float) -> None:
    placed = spread(positions, gap, 0, 1)
    order = np.argsort(positions, kind="stable")
    assert np.all(np.diff(placed[order]) >= gap - 1e-9)
    assert np.all((placed >= -1e-9) & (placed <= 1 + 1e-9))


def test_spread_leaves_well_spaced_labels_alone() -> None:
    np.testing.assert_allclose(spread([0.9, 0.1, 0.5], 0.1, 0, 1), [0.9, 0.1, 0.5])


def test_spread_moves_a_cluster_around_its_mean() -> None:
    np.testing.assert_allclose(spread([0.5, 0.5], 0.1, 0, 1), [0.45, 0.55])


def test_tint() -> None:
    assert tint("#0072B2", 0.5) == "rgba(0,114,178,0.5)"


def test_class_ap_is_sorted_and_skips_classes_without_queries() -> None:
    figure = class_ap(["a", "b", "c"], np.array([0.2, np.nan, 0.9]), [3, 0, 4], np.full(3, 0.1))
    assert list(figure.data[0].y) == ["c", "a"]
    assert list(figure.data[1].x) == [0.1, 0.1]


def test_ap_scatter_is_svg_and_rings_the_query() -> None:
    figure = ap_scatter(np.array([0.1, 0.2]), np.array([0.3, 0.4]), name_a="A", name_b="B", query=1)
    assert all(isinstance(trace, go.Scatter) for trace in figure.data)
    assert list(figure.data[1].x) == [0.2]


@pytest.mark.parametrize("draw", [precision_recall, precision_at])
def test_no_figure_paints_its_ground_or_its_ink(draw: object) -> None:
    figure = draw(lines(), [CHANCE])  # type: ignore[operator]
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None


def test_lengths_that_stand_close_have_a_tick_and_no_label() -> None:
    bits = np.array([12.0, 16.0, 24.0, 32.0, 48.0, 64.0])
    axis = against_bits([Line("A", "classic", bits, bits / 64)], [], y="mAP").layout.xaxis
    assert list(axis.tickvals) == list(bits)
    assert list(axis.ticktext) == ["12", "", "24", "32", "48", "64"]
    short = against_bits(lines(), [], y="mAP").layout.xaxis
    assert list(short.ticktext) == ["16", "32"]


def test_lines_in_the_background_are_one_grey_trace_with_names_to_point_at() -> None:
    front = [Line("M0", "classic", BITS, BITS / 100, is_chosen=True)]
    back = [Line(f"B{i}", "pairwise", BITS, BITS / (50 + i), is_context=True) for i in range(30)]
    figure = against_bits([*back, *front], [CHANCE], y="mAP")
    grey = next(trace for trace in figure.data if trace.name == "30 other methods")
    assert {"B0", "B29"} <= set(grey.text)
    assert len(figure.data) == 3
    assert not any("B0" in note.text for note in figure.layout.annotations)
    assert figure.data[-1].name == "<b>M0</b>"
