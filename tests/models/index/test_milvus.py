"""Codes in Milvus (a file of milvus-lite): against exhaustive search, broken off, tampered with."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.codes.exchange import CodeFile
from models.codes.packing import pack
from models.errors import ConfigError, DataError, NotAvailableError
from models.index import open_index
from models.types import BinaryCodes
from tests.models.index.clustered import clustered_codes

try:
    import pymilvus  # noqa: F401
except ImportError:
    pytest.skip("pymilvus is not installed: pip install -r requirements-dev.txt", allow_module_level=True)

from models.index import milvus
from models.index.milvus import MilvusIndex, drop_collection, open_collection
from models.index.milvus_client import INSTALL, connect
from models.index.milvus_items import Items


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("milvus") / "codes.db")


@pytest.fixture
def collection(uri: str, request: pytest.FixtureRequest) -> Iterator[str]:
    name = "".join(c if c.isalnum() else "_" for c in request.node.name)
    yield name
    client = connect(uri)
    client.drop_collection(name)


def described(codes: BinaryCodes, labels: str = "single", ids: str = "number") -> CodeFile:
    rng = np.random.default_rng(0)
    n = len(codes)
    return CodeFile(
        codes,
        labels=rng.integers(0, 9, n) if labels == "single" else rng.random((n, 6)) < 0.3,
        ids=np.arange(n) * 7 if ids == "number" else np.array([f"item {i} é" for i in range(n)]),
        filenames=np.array([f"folder/{i}.png" for i in range(n)]),
    )


@pytest.mark.parametrize("n_bits", [12, 16, 33, 64, 130])
def test_search_is_exhaustive_search(
    n_bits: int, uri: str, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus, "HITS_AT_ONCE", 1000)
    queries, database = clustered_codes(8, 400, n_bits)
    index = open_index(database, "milvus", uri=uri, collection=collection)
    for k in (1, 7, 400):
        exact, found = open_index(database).search(queries, k), index.search(queries, k)
        assert np.array_equal(found.distances, exact.distances)
        assert np.array_equal(found.ids, exact.ids)
        assert np.array_equal(found.n_tied_beyond, exact.n_tied_beyond)
        assert found.ties == "exact"
        assert (found.distances.dtype, found.ids.dtype) == (np.int32, np.int64)


def test_ties_longer_than_milvus_answers(uri: str, collection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milvus, "MAX_ITEMS", 20)
    database = pack(np.zeros((50, 16)))
    index = MilvusIndex(database, uri=uri, collection=collection)
    found = index.search(database[:1], 5)
    assert found.ties == "at least"
    assert found.n_tied_beyond.tolist() == [15]
    with pytest.raises(ConfigError, match="at most 20 items"):
        index.search(database[:1], 21)


@pytest.mark.parametrize(("labels", "ids"), [("single", "number"), ("multi", "text")])
def test_labels_and_names_come_back(
    labels: str, ids: str, uri: str, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus, "RECORDS_AT_ONCE", 50)
    _, database = clustered_codes(1, 120, 24)
    file = described(database, labels, ids)
    MilvusIndex(database, uri=uri, collection=collection, file=file)
    opened = open_collection(uri, collection)
    assert (opened.n_database, opened.n_bits) == (120, 24)
    assert file.ids is not None
    for row, known in zip((119, 3, 3), opened.names(np.array([119, 3, 3])), strict=True):
        assert known == {"row": row, "id": file.ids[row].item(), "filename": f"folder/{row}.png"}
    stored = connect(uri).query(collection, filter="id in [5]", output_fields=["labels"])
    assert file.labels is not None
    mine = file.labels[5]
    assert list(stored[0]["labels"]) == (np.flatnonzero(mine).tolist() if labels == "multi" else [mine])


def test_a_build_that_was_broken_off_goes_on(
    uri: str, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries, database = clustered_codes(3, 100, 32)
    file = described(database)

    def stop(done: int, total: int) -> None:
        assert total == 100
        if done >= 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        MilvusIndex(database, uri=uri, collection=collection, batch_size=20, file=file, progress=stop)
    with pytest.raises(DataError, match="holds 40 of 100 items: its build was broken off"):
        open_collection(uri, collection)
    reported: list[int] = []
    MilvusIndex(
        database, uri=uri, collection=collection, batch_size=25, file=file,
        progress=lambda done, total: reported.append(done),
    )  # fmt: skip
    assert reported == [40, 65, 90, 100]
    found = open_collection(uri, collection).search(queries, 9)
    assert np.array_equal(found.ids, open_index(database).search(queries, 9).ids)
    reported.clear()
    MilvusIndex(
        database, uri=uri, collection=collection, file=file,
        progress=lambda done, total: reported.append(done),
    )  # fmt: skip
    assert reported == [100], "nothing is sent twice"


@pytest.mark.parametrize("what", ["code", "labels", "name", "filename"])
def test_what_came_back_is_compared(what: str, uri: str, collection: str) -> None:
    _, database = clustered_codes(1, 30, 16)
    file = described(database)
    index = MilvusIndex(database, uri=uri, collection=collection, file=file)
    record = Items(database, file).record(17)
    changed: dict[str, Any] = {"code": bytes(2), "labels": [99], "name": "x", "filename": "y"}
    index._client.upsert(collection, [{**record, what: changed[what]}])
    with pytest.raises(DataError, match="Item 17 came back"):
        MilvusIndex(database, uri=uri, collection=collection, file=file)


def test_other_content_is_never_overwritten(uri: str, collection: str) -> None:
    _, database = clustered_codes(1, 30, 16)
    MilvusIndex(database, uri=uri, collection=collection)
    for other, file in ((database[:29], None), (database, described(database))):
        with pytest.raises(DataError, match="holds something else"):
            MilvusIndex(other, uri=uri, collection=collection, file=file)
    drop_collection(uri, collection)
    with pytest.raises(NotAvailableError, match="There is no collection"):
        open_collection(uri, collection)
    with pytest.raises(NotAvailableError, match="There is no collection"):
        drop_collection(uri, collection)
    connect(uri).create_collection(collection, dimension=8)
    for attempt in (open_collection, drop_collection):
        with pytest.raises(DataError, match="not made by this program"):
            attempt(uri, collection)
    with pytest.raises(DataError, match="holds something else"):
        MilvusIndex(database, uri=uri, collection=collection)


def test_bad_queries(uri: str, collection: str) -> None:
    queries, database = clustered_codes(2, 30, 16)
    index = MilvusIndex(database, uri=uri, collection=collection)
    with pytest.raises(DataError, match="24 bits and database codes 16"):
        index.search(clustered_codes(2, 3, 24)[0], 1)
    with pytest.raises(DataError, match="real vectors"):
        index.search(np.zeros((2, 8), np.float32), 1)
    with pytest.raises(DataError, match="no queries"):
        index.search(queries[:0], 1)
    with pytest.raises(DataError, match="k=31"):
        index.search(queries, 31)
    with pytest.raises(DataError, match="database is empty"):
        MilvusIndex(database[:0], uri=uri, collection=collection)
    long = CodeFile(database, filenames=np.array(["é" * 3000] * 30))
    with pytest.raises(DataError, match="6000 bytes"):
        MilvusIndex(database, uri=uri, collection=collection, file=long)


def test_addresses_that_lead_nowhere(tmp_path: Path) -> None:
    _, database = clustered_codes(1, 30, 16)
    with pytest.raises(ConfigError, match="neither a file that ends in"):
        MilvusIndex(database, uri="codes.sqlite")
    with pytest.raises(NotAvailableError, match="cannot be opened"):
        MilvusIndex(database, uri=str(tmp_path / "none" / "x.db"))
    with pytest.raises(NotAvailableError, match=r"Milvus at http://127\.0\.0\.1:1 answered"):
        MilvusIndex(database, uri="http://127.0.0.1:1")
    with pytest.raises(NotAvailableError, match="answered"):
        MilvusIndex(database, uri=str(tmp_path / "x.db"), collection="7 bad names")


def test_without_milvus_the_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "pymilvus":
            raise ModuleNotFoundError("No module named 'pymilvus'", name="pymilvus")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(NotAvailableError, match=r"pip install .*pymilvus"):
        MilvusIndex(clustered_codes(1, 30, 16)[1], uri=str(tmp_path / "x.db"))


def test_without_milvus_lite_the_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("milvus_lite", "milvus_lite.server_manager"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NotAvailableError, match=r"milvus-lite is not installed here\. Run: pip install"):
        connect(str(tmp_path / "x.db"))


def test_the_command_installs_what_is_tested() -> None:
    pinned = (Path(__file__).parents[3] / "requirements-dev.txt").read_text().split()
    packages = re.findall('"(.+?)"', INSTALL)
    assert len(packages) == 3
    assert set(packages) <= set(pinned)
