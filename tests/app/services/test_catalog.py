"""What can be chosen, and what the app opens with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.services import NotAvailableError, catalog


def test_only_what_is_stored_can_be_chosen(stored: Path) -> None:
    assert [info.name for info in catalog.datasets()] == ["toyscenes", "digits"]
    assert catalog.methods("digits") == ("lsh", "dpsh", "dpq")
    assert catalog.lengths("digits", "dpq") == (16,)
    assert catalog.lengths("digits", "nonsense") == ()
    assert catalog.methods("nowhere") == ()


def test_no_data_says_what_to_do(tmp_path: Path, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path))
    catalog._stored.cache_clear()
    catalog.datasets.cache_clear()
    with pytest.raises(NotAvailableError, match="make zoo"):
        catalog.datasets()


def test_opens_with_bits_to_show(stored: Path) -> None:
    for dataset in ("digits", "toyscenes"):
        method = catalog.default_method(dataset)
        assert catalog.has_bits(dataset, method, catalog.default_length(dataset, method))


def test_of_equally_good_methods_the_least_collapsed_opens(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Run:
        def __init__(self, expected: float, distinct: int) -> None:
            self.result = {"metrics": {"map": {"expected": expected}}, "health": {"distinct_codes": distinct}}

    runs = {"lsh": Run(0.4, 9999), "dpsh": Run(0.90, 300), "dpq": Run(0.91, 20)}
    monkeypatch.setattr(catalog, "open_run", lambda dataset, method, n_bits: runs[method])
    assert catalog.default_method("digits") == "dpsh"


def test_opens_with_a_query_of_middling_difficulty(stored: Path) -> None:
    ap = catalog.open_run("digits", catalog.default_method("digits"), 32).per_query["ap_expected"]
    opening = ap[catalog.default_query("digits")]
    assert abs(opening - ap.mean()) == np.abs(ap - ap.mean()).min()


def test_an_image_is_described_by_its_caption_or_its_classes(stored: Path) -> None:
    names = catalog.label_names("toyscenes", "query", 0)
    assert "tag 0" in names
    assert catalog.describe("toyscenes", "query", 0) == ", ".join(names)
