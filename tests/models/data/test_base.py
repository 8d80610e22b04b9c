from __future__ import annotations

from pathlib import Path

import pytest

from models.data import dataset_infos, dataset_names, load_dataset, sample_data_root
from models.data.base import DatasetInfo, check_row
from models.errors import DataError, UnknownNameError

INFO = DatasetInfo("tiny", "Tiny", 2, 3, 5, 2, "single", ("a", "b"), 8, "CC0-1.0", "nowhere")


def test_names_infos_and_lookup_agree() -> None:
    assert dataset_names()[0] == "toyworld", "the first data set is the one that the app opens with"
    assert [info.name for info in dataset_infos()] == list(dataset_names())
    assert load_dataset("digits") is load_dataset("digits")


def test_unknown_names_are_answered_with_close_ones() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean toyworld"):
        load_dataset("toyword")


def test_the_root_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HASHLENS_SAMPLE_DATA", raising=False)
    assert sample_data_root().name == "sample_data"
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path))
    assert sample_data_root() == tmp_path
    assert not load_dataset("toyworld").info.available, (
        "a data set is looked for under the root of the moment"
    )


def test_rows_and_splits_are_checked() -> None:
    assert [INFO.n_rows(split) for split in ("train", "query", "database")] == [2, 3, 5]
    check_row(INFO, "query", 2)
    with pytest.raises(DataError, match=r"rows 0 to 2; row 3 was asked for"):
        check_row(INFO, "query", 3)
    with pytest.raises(DataError, match="row -1"):
        check_row(INFO, "query", -1)
    with pytest.raises(DataError, match="train, query, database"):
        INFO.n_rows("test")  # type: ignore[arg-type]
