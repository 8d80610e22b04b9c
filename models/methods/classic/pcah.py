r"""PCAH: PCA hashing.

The features are reduced to as many directions as there are bits, those of the largest variance. Each bit is
the side of the mean on which an image lies along its direction. The first bits see what images differ in
most; late bits see little but noise, and count as much.

    b = sgn((x - mean) W)    W, the principal directions -> `head.weight`, transposed

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from models.codes.binarize import binarize
from models.codes.projections import principal_directions, with_fixed_signs
from models.errors import ConfigError
from models.methods.base import Method, TrainSet
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import IMAGENET_100
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision, quote

SPEC = MethodSpec(
    name="pcah",
    label="PCAH",
    title="PCA Hashing",
    family=Family.CLASSIC,
    supervision=Supervision.NONE,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "J. Wang, S. Kumar, S.-F. Chang",
        "Semi-Supervised Hashing for Scalable Image Retrieval",
        "CVPR",
        2010,
    ),
    loss_kind="none: principal components",
    idea=(
        "The features are reduced to as many directions as the code has bits, those in which images differ "
        "most. Each bit says on which side of the mean an image lies in its direction. A direction of small "
        "variance gets one bit like any other, so late bits add mostly noise."
    ),
    good_for="Very short codes, and to see what the rotation of ITQ adds to the same directions.",
    objective=(
        r"\max_{W}\ \operatorname{tr}\big(W^\top(X-\bar X)^\top(X-\bar X)\,W\big)\ \ \text{s.t.}\ W^\top W=I,"
        r"\qquad b=\operatorname{sgn}\big(W^\top(x-\bar x)\big)"
    ),
    symbols=(
        (r"X,\ \bar X", "features of the train images, and their mean in every row"),
        (r"x,\ \bar x", "features of an image, and that mean"),
        (r"W", "the K directions of the largest variance (principal components), K bits"),
    ),
    recipe=Recipe(epochs=0),
    differs=(
        "It is a baseline without a paper of its own; the one cited compares with it (unverified).",
        "Features are standardised first, so the principal components are those of the correlations.",
        "At most one bit per feature; where the train images do not vary, the bit is always +1.",
        "A direction's sign is arbitrary: its largest component is made positive, which changes no distance.",
    ),
    published=quote(
        {64: 0.405},
        IMAGENET_100,
        backbone="AlexNet features",
        source="FIRe toolbox, a re-implementation",
        verified=False,
    ),
    references=(
        "willard-yuan/hashing-baseline-for-image-retrieval, which does not subtract the mean",
        "scikit-learn and FAISS: PCA and PCAMatrix, which find the same directions",
    ),
    exceptions={"training": "closed form: it has no loss", "seed": "closed form: nothing is drawn"},
)


def agreement(codes: Tensor, clusters: Tensor) -> tuple[Tensor, Tensor]:
    """How often each bit is equal in two images of one cluster, and of two clusters; float (n_bits,) each.

    Args:
        codes: float (n, n_bits), values in {-1, +1}.
        clusters: int64 (n,), cluster of each image; at least two, one of them with two images.
    """
    same = clusters[:, None] == clusters
    equal = codes[:, None] == codes
    others = ~torch.eye(len(codes), dtype=torch.bool, device=codes.device)
    return equal[same & others].double().mean(dim=0), equal[~same].double().mean(dim=0)


class PCAH(Method):
    """Signs of principal components."""

    spec = SPEC
    head: nn.Linear

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; the directions are found in `before_fit`.

        Raises:
            ConfigError: more bits than features.
        """
        super().__init__(n_bits, n_features, n_classes, params)
        if n_bits > n_features:
            raise ConfigError(
                f"PCAH finds at most one bit per feature: {n_bits} bits were asked for and the features have "
                f"{n_features} numbers. Allowed here: 1 to {n_features} bits."
            )

    @classmethod
    def picture(cls) -> Picture:
        """What each bit knows of the clusters, on 120 images in 8 clusters, for several amounts of noise."""
        generator, frames = torch.Generator().manual_seed(0), []
        centres = torch.randn(8, 24, generator=generator, dtype=torch.float64)
        noise = torch.randn(120, 24, generator=generator, dtype=torch.float64)
        clusters, bits = torch.arange(120) % 8, range(1, 25)
        for amount in (0.25, 0.5, 1.0, 2.0):
            images = centres[clusters] + amount * noise
            images = images - images.mean(dim=0)
            within, between = agreement(binarize(images @ principal_directions(images, 24)), clusters)
            curves = (series("of one cluster", bits, within), series("of two clusters", bits, between))
            frames.append(Frame(str(amount), curves))
        caption = (
            "Eight clusters lie in seven directions, so only the first seven bits tell them apart. Beyond "
            "them, images agree as often with their own cluster as with another: each further bit adds noise."
        )
        title, y = "What each bit knows of eight clusters", "share of pairs with equal bits"
        return Picture(title, caption, "bit", y, tuple(frames), "noise within clusters", 1)

    def build_head(self) -> nn.Module:
        """Centring and principal components, as one linear map."""
        return nn.Linear(self.n_features, self.n_bits).requires_grad_(False)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Principal components of the train split."""
        mean = train.features.mean(dim=0)
        directions = principal_directions((train.features - mean).double(), self.n_bits)
        self.head.weight.copy_(with_fixed_signs(directions).T)
        self.head.bias.copy_(-self.head.weight @ mean)
