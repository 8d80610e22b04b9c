"""From a data set to what `train` reads."""

from __future__ import annotations

from models.data.base import Dataset
from models.engine.config import RunConfig
from models.engine.features import Features
from models.engine.inputs import FeatureInputs, ImageInputs, Inputs, TrainData
from models.networks.backbones import Backbone
from models.types import Float32


def train_data(
    config: RunConfig,
    dataset: Dataset,
    features: Features,
    backbone: Backbone,
    label_vectors: Float32 | None = None,
) -> TrainData:
    """The train split of a data set in the run's mode.

    Labels have a column for each class that the train images show: of others, as under the protocol of unseen
    classes, a method is not told.

    Args:
        config: `mode` decides whether features or images are read.
        dataset: labels, and images in `finetune` mode.
        features: of the whole data set, from `backbone`; those of the train split are read into memory.
        backbone: trained along in `finetune` mode (a copy; this one stays as it is).
        label_vectors: float32 (n_classes, width), if the user gave any.
    """
    labels = dataset.labels("train")
    shown = labels.any(axis=0)
    if not shown.all():
        labels = labels[:, shown]
    train_features = features.of("train")
    inputs: Inputs
    if config.mode == "head":
        inputs, trained = FeatureInputs(train_features), None
    else:
        rows = dataset.pool_rows("train")
        inputs = ImageInputs(
            lambda row: dataset.pool_image(int(rows[row])),
            len(rows),
            backbone.transform,
            flip=dataset.info.mirror_is_same,
        )
        trained = backbone
    return TrainData(inputs, labels, dataset.info.label_kind, train_features, trained, label_vectors)
