"""Label vectors that the user gives: read by class name, handed to the method, part of the run's key."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.engine.build import build_model, make_config
from models.engine.config import RunConfig
from models.engine.events import Finished
from models.engine.inputs import TrainData
from models.engine.label_vectors import read_label_vectors
from models.engine.trainer import train
from models.errors import ConfigError, DataError

NAMES = ("car", "house", "potted plant")
VECTORS = np.array([[1, 0, 2], [0, 1, 0.5], [-1, 1, 0]], dtype=np.float32)


def npz(folder: Path, **arrays: Any) -> Path:
    path = folder / "vectors.npz"
    np.savez(path, **({"names": np.array(NAMES), "vectors": VECTORS} | arrays))
    return path


def text(folder: Path, *lines: str) -> Path:
    path = folder / "vectors.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_npz_is_matched_by_name_not_by_row(tmp_path: Path) -> None:
    path = npz(tmp_path, names=np.array(["house", "Potted_Plant", "spare", "car"]), vectors=np.eye(4))
    found = read_label_vectors(path, NAMES)
    assert found.vectors.dtype == np.float32 and np.array_equal(found.vectors, np.eye(4)[[3, 0, 1]])
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("first", [[], ["5 2"]], ids=["GloVe", "word2vec"])
def test_text_with_and_without_the_line_of_counts(tmp_path: Path, first: list[str]) -> None:
    """A name of two words is the mean of their vectors; other words' lines are not even parsed."""
    path = text(tmp_path, *first, "house 1 2", "Car 3 4", "odd .. line", "plant 0 -1", "potted 2 1e1")
    found = read_label_vectors(path, NAMES)
    assert np.array_equal(found.vectors, np.array([[3, 4], [1, 2], [1, 4.5]], dtype=np.float32))
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_exact_names_come_first(tmp_path: Path) -> None:
    path = text(tmp_path, "Car 1 1", "car 2 2", "potted-plant 3 3", "potted 9 9", "plant 9 9", "house 4 4")
    assert np.array_equal(read_label_vectors(path, NAMES).vectors[:, 0], [2, 4, 3])


def test_missing_names_are_listed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no vector for 2 of 3 classes: house, potted plant\. Add them"):
        read_label_vectors(text(tmp_path, "car 1 2", "plant 3 4"), NAMES)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"vectors": VECTORS[:2]}, r"names <U12 \(3,\) and vectors float32 \(2, 3\)"),
        ({"vectors": VECTORS[0]}, r"vectors float32 \(3,\)"),
        ({"vectors": np.array([["a"] * 2] * 3)}, "vectors <U1"),
        ({"names": np.arange(3)}, "names int64"),
        ({"names": np.array(NAMES, dtype=object)}, "holds no label vectors"),
        ({"names": np.array(["car", "car", "house"])}, "more than one vector for car"),
        ({"vectors": VECTORS * [[1], [0], [1]]}, "zero or not finite"),
        ({"vectors": VECTORS + np.array([[0], [np.inf], [0]])}, "zero or not finite"),
        ({"vectors": np.zeros((3, 0))}, r"vectors float64 \(3, 0\)"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_label_vectors(npz(tmp_path, **arrays), NAMES)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.npz cannot be read: No such file"):
        read_label_vectors(tmp_path / "nowhere.npz", NAMES)
    with pytest.raises(DataError, match=r"from a \.npz or a \.txt file; got words\.bin"):
        read_label_vectors(tmp_path / "words.bin", NAMES)
    (tmp_path / "cut.npz").write_bytes(npz(tmp_path).read_bytes()[:100])
    with pytest.raises(DataError, match=r"cut\.npz holds no label vectors"):
        read_label_vectors(tmp_path / "cut.npz", NAMES)
    with (tmp_path / "array.npz").open("wb") as file:
        np.save(file, VECTORS)
    with pytest.raises(DataError, match=r"array\.npz holds no label vectors"):
        read_label_vectors(tmp_path / "array.npz", NAMES)
    with pytest.raises(DataError, match=r"folder\.txt cannot be read"):
        (tmp_path / "folder.txt").mkdir()
        read_label_vectors(tmp_path / "folder.txt", NAMES)
    np.savez(tmp_path / "other.npz", names=np.array(NAMES))
    with pytest.raises(DataError, match=r"other\.npz holds no label vectors"):
        read_label_vectors(tmp_path / "other.npz", NAMES)


def test_lines_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 2: 'house' is not followed by numbers"):
        read_label_vectors(text(tmp_path, "car 1 2", "house 1 x"), NAMES)
    with pytest.raises(DataError, match=r"line 1: 'car' is not followed by numbers"):
        read_label_vectors(text(tmp_path, "car"), NAMES)
    with pytest.raises(DataError, match="differ in length"):
        read_label_vectors(text(tmp_path, "car 1 2", "house 1 2 3", "potted 1 1", "plant 2 2"), NAMES)


def dvsq(**changes: Any) -> RunConfig:
    return make_config("tiny", "dvsq", 8, epochs=1, batch_size=60, **changes)


def test_the_file_is_part_of_the_key() -> None:
    """Without a file, configurations and so their keys are what they were before files could be given."""
    plain, one, other = dvsq(), dvsq(label_vectors="aa"), dvsq(label_vectors="bb")
    assert len({plain.key, one.key, other.key}) == 3
    assert "label_vectors" not in plain.to_json() and "label_vectors" not in plain.to_dict()
    assert RunConfig.from_json(one.to_json()) == one and RunConfig.from_json(plain.to_json()) == plain


def test_methods_that_read_no_vectors_refuse_them() -> None:
    with pytest.raises(ConfigError, match=r"dpsh reads no label vectors.*: dvsq"):
        make_config("tiny", "dpsh", 8, label_vectors="aa")


def test_configuration_and_data_have_to_agree(data: TrainData) -> None:
    n_classes = data.labels.shape[1]
    given = dataclasses.replace(data, label_vectors=np.ones((n_classes, 5), dtype=np.float32))
    with pytest.raises(ConfigError, match="names no file of label vectors, and some came"):
        build_model(dvsq(), given)
    with pytest.raises(ConfigError, match="names a file of label vectors, and none came"):
        build_model(dvsq(label_vectors="aa"), data)
    short = dataclasses.replace(data, label_vectors=np.ones((n_classes - 1, 5), dtype=np.float32))
    with pytest.raises(ConfigError, match=f"{n_classes - 1} label vectors do not fit {n_classes} classes"):
        build_model(dvsq(label_vectors="aa"), short)


def test_training_is_by_the_given_vectors(data: TrainData) -> None:
    """The cosines of the trained model's label vectors are those of the given ones, of another width."""
    n_classes = data.labels.shape[1]
    vectors = np.random.default_rng(1).normal(size=(n_classes, 300)).astype(np.float32)
    given = dataclasses.replace(data, label_vectors=vectors)
    events = list(train(dvsq(label_vectors="aa"), given))
    assert isinstance(events[-1], Finished)
    found: Any = events[-1].model.method.vectors
    exact = torch.nn.functional.normalize(torch.from_numpy(vectors))
    torch.testing.assert_close(
        found @ found.T, exact @ exact.T, atol=2e-3, rtol=0
    )  # stored in half precision
