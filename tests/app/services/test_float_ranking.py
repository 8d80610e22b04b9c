"""Features of the library rank as slow loops over them do, read in pieces; which backbone, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.services import catalog, compare, float_ranking
from app.services.upload import receive
from models.errors import NotAvailableError
from models.metrics import average_precision, histogram_of_distances
from tests.app.own import picture
from tests.app.pages import open_page
from tests.app.test_search_view import sent

Write = Callable[..., Path]
KEY = "0123456789abcdef"


@pytest.fixture
def write(own: Path) -> Write:
    """Store features of a pool as `models.engine.feature_file` does."""

    def put(pool: str, backbone: str, key: str = KEY, missing: int = 0) -> Path:
        n = catalog.open_dataset(pool).n_pool
        path = own / "features" / f"{pool}-{backbone}-{key}.npy"
        path.parent.mkdir(exist_ok=True)
        rng = np.random.default_rng(len(backbone))
        np.save(path, rng.normal(size=(n, 5)).astype("<f2"))
        path.with_suffix(".json").write_text(json.dumps({"done": n - missing, "n": n, "n_features": 5}))
        return path

    return put


def test_none_without_features(own: Path) -> None:
    assert not float_ranking.available("bare")
    assert all(not side.is_float for side in compare.sides("bare"))
    with pytest.raises(NotAvailableError, match="python -m models features bare"):
        float_ranking.distances("bare", "query", 0)


def test_unfinished_and_foreign_features_do_not_count(own: Path, write: Write) -> None:
    write("bare", "small_cnn", missing=1)
    write("bare", "nobody_net")
    (own / "features" / f"bare-hog-{KEY}.npy").write_bytes(b"no note beside it")
    # Features of another pool whose name begins alike.
    path = write("bare", "resnet18")
    path.rename(path.with_name(f"bare-more-resnet18-{KEY}.npy"))
    path.with_suffix(".json").rename(path.with_name(f"bare-more-resnet18-{KEY}.json"))
    assert float_ranking.backbone_name("bare") is None


def test_the_backbone_of_most_runs_ranks(own: Path, write: Write) -> None:
    write("bare", "resnet18")
    assert float_ranking.backbone_name("bare") == "resnet18", "the only one"
    write("bare", "small_cnn")
    assert float_ranking.backbone_name("bare") == "small_cnn", "both runs stand on it"
    assert compare.sides("bare")[0].is_float


def test_distances_equal_a_slow_loop_over_the_file(
    own: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(float_ranking, "PIECE", 7)
    pool = np.load(write("given", "hog")).astype(np.float64)
    data = catalog.open_dataset("given")
    database, query = pool[data.pool_rows("database")], pool[data.pool_rows("query")[3]]
    slow = [1 - row @ query / np.linalg.norm(row) / np.linalg.norm(query) for row in database]
    np.testing.assert_allclose(float_ranking.distances("given", "query", 3), slow, atol=1e-5)
    assert float_ranking.distances("given", "database", 9).argmin() == 9


def test_ap_follows_the_protocol_of_the_data(
    own: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("given", "hog")
    card = own / "datasets/given/dataset.json"
    document = json.loads(card.read_text())
    (protocol,) = document["protocols"].values()
    protocol |= {"k": 10, "normalize_by": "retrieved"}
    card.write_text(json.dumps(document))
    catalog.open_dataset.cache_clear()
    monkeypatch.setattr(float_ranking, "IN_MEMORY", 36 * 3)  # three queries at a time
    data = catalog.open_dataset("given")
    found = float_ranking.per_query_ap("given")
    assert found.shape == (8,) and not found.flags.writeable
    for row in range(8):
        away = float_ranking.distances("given", "query", row)[None]
        relevant = (data.labels("database") & data.labels("query")[row]).any(axis=1)[None]
        record = histogram_of_distances(away, relevant)
        slow = average_precision(record, k=10, normalize_by="retrieved")[0]
        assert found[row] == pytest.approx(slow, abs=1e-6)
    assert found.mean() != pytest.approx(average_precision(record)[0], abs=1e-6)


def test_an_upload_meets_only_features_of_the_same_weights(
    own: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("bare", "small_cnn")
    network: Any = SimpleNamespace(name="small_cnn")
    monkeypatch.setattr("models.networks.backbones.load_backbone", lambda name, image_size: network)
    monkeypatch.setattr(
        "models.engine.features.embed_images", lambda _, images: np.ones((1, 5), dtype=np.float32)
    )
    upload = receive(picture((20, 40, 60), 1))
    monkeypatch.setattr("models.engine.features._key", lambda content, backbone: "f" * 16)
    with pytest.raises(NotAvailableError, match=r"other weights of small_cnn.*features bare --backbone"):
        float_ranking.distances_of_upload("bare", upload)
    monkeypatch.setattr("models.engine.features._key", lambda content, backbone: KEY)
    away = float_ranking.distances_of_upload("bare", upload)
    assert away.shape == (catalog.open_dataset("bare").info.n_database,) and away.min() >= -1e-6


@pytest.mark.parametrize("pool", ["bare", "given"])
def test_compare_shows_what_would_be_without_hashing(own: Path, write: Write, pool: str) -> None:
    write(pool, "small_cnn")
    app = open_page("compare", db=pool)
    assert not app.exception and not app.error
    assert any("float features" in column["title"] for column in sent(app, "compare_columns")["columns"])
