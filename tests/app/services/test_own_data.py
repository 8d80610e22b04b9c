"""The list of own data sets, and that pages notice what comes and goes without a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.services import catalog, freshness, own_data
from models.errors import UnknownNameError
from tests.app.own import store_run


def test_what_is_listed(own: Path) -> None:
    found = {one.name: one for one in own_data.own_data()}
    assert set(found) == {"bare", "given", "plain"}
    bare = found["bare"]
    assert (bare.n_images, bare.n_classes, bare.has_images) == (36, 0, True)
    assert bare.n_query + bare.n_database == 36
    assert bare.runs == (("lsh", 16), ("lsh", 32))
    assert found["given"].n_classes == 3 and not found["given"].has_images
    files = [path for path in own.rglob("*") if path.is_file()]
    assert sum(one.n_bytes for one in found.values()) == sum(path.stat().st_size for path in files)
    assert own_data.opening_run("given") == ("own", 16)


def test_a_damaged_one_is_listed_with_its_problem(own: Path) -> None:
    (own / "datasets/plain/dataset.json").write_text("{")
    found = {one.name: one for one in own_data.own_data()}
    assert "damaged" in found["plain"].problem and not found["given"].problem
    assert "plain" not in {info.name for info in catalog.datasets()}


def test_forget_frees_what_was_said(own: Path) -> None:
    size = next(one.n_bytes for one in own_data.own_data() if one.name == "bare")
    assert own_data.forget("bare") == size
    assert not list(own.rglob("*bare*"))
    with pytest.raises(UnknownNameError):
        own_data.forget("bare")


def test_caches_follow_the_library(own: Path) -> None:
    freshness.changed()
    assert catalog.lengths("bare", "lsh") == (16, 32)
    assert not freshness.changed()
    store_run("bare", "lsh", 64)
    assert catalog.lengths("bare", "lsh") == (16, 32), "nothing is looked up twice without need"
    assert freshness.changed()
    assert catalog.lengths("bare", "lsh") == (16, 32, 64)
    own_data.forget("bare")
    assert freshness.changed()
    assert "bare" not in {info.name for info in catalog.datasets()}


@pytest.mark.parametrize(
    ("n", "words"), [(0, "0 B"), (1500, "1.5 kB"), (25_000_000, "25 MB"), (3_210_000_000, "3.2 GB")]
)
def test_sizes_in_words(n: int, words: str) -> None:
    assert own_data.written_bytes(n) == words
