"""A small tree of sample data in a temporary folder: two data sets, three methods, made-up codes."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.codes.packing import pack
from models.data import load_dataset
from models.engine.config import RunConfig
from models.engine.features import stacked, write_features
from models.engine.given_codes import open_given_codes
from models.engine.run_files import (
    BitSummary,
    CodeMap,
    RunCodes,
    write_bit_summary,
    write_map,
    write_run_codes,
)
from models.engine.store import RunStore
from models.metrics import evaluate
from models.types import BinaryCodes, CodebookCodes
from tests.app.forms import grow_forms
from tests.app.inputs import grow_inputs
from tests.app.many import grow
from tests.app.own import code_files, image_zip, read_images, store_run


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Undo what a page's script does to `__main__`: worker processes of later tests import it."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


METHODS = {"lsh": "classic", "dpsh": "pairwise", "dpq": "quantization"}
LENGTHS = (16, 32)
N_CODEBOOKS, N_CENTROIDS, DIM = 4, 16, 3


def card(name: str, family: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.upper(),
        "title": f"Full title of {name.upper()}",
        "family": family,
        "later_name": "ranking-based",
        "supervision": "unsupervised" if family == "classic" else "pairs",
        "code_kind": "codebook" if family == "quantization" else "binary",
        "citation": {
            "authors": "A. Author",
            "title": "A title",
            "venue": "Venue",
            "year": 2016,
            "arxiv": "1511.03855",
        },
        "loss_kind": "likelihood of pairs",
        "idea": "One idea.",
        "good_for": "One use.",
        "objective": r"\min_u \sum_{ij} \ell(u_i, u_j)",
        "symbols": [["u", "relaxed code"]],
        "n_bits": {"multiple_of": 1, "lowest": 1, "highest": 128, "text": "1 to 128"},
        "reads_multi_label": True,
        "multi_label_note": "",
        "recipe": {"epochs": 30, "batch_size": 128, "lr": 1e-3, "weight_decay": 1e-4, "sampler": "shuffled"},
        "differs": ["A difference."],
        "published": [
            {
                "map": 0.757,
                "n_bits": 32,
                "dataset": "CIFAR-10",
                "protocol": "1,000 / 5,000 / 54,000",
                "backbone": "CNN-F",
                "source": "the paper",
                "verified": name == "dpsh",
            }
        ],
        "references": ["A reference."],
        "params": [
            {
                "name": "eta",
                "default": 0.1,
                "help": "weight",
                "source": "the paper",
                "low": 0.0,
                "high": 10.0,
                "log": False,
                "choices": [],
            }
        ],
    }


def _write_scenes(root: Path, rng: np.random.Generator) -> None:
    """A data set with several labels per image."""
    folder = root / "toyscenes"
    folder.mkdir()
    labels = {"query": rng.random((30, 6)) < 0.35, "database": rng.random((200, 6)) < 0.35}
    labels["query"][:, 0] = True
    np.savez(folder / "labels.npz", **labels, train_rows=np.arange(80))
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 120, 40)).save(picture, "PNG")
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for split, n in (("query", 30), ("database", 200)):
            for row in range(n):
                archive.writestr(f"{split}/{row:05d}.png", picture.getvalue())
    entry = {
        "title": "Scenes",
        "label_kind": "multi",
        "class_names": [f"tag {i}" for i in range(6)],
        "image_size": 8,
        "licence": "MIT",
        "source": "generated",
    }
    (root / "manifest.json").write_text(json.dumps({"datasets": {"toyscenes": entry}}))


def _codes(name: str, n_bits: int, labels: dict[str, Any], rng: np.random.Generator) -> tuple[RunCodes, Any]:
    """Codes that follow the labels, with noise; and relaxed values for binary codes."""
    n_classes = labels["database"].shape[1]
    noise = 2.5 if METHODS[name] == "classic" else 0.8
    if METHODS[name] == "quantization":
        anchors = rng.normal(size=(n_classes, N_CODEBOOKS * DIM))
        books = rng.normal(size=(N_CODEBOOKS, N_CENTROIDS, DIM)).astype(np.float16).astype(np.float32)
        vectors = {
            split: (part @ anchors + noise * rng.normal(size=(len(part), N_CODEBOOKS * DIM))).astype(
                np.float32
            )
            for split, part in labels.items()
        }
        indices = {}
        for split, z in vectors.items():
            parts = z.reshape(len(z), N_CODEBOOKS, 1, DIM)
            indices[split] = np.square(parts - books).sum(axis=-1).argmin(axis=-1).astype(np.uint8)
        made = {split: CodebookCodes(i, books) for split, i in indices.items()}
        return RunCodes(made["database"], made["query"], vectors["query"]), None
    anchors = rng.normal(size=(n_classes, n_bits))
    u = {s: np.tanh(p @ anchors + noise * rng.normal(size=(len(p), n_bits))) for s, p in labels.items()}
    u["database"][:, 3] = np.abs(u["database"][:, 3])  # a bit that never changes
    return RunCodes(pack(u["database"] >= 0), pack(u["query"] >= 0)), u["database"]


def _write_features(root: Path, dataset: str) -> None:
    """Features that follow the labels, with noise."""
    rng = np.random.default_rng(len(dataset))
    opened = load_dataset(dataset)
    anchors = rng.normal(size=(opened.info.n_classes, 8))
    made = [
        (opened.labels(split) @ anchors + 0.5 * rng.normal(size=(len(opened.labels(split)), 8))).astype(
            np.float32
        )
        for split in ("query", "database")
    ]
    write_features(root / dataset / "features-small_cnn.npz", stacked(made[0], made[1], "0" * 16))


def _write_run(root: Path, dataset: str, name: str, n_bits: int, seed: int) -> None:
    opened = load_dataset(dataset)
    labels = {split: opened.labels(split) for split in ("query", "database")}
    rng = np.random.default_rng([seed, n_bits, len(name)])
    codes, u = _codes(name, n_bits, labels, rng)
    scores = evaluate(codes.queries, codes.database, labels["query"], labels["database"])
    folder = RunStore(root / "runs").folder(dataset, name, n_bits, seed)
    folder.mkdir(parents=True)
    if seed == 0:
        ap = {
            f"ap_{rule}": getattr(scores, f"ap_{rule}") for rule in ("expected", "optimistic", "pessimistic")
        }
        write_run_codes(
            folder / "codes.npz", codes, {key: value.astype(np.float32) for key, value in ap.items()}
        )
        places = {s: rng.random((len(p), 2)).astype(np.float32) for s, p in labels.items()}
        write_map(folder / "map.npz", CodeMap(places["database"], places["query"], 0.5, 10))
        if u is not None:
            edges = np.linspace(-1, 1, 41)
            counts = np.stack([np.histogram(bit, edges)[0] for bit in u.T]).astype(np.int64)
            order = np.argsort(u, axis=0, kind="stable").T.astype(np.int64)
            write_bit_summary(
                folder / "bits.npz", BitSummary(edges, counts, order[:, :12], order[:, :-13:-1])
            )
    config = RunConfig(
        dataset, name, n_bits, seed, "small_cnn", "head", 30, 128, 1e-3, 1e-4, sampler="shuffled"
    )
    protocol = {
        "k": None,
        "normalize_by": "relevant",
        "tie_rule": "expected",
        "radius": 2,
        "n_query": scores.n_query,
        "n_database": scores.n_database,
        "n_train": opened.info.n_train,
        "train_in_database": True,
        "relevance": "at least one shared label",
    }
    curves = {
        "pr": {"recall": scores.pr_recall.tolist(), "precision": scores.pr_precision.tolist()},
        "pn": {"k": scores.pn_k.tolist(), "precision": scores.pn_precision.tolist()},
    }
    kind = "binary" if isinstance(codes.database, BinaryCodes) else "codebook"
    result = {
        "config": dataclasses.asdict(config),
        "protocol": protocol,
        "metrics": scores.to_json(),
        "curves": curves,
        "code_kind": kind,
    }
    (folder / "result.json").write_text(json.dumps(result))
    (folder / "cost.json").write_text(
        json.dumps({"seconds": {"fit": 1.5, "encode": 0.1}, "peak_memory_bytes": 1})
    )


@pytest.fixture(scope="session")
def sample_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample_data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HASHLENS_SAMPLE_DATA", str(root))
        _write_scenes(root, np.random.default_rng(0))
        (root / "methods.json").write_text(json.dumps([card(*item) for item in METHODS.items()]))
        for dataset in ("digits", "toyscenes"):
            (root / dataset).mkdir(exist_ok=True)
            _write_features(root, dataset)
            measured = {
                "random_codes": {str(b): {"map_expected": 0.101} for b in LENGTHS},
                "float_ranking": {"small_cnn": {"map_expected": 0.6}},
                "lsh_pixels": {"32": {"map_expected": 0.12}},
            }
            (root / dataset / "baselines.json").write_text(json.dumps(measured))
            for name in METHODS:
                # Four books of 16 words make 16 bits.
                for n_bits in LENGTHS if name != "dpq" else (16,):
                    _write_run(root, dataset, name, n_bits, 0)
            _write_run(root, dataset, "dpsh", 32, 1)
    return root


@pytest.fixture
def stored(sample_tree: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The small tree as the app's sample data, every cache of the services empty before and after."""
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(sample_tree))
    _forget()
    yield sample_tree
    monkeypatch.undo()
    _forget()


@pytest.fixture(scope="session")
def many_tree(sample_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grow(sample_tree, tmp_path_factory.mktemp("many") / "sample_data")


@pytest.fixture
def many(many_tree: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Like `stored`, with 32 methods of six families, some of which do not read several labels."""
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(many_tree))
    _forget()
    yield many_tree
    monkeypatch.undo()
    _forget()


@pytest.fixture(scope="session")
def inputs_tree(sample_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grow_inputs(sample_tree, tmp_path_factory.mktemp("inputs") / "sample_data")


@pytest.fixture
def inputs(inputs_tree: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Like `stored`, with runs on other inputs, fine-tuned ones, and runs that keep their figures only."""
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(inputs_tree))
    _forget()
    yield inputs_tree
    monkeypatch.undo()
    _forget()


@pytest.fixture(scope="session")
def forms_tree(sample_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grow_forms(sample_tree, tmp_path_factory.mktemp("forms") / "sample_data")


@pytest.fixture
def forms(forms_tree: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Like `stored`, with codebook codes of every structure and metric."""
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(forms_tree))
    _forget()
    yield forms_tree
    monkeypatch.undo()
    _forget()


@pytest.fixture(scope="session")
def own_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with images without labels, and with codes of another system, labelled and not."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HASHLENS_LIBRARY", str(folder / "library"))
        read_images("bare", image_zip(folder / "bare.zip", folders=False))
        store_run("bare", "lsh")
        store_run("bare", "lsh", 32)
        for name, labelled in (("given", True), ("plain", False)):
            (folder / name).mkdir()
            list(open_given_codes(name, *code_files(folder / name, labelled=labelled), "own"))
    return folder / "library"


@pytest.fixture
def own(stored: Path, own_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small tree and a library of its own for one test."""
    shutil.copytree(own_tree, tmp_path / "library")
    monkeypatch.setenv("HASHLENS_LIBRARY", str(tmp_path / "library"))
    _forget()
    return tmp_path / "library"


def _forget() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith(("app.services", "models.data")):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
