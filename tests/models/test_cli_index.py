"""`index` and `search` by other indexes on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.cli import main
from models.codes.exchange import write_codes
from models.index import KINDS
from tests.models.index.clustered import clustered_codes, clustered_words

BINARY = ("exhaustive", "ivf", "hnsw", "multi-hash", "multi-table", "multi-index")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with code files, as the working directory."""
    monkeypatch.chdir(tmp_path)
    queries, database = clustered_codes(5, 300, 32)
    names = np.array([f"{i}.png" for i in range(300)])
    write_codes(tmp_path / "q.npz", queries)
    write_codes(tmp_path / "db.npz", database, filenames=names, ids=np.arange(300) + 500)
    vectors, words = clustered_words(5, 300)
    write_codes(tmp_path / "q-vectors.npz", None, embeddings=vectors)
    write_codes(tmp_path / "db-books.npz", words)
    return tmp_path


def document(capsys: pytest.CaptureFixture[str], command: str) -> Any:
    """What the command prints with --json; nothing may stand beside it."""
    code = main([*command.split(), "--json"])
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    assert printed.out.count("\n") == 1
    return json.loads(printed.out)


def run(command: str) -> int:
    return main(command.split())


def test_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    listed = document(capsys, "index kinds")
    assert [kind["name"] for kind in listed] == list(KINDS)
    ivf = next(kind for kind in listed if kind["name"] == "ivf")
    assert (ivf["code_kinds"], ivf["exhaustive"]) == (["binary"], False)
    assert [setting["name"] for setting in ivf["settings"]] == ["n_lists", "n_probes"]
    assert main(["index", "kinds"]) == 0
    assert "n_probes" in capsys.readouterr().out


@pytest.mark.parametrize("kind", BINARY)
def test_build_info_and_search(kind: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built = document(capsys, f"index build --database db.npz --kind {kind} --out i")
    assert list(built) == [
        "index", "kind", "settings", "code_kind", "n_database", "n_bits", "seconds", "recall",
    ]  # fmt: skip
    assert (built["kind"], built["n_database"], built["n_bits"]) == (kind, 300, 32)
    assert 0.3 < built["recall"]["mean"] <= 1
    described = document(capsys, "index info i --query q.npz -k 5")
    assert described["settings"] == built["settings"]
    assert (described["search"]["n_query"], described["search"]["k"]) == (5, 5)
    found = document(capsys, "search --query q.npz --index i -k 5 --recall")
    assert found["recall"]["mean"] == described["search"]["recall"]
    assert found["index"] == {"kind": kind, "settings": built["settings"]}
    assert found["tied_beyond_is"] == "exact"
    at_once = document(capsys, f"search --query q.npz --database db.npz --kind {kind} -k 5 --recall")
    assert at_once == found
    plain = document(capsys, "search --query q.npz --database db.npz -k 5")
    assert set(plain) == {"n_query", "n_database", "n_bits", "k", "results"}
    assert set(plain["results"][0]) == {"query", "items", "tied_beyond"}
    if kind == "exhaustive":
        for result in found["results"]:
            assert result.pop("n_found") == 5
        assert found["results"] == plain["results"]
        assert found["recall"]["lowest"] == 1
    for command in ("index info i --query q.npz", "search --query q.npz --index i --recall"):
        assert run(command) == 0
    assert ".png" in capsys.readouterr().out


def test_help_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("index", "index kinds", "index build", "index info", "index export", "index drop"):
        with pytest.raises(SystemExit) as leaving:
            run(f"{command} --help")
        assert leaving.value.code == 0
        assert f"python -m models {command}" in capsys.readouterr().out


def test_codebook_codes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built = document(capsys, "index build --database db-books.npz --kind ivf-adc --out i --set n_lists=10")
    assert built["settings"] == {"n_lists": 10, "n_probes": None}
    few = document(capsys, "search --query q-vectors.npz --index i -k 300 --set n_probes=1 --recall")
    every = document(capsys, "search --query q-vectors.npz --index i -k 300 --set n_probes=10 --recall")
    assert few["recall"]["mean"] < every["recall"]["mean"] == 1
    assert few["results"][0]["n_found"] == len(few["results"][0]["items"]) < 300
    assert few["tied_beyond_is"] == "at least"
    assert run("search --query q-vectors.npz --index i -k 300 --set n_probes=1") == 0
    assert "of 300" in capsys.readouterr().out


def test_export(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("index build --database db.npz --kind hnsw --out i") == 0
    capsys.readouterr()
    exported = document(capsys, "index export i --out out")
    assert exported["files"] == sorted(exported["files"], key=exported["files"].index)
    assert {path.name for path in (here / "out").iterdir()} == set(exported["files"])


def test_milvus(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pymilvus", reason="pip install -r requirements-dev.txt")
    from models.index import milvus

    monkeypatch.setattr(milvus.MilvusIndex, "_compare", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    command = "index build --database db.npz --kind milvus --out i --set batch_size=100"
    assert run(command) == 130
    assert "goes on where this one stopped" in capsys.readouterr().err
    (here / "i" / "milvus.db-journal").touch()  # as a killed process leaves it
    monkeypatch.undo()
    monkeypatch.chdir(here)
    built = document(capsys, command)
    assert built["settings"] == {"uri": "milvus.db", "collection": "hashlens", "batch_size": 100}
    assert built["recall"] is None
    found = document(capsys, "search --query q.npz --index i -k 7")
    plain = document(capsys, "search --query q.npz --database db.npz -k 7")
    for result in found["results"]:
        assert result.pop("n_found") == 7
    assert found["results"] == plain["results"]
    assert document(capsys, "index info i --query q.npz")["search"]["fewest_found"] == 10
    assert run("search --query q.npz --index i --recall") == 2
    assert "leave --recall out" in capsys.readouterr().err
    assert run("index export i --out out") == 2
    assert "not kept by FAISS" in capsys.readouterr().err
    assert document(capsys, "index drop --uri i/milvus.db")["dropped"]
    assert run("search --query q.npz --index i") == 2
    assert "There is no collection" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("index", "required: COMMAND"),
        ("index build --database db.npz --kind hsnw --out i", "Did you mean hnsw"),
        ("index build --database db.npz --kind ivf-adc --out i", "cannot hold binary codes"),
        ("index build --database db-books.npz --kind milvus --out i", "cannot hold codebook codes"),
        ("index build --database q-vectors.npz --out i", "query vectors only"),
        ("index build --database db.npz --kind ivf --out i --set n_lists", "--set takes NAME=VALUE"),
        ("index build --database db.npz --kind ivf --out i --set n_lists=few", "n_lists is a whole number"),
        ("index build --database db.npz --kind ivf --out i --set n_lists=301", "n_lists=301"),
        ("index build --database db.npz --kind ivf --out i --set links=3", "no setting 'links'"),
        ("index build --database db.npz --kind ivf --out i --uri x.db", "no setting 'uri'"),
        ("index build --database db.npz --kind ivf --out db.npz", "db.npz is a file"),
        ("index build --database db.npz --kind milvus --out db.npz", "db.npz is a file"),
        ("index build --database db.npz --kind ivf --out .", "holds other files"),
        (
            "index build --database db.npz --kind milvus --out i --uri x.sqlite",
            "neither a file that ends in .db",
        ),
        ("index info nowhere", "holds no finished index"),
        ("index export nowhere --out out", "holds no finished index"),
        ("index drop --uri x.sqlite", "neither a file that ends in .db"),
        ("search --query q.npz", "required: --database db.npz, or --index FOLDER"),
        ("search --query q.npz --database db.npz --index i", "without the other two"),
        ("search --query q.npz --index i", "holds no finished index"),
        ("search --query q.npz --database db.npz --set n_lists=3", "has no settings"),
        ("search --query q.npz --database db.npz --kind milvus", "Codes go into Milvus once"),
        ("search --query q.npz --database db.npz --kind trie", "Unknown index kind 'trie'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: str, says: str
) -> None:
    before = sorted(here.iterdir())
    try:
        code = main([*arguments.split(), "--json"])
    except SystemExit as leaving:  # argparse leaves by itself
        code = leaving.code  # type: ignore[assignment]
    printed = capsys.readouterr()
    assert (code, printed.out, printed.err.count("\n")) == (2, "", 1)
    assert says in printed.err
    assert sorted(here.iterdir()) == before
