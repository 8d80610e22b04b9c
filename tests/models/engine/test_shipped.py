"""The runs in the repository's own `sample_data`: all there, as their manifest says, and current."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from models.data import load_dataset, sample_data_root
from models.engine.build import make_config
from models.engine.cards import method_cards
from models.engine.encode import encode_images, open_encoder
from models.engine.run import method_key
from models.engine.store import RunStore, RunSummary
from models.files import sha256_of
from models.types import BinaryCodes

ROOT = sample_data_root()
RUNS = RunStore().runs(every_backbone=True)


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    record: dict[str, Any] = json.loads((ROOT / "runs" / "manifest.json").read_text("utf-8"))
    return record


def test_the_cards_are_those_of_the_registry() -> None:
    shipped = json.loads((ROOT / "methods.json").read_text("utf-8"))
    ours = json.loads(json.dumps(method_cards()))
    pictures = [[card.pop("picture") for card in cards] for cards in (shipped, ours)]
    assert shipped == ours, "run `make zoo` after changing a method's card"
    # Curves are computed: on another processor their last digit may differ.
    words, numbers = zip(*(_split(side) for side in pictures), strict=True)
    assert words[0] == words[1], "run `make zoo` after changing a method's picture"
    assert numbers[0] == pytest.approx(numbers[1], rel=2e-3, abs=1e-5)


def _split(value: Any) -> tuple[list[Any], list[float]]:
    """Nested lists and dicts as their texts and keys, in order, and their numbers."""
    if isinstance(value, float):
        return [], [value]
    parts = [*value, *value.values()] if isinstance(value, dict) else value
    if not isinstance(parts, list):
        return [value], []
    split = [_split(part) for part in parts]
    return [w for words, _ in split for w in words], [n for _, numbers in split for n in numbers]


def test_every_file_is_the_one_in_the_manifest(manifest: dict[str, Any]) -> None:
    listed: dict[str, Any] = {}
    for folder, run in manifest["runs"].items():
        listed |= {f"{folder}/{name}": entry for name, entry in run["files"].items()}
    listed |= manifest["files"]
    for path, entry in listed.items():
        assert sha256_of(ROOT / path) == entry["sha256"], path
    on_disk = {
        p.relative_to(ROOT).as_posix() for p in (ROOT / "runs").glob("*/*/*/*") if p.name != "cost.json"
    }
    assert on_disk == {path for path in listed if path.startswith("runs/")}


@pytest.mark.parametrize(
    "summary", RUNS, ids=lambda run: f"{run.dataset}-{run.method}-{run.n_bits}-s{run.seed}-{run.backbone}"
)
def test_a_run_is_current(summary: RunSummary) -> None:
    place = (summary.dataset, summary.method, summary.n_bits, summary.seed)
    run = RunStore().open(*place, summary.backbone)
    assert run.config == make_config(*place, backbone=summary.backbone)
    assert run.result["method_key"] == method_key(summary.method), "run `make zoo` after changing a method"


@pytest.mark.parametrize("dataset", ["toyworld", "toyscenes", "digits"])
def test_a_stored_code_is_what_the_image_gives(dataset: str) -> None:
    """From shipped image through shipped weights to the shipped code: what an upload of that image shows."""
    data = load_dataset(dataset)
    images = [data.image("query", row) for row in range(32)]
    run = RunStore().open(dataset, "dpsh", 32)
    codes, stored = encode_images(open_encoder(run), images).codes, run.codes("query")
    assert isinstance(codes, BinaryCodes)
    assert isinstance(stored, BinaryCodes)
    differing = np.bitwise_count(codes.packed ^ stored.packed[:32]).sum()
    # On a processor with other instructions the last digit of a feature, and so a bit near zero, may differ.
    assert differing <= 3
