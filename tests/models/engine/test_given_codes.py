"""Codes of another system become a data set without images and a run on it, or nothing at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.codes.exchange import CodeFile, write_codes
from models.codes.packing import pack
from models.data import load_dataset
from models.data.library import datasets_root
from models.engine.given_codes import nearest_words, open_given_codes, run_codes
from models.engine.store import RunStore
from models.errors import DataError, NotAvailableError
from models.types import BinaryCodes, CodebookCodes
from tests.app.own import code_files


def open_all(name: str, files: tuple[Path, Path], system: str = "own") -> list[str | int]:
    return list(open_given_codes(name, *files, system))


def test_labelled_codes_are_scored_like_our_own(library: Path, tmp_path: Path) -> None:
    files = code_files(tmp_path, labelled=True)
    assert open_all("given", files)[-1] == 16
    data = load_dataset("given")
    assert (data.info.n_query, data.info.n_database, data.info.n_train) == (8, 36, 0)
    assert data.info.label_kind == "single" and not data.info.has_images
    assert not data.info.train_in_database
    assert data.labels("query").sum(axis=1).tolist() == [1] * 8
    with pytest.raises(NotAvailableError):
        data.image_bytes("database", 0)
    run = RunStore().open("given", "own", 16)
    assert isinstance(run.codes("database"), BinaryCodes)
    ap = run.per_query["ap_expected"]
    assert run.result["metrics"]["map"]["expected"] == pytest.approx(ap.mean(), abs=1e-5)
    assert ap.mean() > 0.6, "the codes follow the classes"
    assert len(run.map().xy_database) == 36
    assert run.config.mode == "given" and run.config.backbone == "unknown"


def test_codes_without_labels_have_no_scores(library: Path, tmp_path: Path) -> None:
    open_all("bare", code_files(tmp_path, labelled=False))
    assert load_dataset("bare").info.n_classes == 0
    run = RunStore().open("bare", "own", 16)
    assert run.per_query == {}
    assert "metrics" not in run.result and run.result["health"]


def test_several_labels(library: Path, tmp_path: Path) -> None:
    files = code_files(tmp_path, labelled=False, n_query=4, n_database=8)
    for path, n in zip(files, (4, 8), strict=True):
        codes = pack(np.random.default_rng(n).normal(size=(n, 16)) >= 0)
        write_codes(
            path, codes, labels=np.eye(3, dtype=bool)[np.arange(n) % 3] | np.array([True, False, False])
        )
    open_all("tags", files)
    assert load_dataset("tags").info.label_kind == "multi"


def codebook(n: int, books: np.ndarray | None = None) -> tuple[CodebookCodes, np.ndarray]:
    rng = np.random.default_rng(n)
    words = rng.normal(size=(2, 4, 3)).astype(np.float32) if books is None else books
    return CodebookCodes(rng.integers(0, 4, (n, 2)).astype(np.uint8), words), rng.normal(size=(n, 6)).astype(
        np.float32
    )


def test_codebook_codes_take_vectors_as_queries(library: Path, tmp_path: Path) -> None:
    database, _ = codebook(20)
    _, vectors = codebook(5)
    write_codes(tmp_path / "d.npz", database)
    write_codes(tmp_path / "q.npz", None, embeddings=vectors)
    assert open_all("words", (tmp_path / "q.npz", tmp_path / "d.npz"))[-1] == 4
    run = RunStore().open("words", "own", 4)
    assert np.allclose(run.queries("query"), vectors, atol=1e-2)


@pytest.mark.parametrize("metric", ["l2", "ip"])
def test_nearest_words_are_the_nearest(metric: str) -> None:
    codes, vectors = codebook(9)
    codes = CodebookCodes(codes.indices, codes.codebooks, "product", metric)  # type: ignore[arg-type]
    found = nearest_words(vectors, codes)
    for row, vector in enumerate(vectors):
        for book in range(2):
            part, words = vector[book * 3 : book * 3 + 3], codes.codebooks[book]
            away = [-float(part @ w) if metric == "ip" else float(((part - w) ** 2).sum()) for w in words]
            assert found.indices[row, book] == int(np.argmin(away))


def test_what_does_not_fit_is_refused() -> None:
    bits = {n: CodeFile(pack(np.ones((3, n)) > 0)) for n in (8, 16)}
    words, vectors = codebook(3)
    other, _ = codebook(4)
    book = CodeFile(words)
    with pytest.raises(DataError, match="16 bits, the queries binary codes of 8 bits"):
        run_codes(bits[8], bits[16])
    with pytest.raises(DataError, match="the queries codebook codes"):
        run_codes(CodeFile(words, vectors), bits[16])
    with pytest.raises(DataError, match="Add `embeddings`"):
        run_codes(bits[8], book)
    with pytest.raises(DataError, match="decode to 6"):
        run_codes(CodeFile(None, vectors[:, :5].copy()), book)
    with pytest.raises(DataError, match="same books"):
        run_codes(CodeFile(other[[0, 1, 2]], vectors), book)
    with pytest.raises(DataError, match="vectors alone"):
        run_codes(bits[8], CodeFile(None, vectors))
    with pytest.raises(DataError, match="one at least"):
        run_codes(CodeFile(bits[8].codes[[]]), bits[8])  # type: ignore[index]
    with pytest.raises(DataError, match="indices"):
        nearest_words(vectors, CodebookCodes(words.indices, words.codebooks, "additive"))


def test_labels_in_one_file_only_are_refused(library: Path, tmp_path: Path) -> None:
    query, _ = code_files(tmp_path, labelled=True)
    (tmp_path / "bare").mkdir()
    _, database = code_files(tmp_path / "bare", labelled=False)
    with pytest.raises(DataError, match="database file has no labels"):
        open_all("half", (query, database))
    assert not (datasets_root() / "half").exists()


def test_names(library: Path, tmp_path: Path) -> None:
    files = code_files(tmp_path, labelled=False)
    with pytest.raises(DataError, match="embedded"):
        open_all("toyworld", files)
    with pytest.raises(DataError, match="name of a system"):
        open_all("fine", files, "../../elsewhere")
    with pytest.raises(DataError, match="cannot be the name"):
        open_all("../x", files)


def test_given_up_half_way_leaves_nothing(library: Path, tmp_path: Path) -> None:
    events = open_given_codes("half", *code_files(tmp_path, labelled=True), "own")
    assert next(events) == "reading the files"
    assert next(events) == "scoring"
    events.close()
    assert not (datasets_root() / "half").exists()
    assert not RunStore().runs("half")
