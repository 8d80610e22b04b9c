"""Which indexes are offered with what settings, and that an index is built once."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from app.services import catalog, indexes
from models.codes.packing import pack
from models.errors import ConfigError, HashingError
from models.index import KINDS, open_index
from models.index.binary_multi_hash import BinaryMultiHash

BITS, WORDS = ("digits", "lsh", 32), ("digits", "dpq", 16)
BUILT = [(BITS, kind) for kind in ("ivf", "hnsw", "multi-hash", "multi-table")] + [(WORDS, "ivf-adc")]


@pytest.fixture
def no_milvus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "_has_milvus", lambda: False)


def test_kinds_follow_the_codes(stored: Path, no_milvus: None) -> None:
    assert indexes.offered(*BITS) == (
        *("exhaustive", "ivf", "hnsw", "multi-hash", "multi-index", "multi-table"),
    )
    assert indexes.offered(*WORDS) == ("exhaustive", "ivf-adc")


def test_milvus_is_offered_where_it_is_installed(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "_has_milvus", lambda: True)
    assert "milvus" in indexes.offered(*BITS)
    assert "milvus" not in indexes.offered(*WORDS)


def test_every_form_of_words_has_an_index(forms: Path) -> None:
    for method in catalog.methods("digits"):
        for n_bits in catalog.lengths("digits", method):
            assert len(indexes.offered("digits", method, n_bits)) >= 2


@pytest.mark.parametrize(("run", "kind"), BUILT)
def test_every_value_on_offer_can_be_opened(stored: Path, run: tuple[str, str, int], kind: str) -> None:
    codes = catalog.open_run(*run).codes("database")
    for knob in indexes.knobs(*run, kind):
        assert knob.default in knob.options
        assert list(knob.options) == sorted(set(knob.options))
        assert knob.setting in {setting.name for setting in KINDS[kind].settings}
        for value in (knob.options[0], knob.default, knob.options[-1]):
            open_index(codes, kind, **{knob.setting: value})
        if kind in ("ivf", "ivf-adc"):
            with pytest.raises(ConfigError):
                open_index(codes, kind, **{knob.setting: knob.options[-1] + 1})


def test_substrings_on_offer_suit_every_length(stored: Path) -> None:
    """FAISS reads at most 62 bits into a substring, and no more bits can be flipped than it has."""
    for n_bits in (8, 12, 16, 24, 32, 48, 64, 128, 256):
        tables, flips = indexes.knobs("digits", "lsh", n_bits, "multi-hash")
        codes = pack(np.zeros((50, n_bits), dtype=bool))
        for n_tables in (tables.options[0], tables.options[-1]):
            open_index(codes, "multi-hash", n_hashes=n_tables, n_flips=flips.options[-1])


def test_tables_of_the_exact_index_on_offer_suit_every_length(stored: Path) -> None:
    for n_bits in (8, 12, 16, 24, 32, 48, 64, 128, 256):
        (tables,) = indexes.knobs("digits", "lsh", n_bits, "multi-index")
        assert tables.default in tables.options
        codes = pack(np.zeros((50, n_bits), dtype=bool))
        for n_tables in (tables.options[0], tables.options[-1]):
            open_index(codes, "multi-index", n_substrings=n_tables)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({}, {}),
        ({"index": "exhaustive", "probe": "3"}, {}),
        ({"index": "nothing"}, {}),
        ({"index": "ivf-adc", "probe": "2"}, {"index": "ivf", "probe": "2"}),
        ({"index": " IVF ", "probe": "99999"}, {"index": "ivf", "probe": "last"}),
        ({"index": "ivf", "probe": "0"}, {"index": "ivf", "probe": "1"}),
        ({"index": "ivf", "probe": "٣"}, {"index": "ivf", "probe": "default"}),
        ({"index": "ivf", "probe": "-2"}, {"index": "ivf", "probe": "default"}),
        ({"index": "hnsw", "ef": "100", "probe": "3"}, {"index": "hnsw", "ef": "128", "links": "16"}),
        ({"index": "multi-table", "tables": "3"}, {"index": "multi-table", "tables": "2", "flips": "0"}),
        ({"index": "multi-index", "tables": "1", "flips": "2"}, {"index": "multi-index", "tables": "2"}),
        ({"index": "milvus"}, {}),
    ],
)
def test_the_nearest_choice(
    stored: Path, no_milvus: None, asked: dict[str, str], given: dict[str, str]
) -> None:
    (probe,) = indexes.knobs(*BITS, "ivf")
    words = {"last": str(probe.options[-1]), "default": str(probe.default)}
    assert indexes.nearest(*BITS, asked).params() == {k: words.get(v, v) for k, v in given.items()}


def test_an_index_is_built_once_and_its_search_settings_change_without_building(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counted(*args: object, **settings: object) -> object:
        made.append(args)
        return open_index(*args, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(indexes, "open_index", counted)
    queries = catalog.open_run(*BITS).queries("query")[[0]]
    found = []
    for probe in ("1", "4"):
        opened = indexes.opened(
            *BITS, indexes.nearest(*BITS, {"index": "ivf", "probe": probe}), patience_s=60
        )
        assert opened is not None
        with opened.tuned() as index:
            found.append(index.search(queries, 1397).n_found[0])
    assert found[0] < found[1]
    assert len(made) == 2  # the index, and the exhaustive one beside it


@pytest.mark.parametrize(
    ("kind", "few", "many"),
    [
        ("hnsw", {"ef": "16", "links": "4"}, {"ef": "512", "links": "4"}),
        ("multi-hash", {"flips": "0"}, {"flips": "3"}),
        ("multi-table", {"flips": "0"}, {"flips": "2"}),
        ("multi-table", {"tables": "1"}, {"tables": "32"}),
    ],
)
def test_settings_reach_the_index(stored: Path, kind: str, few: dict[str, str], many: dict[str, str]) -> None:
    """Sessions with different settings share an index and take turns."""
    queries = catalog.open_run(*BITS).queries("query")[:40]

    def total(settings: dict[str, str]) -> int:
        choice = indexes.nearest(*BITS, {"index": kind, **settings})
        opened = indexes.opened(*BITS, choice, patience_s=60)
        assert opened is not None
        with opened.tuned() as index:
            if kind == "hnsw":
                return int(index.faiss_index.hnsw.efSearch)  # type: ignore[attr-defined]
            return int(index.search(queries, 1397).n_found.sum())

    first = total(few)
    assert first < total(many)
    assert total(few) == first


def test_the_promised_radius_is_the_library_s(stored: Path) -> None:
    choice = indexes.nearest(*BITS, {"index": "multi-hash", "tables": "4", "flips": "2"})
    opened = indexes.opened(*BITS, choice, patience_s=60)
    assert opened is not None
    codes = catalog.open_run(*BITS).codes("database")
    assert opened.complete_radius == BinaryMultiHash(codes, n_hashes=4, n_flips=2).complete_radius  # type: ignore[arg-type]


def test_a_page_does_not_wait_for_a_long_build(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def slow(*args: object, **settings: object) -> object:
        go.wait(60)
        return open_index(*args, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(indexes, "open_index", slow)
    choice = indexes.nearest(*BITS, {"index": "ivf"})
    assert indexes.opened(*BITS, choice, patience_s=0.01) is None
    assert indexes.being_built(*BITS, choice)
    go.set()
    assert indexes.opened(*BITS, choice, patience_s=60) is not None
    assert not indexes.being_built(*BITS, choice)


def test_a_failed_build_is_told_and_tried_again(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> object:
        raise HashingError("The server is away.")

    choice = indexes.nearest(*BITS, {"index": "ivf"})
    with monkeypatch.context() as patch:
        patch.setattr(indexes, "open_index", failing)
        with pytest.raises(HashingError, match="away"):
            indexes.opened(*BITS, choice, patience_s=60)
    assert indexes.opened(*BITS, choice, patience_s=60) is not None
