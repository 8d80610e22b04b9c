"""A large tree of sample data made from a small one: every run again under the names of other methods.

`python -m tests.app.many FOLDER` makes one from the embedded data, to look at the app with.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models.codes.packing import unpack
from models.engine.run_files import RunCodes, read_run_codes, write_run_codes
from models.types import BinaryCodes, CodebookCodes

# name, label, family, supervision, kind of loss, year, reads several labels
Told = tuple[str, str, str, str, str, int, bool]
OTHERS: tuple[Told, ...] = (
    ("cnnh", "CNNH", "pairwise", "pairs", "difference: reconstruction of the similarity matrix", 2014, True),
    ("dsh", "DSH", "pairwise", "pairs", "difference: contrastive", 2016, True),
    ("dhn", "DHN", "pairwise", "pairs", "likelihood of pairs, bimodal prior", 2016, True),
    ("hashnet", "HashNet", "pairwise", "pairs", "weighted likelihood of pairs", 2017, True),
    ("dsdh", "DSDH", "pairwise", "labels", "likelihood of pairs and a linear classifier", 2017, True),
    ("dch", "DCH", "pairwise", "pairs", "Cauchy likelihood of pairs", 2018, True),
    ("dfh", "DFH", "pairwise", "pairs", "likelihood with a margin", 2019, True),
    ("idhn", "IDHN", "pairwise", "labels", "difference: soft pairs", 2019, True),
    ("adsh", "ADSH", "pairwise", "pairs", "product: asymmetric", 2018, True),
    ("dbdh", "DBDH", "pairwise", "pairs", "likelihood of pairs, balanced", 2020, True),
    ("lcdsh", "LCDSH", "pairwise", "pairs", "locality-constrained likelihood", 2017, True),
    ("sh_bdnn", "SH-BDNN", "pairwise", "pairs", "product: s - b'b/L", 2016, True),
    ("ddsh", "DDSH", "pairwise", "pairs", "product: discrete", 2018, True),
    ("dnnh", "DNNH", "multiwise", "triplets", "triplet hinge", 2015, True),
    ("drsch", "DRSCH", "multiwise", "triplets", "triplet hinge, weighted bits", 2015, True),
    ("dsrh", "DSRH", "multiwise", "labels", "surrogate of NDCG", 2015, True),
    ("talr_ap", "TALR-AP", "implicit", "pairs", "tie-aware average precision", 2018, True),
    ("talr_ndcg", "TALR-NDCG", "implicit", "labels", "tie-aware NDCG", 2018, True),
    ("andsh", "AnDSH", "implicit", "pairs", "angular distribution", 2019, False),
    ("qsmih", "QSMIH", "implicit", "pairs", "quadratic mutual information", 2019, True),
    ("dbh", "DBH", "classification", "labels", "class loss on a sigmoid layer", 2015, True),
    ("ssdh", "SSDH", "classification", "labels", "class loss, binary and balanced", 2015, True),
    ("vdsh", "VDSH", "classification", "labels", "class loss, ADMM", 2016, True),
    ("subic", "SUBIC", "classification", "labels", "class loss on one-hot blocks, entropy", 2017, False),
    ("mlrdh", "MLRDH", "classification", "labels", "multi-level reconstruction", 2018, True),
    ("hcbdh", "HCBDH", "classification", "labels", "distance to a Hadamard centre", 2019, True),
    ("greedyhash", "GreedyHash", "classification", "labels", "class loss on the sign", 2018, True),
    ("dpn", "DPN", "classification", "labels", "hinge to a target", 2020, True),
    ("orthohash", "OrthoHash", "classification", "labels", "cosine class loss", 2021, False),
)
_KINDS = {"implicit": "bars", "classification": "grid"}
_LIKE = {"subic": "dpq"}
LEARNED = {"adsh": 80}  # database images whose code was learned


def picture(kind: str = "lines") -> dict[str, Any]:
    """A picture of three frames, of any kind."""
    xs = list(range(17))
    frames = []
    for value in (1, 2, 4):
        curves = [
            {"name": "similar pair", "x": xs, "y": [value * x / 16 for x in xs]},
            {"name": "dissimilar pair", "x": xs, "y": [max(0.0, value - x / 4) for x in xs]},
        ]
        grid = [[((i * j) % 5 - 2) / value for j in range(8)] for i in range(6)]
        frames.append(
            {
                "label": str(value),
                "series": [] if kind == "grid" else curves,
                "grid": grid if kind == "grid" else [],
            }
        )
    return {
        "title": "Loss of one pair against the distance of its codes",
        "caption": "Look where the two curves cross; the slider moves the margin.",
        "x": "Hamming distance of the two codes, of 16 bits",
        "y": "loss",
        "slider": "margin m",
        "start": 1,
        "kind": kind,
        "frames": frames,
    }


def made_up_card(told: Told, like: dict[str, Any], kind: str = "lines") -> dict[str, Any]:
    """The card of a method that is told in one line, the rest as in another card."""
    name, label, family, supervision, loss_kind, year, multi = told
    return {
        **like,
        "name": name,
        "label": label,
        "title": f"Full title of {label}",
        "family": family,
        "supervision": supervision,
        "loss_kind": loss_kind,
        "citation": {**like["citation"], "year": year},
        "reads_multi_label": multi,
        "multi_label_note": "" if multi else "its loss needs exactly one class per image",
        "family_note": "Named in the 2023 edition only." if year > 2019 else "",
        "picture": picture(kind),
    }


def grow(source: Path, target: Path, others: tuple[Told, ...] = OTHERS) -> Path:
    """Copy a tree and add methods to it; methods that cannot read several labels get no such runs."""
    shutil.copytree(source, target)
    manifest = json.loads((source / "manifest.json").read_text("utf-8"))
    multi = {
        name for name, entry in manifest.get("datasets", {}).items() if entry.get("label_kind") == "multi"
    }
    cards = json.loads((source / "methods.json").read_text("utf-8"))
    known = {card["name"]: card for card in cards}
    others = tuple(told for told in others if told[0] not in known)
    for place, told in enumerate(others):
        name = told[0]
        like = known.get(_LIKE.get(name, "dpsh"), cards[0])
        cards.append(made_up_card(told, like, _KINDS.get(told[2], "lines")))
        for dataset in (target / "runs").iterdir():
            if dataset.is_dir() and (told[-1] or dataset.name not in multi):
                _again(dataset / like["name"], dataset / name, place)
    cards.sort(key=lambda card: list(_FAMILIES).index(card["family"]))
    (target / "methods.json").write_text(json.dumps(cards))
    return target


_FAMILIES = (
    "classic",
    "pairwise",
    "multiwise",
    "implicit",
    "classification",
    "quantization",
    "unsupervised",
)


def _again(run: Path, copy: Path, place: int) -> None:
    """The same runs under another name, the scores moved a little; real runs of that name stay."""
    if copy.exists():
        return
    shutil.copytree(run, copy)
    for path in copy.glob("*/result.json"):
        result = json.loads(path.read_text("utf-8"))
        result["config"]["method"] = copy.name
        shrink = 1 - 0.015 * (place % 23) - 0.002 * (place % 7)
        for rule, value in result["metrics"]["map"].items():
            result["metrics"]["map"][rule] = value * shrink
        for curve in result["curves"].values():
            curve["precision"] = [round(value * shrink, 6) for value in curve["precision"]]
        if copy.name in LEARNED:
            result["learned_codes"] = LEARNED[copy.name]
        if copy.name in _REMADE:
            result["code_kind"] = "codebook"
            result["metrics"].pop("radius", None)
        path.write_text(json.dumps(result))
    for path in copy.glob("*/codes.npz") if copy.name in _REMADE else ():
        codes, per_query = read_run_codes(path)
        write_run_codes(path, _REMADE[copy.name](codes), per_query)
        path.with_name("bits.npz").unlink(missing_ok=True)


def _weighted(codes: RunCodes) -> RunCodes:
    """Bits that count unlike, as books of two words."""
    assert isinstance(codes.database, BinaryCodes)
    assert isinstance(codes.query, BinaryCodes)
    half = np.linspace(0.1, 1, codes.database.n_bits, dtype=np.float16).astype(np.float32) / 2
    books = np.stack([-half, half], axis=1)[:, :, None]
    made = [CodebookCodes((unpack(c) > 0).astype(np.uint8), books) for c in (codes.database, codes.query)]
    return RunCodes(made[0], made[1], made[1].decode())


def _one_hot(codes: RunCodes) -> RunCodes:
    """Blocks of which one bit of sixteen is 1; a query keeps a share for each."""
    made = []
    for part in (codes.database, codes.query):
        assert isinstance(part, CodebookCodes)
        indices = part.indices
        if part.codebooks.shape[1] > 16:  # two blocks of sixteen for a book of 256
            indices = np.concatenate([indices >> 4, indices & 15], axis=1)
        books = np.tile(np.eye(16, dtype=np.float32), (indices.shape[1], 1, 1))
        made.append(CodebookCodes(indices, books, metric="ip"))
    return RunCodes(made[0], made[1], (0.7 * made[1].decode() + 0.3 / 16).astype(np.float32))


_REMADE: dict[str, Callable[[RunCodes], RunCodes]] = {"drsch": _weighted, "subic": _one_hot}


if __name__ == "__main__":
    grow(Path("sample_data"), Path(sys.argv[1]))
