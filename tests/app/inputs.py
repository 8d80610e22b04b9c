"""A tree in which methods were given several things: runs on other inputs, fine-tuned, and figures alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from models.engine.store import RunStore
from tests.app.many import made_up_card

DSH = ("dsh", "DSH", "pairwise", "pairs", "difference: contrastive", 2016, True)
KEPT_WITH_FIGURES = ("result.json", "cost.json")


def grow_inputs(source: Path, target: Path) -> Path:
    """Copy a tree and give `digits` runs beside those on the main input, at 16 and 32 bits.

    `dpsh` fine-tuned, and on resnet18, at 32 bits, with codes; `lsh` on pixels and HOG, figures only; `dpsh`
    at 24 bits and all of `dsh`, figures only.
    """
    shutil.copytree(source, target)
    cards = json.loads((target / "methods.json").read_text("utf-8"))
    like = next(card for card in cards if card["name"] == "dpsh")
    (target / "methods.json").write_text(json.dumps([*cards, made_up_card(DSH, like)]))
    _again(target, ("dpsh", 32), score=0.95, mode="finetune")
    _again(target, ("dpsh", 32), score=0.85, backbone="resnet18")
    for n_bits in (16, 32):
        for backbone in ("pixels", "hog"):
            _again(target, ("lsh", n_bits), score=0.3, codes=False, backbone=backbone)
        _again(target, ("dpsh", n_bits), score=0.5, codes=False, method="dsh")
    _again(target, ("dpsh", 16), score=0.6, codes=False, n_bits=24)
    return target


def _again(
    root: Path, run: tuple[str, int], *, score: float, codes: bool = True, **changed: str | int
) -> None:
    """A stored run under another configuration, with another score."""
    store = RunStore(root / "runs")
    source = store.folder("digits", *run)
    result = json.loads((source / "result.json").read_text("utf-8"))
    result["config"] |= changed
    result["metrics"]["map"] = dict.fromkeys(result["metrics"]["map"], score)
    config = result["config"]
    folder = store.folder(
        "digits", config["method"], config["n_bits"], 0, backbone=config["backbone"], mode=config["mode"]
    )
    shutil.copytree(source, folder)
    for path in [] if codes else list(folder.iterdir()):
        if path.name not in KEPT_WITH_FIGURES:
            path.unlink()
    (folder / "result.json").write_text(json.dumps(result))
