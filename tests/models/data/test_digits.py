from __future__ import annotations

import io

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from models.data.digits import Digits


def test_all_1797_images_are_there_once() -> None:
    digits = Digits()
    assert digits.info.n_query + digits.info.n_database == 1797
    shown = sorted(
        np.asarray(digits.image(split, row).convert("L")).tobytes()
        for split in ("query", "database")
        for row in range(digits.info.n_rows(split))
    )
    original = np.round(255 - load_digits().images * (255 / 16)).astype(np.uint8)
    assert shown == sorted(image.tobytes() for image in original)


def test_every_class_has_40_queries_and_70_train_images() -> None:
    digits = Digits()
    assert (digits.labels("query").sum(axis=0) == 40).all()
    assert (digits.labels("train").sum(axis=0) == 70).all()


def test_ink_is_dark_on_white_paper() -> None:
    pixels = np.asarray(Digits().image("query", 0))
    assert pixels.shape == (8, 8, 3)
    assert pixels.max() == 255
    assert pixels.mean() > 128


def test_bytes_are_the_image_as_png() -> None:
    digits = Digits()
    content, mime = digits.image_bytes("train", 5)
    assert mime == "image/png"
    decoded = Image.open(io.BytesIO(content))
    assert (np.asarray(decoded.convert("RGB")) == np.asarray(digits.image("train", 5))).all()
    assert (
        np.asarray(digits.image("train", 5)) == np.asarray(digits.image("database", digits.train_rows[5]))
    ).all()


def test_the_split_never_changes() -> None:
    assert Digits().content_key == "ba031b48adf94506"
