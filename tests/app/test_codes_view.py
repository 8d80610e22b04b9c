"""The Codes page, for both kinds of code and both kinds of labels."""

from pathlib import Path

import numpy as np
import pytest

from app.components.word_grid import message
from tests.app.pages import alts, open_page, words

BINARY = {"db": "digits", "method": "dpsh", "bits": "32"}
BOOKS = {"db": "digits", "method": "dpq", "bits": "16"}


@pytest.mark.parametrize("address", [BINARY, BOOKS, {"db": "toyscenes", "method": "lsh", "bits": "16"}])
def test_every_chart_has_a_text_alternative_and_a_table(stored: Path, address: dict[str, str]) -> None:
    app = open_page("codes", **address)
    assert not app.exception
    charts, tables = alts(app, "plotly_chart"), alts(app, "dataframe")
    assert len(charts) >= 6
    assert all(charts)
    assert len(tables) >= len(charts)
    assert all(tables)


def test_headline_numbers_come_with_their_meaning(stored: Path) -> None:
    text = words(open_page("codes", **BINARY))
    for name in (
        "Effective bits",
        "Mean bit entropy",
        "Mean |correlation|",
        "Distinct codes",
        "Quantisation error",
    ):
        assert name in text
    assert "bits repeat each other" in text


def test_the_page_follows_the_kind_of_code(stored: Path) -> None:
    bits, books = words(open_page("codes", **BINARY)), words(open_page("codes", **BOOKS))
    assert "Bit by bit" in bits
    assert "Word by word" not in bits
    assert "Word by word" in books
    assert "Dead words" in books
    assert "Bit by bit" not in books


def test_choosing_a_bit_changes_its_gallery(stored: Path) -> None:
    app = open_page("codes", **BINARY)
    app.slider[0].set_value(9).run()
    assert not app.exception
    assert "Strongest images of bit 9" in words(app)


def test_a_bit_in_the_address_is_opened(stored: Path) -> None:
    assert "Strongest images of bit 5" in words(open_page("codes", **BINARY, bit="5"))


def test_a_bit_that_is_not_there_falls_back(stored: Path) -> None:
    app = open_page("codes", **BINARY, bit="999")
    assert not app.exception
    assert app.slider[0].value <= 31


def test_the_gallery_warns_and_gives_the_shuffled_labels_number(stored: Path) -> None:
    text = words(open_page("codes", **BINARY))
    assert "Do not name a bit after its pictures" in text
    assert "with shuffled labels it stays below" in text
    assert "more than chance explains" in text


def test_a_bit_that_never_changes_is_no_more_than_chance(stored: Path) -> None:
    assert "no more than chance explains" in words(open_page("codes", **BINARY, bit="3"))


def test_choosing_a_word_shows_its_images(stored: Path) -> None:
    app = open_page("codes", **BOOKS)
    book, word = app.slider
    book.set_value(2)
    word.set_value(15).run()
    assert not app.exception
    assert "in book 2" in words(app)


def test_the_query_in_view_is_marked_among_the_distances(stored: Path) -> None:
    figure = next(
        c for c in open_page("codes", **BINARY, q="q7").get("plotly_chart") if "distances" in c.proto.alt
    )
    assert "q7 to its relevant images" in figure.proto.spec


WEIGHTED = {"db": "digits", "method": "drsch", "bits": "16"}
ONE_HOT = {"db": "digits", "method": "subic", "bits": "16"}


def test_weighted_bits_are_shown_as_bits(many: Path) -> None:
    app = open_page("codes", **WEIGHTED)
    assert not app.exception
    text = words(app)
    assert "have weights" in text
    assert "Bit by bit" in text
    assert "Dead words" not in text
    assert any(alt.startswith("Weight of each of 16 bits") for alt in alts(app, "plotly_chart"))


def test_books_that_are_unit_vectors_are_blocks(many: Path) -> None:
    app = open_page("codes", **ONE_HOT)
    assert not app.exception
    assert "exactly one of several bits is 1" in words(app)
    assert "Word by word" in words(app)


@pytest.mark.parametrize("address", [WEIGHTED, ONE_HOT])
@pytest.mark.parametrize("view", ["search", "compare", "map", "metrics"])
def test_such_codes_open_on_every_page(many: Path, view: str, address: dict[str, str]) -> None:
    app = open_page(view, **address)
    assert not app.exception
    assert not app.error


def test_weighted_bits_travel_packed_with_their_weights(many: Path) -> None:
    from app.services import cards, search

    asked = search.ask("digits", "drsch", 16, "query", 3)
    sent = cards.results(asked, search.answer(asked, 5))
    assert sent["kind"] == "weighted"
    assert len(bytes.fromhex(sent["query"])) == 2
    assert len(bytes.fromhex(sent["codes"])) == 2 * 5
    assert max(sent["weights"]) == 1
    assert len(sent["weights"]) == 16
    assert cards.kind(search.ask("digits", "subic", 16, "query", 3)) == "codebook"
    assert cards.kind(search.ask("digits", "dpsh", 16, "query", 3)) == "binary"


@pytest.mark.parametrize(
    ("form", "query"),
    [("product_l2", "d3"), ("product_ip", "q3"), ("additive_l2", "q3"), ("additive_ip", "d3")],
)
def test_every_form_of_codebook_is_shown(forms: Path, form: str, query: str) -> None:
    app = open_page("codes", db="digits", method=form, bits="16", q=query)
    assert not app.exception
    assert not app.error
    text = words(app)
    assert "4 books × 16 words" in text
    assert "The query's look-up table" in text
    assert "Symmetric (SDC)" in text
    assert ("as a float" in text) == (form == "additive_l2")
    assert "keeps no network" in text
    assert ("both rankings are the same" in text) == (query == "d3")


@pytest.mark.parametrize(("view", "form"), [("search", "additive_l2"), ("compare", "additive_ip")])
def test_additive_codes_are_searched_and_compared(forms: Path, view: str, form: str) -> None:
    app = open_page(view, db="digits", method=form, bits="16", q="q3", n="r2")
    assert not app.exception
    assert not app.error
    assert not app.number_input  # no radius without bits


def test_the_image_whose_distance_is_taken_apart_is_chosen_by_rank(forms: Path) -> None:
    app = open_page("codes", db="digits", method="product_l2", bits="16", q="q3")
    assert "rank 1 of 1,397" in words(app)
    app.number_input[0].set_value(20).run()
    assert not app.exception
    assert "rank 20 of 1,397" in words(app)
    # The other data set has fewer images.
    app.number_input[0].set_value(1300).run()
    app.query_params["db"] = "toyscenes"
    app.run()
    assert not app.exception
    assert "of 200" in words(app)


def test_cells_are_placed_and_shaded_by_word() -> None:
    values = np.array([[0, 3, 1, 0]])
    sent = message(
        values,
        np.array([[np.nan, 1.0, 0.0, np.nan]]),
        np.array([[1, 2, 0, 3]]),
        label="use",
        legend=("low", "high"),
        unit="images",
        chosen=(0, 2),
    )
    assert sent["values"] == [3, 1, 0, 0]
    assert list(bytes.fromhex(sent["order"])) == [1, 2, 0, 3]
    assert list(bytes.fromhex(sent["steps"])) == [16, 1, 0, 0]
    assert sent["chosen"] == [0, 2]
