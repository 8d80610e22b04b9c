"""The command line on code files and lists: JSON to the letter, tables, one line for a mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.cli import main
from models.codes.exchange import write_codes
from models.codes.packing import pack
from models.data import dataset_names
from models.registry import method_names
from models.types import CodebookCodes

ROOT = Path(__file__).parents[2]
CLASSES = np.arange(40) % 4


def bits(n: int, seed: int, n_bits: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (n, n_bits))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with code files, as the working directory."""
    monkeypatch.chdir(tmp_path)
    multi_hot = np.random.default_rng(0).random((40, 5)) < 0.4
    write_codes(tmp_path / "q.npz", pack(bits(6, 0)), labels=CLASSES[:6], ids=np.arange(6) + 70)
    write_codes(
        tmp_path / "db.npz",
        pack(bits(40, 1)),
        labels=CLASSES,
        filenames=np.array([f"{i}.png" for i in range(40)]),
    )
    write_codes(tmp_path / "db-saved-again.npz", pack(bits(40, 1)), labels=CLASSES)
    write_codes(tmp_path / "q-multi.npz", pack(bits(6, 0)), labels=multi_hot[:6])
    write_codes(tmp_path / "db-multi.npz", pack(bits(40, 1)), labels=multi_hot)
    write_codes(tmp_path / "unlabelled.npz", pack(bits(40, 1)))
    write_codes(tmp_path / "q8.npz", pack(bits(6, 0, 8)), labels=CLASSES[:6])
    write_codes(tmp_path / "none.npz", pack(bits(6, 0))[:0], labels=CLASSES[:0])
    books = np.random.default_rng(2).standard_normal((2, 4, 3)).astype(np.float32)
    words = np.random.default_rng(3).integers(0, 4, (40, 2)).astype(np.uint8)
    vectors = np.random.default_rng(4).standard_normal((6, 6)).astype(np.float32)
    write_codes(tmp_path / "db-books.npz", CodebookCodes(words, books), labels=CLASSES)
    write_codes(tmp_path / "q-vectors.npz", None, embeddings=vectors, labels=CLASSES[:6])
    np.savez(tmp_path / "nan.npz", u=np.full((6, 16), np.nan), labels=CLASSES[:6])
    whole = (tmp_path / "q.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    return tmp_path


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What the command prints with --json; nothing may stand beside it."""
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    return json.loads(printed.out)


def test_methods(capsys: pytest.CaptureFixture[str]) -> None:
    listed = document(capsys, "methods")
    assert [method["name"] for method in listed] == list(method_names())
    for method in listed:
        assert list(method) == [
            "name", "title", "family", "supervision", "code_kind", "venue", "year", "n_bits_allowed",
        ]  # fmt: skip
        assert {16, 32, 48, 64} <= set(method["n_bits_allowed"])


def test_datasets(capsys: pytest.CaptureFixture[str]) -> None:
    listed = document(capsys, "datasets")
    assert [dataset["name"] for dataset in listed] == list(dataset_names())
    for dataset in listed:
        assert list(dataset) == [
            "name", "n_train", "n_query", "n_database", "n_classes", "label_kind", "available",
            "has_images", "protocol", "protocols", "licence",
        ]  # fmt: skip
    digits = next(dataset for dataset in listed if dataset["name"] == "digits")
    assert (digits["n_train"], digits["n_query"], digits["n_database"]) == (700, 400, 1397)


def test_evaluate(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = document(capsys, "evaluate", "--query", "q.npz", "--database", "db.npz")
    assert list(scores) == [
        "n_query", "n_database", "n_bits", "k", "normalize_by", "queries_without_relevant", "map",
        "precision_at_k", "recall_at_k", "radius", "tie_rule",
    ]  # fmt: skip
    assert (scores["n_query"], scores["n_database"], scores["n_bits"], scores["k"]) == (6, 40, 16, None)
    assert list(scores["map"]) == ["expected", "optimistic", "pessimistic", "row_order"]
    assert list(scores["precision_at_k"]) == list(scores["recall_at_k"]) == ["1", "5", "10"]
    assert list(scores["radius"]) == ["2"]
    assert list(scores["radius"]["2"]) == ["precision", "recall", "empty_queries"]


def test_evaluate_with_several_labels(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = document(capsys, "evaluate", "--query", "q-multi.npz", "--database", "db-multi.npz", "--k", "7")
    assert scores["k"] == 7
    assert list(scores["ndcg_at_k"]) == list(scores["acg_at_k"]) == ["1", "5", "10"]
    assert scores["wap"] > 0


def test_evaluate_codebook_codes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = document(capsys, "evaluate", "--query", "q-vectors.npz", "--database", "db-books.npz")
    assert scores["n_bits"] == 4
    assert scores["radius"] == {}


def test_conventions_are_passed_on(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--k", "5", "--normalize-by", "retrieved", "--tie-rule", "pessimistic", "--radius", "6"]
    scores = document(capsys, "evaluate", "--query", "q.npz", "--database", "db.npz", *options)
    assert (scores["k"], scores["normalize_by"], scores["tie_rule"]) == (5, "retrieved", "pessimistic")
    assert list(scores["radius"]) == ["6"]
    assert main(["evaluate", "--query", "q.npz", "--database", "db.npz", *options]) == 0
    table = capsys.readouterr().out
    assert table.index("pessimistic") < table.index("expected"), "the chosen rule comes first"
    assert "first 5 ranks" in table


def test_search(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "search", "--query", "q.npz", "--database", "db.npz", "-k", "3")
    assert (found["n_query"], found["n_database"], found["n_bits"], found["k"]) == (6, 40, 16, 3)
    first = found["results"][0]
    assert first["query"] == {"row": 0, "id": 70}
    assert [item["rank"] for item in first["items"]] == [1, 2, 3]
    distances = (bits(6, 0)[:1] != bits(40, 1)).sum(axis=1)
    assert [item["distance"] for item in first["items"]] == sorted(distances.tolist())[:3]
    for item in first["items"]:
        assert item["distance"] == distances[item["row"]]
        assert item["filename"] == f"{item['row']}.png"
    third = first["items"][2]["distance"]
    assert first["tied_beyond"] == (distances <= third).sum() - 3


def test_search_shows_names(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--query", "q.npz", "--database", "db.npz"]) == 0
    table = capsys.readouterr().out
    assert "query 70" in table
    assert ".png" in table
    assert table.count("distance\n") + table.count("distance  ") >= 6


def test_search_codebook_codes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "search", "--query", "q-vectors.npz", "--database", "db-books.npz", "-k", "40")
    assert {item["row"] for item in found["results"][0]["items"]} == set(range(40))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "required: COMMAND"),
        ("evalute", "invalid choice: 'evalute'"),
        ("search --query q.npz", "required: --database"),
        ("search --query q.npz --database db.npz -k many", "invalid int value: 'many'"),
        ("search --query q.npz --database db.npz -k 0", "k=0"),
        ("search --query q.npz --database db.npz -k 41", "k=41 is not a rank of this database, which has 40"),
        ("search --query none.npz --database db.npz", "no queries"),
        ("search --query q.npz --database none.npz", "database is empty"),
        ("search --query q.npz --database db-books.npz", "queries are binary"),
        ("search --query q-vectors.npz --database db.npz", "real vectors"),
        ("search --query q.npz --database q-vectors.npz", "query vectors only"),
        ("search --query nothing.npz --database db.npz", "nothing.npz: There is no such file"),
        ("evaluate --query cut.npz --database db.npz", "cut.npz: Not a complete npz file"),
        ("evaluate --query nan.npz --database db.npz", "nan.npz: `u` has NaN"),
        ("evaluate --query q8.npz --database db.npz", "8 bits and database codes 16"),
        ("evaluate --query q.npz --database unlabelled.npz", "database file has no labels"),
        ("evaluate --query db.npz --database db.npz", "Query and database are the same"),
        ("evaluate --query db-saved-again.npz --database db.npz", "Query and database are the same"),
        ("evaluate --query q.npz --database db.npz --k 41", "k=41"),
        ("evaluate --query q.npz --database db.npz --tie-rule middle", "invalid choice: 'middle'"),
        ("evaluate --query q.npz --database none.npz", "database is empty"),
        ("evaluate --query q.npz", "Give --query and --database, or --run"),
        ("evaluate --query q.npz --run somewhere", "not both"),
        ("evaluate --run somewhere", "somewhere is no run"),
        ("evaluate --run digits/nothing/16", "nothing"),
        ("encode somewhere --images q.npz --out out.npz", "somewhere is no run"),
        ("encode q.npz --images q.npz --out out.npz", "q.npz"),
        ("encode somewhere --images nothing --out out.npz", "no file or folder nothing"),
        ("encode somewhere --images . --out out.npz", "no images in ."),
        ("train dpsx", "Did you mean dpsh"),
        ("train dpsh --dataset digit", "Did you mean digits"),
        ("train dpsh --n-bits 0", "cannot produce 0 bits"),
        ("train dpsh --set weight", "--set takes KEY=VALUE"),
        ("train dpsh --set weight=3", "Unknown hyper-parameter 'weight'"),
        ("train dpsh --epochs -1", "at least 1 epoch"),
        ("train dpsh --resume --out nowhere", "nothing to resume"),
        ("leaderboard --dataset digit", "Did you mean digits"),
        ("zoo --methods dpsx", "Did you mean dpsh"),
        ("train dpsh --out q.npz", "cannot be stored in q.npz"),
        ("train itq --lr 0.1", "lr would have no effect"),
        ("zoo --jobs 0", "at least one"),
        ("zoo --seeds -1", "not negative"),
        ("tune --methods dpsx", "Did you mean dpsh"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_mistake_is_one_line_and_exit_code_2(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: str, says: str, as_json: bool
) -> None:
    before = sorted(here.iterdir())
    try:
        code = main(arguments.split() + ["--json"] * as_json)
    except SystemExit as leaving:  # argparse leaves by itself
        code = leaving.code
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("error: ")
    assert says in printed.err
    assert sorted(here.iterdir()) == before


def test_help_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("", "methods", "datasets", "leaderboard", "train", "zoo", "encode", "evaluate", "search"):
        with pytest.raises(SystemExit) as leaving:
            main([*command.split(), "--help"])
        assert leaving.value.code == 0
        assert "--help" in capsys.readouterr().out


def test_a_bug_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from models import data

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(data, "dataset_infos", broken)
    with pytest.raises(ZeroDivisionError):
        main(["datasets"])


def test_ctrl_c_without_anything_to_keep(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from models import data

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "dataset_infos", interrupted)
    assert main(["datasets", "--json"]) == 130
    assert capsys.readouterr().err == "Interrupted. Nothing was written.\n"


def test_what_a_library_prints_does_not_reach_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from models import data

    known = data.dataset_infos()

    def chatty() -> object:
        sys.stdout.write("loading ...\n")
        return known

    monkeypatch.setattr(data, "dataset_infos", chatty)
    assert main(["datasets", "--json"]) == 0
    printed = capsys.readouterr()
    json.loads(printed.out)
    assert "loading" in printed.err


def test_the_module_runs_and_starts_light() -> None:
    program = (
        "import sys; from models.cli import main; code = main(['datasets', '--json']); "
        "heavy = {'torch', 'numba', 'faiss', 'rich', 'umap', 'sklearn'} & set(sys.modules); "
        "sys.exit(code or (f'loaded {heavy}' if heavy else 0))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    module = subprocess.run(
        [sys.executable, "-m", "models", "datasets", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert module.stdout == run.stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m models datasets | true"
    run = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.stderr == ""
