"""Indexes stored in a folder, and exported for people without this library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.codes.exchange import CodeFile, write_codes
from models.errors import ConfigError, DataError, NotAvailableError
from models.index import KINDS
from models.index.export import export_index
from models.index.folder import build_folder, read_folder
from models.spec import CodeKind
from models.types import BinaryCodes, Queries
from tests.models.index.clustered import clustered_codes, clustered_words
from tests.models.index.other_python import other_python

PAIRS = [(name, code_kind) for name, kind in KINDS.items() if name != "milvus" for code_kind in kind.classes]
EXPORTED = [
    (kind, code_kind, metric)
    for kind, code_kind in PAIRS
    for metric in (("l2", "ip") if code_kind is CodeKind.CODEBOOK else ("l2",))
    if kind not in ("multi-table", "multi-index")
]


def database_of(code_kind: CodeKind, metric: str = "l2") -> tuple[Queries, CodeFile]:
    names = np.array([f"{i}.png" for i in range(300)])
    if code_kind is CodeKind.BINARY:
        binary, database = clustered_codes(6, 300, 20)
        return binary, CodeFile(database, ids=np.arange(300) + 1000, filenames=names)
    vectors, words = clustered_words(6, 300, metric=metric)
    return vectors, CodeFile(words, filenames=names)


@pytest.mark.parametrize(("kind", "code_kind"), PAIRS)
def test_an_opened_index_answers_like_the_one_that_was_built(
    kind: str, code_kind: CodeKind, tmp_path: Path
) -> None:
    queries, file = database_of(code_kind)
    built = build_folder(tmp_path / "i", file, kind, {})
    opened = read_folder(tmp_path / "i")
    first, again = (stored.index.search(queries, 9) for stored in (built, opened))
    assert np.array_equal(first.ids, again.ids)
    assert np.array_equal(first.distances, again.distances)
    assert opened.card == built.card
    assert set(opened.card["settings"]) == {setting.name for setting in KINDS[kind].settings}
    rows = first.row(0)[1]
    assert opened.names(rows)[0]["filename"] == f"{rows[0]}.png"
    assert (tmp_path / "i" / "index.faiss").exists() == KINDS[kind].keeps_file


def test_settings_of_a_search(tmp_path: Path) -> None:
    queries, file = database_of(CodeKind.BINARY)
    build_folder(tmp_path, file, "ivf", {"n_lists": 10, "n_probes": 1})
    few = read_folder(tmp_path).index.search(queries, 300).n_found
    more = read_folder(tmp_path, n_probes=10).index.search(queries, 300).n_found
    assert few.max() < 300
    assert (more == 300).all()
    with pytest.raises(ConfigError, match="n_lists is fixed when the index is built"):
        read_folder(tmp_path, n_lists=5)
    with pytest.raises(ConfigError, match="no setting 'ef_search'"):
        read_folder(tmp_path, ef_search=5)


def test_broken_folders(tmp_path: Path) -> None:
    _, file = database_of(CodeKind.BINARY)
    with pytest.raises(DataError, match="no finished index"):
        read_folder(tmp_path)
    build_folder(tmp_path, file, "hnsw", {})
    build_folder(tmp_path, file, "hnsw", {"ef_search": 7})  # again, over the old one
    content = (tmp_path / "index.faiss").read_bytes()
    (tmp_path / "index.faiss").write_bytes(content[:-8])
    with pytest.raises(DataError, match=r"index\.faiss is missing or not the one"):
        read_folder(tmp_path)
    (tmp_path / "index.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(DataError, match="not written by this program"):
        read_folder(tmp_path)
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(DataError, match=r"holds other files, as letter\.txt"):
        build_folder(tmp_path, file, "hnsw", {})
    with pytest.raises(DataError, match="is a file"):
        build_folder(tmp_path / "letter.txt", file, "hnsw", {})


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return other_python(tmp_path_factory.mktemp("venv"), ["numpy", "faiss-cpu"])


@pytest.mark.parametrize(("kind", "code_kind", "metric"), EXPORTED)
def test_an_export_works_without_this_library(
    kind: str, code_kind: CodeKind, metric: str, tmp_path: Path, python: Path
) -> None:
    queries, file = database_of(code_kind, metric)
    stored = build_folder(tmp_path / "i", file, kind, {})
    names = export_index(stored, tmp_path / "out")
    assert sorted(names) == sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len((tmp_path / "out" / "search.py").read_text().splitlines()) <= 20
    if isinstance(queries, BinaryCodes):
        write_codes(tmp_path / "q.npz", queries)
    else:
        write_codes(tmp_path / "q.npz", None, embeddings=queries)
    environment = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    without = subprocess.run(
        [python, "-c", "import models"], cwd=tmp_path, env=environment, capture_output=True
    )
    assert b"ModuleNotFoundError" in without.stderr
    ran = subprocess.run(
        [python, "-W", "error", tmp_path / "out" / "search.py", "q.npz", "12"],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    printed = np.array([line.split() for line in ran.stdout.splitlines()], dtype=np.float64)
    expected = stored.index.search(queries, 12)
    for row in range(6):
        distances, ids = expected.row(row)
        mine = printed[printed[:, 0] == row]
        assert mine[:, 2] == pytest.approx(distances.astype(np.float64), rel=1e-6)
        sure = distances < distances[-1]  # of a tie at the cut, any items may be kept
        assert mine[sure, 1].astype(int).tolist() == ids[sure].tolist()


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    _, file = database_of(CodeKind.BINARY)
    stored = build_folder(tmp_path / "i", file, "multi-table", {})
    with pytest.raises(NotAvailableError, match=r"multi-table.*cannot be exported"):
        export_index(stored, tmp_path / "out")
    with pytest.raises(DataError, match="is not empty"):
        export_index(build_folder(tmp_path / "j", file, "exhaustive", {}), tmp_path / "i")


def test_the_interpreter_is_not_ours(python: Path) -> None:
    assert str(python) != sys.executable
