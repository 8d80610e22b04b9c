"""The list of all that the zoo wrote, with fingerprints, and the method cards beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models.engine.run_files import read_json, write_json
from models.engine.store import RunStore
from models.engine.versions import library_versions
from models.files import sha256_of, write_atomically

# What every rebuild gives anew with the same bytes; times and memory do not.
_NOT_REPEATABLE = "cost.json"


def write_manifest(root: Path) -> None:
    """Write `methods.json`, `runs/manifest.json`, and the latter's fingerprint into `manifest.json`.

    Args:
        root: the sample data.
    """
    from models.engine.cards import method_cards

    cards = json.dumps(method_cards(), indent=1, ensure_ascii=False)
    write_atomically(root / "methods.json", (cards + "\n").encode())
    store = RunStore(root / "runs")
    runs = {}
    for found in store.runs(every_backbone=True, every_mode=True):
        place = (found.dataset, found.method, found.n_bits, found.seed, found.backbone, found.mode)
        folder = store.folder(*place)
        runs[str(folder.relative_to(root))] = {
            "config": store.open(*place).result["config"],
            "files": _fingerprints(folder),
        }
    others = [root / "methods.json", root / "recipe_search.json"]
    for pattern in ("*/features-*.npz", "*/baselines.json"):
        others += sorted(root.glob(pattern))
    record: dict[str, Any] = {
        "versions": library_versions(),
        "runs": runs,
        "files": {str(path.relative_to(root)): _fingerprint(path) for path in others if path.is_file()},
    }
    path = root / "runs" / "manifest.json"
    write_json(path, record)
    whole = root / "manifest.json"
    manifest = read_json(whole) if whole.is_file() else {}
    manifest["runs"] = {"manifest": "runs/manifest.json", **_fingerprint(path)}
    # Order and layout are those of the data sets' builder, which wrote the file first.
    write_atomically(whole, (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode())


def _fingerprints(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        path.name: _fingerprint(path) for path in sorted(folder.iterdir()) if path.name != _NOT_REPEATABLE
    }


def _fingerprint(path: Path) -> dict[str, Any]:
    return {"sha256": sha256_of(path), "bytes": path.stat().st_size}
