"""Published sets from torchvision's files and from images: the same rows either way, and never other rows."""

from __future__ import annotations

import io
import pickle
import shutil
import struct
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.data import load_dataset, load_pool
from models.data.importing import ImportReport, plan_fetch
from models.data.importing.known import known_set
from models.data.importing.shipping import ship_labels
from models.data.importing.signature import _matched, signature
from models.data.protocols import fraction_protocol
from models.errors import DataError, NotAvailableError, UnknownNameError

CarryOut = Callable[..., ImportReport]
Pixels = dict[str, tuple[np.ndarray, np.ndarray]]
N = {"train": 50, "test": 20}
CLASSES = known_set("cifar10").class_names  # type: ignore[union-attr]


@pytest.fixture(autouse=True)
def _for_few_images(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocols of the published sets need all their images."""
    monkeypatch.setattr(
        "models.data.importing.splitting.protocols_of",
        lambda pool, relevance: (fraction_protocol(pool=pool, relevance=relevance),),
    )


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    rng = np.random.default_rng(0)
    return {
        part: (rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8), rng.permutation(np.arange(n) % 10))
        for part, n in N.items()
    }


@pytest.fixture
def pickles(tmp_path: Path, pixels: Pixels, pickled: Callable[[Path, Pixels], Path]) -> Path:
    """CIFAR-10 as torchvision lays it out, but small."""
    return pickled(tmp_path / "root", pixels)


@pytest.fixture
def pickled(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Pixels], Path]:
    """Write images as the pickles of CIFAR-10, into a root folder of torchvision."""
    from models.torchvision_ops import declare_missing_ops

    declare_missing_ops()
    from torchvision.datasets import CIFAR10, cifar

    monkeypatch.setattr(cifar, "check_integrity", lambda path, md5=None: Path(path).is_file())
    return lambda root, pixels: write_pickles(root, CIFAR10.base_folder, pixels)


def write_pickles(root: Path, base: str, pixels: Pixels) -> Path:
    folder = root / base
    folder.mkdir(parents=True)
    files = {f"data_batch_{i + 1}": ("train", slice(10 * i, 10 * i + 10)) for i in range(5)}
    for file, (part, rows) in {**files, "test_batch": ("test", slice(0, 20))}.items():
        images, classes = pixels[part]
        data = images[rows].transpose(0, 3, 1, 2).reshape(-1, 3072)
        (folder / file).write_bytes(pickle.dumps({"data": data, "labels": classes[rows].tolist()}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list(CLASSES)}))
    return root


def as_images(pixels: Pixels, suffix: str = "png") -> dict[str, bytes]:
    """Numbered within the class, without leading zeros, so that names alone sort wrongly."""
    files, count = {}, dict.fromkeys(((part, c) for part in N for c in range(10)), 0)
    for part, (images, classes) in pixels.items():
        for image, c in zip(images, classes.tolist(), strict=True):
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, suffix)
            files[f"{part}/{CLASSES[c]}/{count[part, c] + 8}.{suffix}"] = buffer.getvalue()
            count[part, c] += 1
    return dict(reversed(files.items()))


def test_pickles_and_images_give_the_same_pool(
    pickles: Path,
    pixels: Pixels,
    tmp_path: Path,
    zip_of: Callable[..., Path],
    folder_of: Callable[..., Path],
    carry_out: CarryOut,
) -> None:
    report = carry_out(plan_fetch("cifar10", pickles, save_as="a"))
    assert (report.n, report.skipped) == (70, ())
    carry_out(plan_fetch("cifar10", zip_of(tmp_path / "c.zip", as_images(pixels)), save_as="b"))
    around = {f"cifar/{name}": content for name, content in as_images(pixels).items()}
    carry_out(plan_fetch("cifar10", zip_of(tmp_path / "d.zip", around), save_as="c"))
    carry_out(plan_fetch("cifar10", folder_of(tmp_path / "e", as_images(pixels)), save_as="d"))
    pools = [load_pool(name) for name in "abcd"]
    assert len({pool.pool_key for pool in pools}) == 1
    assert len({pool.content_key for pool in pools}) == 1
    row = 0
    for part, (images, classes) in pixels.items():
        for c in range(10):
            for image in images[classes == c]:
                assert (np.asarray(pools[0].pool_image(row)) == image).all()
                assert pools[0].pool_labels[row].argmax() == c
                assert pools[0].origin[row] == part
                row += 1
    assert pools[0].info.class_names == CLASSES
    assert pools[0].card.origin == (("train", 50), ("test", 20))


def test_a_missing_class_and_a_stray_folder_are_named(
    pixels: Pixels,
    tmp_path: Path,
    zip_of: Callable[..., Path],
    carry_out: CarryOut,
) -> None:
    files = as_images(pixels)
    without = {name: content for name, content in files.items() if not name.startswith("test/frog")}
    with pytest.raises(DataError, match=r"lacks 1 of the folders of CIFAR-10.*test/frog"):
        plan_fetch("cifar10", zip_of(tmp_path / "c.zip", without))
    stray = {**files, "train/unicorn/1.png": files["train/cat/8.png"], "extra.png": files["train/cat/8.png"]}
    report = carry_out(plan_fetch("cifar10", zip_of(tmp_path / "d.zip", stray), save_as="stray"))
    assert {item.file for item in report.skipped} == {"train/unicorn/1.png", "extra.png"}
    assert any("50 train images where the published set has 50,000" in line for line in report.warnings)


def test_other_rows_than_those_that_were_shipped_are_refused(
    pixels: Pixels,
    tmp_path: Path,
    zip_of: Callable[..., Path],
    carry_out: CarryOut,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Images of a class that differ in brightness, as real ones do.
    rng = np.random.default_rng(1)
    shaded = {
        part: ((images * rng.uniform(0.1, 1, (len(images), 1, 1, 1))).astype(np.uint8), classes)
        for part, (images, classes) in pixels.items()
    }
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path / "shipped"))
    carry_out(plan_fetch("cifar10", zip_of(tmp_path / "c.zip", as_images(shaded))))
    ship_labels("cifar10", tmp_path / "shipped" / "cifar10")
    shutil.rmtree(library / "datasets" / "cifar10")

    recompressed = zip_of(tmp_path / "j.zip", as_images(shaded, "jpeg"))
    carry_out(plan_fetch("cifar10", recompressed))
    shutil.rmtree(library / "datasets" / "cifar10")

    others = {part: (255 - images, classes) for part, (images, classes) in shaded.items()}
    other_images = zip_of(tmp_path / "o.zip", as_images(others))
    with pytest.raises(DataError, match=r"they are other images. Nothing was kept.*--as my-cifar10"):
        carry_out(plan_fetch("cifar10", other_images))
    one = {part: (images.copy(), classes) for part, (images, classes) in shaded.items()}
    one["test"][0][3] = 255 - one["test"][0][3]
    with pytest.raises(DataError, match=r"1 of 70 images of cifar10 are not to be found"):
        carry_out(plan_fetch("cifar10", zip_of(tmp_path / "p.zip", as_images(one))))
    # One picture that another class has taken over is one too many in it.
    moved = as_images(shaded)
    moved["train/cat/99.png"] = moved.pop("train/dog/8.png")
    with pytest.raises(DataError, match="other classes, or other numbers of images in a class"):
        carry_out(plan_fetch("cifar10", zip_of(tmp_path / "m.zip", moved)))
    fewer = as_images(shaded)
    fewer["train/cat/8.png"] = b"broken"
    with pytest.raises(DataError, match="69 images were read where cifar10 has 70"):
        carry_out(plan_fetch("cifar10", zip_of(tmp_path / "f.zip", fewer)))
    assert not (library / "datasets" / "cifar10").exists()
    assert carry_out(plan_fetch("cifar10", other_images, save_as="my-cifar10")).n == 70
    assert not load_dataset("cifar10").info.has_images


def test_the_same_images_in_another_order_get_their_own_rows(
    tmp_path: Path,
    zip_of: Callable[..., Path],
    pickled: Callable[[Path, Pixels], Path],
    carry_out: CarryOut,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Runs are shipped for a zip of JPEGs; a user has the pickles, sorted in a way of their own."""
    rng = np.random.default_rng(5)
    photographs = {
        part: (
            rng.integers(0, 256, (n, 4, 4, 1), np.uint8).repeat(8, 1).repeat(8, 2).repeat(3, 3),
            np.arange(n) % 10,
        )
        for part, n in N.items()
    }
    photographs["train"][0][30] = photographs["train"][0][10]  # a picture that its class holds twice
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path / "shipped"))
    carry_out(plan_fetch("cifar10", zip_of(tmp_path / "c.zip", as_images(photographs, "jpeg"))))
    ship_labels("cifar10", tmp_path / "shipped" / "cifar10")
    before = load_pool("cifar10")
    roles = {split: before.pool_rows(split).tolist() for split in ("query", "train", "database")}
    shown = [np.asarray(before.pool_image(row)).astype(int) for row in range(before.n_pool)]
    labels = np.array(before.pool_labels)
    shutil.rmtree(library / "datasets" / "cifar10")

    orders = {part: rng.permutation(n) for part, n in N.items()}
    shuffled = {part: (images[orders[part]], c[orders[part]]) for part, (images, c) in photographs.items()}
    report = carry_out(plan_fetch("cifar10", pickled(tmp_path / "other", shuffled)))
    assert any("another order" in warning for warning in report.warnings)
    pool = load_pool("cifar10")
    assert (pool.pool_labels == labels).all() and pool.card.origin == before.card.origin
    assert {split: pool.pool_rows(split).tolist() for split in roles} == roles  # type: ignore[arg-type]
    every = [image for part in N for image in photographs[part][0]]
    for row, picture in enumerate(shown):
        mine = np.asarray(pool.pool_image(row))
        assert np.abs(mine.astype(int) - picture).mean() < 4, "the JPEG of the same picture"
        assert any((mine == image).all() for image in every), "and the user's own pixels"
    assert report.n_duplicates == 1
    assert not list((library / "datasets/cifar10").glob("as-read*"))
    # Once more in the right order, and nobody is told of another one.
    shutil.rmtree(library / "datasets" / "cifar10")
    again = carry_out(plan_fetch("cifar10", pickled(tmp_path / "same", photographs)))
    assert not any("another order" in warning for warning in again.warnings)


def test_signatures_name_the_image_and_not_its_compression() -> None:
    rng = np.random.default_rng(6)
    cells = rng.integers(0, 256, (300, 16), dtype=np.uint8)
    noisy = np.clip(cells.astype(int) + rng.integers(-3, 4, cells.shape), 0, 255).astype(np.uint8)
    order = rng.permutation(300)
    assert (_matched(cells, noisy[order]) == np.argsort(order)).all()
    same = np.zeros((40, 16), dtype=np.uint8)
    assert sorted(_matched(same, same)) == list(range(40)), "each once, though nothing tells them apart"
    grey = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).convert("RGB")
    slow = [
        np.arange(256).reshape(16, 16)[r : r + 4, c : c + 4].mean()
        for r in range(0, 16, 4)
        for c in range(0, 16, 4)
    ]
    np.testing.assert_allclose(signature(grey), slow, atol=0.51)
    assert len(signature(Image.new("RGB", (3, 2), "white"))) == 16, "smaller than its cells"


def test_without_a_network_the_way_out_is_told(
    pickles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*given: Any, **options: Any) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    with pytest.raises(
        NotAvailableError, match=r"could not be downloaded.*no route.*Krizhevsky.*fetch cifar10 --from"
    ):
        plan_fetch("cifar10")
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(
        NotAvailableError, match=r"train files of CIFAR-10.*not in .*elsewhere.*where there is a network"
    ):
        plan_fetch("cifar10", tmp_path / "elsewhere")
    with pytest.raises(NotAvailableError, match=r"does not exist.*--from takes"):
        plan_fetch("cifar10", tmp_path / "nowhere")
    with pytest.raises(UnknownNameError, match="Did you mean cifar100"):
        plan_fetch("cifar1000")
    with pytest.raises(DataError, match="another published set"):
        plan_fetch("cifar10", pickles, save_as="mnist")


def test_folders_may_be_class_numbers_or_names_without_signs(
    make_picture: Callable[..., bytes], tmp_path: Path, zip_of: Callable[..., Path], carry_out: CarryOut
) -> None:
    names = ["t-shirt_top", *(str(i) for i in range(1, 9)), "ankle boot"]
    files = {f"{part}/{name}/1.png": make_picture(i) for part in N for i, name in enumerate(names)}
    carry_out(plan_fetch("fashionmnist", zip_of(tmp_path / "f.zip", files), save_as="clothes"))
    assert load_pool("clothes").pool_labels.argmax(axis=1).tolist() == [*range(10), *range(10)]


def test_grey_digits(tmp_path: Path, carry_out: CarryOut) -> None:
    raw = tmp_path / "root" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(2)
    pixels = {
        "train": rng.integers(0, 256, (30, 28, 28), dtype=np.uint8),
        "t10k": rng.integers(0, 256, (10, 28, 28), dtype=np.uint8),
    }
    for part, images in pixels.items():
        labels = (np.arange(len(images)) % 10).astype(np.uint8)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(
            struct.pack(">IIII", 2051, len(images), 28, 28) + images.tobytes()
        )
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 2049, len(images)) + labels.tobytes()
        )
    assert carry_out(plan_fetch("mnist", tmp_path / "root")).n == 40
    pool = load_pool("mnist")
    assert not pool.info.mirror_is_same
    assert pool.info.image_size == 28
    assert (np.asarray(pool.pool_image(1))[:, :, 1] == pixels["train"][10]).all(), "the second zero"


def test_photographs_with_several_things(
    tmp_path: Path, make_picture: Callable[..., bytes], carry_out: CarryOut
) -> None:
    base = tmp_path / "root" / "VOCdevkit" / "VOC2007"
    for folder in ("ImageSets/Main", "JPEGImages", "Annotations"):
        (base / folder).mkdir(parents=True)
    things = [("cat", "dog"), ("dog",), ("cat", "cat"), ("unicorn", "sofa")]
    for i, names in enumerate(things):
        (base / "JPEGImages" / f"{i}.jpg").write_bytes(make_picture(i, suffix=".jpg"))
        objects = "".join(
            f"<object><name>{name}</name><part><name>head</name></part></object>" for name in names
        )
        (base / "Annotations" / f"{i}.xml").write_text(f"<annotation>{objects}</annotation>")
    (base / "ImageSets/Main/trainval.txt").write_text("0\n1\n")
    (base / "ImageSets/Main/test.txt").write_text("2\n3\n")
    carry_out(plan_fetch("voc", tmp_path / "root"))
    pool = load_pool("voc")
    names = [[pool.info.class_names[c] for c in np.flatnonzero(row)] for row in pool.pool_labels]
    assert names == [["cat", "dog"], ["dog"], ["cat"], ["sofa"]]
    assert pool.info.label_kind == "multi"
    assert pool.pool_image_bytes(3)[0] == make_picture(3, suffix=".jpg")
