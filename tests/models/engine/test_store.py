from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from models.engine.config import RunConfig
from models.engine.run_files import (
    BitSummary,
    CodeMap,
    RunCodes,
    read_arrays,
    read_map,
    write_bit_summary,
    write_json,
    write_map,
    write_run_codes,
)
from models.engine.store import RunStore, StoredRun
from models.errors import CheckpointError, NotAvailableError
from models.types import BinaryCodes, CodebookCodes

CONFIG = RunConfig("tiny", "probe", 12, 0, "small_cnn", "head", 4, 16, 1e-3, 1e-4, "shuffled", {"a": 1})


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def result(config: RunConfig = CONFIG) -> dict[str, object]:
    return {"config": vars(config), "metrics": {"map": {"expected": 0.5}}}


def binary(rng: np.random.Generator, n: int) -> BinaryCodes:
    return BinaryCodes(np.packbits(rng.random((n, 12)) < 0.5, axis=1), 12)


@pytest.fixture
def store(tmp_path: Path, rng: np.random.Generator) -> RunStore:
    """A binary run with everything, a seed that keeps figures only, and a codebook run."""
    store = RunStore(tmp_path)
    folder = store.folder("tiny", "probe", 12)
    write_json(folder / "result.json", result())
    write_json(folder / "cost.json", {"seconds": {"fit": 1.5}, "peak_memory_bytes": 7})
    per_query = {"ap_expected": np.linspace(0, 1, 5, dtype=np.float32)}
    write_run_codes(folder / "codes.npz", RunCodes(binary(rng, 30), binary(rng, 5)), per_query)
    write_map(
        folder / "map.npz",
        CodeMap(np.full((30, 2), 0.25, np.float32), np.eye(5, 2, dtype=np.float32), 0.3, 15),
    )
    summary = BitSummary(np.linspace(-1, 1, 5), *(np.arange(12 * n).reshape(12, n) for n in (4, 12, 12)))
    write_bit_summary(folder / "bits.npz", summary)
    write_json(store.folder("tiny", "probe", 12, 1) / "result.json", result())
    books = rng.normal(size=(2, 4, 3)).astype(np.float16).astype(np.float32)
    words = [CodebookCodes(rng.integers(0, 4, (n, 2)).astype(np.uint8), books) for n in (30, 5)]
    embeddings = rng.normal(size=(5, 6)).astype(np.float16).astype(np.float32)
    folder = store.folder("tiny", "books", 4)
    write_json(folder / "result.json", result())
    write_run_codes(folder / "codes.npz", RunCodes(words[0], words[1], embeddings), per_query)
    return store


def test_a_map_of_a_sample_says_which_rows_it_holds(tmp_path: Path) -> None:
    rows = np.array([0, 3, 4, 70_000])
    sample = CodeMap(np.zeros((4, 2), np.float32), np.ones((2, 2), np.float32), 0.5, 1, rows)
    write_map(tmp_path / "map.npz", sample)
    found = read_map(tmp_path / "map.npz").rows
    assert found is not None
    np.testing.assert_array_equal(found, rows)


def test_runs_lists_what_is_there(store: RunStore) -> None:
    found = [(run.method, run.n_bits, run.seed, run.has_codes) for run in store.runs("tiny")]
    assert found == [("books", 4, 0, True), ("probe", 12, 0, True), ("probe", 12, 1, False)]
    assert store.runs() == store.runs("tiny")
    assert store.runs("other") == []


def test_runs_on_other_backbones_are_kept_beside_and_shown_on_request(store: RunStore) -> None:
    folder = store.folder("tiny", "probe", 12, 0, "hog")
    assert folder.name == "12-s0-hog"
    other = RunConfig(**(vars(CONFIG) | {"backbone": "hog"}))
    write_json(folder / "result.json", result(other))
    write_json(store.folder("tiny", "probe", 12, 1, "vit_b_16") / "result.json", result())
    assert {run.backbone for run in store.runs()} == {"small_cnn"} and len(store.runs()) == 3
    found = store.runs("tiny", every_backbone=True)
    assert [(run.n_bits, run.seed, run.backbone) for run in found if run.backbone != "small_cnn"] == [
        (12, 0, "hog"),
        (12, 1, "vit_b_16"),
    ]
    assert store.open("tiny", "probe", 12, backbone="hog").config.backbone == "hog"
    assert store.open("tiny", "probe", 12).config.backbone == "small_cnn"
    with pytest.raises(NotAvailableError, match=r"with pixels\. Stored for it: methods none"):
        store.open("tiny", "probe", 12, backbone="pixels")


def test_runs_with_a_trained_backbone_stand_beside_the_others(store: RunStore) -> None:
    places = [
        store.folder("tiny", "probe", 12, mode="finetune"),
        store.folder("tiny", "probe", 12, 2, "vit_b_16", "finetune"),
    ]
    places.append(store.folder("tiny", "probe", 16, 2, "squeezenet1_0@64", "finetune"))
    names = ["12-s0-finetune", "12-s2-vit_b_16-finetune", "16-s2-squeezenet1_0@64-finetune"]
    assert [place.name for place in places] == names
    for place in places:
        write_json(place / "result.json", result())
    assert len(store.runs("tiny", every_backbone=True)) == 3
    found = store.runs("tiny", every_backbone=True, every_mode=True)
    trained = [(run.seed, run.backbone) for run in found if run.mode == "finetune"]
    assert trained == [(0, "small_cnn"), (2, "vit_b_16"), (2, "squeezenet1_0@64")]
    assert store.open("tiny", "probe", 12, mode="finetune").folder == places[0]
    with pytest.raises(NotAvailableError, match=r"small_cnn, trained along\. Stored for it: lengths 12"):
        store.open("tiny", "probe", 16, mode="finetune")


def test_the_library_is_looked_through_before_what_is_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, library = tmp_path / "sample_data" / "runs", tmp_path / "library" / "runs"
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(shipped.parent))
    monkeypatch.setenv("HASHLENS_LIBRARY", str(library.parent))
    store = RunStore()
    assert store.folder("digits", "probe", 12).is_relative_to(shipped)
    assert store.folder("cifar10@I", "probe", 12) == library / "cifar10@I/probe/12-s0"
    for n_bits, root in ((12, shipped), (16, library)):
        write_json(root / f"cifar10/probe/{n_bits}-s0/result.json", result())
    assert [run.n_bits for run in store.runs()] == [12, 16]
    assert store.open("cifar10", "probe", 12).folder.is_relative_to(shipped)
    write_json(library / "cifar10/probe/12-s0/result.json", result())
    assert len(store.runs("cifar10")) == 2
    assert store.open("cifar10", "probe", 12).folder.is_relative_to(library)


def test_a_binary_run_comes_back_as_it_was(store: RunStore) -> None:
    rng = np.random.default_rng(0)  # the one the codes were drawn from, from its start
    run = store.open("tiny", "probe", 12)
    assert run.config == CONFIG
    assert run.result["seconds"] == {"fit": 1.5}
    database, query = run.codes("database"), run.codes("query")
    assert isinstance(database, BinaryCodes)
    assert isinstance(query, BinaryCodes)
    assert (database.packed == binary(rng, 30).packed).all()
    assert (query.packed == binary(rng, 5).packed).all()
    assert run.queries("query") is query
    assert run.queries("database") is database
    assert run.per_query["ap_expected"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    code_map = run.map()
    np.testing.assert_allclose(code_map.xy_query, np.eye(5, 2), atol=1 / 4095)
    np.testing.assert_allclose(code_map.xy_database, 0.25, atol=1 / 4095)
    assert (code_map.neighbour_preservation, code_map.k) == (0.3, 15)
    bits = run.bit_summary()
    assert bits is not None
    assert bits.counts.tolist() == np.arange(48).reshape(12, 4).tolist()


def test_stored_arrays_are_read_only(store: RunStore) -> None:
    database = store.open("tiny", "probe", 12).codes("database")
    assert isinstance(database, BinaryCodes)
    with pytest.raises(ValueError, match="read-only"):
        database.packed[0] = 0


def test_a_codebook_run_has_embeddings_and_no_bit_summary(store: RunStore) -> None:
    run = store.open("tiny", "books", 4)
    database = run.codes("database")
    assert isinstance(database, CodebookCodes)
    assert database.n_bits == 4
    query, symmetric = run.queries("query"), run.queries("database")
    assert isinstance(query, np.ndarray)
    assert query.shape == (5, 6)
    assert isinstance(symmetric, np.ndarray)
    assert (symmetric == database.decode()).all()
    assert run.bit_summary() is None


def test_what_is_not_there_is_said_clearly(store: RunStore) -> None:
    with pytest.raises(NotAvailableError, match="lengths 12"):
        store.open("tiny", "probe", 99)
    with pytest.raises(NotAvailableError, match="methods books, probe"):
        store.open("tiny", "other", 12)
    with pytest.raises(NotAvailableError, match="figures only"):
        store.open("tiny", "probe", 12, seed=1).codes("query")
    with pytest.raises(NotAvailableError, match="no map"):
        store.open("tiny", "books", 4).map()
    with pytest.raises(NotAvailableError, match="query and database"):
        store.open("tiny", "probe", 12).codes("train")


@pytest.mark.parametrize("file", ["codes.npz", "map.npz", "bits.npz", "result.json"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "foreign"])
def test_damaged_files_are_named(store: RunStore, file: str, damage: str) -> None:
    path = store.folder("tiny", "probe", 12) / file
    content = path.read_bytes()
    path.write_bytes({"truncated": content[: len(content) // 2], "empty": b"", "foreign": b"[1, 2]"}[damage])
    run = StoredRun(path.parent)
    with pytest.raises(CheckpointError, match=path.name):
        _ = run.codes("query"), run.map(), run.bit_summary(), run.result


def test_a_file_of_another_kind_is_refused(store: RunStore) -> None:
    folder = store.folder("tiny", "probe", 12)
    (folder / "codes.npz").write_bytes((folder / "map.npz").read_bytes())
    with pytest.raises(CheckpointError, match="no array"):
        StoredRun(folder).codes("query")


def test_the_same_run_gives_the_same_bytes(tmp_path: Path, rng: np.random.Generator) -> None:
    codes, query = binary(rng, 30), binary(rng, 5)
    for name in ("a", "b"):
        write_run_codes(tmp_path / name, RunCodes(codes, query), {"ap_expected": np.ones(5, np.float32)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_app_reads_runs_without_torch() -> None:
    import subprocess
    import sys

    modules = "models.engine.store, models.engine.features, models.data"
    code = f"import sys, {modules}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_any_wrong_byte_is_a_clear_error_or_harmless(store: RunStore) -> None:
    path = next(store.roots[0].rglob("codes.npz"))
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.integers(len(damaged))] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(CheckpointError):
            read_arrays(path)
