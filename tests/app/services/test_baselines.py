"""Rankings without a trained code that every method is compared with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services import baselines

RECORD = {
    "random_codes": {"16": {"map_expected": 0.1}, "48": {"map_expected": 0.1}},
    "float_ranking": {"mobilenet_v2": {"map_expected": 0.5}},
    "classifier": {"class number": {"n_bits": 4, "map_expected": 0.7}},
}


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path]]:
    """Sample data and library, both empty."""
    found = tmp_path / "sample_data", tmp_path / "library"
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(found[0]))
    monkeypatch.setenv("HASHLENS_LIBRARY", str(found[1]))
    caches = (baselines.baselines, baselines.references)
    for cache in caches:
        cache.cache_clear()
    yield found
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize("place", [0, 1])
def test_baselines_are_read_where_the_runs_are(roots: tuple[Path, Path], place: int) -> None:
    folder = roots[place] / "cifar10"
    folder.mkdir(parents=True)
    (folder / "baselines.json").write_text(json.dumps(RECORD))
    found = {r.name: (r.n_bits, r.map_expected, r.has_lengths) for r in baselines.references("cifar10")}
    assert found["classifier, class number"] == (4, 0.7, False)
    assert found["float ranking, mobilenet_v2"] == (None, 0.5, False)
    assert found["random codes"][2]


def test_without_a_record_there_are_none(roots: tuple[Path, Path]) -> None:
    assert baselines.references("cifar10") == ()
