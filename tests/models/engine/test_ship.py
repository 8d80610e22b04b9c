"""What of a large data set's runs goes into the sample data, and what stays in the library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.cli import main
from models.engine import ship as module
from models.engine.build import make_config
from models.engine.config import Mode
from models.engine.run_files import write_json
from models.engine.ship import ship_runs
from models.engine.store import RunStore
from models.errors import DataError, UnknownNameError
from models.files import sha256_of

BACKBONE = "resnet18"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An empty library and empty sample data; the pool's labels and the method cards are made elsewhere."""
    library, shipped = tmp_path / "library", tmp_path / "shipped"
    monkeypatch.setenv("HASHLENS_LIBRARY", str(library))
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(shipped))
    monkeypatch.setattr("models.engine.cards.method_cards", list)
    monkeypatch.setattr(module, "ship_labels", lambda pool, target: target.mkdir(parents=True, exist_ok=True))
    return library, shipped


def store(
    library: Path,
    method: str,
    score: float,
    *,
    n_bits: int = 48,
    seed: int = 0,
    mode: Mode = "head",
    whole: bool = True,
) -> None:
    folder = RunStore(library / "runs").folder("cifar10", method, n_bits, seed, BACKBONE, mode)
    config = make_config("cifar10", method, n_bits, seed, backbone=BACKBONE, mode=mode)
    write_json(folder / "result.json", {"config": vars(config), "metrics": {"map": {"expected": score}}})
    for name in ("codes.npz", "map.npz", "bits.npz", "checkpoint.safetensors") if whole else ():
        (folder / name).write_bytes(f"{method} {name}".encode())


def names(shipped: Path, method: str, run: str = f"48-s0-{BACKBONE}") -> set[str]:
    return {path.name for path in (shipped / "runs" / "cifar10" / method / run).iterdir()}


def test_figures_of_all_and_codes_of_a_choice(places: tuple[Path, Path]) -> None:
    library, shipped = places
    store(library, "dpsh", 0.5)  # the survey quotes it
    store(library, "dpsh", 0.7, mode="finetune")
    store(library, "dpsh", 0.5, n_bits=32)  # whole in the library, but not at the length that ships
    store(library, "pq", 0.2)
    store(library, "opq", 0.3)  # no figures anywhere, best of its family here
    store(library, "csq", 0.4)  # not the best of its family, not published, but fine-tuned
    store(library, "csq", 0.6, mode="finetune")
    store(library, "ssdh", 0.45)
    store(library, "itq", 0.1, seed=1, whole=False)
    (library / "cifar10").mkdir()
    (library / "cifar10" / "baselines.json").write_text("{}")
    done = ship_runs("cifar10")
    assert done.n_runs == 9 and set(done.whole) == {"dpsh", "opq", "csq", "ssdh"}
    figures, codes = {"result.json"}, {"codes.npz", "map.npz", "bits.npz"}
    assert names(shipped, "dpsh") == figures | codes | {"checkpoint.safetensors"}
    assert names(shipped, "dpsh", f"48-s0-{BACKBONE}-finetune") == figures | codes
    assert names(shipped, "dpsh", f"32-s0-{BACKBONE}") == figures
    assert names(shipped, "pq") == names(shipped, "itq", f"48-s1-{BACKBONE}") == figures
    assert (shipped / "cifar10" / "baselines.json").is_file()
    listed: dict[str, Any] = json.loads((shipped / "runs" / "manifest.json").read_text("utf-8"))["runs"]
    assert len(listed) == 9
    folder = f"runs/cifar10/opq/48-s0-{BACKBONE}"
    assert listed[folder]["files"]["codes.npz"]["sha256"] == sha256_of(shipped / folder / "codes.npz")
    assert set(ship_runs("cifar10", ["pq"]).whole) == {*done.whole, "pq"}


def test_what_the_library_no_longer_has_is_not_shipped_any_more(places: tuple[Path, Path]) -> None:
    library, shipped = places
    store(library, "dpsh", 0.5, whole=False)
    old = shipped / "runs" / "cifar10" / "lsh" / "48-s0"
    old.mkdir(parents=True)
    (old / "result.json").write_text("{}")
    assert ship_runs("cifar10").whole == ()
    assert not old.exists()


def test_nothing_to_ship_is_refused(places: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="no runs on cifar10"):
        ship_runs("cifar10")
    with pytest.raises(UnknownNameError, match="Did you mean lsh"):
        ship_runs("cifar10", ["lhs"])
    assert main(["ship", "cifar10"]) == 2
    assert "no runs on cifar10" in capsys.readouterr().err


def test_the_command(places: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    store(places[0], "lsh", 0.2)
    assert main(["ship", "cifar10", "--whole", "lsh", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["whole"] == ["lsh"] and said["n_runs"] == 1 and said["n_bytes"] > 0
