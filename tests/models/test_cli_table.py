"""`table`, and `evaluate` of a run whose data set was split anew since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.cli import main
from models.engine import table as module
from models.engine.build import make_config
from models.engine.run_files import write_json
from models.engine.zoo import TaskDone, ZooFinished, ZooStarted
from models.engine.zoo_tasks import Outcome


def test_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[Any] = []

    def few(*arguments: Any, **options: Any) -> Iterator[Any]:
        asked.append((arguments, options))
        yield ZooStarted(1, 1)
        yield TaskDone(Outcome("cifar10 itq 48 bits seed 0", "made", "mAP 0.5"), 1, 1, 0.0)
        yield ZooFinished(2.0, 1, 0, ())

    monkeypatch.setattr(module, "table", few)
    wishes = (
        "--methods itq --n-bits 48 --seeds 0 --jobs 1 --weights-file w.pth --force "
        "--mode finetune --backbone squeezenet1_0@64"
    )
    assert main(["table", "--dataset", "cifar10@I", *wishes.split(), "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"seconds": 2.0, "n_made": 1, "n_current": 0, "failed": []}
    assert printed.err == "1/1 cifar10 itq 48 bits seed 0: made mAP 0.5\n"
    options = {
        "weights_file": Path("w.pth"),
        "mode": "finetune",
        "force": True,
    }
    assert asked == [(("cifar10@I", "squeezenet1_0@64", ["itq"], (48,), (0,), 1), options)]
    assert main(["table", "--dataset", "cifar10"]) == 0
    options = {"weights_file": None, "mode": "head", "force": False}
    assert asked[1] == (("cifar10", module.BACKBONE, None, module.N_BITS, module.SEEDS, 2), options)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("table", "--dataset"),
        ("table --dataset digits", "python -m models zoo --datasets digits"),
        ("table --dataset nothing", "Unknown data set 'nothing'"),
    ],
)
def test_a_mistake_is_one_line(arguments: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(arguments.split())
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    printed = capsys.readouterr()
    assert code == 2
    assert says in printed.err and printed.err.count("\n") == 1


def test_a_run_under_another_split_is_not_scored_against_todays_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from models.data import load_dataset
    from models.engine.results import protocol

    rules = protocol(load_dataset("digits").info) | {"n_database": 1_000}
    write_json(
        tmp_path / "result.json", {"config": vars(make_config("digits", "lsh", 16)), "protocol": rules}
    )
    assert main(["evaluate", "--run", str(tmp_path)]) == 2
    says = capsys.readouterr().err
    assert "scored under different protocols (n_database: 1000 and 1397)" in says
