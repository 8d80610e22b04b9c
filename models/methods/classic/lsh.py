r"""LSH: locality-sensitive hashing with random hyperplanes (STOC 2002).

Each bit asks on which side of a random hyperplane through the centre of the data an image lies. Two images at
angle theta fall on the same side with probability 1 - theta / pi, so near images share more bits. Nothing is
learned.

    b = sgn((x - mean) W),    W_jk ~ N(0, 1)    W -> `head.weight`, transposed

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from models.codes.binarize import binarize
from models.methods.base import Method, TrainSet
from models.methods.picture import Frame, Picture, series
from models.methods.protocols import CIFAR_ALL
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision, quote

SPEC = MethodSpec(
    name="lsh",
    label="LSH",
    title="Locality-Sensitive Hashing",
    family=Family.CLASSIC,
    supervision=Supervision.NONE,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "M. S. Charikar", "Similarity Estimation Techniques from Rounding Algorithms", "STOC", 2002
    ),
    loss_kind="none: random projections",
    idea=(
        "Every bit says on which side of a random hyperplane an image lies. The smaller the angle between "
        "two images, the more hyperplanes have both on one side, so the Hamming distance estimates the "
        "angle. Nothing is learned: it shows what the features alone are worth."
    ),
    good_for="The floor that every learned method has to beat, for nothing in it is learned.",
    objective=(
        r"b=\operatorname{sgn}\big(W^\top(x-\bar x)\big),\quad W_{jk}\sim\mathcal N(0,1),\qquad "
        r"P[\,b_k(x)=b_k(y)\,]=1-\frac{\theta_{xy}}{\pi}"
    ),
    symbols=(
        (r"x", "features of an image"),
        (r"\bar x", "mean of the train split's features"),
        (r"W", "random matrix, one hyperplane per bit"),
        (r"\theta_{xy}", "angle between two images' centred features"),
    ),
    recipe=Recipe(epochs=0),
    differs=(
        "Features are centred and standardised first: the rule is for angles at the origin, and non-negative "
        "features all sit in one corner of the space.",
    ),
    published=quote(
        {16: 0.1290, 24: 0.1416, 32: 0.1588, 48: 0.1686, 64: 0.1757, 128: 0.2121},
        CIFAR_ALL,
        backbone="AlexNet features",
        source="TreezzZ/LSH_PyTorch, a re-implementation",
    ),
    references=("FAISS: IndexLSH, whose directions are orthonormal and the same in every run",),
    exceptions={"training": "closed form: it has no loss"},
)


class LSH(Method):
    """Locality-sensitive hashing with random hyperplanes."""

    spec = SPEC
    head: nn.Linear

    @classmethod
    def picture(cls) -> Picture:
        """Share of bits in which two images differ, against their angle."""
        generator, degrees = torch.Generator().manual_seed(0), torch.arange(0, 181, 5)
        angle = degrees * math.pi / 180
        images = torch.stack([angle.cos(), angle.sin()], dim=1)  # the first is the one compared with
        expected = angle / math.pi
        frames = []
        for n_bits in (8, 16, 32, 64, 128, 256):
            codes = binarize(images @ torch.randn(2, n_bits, generator=generator))
            spread = (expected * (1 - expected) / n_bits).sqrt()
            curves = (
                ("one draw", (codes != codes[0]).double().mean(dim=1)),
                ("expected: angle / 180", expected),
                ("one standard deviation more", (expected + spread).clamp(max=1)),
                ("one less", (expected - spread).clamp(min=0)),
            )
            frames.append(Frame(str(n_bits), tuple(series(name, degrees, y) for name, y in curves)))
        caption = (
            "A random hyperplane separates two images in proportion to their angle. With few bits the share "
            "that differs is a rough guess of it; every fourfold of bits halves the error."
        )
        title, x = "Hamming distance against angle", "angle between two images, in degrees"
        return Picture(
            title, caption, x, "share of bits that differ", tuple(frames), "code length in bits", 2
        )

    def build_head(self) -> nn.Module:
        """One hyperplane per bit."""
        return nn.Linear(self.n_features, self.n_bits).requires_grad_(False)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Draw the hyperplanes, through the mean of the train split."""
        drawn = torch.randn(self.n_bits, self.n_features, generator=train.generator)
        self.head.weight.copy_(drawn)
        self.head.bias.copy_(-self.head.weight @ train.features.mean(dim=0))
