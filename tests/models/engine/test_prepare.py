"""What a method is told of a data set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.engine.build import make_config
from models.engine.features import dataset_features
from models.engine.prepare import train_data
from models.networks.backbones import load_backbone


@pytest.mark.parametrize("unseen", [None, 1])
def test_classes_without_a_train_image_are_not_told(
    tiles: Any, library: Any, monkeypatch: pytest.MonkeyPatch, unseen: int | None
) -> None:
    backbone = load_backbone("small_cnn", image_size=8)
    features = dataset_features(tiles, backbone)
    labels = tiles.labels("train")
    if unseen is not None:
        labels[:, unseen] = False
        monkeypatch.setattr(tiles, "labels", lambda split: labels)
    data = train_data(make_config("tiles", "dpsh", 16), tiles, features, backbone)
    kept = [c for c in range(3) if c != unseen]
    np.testing.assert_array_equal(data.labels, labels[:, kept])
    assert len(data.features) == len(data.labels)
