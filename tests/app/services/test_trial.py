"""What an index found and missed, against sets made the slow way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.services import catalog, indexes, search, trial
from app.services.upload import EncodedUpload
from models.index import open_index

BITS, WORDS = ("digits", "lsh", 32), ("digits", "dpq", 16)
CHOICES = [
    (BITS, {"index": "ivf", "probe": "1"}),
    (BITS, {"index": "ivf", "probe": "6"}),
    (BITS, {"index": "hnsw", "ef": "16", "links": "4"}),
    (BITS, {"index": "multi-hash", "tables": "2", "flips": "0"}),
    (BITS, {"index": "multi-table", "tables": "4"}),
    (BITS, {"index": "multi-index"}),
    (WORDS, {"index": "ivf-adc", "probe": "1"}),
    (WORDS, {"index": "ivf-adc", "probe": "3"}),
]


def opened(run: tuple[str, str, int], settings: dict[str, str]) -> indexes.Opened:
    found = indexes.opened(*run, indexes.nearest(*run, settings), patience_s=60)
    assert found is not None
    return found


@pytest.mark.parametrize(("run", "settings"), CHOICES)
@pytest.mark.parametrize(("split", "row"), [("query", 3), ("database", 4), ("query", 11)])
@pytest.mark.parametrize("n", [1, 20, 240, 5000])
def test_found_and_missed_are_the_exact_nearest(
    stored: Path, run: tuple[str, str, int], settings: dict[str, str], split: str, row: int, n: int
) -> None:
    asked = search.ask(*run, split, row)  # type: ignore[arg-type]
    tried = trial.ask_index(asked, opened(run, settings), n)
    ranked = search.ranking_for(asked)
    n = min(n, len(ranked.order))
    found, missed = set(tried.places.tolist()), set(tried.missed.tolist())
    assert len(found) <= n
    assert not found & missed
    last = ranked.distances[n - 1] + (1e-4 if run is WORDS else 0)
    # Everything surely nearer than the last is either found or missed; the tie at the cut has to be filled.
    nearer = set(np.flatnonzero(ranked.distances < ranked.distances[n - 1] - 1e-4).tolist())
    assert nearer <= found | missed
    assert all(ranked.distances[place] <= last for place in missed)
    good = sum(ranked.distances[place] <= last for place in found | missed)
    assert good >= n
    assert len(missed) <= n
    assert tried.recall == 1 - len(missed) / n
    if split == "database":
        assert row not in ranked.order[tried.places]
    assert 0 <= tried.looked.n <= tried.looked.total
    assert min(tried.query_ms, tried.exhaustive_ms) > 0
    assert trial.LEAST_REPEATS <= tried.n_repeats <= trial.N_REPEATS


def test_missed_by_hand() -> None:
    distances = np.array([0, 1, 1, 2, 2, 2, 3])

    def missed(found: list[int], n: int) -> list[int]:
        return trial._missed(distances, np.array(found, dtype=np.int64), n).tolist()

    assert missed([0, 1, 2, 3], 4) == []
    assert missed([0, 1, 2, 5], 4) == []  # as near as the fourth
    assert missed([0, 1, 2], 4) == [3]
    assert missed([0, 2, 3, 4, 5], 5) == [1]  # a third tied image does not stand in for a nearer one
    assert missed([], 3) == [0, 1, 2]
    assert missed([6], 0) == []
    # Sums that differ by rounding are ties.
    assert trial._missed(np.array([0.5, 100.0, 100.00001], np.float32), np.array([0, 2]), 2).tolist() == []


@pytest.mark.parametrize(
    ("run", "kind"), [(BITS, "ivf"), (BITS, "multi-hash"), (BITS, "multi-table"), (WORDS, "ivf-adc")]
)
def test_an_index_that_looks_at_everything_misses_nothing(
    stored: Path, run: tuple[str, str, int], kind: str
) -> None:
    most = {knob.key: str(knob.options[-1]) for knob in indexes.knobs(*run, kind)}
    asked = search.ask(*run, "query", 5)
    tried = trial.ask_index(asked, opened(run, {"index": kind, **most}), 10)
    assert len(tried.missed) == 0
    assert tried.recall == 1.0
    if kind in ("ivf", "ivf-adc"):
        assert tried.looked.share == 1.0


def test_the_exact_multi_index_misses_nothing_and_looks_at_a_part(stored: Path) -> None:
    asked = search.ask(*BITS, "query", 3)
    tried = trial.ask_index(asked, opened(BITS, {"index": "multi-index", "tables": "4"}), 20)
    assert tried.recall == 1
    assert tried.looked.what == "distinct codes"
    assert 0 < tried.looked.n <= tried.looked.total == indexes.n_distinct(*BITS)


def test_looked_at_is_what_the_lists_hold(stored: Path) -> None:
    shares = []
    for probe in ("1", "3", "9"):
        tried = trial.ask_index(
            search.ask(*BITS, "query", 5), opened(BITS, {"index": "ivf", "probe": probe}), 20
        )
        shares.append(tried.looked.share)
    assert shares == sorted(set(shares))
    graph = trial.ask_index(search.ask(*BITS, "query", 5), opened(BITS, {"index": "hnsw"}), 20)
    assert graph.looked.what == "distinct codes"
    assert graph.looked.total == indexes.n_distinct(*BITS)


def test_within_a_radius(stored: Path) -> None:
    asked = search.ask(*BITS, "database", 7)
    ranked = search.ranking_for(asked)
    choice = opened(BITS, {"index": "multi-hash", "tables": "4", "flips": "2"})
    assert choice.complete_radius is not None
    tried = trial.ask_index(asked, choice, 240, radius=3)
    within = int((ranked.distances <= 3).sum())
    assert tried.n_wanted == min(240, within)
    assert (ranked.distances[tried.places] <= 3).all()
    assert len(tried.missed) == 0  # complete up to more bits than that
    empty = trial.ask_index(search.ask(*BITS, "query", 1), choice, 240, radius=0)
    if empty.n_wanted == 0:
        assert empty.recall is None


def test_an_upload_asks_an_index_too(stored: Path) -> None:
    known = search.ask(*BITS, "query", 3)
    upload = EncodedUpload(known.queries, known.code, "data:image/png;base64,")
    asked = search.ask_with_upload(*BITS, upload)
    choice = opened(BITS, {"index": "ivf", "probe": "3"})
    first, second = (trial.ask_index(who, choice, 30) for who in (asked, known))
    assert np.array_equal(first.places, second.places)


def test_weighted_and_additive_words_ask_an_index(forms: Path) -> None:
    for method in catalog.methods("digits"):
        if catalog.has_bits("digits", method, 16):
            continue
        run = ("digits", method, 16)
        asked = search.ask(*run, "database", 8)
        tried = trial.ask_index(asked, opened(run, {"index": "ivf-adc", "probe": "99"}), 25)
        assert tried.recall == 1.0, method
        assert tried.looked.share == 1.0


def test_the_page_s_answer_is_what_the_index_found(stored: Path) -> None:
    asked = search.ask(*BITS, "query", 3)
    tried = trial.ask_index(asked, opened(BITS, {"index": "ivf", "probe": "1"}), 60)
    answer = search.answer(asked, 60, places=tried.places)
    exact = open_index(asked.codes).search(asked.queries, len(asked.codes))
    assert sum(group.n_shown for group in answer.groups) == len(answer.rows) == len(tried.places)
    for group in answer.groups:
        assert group.n_total == (exact.distances[0] == group.distance).sum()
        assert group.n_shown == (answer.distances == group.distance).sum()
    whole = search.answer(asked, 60)
    assert answer.scores == whole.scores
