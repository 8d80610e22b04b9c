"""codes.npz: every form in, the same codes out; everything else refused in one line."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.codes.exchange import CodeFile, read_codes, write_codes
from models.codes.labels import agree_on_labels
from models.codes.packing import binarize_array, pack, unpack
from models.errors import DataError, StorageError
from models.types import BinaryCodes, CodebookCodes

U = np.random.default_rng(0).standard_normal((6, 12))
B = binarize_array(U)
BOOKS = np.random.default_rng(1).standard_normal((3, 4, 2)).astype(np.float32)
WORDS = np.random.default_rng(2).integers(0, 4, (6, 3))


def saved(tmp_path: Path, **arrays: Any) -> Path:
    path = tmp_path / "codes.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    "arrays",
    [
        {"packed": pack(B).packed, "n_bits": 12},
        {"packed": pack(B).packed, "n_bits": np.array([12], np.uint8)},
        {"b": B},
        {"b": (B + 1) // 2},
        {"b": B > 0},
        {"b": B.astype(np.float64)},
        {"u": U},
        {"u": U.astype(np.float16)},
    ],
)
def test_every_form_of_binary_codes(tmp_path: Path, arrays: dict[str, Any]) -> None:
    codes = read_codes(saved(tmp_path, **arrays)).codes
    assert isinstance(codes, BinaryCodes)
    assert np.array_equal(unpack(codes), B)


def test_tiny_negative_values_keep_their_side(tmp_path: Path) -> None:
    codes = read_codes(saved(tmp_path, u=np.array([[-1e-300, 0.0, -0.0, 1e-300]]))).codes
    assert isinstance(codes, BinaryCodes)
    assert unpack(codes).tolist() == [[-1, 1, 1, 1]]


@pytest.mark.parametrize("structure", ["product", "additive"])
@pytest.mark.parametrize("metric", ["l2", "ip"])
def test_codebook_codes(tmp_path: Path, structure: str, metric: str) -> None:
    codes = CodebookCodes(WORDS.astype(np.uint8), BOOKS, structure, metric)  # type: ignore[arg-type]
    write_codes(tmp_path / "out.npz", codes, embeddings=U.astype(np.float32))
    back = read_codes(tmp_path / "out.npz")
    assert isinstance(back.codes, CodebookCodes)
    assert (back.codes.structure, back.codes.metric) == (structure, metric)
    assert np.array_equal(back.codes.decode(), codes.decode())
    assert np.array_equal(back.queries, U.astype(np.float32))


def test_foreign_codebooks_may_be_wider_and_take_defaults(tmp_path: Path) -> None:
    codes = read_codes(
        saved(tmp_path, indices=WORDS.astype(np.int64), codebooks=BOOKS.astype(np.float64))
    ).codes
    assert isinstance(codes, CodebookCodes)
    assert (codes.structure, codes.metric) == ("product", "l2")


def test_query_vectors_alone(tmp_path: Path) -> None:
    file = read_codes(saved(tmp_path, embeddings=U))
    assert file.codes is None
    assert len(file) == 6
    assert isinstance(file.queries, np.ndarray)


def test_codebook_codes_alone_are_no_queries(tmp_path: Path) -> None:
    file = read_codes(saved(tmp_path, indices=WORDS, codebooks=BOOKS))
    with pytest.raises(DataError, match="embeddings"):
        _ = file.queries


def test_labels_ids_and_filenames_come_back(tmp_path: Path) -> None:
    names = np.array([f"bild_{i}.png" for i in range(6)])
    path = tmp_path / "out.npz"
    write_codes(path, pack(B), labels=np.arange(6), ids=np.arange(6) + 100, filenames=names)
    file = read_codes(path)
    assert file.labels is not None
    assert file.ids is not None
    assert file.filenames is not None
    assert file.labels.tolist() == list(range(6))
    assert file.ids.tolist() == list(range(100, 106))
    assert file.filenames.tolist() == names.tolist()
    write_codes(path, pack(B), labels=np.eye(6, dtype=bool), ids=names)
    again = read_codes(path)
    assert again.labels is not None
    assert again.ids is not None
    assert again.labels.dtype == np.bool_
    assert again.ids.tolist() == names.tolist()


def test_no_items_at_all(tmp_path: Path) -> None:
    write_codes(tmp_path / "none.npz", pack(B)[:0], labels=np.zeros(0, np.int64))
    assert len(read_codes(tmp_path / "none.npz")) == 0


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        write_codes(tmp_path / name, pack(B), labels=np.arange(6))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"labels": np.arange(6)}, "one of packed, b, u, indices, embeddings is needed; found labels"),
        ({"kodes": B}, "found nothing known"),
        ({"b": B, "u": U}, "one form; found b and u"),
        ({"packed": pack(B).packed}, "n_bits"),
        ({"packed": pack(B).packed, "n_bits": 12.0}, "n_bits"),
        ({"packed": pack(B).packed, "n_bits": 0}, "at least 1 bit"),
        ({"packed": pack(B).packed, "n_bits": -4}, "at least 1 bit"),
        ({"packed": pack(B).packed, "n_bits": 24}, r"shape \(n, 3\)"),
        ({"packed": pack(B).packed.astype(int), "n_bits": 12}, "int64"),
        ({"packed": np.packbits(B > 0, axis=1, bitorder="little"), "n_bits": 12}, "behind the 12th"),
        ({"b": B * 2}, "found the values -2, 2"),
        ({"b": B[0]}, r"shape \(12,\)"),
        ({"b": B.astype(str)}, "<U"),
        ({"u": np.where(U > 1, np.nan, U)}, "NaN or infinity in"),
        ({"u": U[0]}, r"\(n, size\)"),
        ({"u": U.astype(complex)}, "complex128"),
        ({"embeddings": np.full((6, 3), 1e300)}, "NaN or infinity in 6 rows"),
        ({"indices": WORDS}, "`codebooks`"),
        ({"indices": WORDS - 1, "codebooks": BOOKS}, "0 to 255"),
        ({"indices": WORDS + 256, "codebooks": BOOKS}, "0 to 255"),
        ({"indices": WORDS + 4, "codebooks": BOOKS}, "a book with 4 words"),
        ({"indices": WORDS.astype(float), "codebooks": BOOKS}, "whole numbers"),
        ({"indices": WORDS, "codebooks": BOOKS * np.nan}, "finite"),
        ({"indices": WORDS, "codebooks": BOOKS[0]}, r"\(4, 2\)"),
        ({"indices": WORDS, "codebooks": BOOKS[:, :3]}, "power of two"),
        ({"indices": WORDS, "codebooks": BOOKS, "metric": "cosine"}, "'cosine'"),
        ({"indices": WORDS, "codebooks": BOOKS, "structure": np.arange(3)}, "structure"),
        ({"b": B, "labels": np.arange(5)}, "codes 6, labels 5"),
        ({"b": B, "labels": np.arange(6) - 1}, "-1"),
        ({"b": B, "labels": np.arange(6) / 2}, "class ids.*float64"),
        ({"b": B, "labels": np.full((6, 3), 2)}, "multi-hot"),
        ({"b": B, "labels": np.zeros((6, 0), bool)}, "multi-hot"),
        ({"b": B, "labels": np.array(list("abcdef"))}, "class ids"),
        ({"b": B, "ids": np.arange(6) / 2}, "`ids`"),
        ({"b": B, "ids": np.arange(7)}, "codes 6, ids 7"),
        ({"b": B, "filenames": np.arange(6)}, "`filenames` holds text"),
        ({"embeddings": U, "indices": WORDS[:3], "codebooks": BOOKS}, "codes 3, embeddings 6"),
    ],
)
def test_what_breaks_the_rules_is_named_with_the_file(
    tmp_path: Path, arrays: dict[str, Any], says: str
) -> None:
    path = saved(tmp_path, **arrays)
    with pytest.raises(DataError, match=says) as caught:
        read_codes(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    path = saved(tmp_path, b=np.array([[{"os": "system"}]], dtype=object))
    with pytest.raises(DataError, match="plain arrays"):
        read_codes(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n" + bytes(100), b"\x93NUMPY", b"hello"]
)
def test_foreign_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "codes.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="Not a complete npz file"):
        read_codes(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_codes(tmp_path / "nothing.npz")
    with pytest.raises(DataError, match="Cannot be read"):
        read_codes(tmp_path)


def test_damage_is_noticed_or_harmless(tmp_path: Path) -> None:
    """Any cut, and any flipped byte, gives either the same codes or one clear error."""
    path = tmp_path / "codes.npz"
    write_codes(path, pack(B), labels=np.arange(6), ids=np.arange(6))
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[:n] for n in range(0, len(whole), 7)]
    for place in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[place] ^= int(rng.integers(1, 256))
        damaged.append(bytes(flipped))
    refused = 0
    for content in damaged:
        path.write_bytes(content)
        try:
            read_codes(path)
        except DataError:
            refused += 1
    assert refused > len(damaged) / 2


def test_an_archive_that_explodes_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.codes import exchange

    monkeypatch.setattr(exchange, "_SUSPICIOUS_BYTES", 10_000)
    path = tmp_path / "codes.npz"
    np.savez_compressed(path, u=np.zeros((1000, 100)))
    with pytest.raises(DataError, match="would unpack to"):
        read_codes(path)


def test_a_header_that_promises_too_much(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_2_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (10**14, 100)}
    )
    path = tmp_path / "codes.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b.npy", header.getvalue())
    with pytest.raises(DataError):
        read_codes(path)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "codes.npz"
    write_codes(path, pack(B), labels=np.arange(6))
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_codes(path, pack(-B))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="codes 6, labels 5"):
        write_codes(tmp_path / "out.npz", pack(B), labels=np.arange(5))
    assert not (tmp_path / "out.npz").exists()


def labelled(labels: Any) -> CodeFile:
    given = None if labels is None else np.asarray(labels)
    return CodeFile(pack(B[: 6 if given is None else len(given)]), labels=given)


def test_class_ids_of_two_files_name_the_same_classes() -> None:
    query, database = agree_on_labels(labelled([7, 900_000]), labelled([900_000, 3, 7]))
    assert query.shape[1] == database.shape[1] == 3
    assert (query.astype(int) @ database.T.astype(int)).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_class_ids_against_multi_hot() -> None:
    query, database = agree_on_labels(labelled([2, 0]), labelled([[True, False, True], [False, True, False]]))
    assert query.tolist() == [[False, False, True], [True, False, False]]
    assert database.shape == (2, 3)
    back, _ = agree_on_labels(labelled([[True, False, True]]), labelled([1]))
    assert back.tolist() == [[True, False, True]]


def test_labels_that_cannot_agree() -> None:
    multi_hot = labelled([[True, False, True]])
    with pytest.raises(DataError, match=r"query file has no labels"):
        agree_on_labels(labelled(None), multi_hot)
    with pytest.raises(DataError, match=r"database file has no labels"):
        agree_on_labels(multi_hot, labelled(None))
    with pytest.raises(DataError, match=r"class id 3.*3 classes"):
        agree_on_labels(labelled([3]), multi_hot)
    with pytest.raises(DataError, match=r"query file has 2, the other 3"):
        agree_on_labels(labelled([[True, False]]), multi_hot)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_file_that_may_never_end_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "codes.npz"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match="not a regular file"):
        read_codes(pipe)
