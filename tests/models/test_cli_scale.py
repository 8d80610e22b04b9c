"""`scale` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.cli import main
from models.index import machine, scaling


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "SINGLES_S", 0.01)
    monkeypatch.setattr(scaling, "BATCHES_S", 0.01)
    monkeypatch.setattr(machine, "read_bandwidth", lambda: 1e10)


SMALL = "scale --n 300 --kinds exhaustive ivf --n-query 8 -k 10"


def document(capsys: pytest.CaptureFixture[str], command: str) -> Any:
    assert main([*command.split(), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_both_kinds_of_codes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "scale.json"
    found = document(
        capsys, f"{SMALL} --n-bits 32 --codes clustered uniform --run digits/dpsh/32 --out {out}"
    )
    assert [(p["code_model"], p["kind"]) for p in found["points"]] == [
        (codes, kind) for codes in ("clustered", "uniform") for kind in ("exhaustive", "ivf")
    ]
    assert found["run"] == "digits/dpsh/32"
    assert found["bandwidth"] == 1e10
    assert found["machine"]["versions"]["faiss-cpu"]
    assert not found["cancelled"]
    assert json.loads(out.read_text()) == found


def test_events_are_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL.split(), "--codes", "uniform", "--events", "--json"]) == 0
    printed = capsys.readouterr()
    told = [json.loads(line)["event"] for line in printed.err.splitlines()]
    assert (told[0], told[-1], told.count("point")) == ("started", "finished", 2)
    assert len(json.loads(printed.out)["points"]) == 2


def test_a_run_is_found_where_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "scale --n 300 --kinds exhaustive --n-query 8 -k 10 --n-bits 32")
    assert found["run"].startswith("toyworld/") and found["run"].endswith("/32")


def test_a_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL.split(), "--codes", "uniform"]) == 0
    printed = capsys.readouterr().out
    assert "exhaustive" in printed and "recall" in printed and "10.0 GB/s" in printed


def test_ctrl_c_keeps_what_was_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = scaling.measure

    def interrupted(*given: Any, **settings: Any) -> Any:
        for event in measured(*given, **settings):
            yield event
            if event.event == "point":
                raise KeyboardInterrupt

    monkeypatch.setattr(scaling, "measure", interrupted)
    found = document(capsys, f"{SMALL} --codes uniform")
    assert found["cancelled"]
    assert len(found["points"]) == 1


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("scale --n 300 --kinds exhaustve -k 10", "exhaustive"),
        ("scale --n 50", "cannot return 100"),
        ("scale --n 300 -k 10 --run digits/dpq/32 --n-bits 32", "codebook"),
        ("scale --n 300 -k 10 --run digits/dpsh/32", "32 bits, not 64"),
        ("scale --n 300 -k 10 --n-bits 33", "no stored run of 33 bits"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], command: str, says: str) -> None:
    assert main(command.split()) == 2
    assert says in capsys.readouterr().err
