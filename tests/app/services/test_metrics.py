"""The leaderboard, the curves and what random codes reach."""

import csv
import io
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from app.services import baselines, chance, metrics, metrics_csv
from models.engine.store import RunSummary, StoredRun
from models.errors import ProtocolError


def test_leaderboard_is_sorted_and_holds_every_shown_run(stored: Path) -> None:
    entries = metrics.leaderboard("digits")
    scores = [entry.map_expected for entry in entries]
    assert scores == sorted(scores, reverse=True)
    assert {(e.method, e.n_bits) for e in entries} == {
        *{(m, b) for m in ("lsh", "dpsh") for b in (16, 32)},
        ("dpq", 16),
    }


def test_spread_counts_every_seed(stored: Path) -> None:
    spread = {(e.method, e.n_bits): e for e in metrics.leaderboard("digits")}
    assert len(spread["dpsh", 32].map_seeds) == 2
    assert spread["dpsh", 32].spread > 0
    assert spread["dpsh", 16].spread == 0


def test_codebook_runs_have_no_radius_and_single_labels_no_graded_scores(stored: Path) -> None:
    entries = metrics.leaderboard("digits")
    assert all((e.radius_precision is None) == (e.method == "dpq") for e in entries)
    assert not any(e.graded for e in entries)


def test_graded_scores_of_several_labels(stored: Path) -> None:
    assert set(metrics.leaderboard("toyscenes")[0].graded) == {"NDCG@100", "ACG@100", "WAP"}


def test_curves_are_read_only_and_end_at_the_share_of_relevant_images(stored: Path) -> None:
    entries = metrics.leaderboard("digits")
    drawn = next(e.curves for e in entries if (e.method, e.n_bits) == ("dpsh", 32))
    assert not drawn.precision.flags.writeable
    assert drawn.n[-1] == 1397
    assert drawn.precision_at_n[-1] == pytest.approx(chance.precision("digits"), abs=1e-6)


def test_class_scores_average_to_the_map(stored: Path) -> None:
    scores = metrics.class_scores("digits", "dpsh", 32)
    weighted = np.dot(scores.ap, scores.n_queries) / sum(scores.n_queries)
    entry = next(e for e in metrics.leaderboard("digits") if (e.method, e.n_bits) == ("dpsh", 32))
    assert weighted == pytest.approx(entry.map_expected, abs=1e-5)


def test_baselines_are_measured_where_the_zoo_did_and_expected_elsewhere(stored: Path) -> None:
    assert baselines.random_code_map("digits", 16) == 0.101
    assert baselines.random_code_map("digits", 48) == pytest.approx(0.105, abs=0.01)
    assert baselines.float_ranking_map("digits", "small_cnn") == 0.6
    assert baselines.float_ranking_map("digits", "resnet18") is None
    assert [r.name for r in baselines.references("digits")][:2] == [
        "float ranking, small_cnn",
        "LSH on pixels",
    ]


def test_common_protocol_leaves_out_what_differs(stored: Path) -> None:
    protocol = metrics.common_protocol(metrics.leaderboard("digits"))
    assert protocol["k"] == "all"
    assert protocol["n_query"] == 400
    assert protocol["seed"] == 0


def test_every_row_of_the_leaderboard_file_carries_its_protocol(stored: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(metrics_csv.leaderboard_csv("digits"))))
    assert len(rows) == len(metrics.leaderboard("digits"))
    assert {row["protocol_k"] for row in rows} == {"all"}
    assert {row["protocol_tie_rule"] for row in rows} == {"expected"}
    assert {row["source"] for row in rows} == {"our run"}
    assert float(rows[0]["map_expected"]) == metrics.leaderboard("digits")[0].map_expected


def test_curves_file_holds_one_length(stored: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(metrics_csv.curves_csv("digits", 32))))
    assert {row["method"] for row in rows} == {"lsh", "dpsh"}
    assert {row["curve"] for row in rows} == {"precision_recall", "precision_at_n"}


def test_runs_of_figures_alone_stand_in_the_leaderboard(inputs: Path) -> None:
    entries = {(e.method, e.n_bits): e for e in metrics.leaderboard("digits")}
    alone = {key for key, entry in entries.items() if not entry.has_codes}
    assert alone == {
        *((name, n) for name in ("lsh~pixels", "lsh~hog", "dsh") for n in (16, 32)),
        ("dpsh", 24),
    }
    assert entries["dsh", 16].curves.recall[-1] == 1
    assert metrics.lengths("digits") == (16, 24, 32)
    tuned = entries["dpsh~finetune", 32]
    assert (tuned.label, tuned.map_expected, tuned.map_seeds) == ("DPSH, fine-tuned", 0.95, (0.95,))
    assert len(entries["dpsh", 32].map_seeds) == 2, "seeds of another input are no seeds of this one"


def test_inputs_begin_with_the_main_one_and_what_was_fine_tuned(inputs: Path) -> None:
    assert [given.label for given in metrics.inputs("digits")] == [
        "small_cnn features",
        "small_cnn, fine-tuned",
        "HOG",
        "pixels",
        "resnet18 features",
    ]
    protocol = metrics.common_protocol(metrics.leaderboard("digits"))
    assert (protocol["backbone"], protocol["mode"], len(protocol["inputs"])) == (None, None, 5)


def test_another_seed_under_another_protocol_is_no_seed(
    inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = metrics._opened

    def other(run: RunSummary) -> StoredRun:
        opened = read(run)
        if run.seed == 1:
            opened.result["protocol"] |= {"n_database": 7}
        return opened

    monkeypatch.setattr(metrics, "_opened", other)
    with pytest.raises(ProtocolError, match="DPSH, 32 bits, seed 0 and DPSH, 32 bits, seed 1"):
        metrics.leaderboard("digits")


def test_files_name_the_method_and_its_input_in_columns_of_their_own(inputs: Path) -> None:
    board = list(csv.DictReader(io.StringIO(metrics_csv.leaderboard_csv("digits"))))
    curves = list(csv.DictReader(io.StringIO(metrics_csv.curves_csv("digits", 32))))
    for rows in (board, curves):
        told = {(r["method"], r["backbone"], r["mode"]) for r in rows if r["n_bits"] == "32"}
        assert ("dpsh", "small_cnn", "finetune") in told
        assert ("lsh", "hog", "head") in told
        assert {method for method, _, _ in told} == {"lsh", "dpsh", "dsh"}


@pytest.mark.parametrize("n_relevant", [1, 2, 5])
def test_chance_is_the_mean_over_all_orders(n_relevant: int) -> None:
    scores = []
    for order in set(permutations([1] * n_relevant + [0] * (5 - n_relevant))):
        hits = np.cumsum(order)
        scores.append(np.mean([hits[i] / (i + 1) for i in range(5) if order[i]]))
    assert chance.average_precision(np.array([n_relevant]), 5)[0] == pytest.approx(np.mean(scores))


def test_chance_without_relevant_images_is_zero() -> None:
    assert list(chance.average_precision(np.array([0]), 5)) == [0]


def test_random_lookups_are_nearly_always_empty_for_long_codes(stored: Path) -> None:
    short, long = (chance.radius_lookup("digits", n_bits, 2) for n_bits in (8, 64))
    assert short[1] == pytest.approx(0)
    assert short[0] == pytest.approx(chance.precision("digits"))
    assert long[1] == pytest.approx(1)
    assert long[0] == pytest.approx(0)


@pytest.mark.parametrize("name", ["NDCG", "ACG", "WAP"])
def test_graded_chance_is_what_shuffled_databases_score(stored: Path, name: str) -> None:
    """Against the metrics themselves, on random real distances, which make a random order."""
    from app.services import catalog
    from models.metrics import acg_at_k, histogram_of_distances, ndcg_at_k, weighted_average_precision

    opened = catalog.open_dataset("toyscenes")
    shared = opened.labels("query").astype(np.int64) @ opened.labels("database").astype(np.int64).T
    rng = np.random.default_rng(0)
    means = []
    for _ in range(40):
        histogram = histogram_of_distances(rng.random(shared.shape).astype(np.float32), shared, graded=True)
        scores = {
            "NDCG": lambda h: ndcg_at_k(h, [100]),
            "ACG": lambda h: acg_at_k(h, [100]),
            "WAP": weighted_average_precision,
        }[name](histogram)
        means.append(float(scores.mean()))
    assert chance.graded("toyscenes", name, 100 if name != "WAP" else None) == pytest.approx(
        np.mean(means), abs=4 * np.std(means) / len(means) ** 0.5
    )
