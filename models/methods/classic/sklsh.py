r"""SKLSH: locality-sensitive binary codes from shift-invariant kernels (NIPS 2009).

Every bit is the sign of a random cosine wave over the feature space, lifted or lowered by a random threshold.
How often two images differ depends on their distance alone, through the Gaussian kernel, and levels off once
they are far apart. Nothing is learned but the length of the waves.

    b_k = sgn(cos(w_k'x + beta_k) + t_k)    w_k ~ N(0, gamma I) -> `head.weight`
    beta_k ~ U[0, 2 pi) -> `head.bias`    t_k ~ U[-1, 1] -> `thresholds`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.methods.base import Method, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.spec import Citation, CodeKind, Family, MethodSpec, Recipe, Supervision

SPEC = MethodSpec(
    name="sklsh",
    label="SKLSH",
    title="Shift-Invariant Kernel Locality-Sensitive Hashing",
    family=Family.CLASSIC,
    supervision=Supervision.NONE,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "M. Raginsky, S. Lazebnik",
        "Locality-Sensitive Binary Codes from Shift-Invariant Kernels",
        "NIPS",
        2009,
    ),
    loss_kind="none: random cosine waves",
    idea=(
        "Every bit is the sign of a cosine wave in a random direction, shifted by a random phase and "
        "compared with a random threshold. The share of bits in which two images differ grows with their "
        "distance, as a Gaussian kernel prescribes, and levels off at 4/π², about 41 %. So the code tells "
        "near from far, but not far from very far."
    ),
    good_for="Long codes that follow a Gaussian kernel; below 64 bits it is weak.",
    objective=(
        r"b_k=\operatorname{sgn}\big(\cos(w_k^\top x+\beta_k)+t_k\big),\qquad w_k\sim\mathcal N(0,\gamma I),"
        r"\ \beta_k\sim U[0,2\pi),\ t_k\sim U[-1,1]"
    ),
    symbols=(
        (r"x", "features of an image"),
        (r"w_k", "random direction and frequency of bit k"),
        (r"\beta_k,\ t_k", "its random phase and threshold"),
        (r"\gamma", r"how fast the Gaussian kernel, exp(-γ‖x-y‖²/2), falls with the distance"),
    ),
    recipe=Recipe(epochs=0),
    differs=(
        "Features are standardised first, so that distances weigh every feature alike.",
        "γ is one over the squared mean distance to the 50th neighbour, measured on at most 2,000 train "
        "images; a common choice that no source confirms (unverified).",
    ),
    references=(
        "willard-yuan/hashing-baseline-for-image-retrieval: the random numbers of a bit",
        "scikit-learn: RBFSampler, whose waves ours equal for the same random numbers",
    ),
    exceptions={"training": "closed form: it has no loss"},
)
LARGEST_SAMPLE = 2000  # images that neighbour distances are measured on


@dataclass(frozen=True)
class SKLSHParams:
    """Hyper-parameters of SKLSH."""

    neighbour: int = param(
        50, "The kernel's width is the mean distance to this neighbour", source="ours", low=1, high=500
    )
    sharpness: float = param(
        1.0,
        "Factor of γ: above 1, codes tell only nearer images apart",
        source="ours",
        low=0.01,
        high=100.0,
        log=True,
    )


def neighbour_distance(features: Tensor, neighbour: int) -> Tensor:
    """Mean distance to the `neighbour`-th nearest other image (the farthest, if there are fewer); scalar.

    Args:
        features: float (n, n_features).
        neighbour: 1 is the nearest.
    """
    distances = torch.cdist(features, features)
    kth = min(neighbour, len(features) - 1)  # column 0 is the image itself
    return distances.sort(dim=1).values[:, kth].mean()


def expected_share(distances: Tensor, gamma: float, n_terms: int = 200) -> Tensor:
    """Share of bits in which two images differ, in expectation.

    For given w the threshold separates |cos a - cos b| / 2 of the time. The mean over phases is
    2/pi |sin(w'(x - y) / 2)|, and its Fourier series has a Gaussian mean term by term.

    Args:
        distances: float, any shape, ||x - y||.
        gamma: of the kernel.
        n_terms: terms of the series; the rest is below 1 / (4 n_terms).
    """
    m = torch.arange(1, n_terms + 1, dtype=distances.dtype, device=distances.device)
    falls = 1 - torch.exp(-gamma * (m * distances[..., None]).square() / 2)
    return 8 / math.pi**2 * (falls / (4 * m.square() - 1)).sum(dim=-1)


class SKLSH(Method):
    """Random cosine waves with random thresholds."""

    spec = SPEC
    Params = SKLSHParams
    params: SKLSHParams
    head: nn.Linear
    thresholds: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; the waves are drawn in `before_fit`."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("thresholds", torch.zeros(n_bits))

    @classmethod
    def picture(cls) -> Picture:
        """Share of bits in which two images differ, against their distance."""
        generator, x = torch.Generator().manual_seed(0), torch.linspace(0, 4, 41, dtype=torch.float64)
        waves, frames = cls(64, 1, 1), []
        for gamma in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0):
            waves.draw(gamma, generator)
            codes = waves.binarize(waves(x.float()[:, None]))
            curves = (
                ("one draw of 64 bits", (codes != codes[0]).double().mean(dim=1)),
                ("expected", expected_share(x, gamma)),
                ("limit: 4 / π²", torch.full_like(x, 4 / math.pi**2)),
            )
            frames.append(Frame(str(gamma), tuple(series(name, x, y) for name, y in curves)))
        caption = (
            "Near images differ in few bits, and from some distance on all images look equally far. The "
            "sharper the kernel, the sooner that is; and 64 random bits still miss the expectation by far."
        )
        title, y = "Hamming distance against distance", "share of bits that differ"
        return Picture(title, caption, "distance of two images", y, tuple(frames), "γ of the kernel", 2)

    def build_head(self) -> nn.Module:
        """Direction, frequency and phase of each wave."""
        return nn.Linear(self.n_features, self.n_bits).requires_grad_(False)

    def forward(self, features: Tensor) -> Tensor:
        """Height of each wave above its threshold, float (n, n_bits)."""
        return torch.cos(self.head(features)) + self.thresholds

    @torch.no_grad()
    def draw(self, gamma: float, generator: torch.Generator) -> None:
        """Draw the waves for a kernel."""
        weight = torch.randn(self.n_bits, self.n_features, generator=generator)
        self.head.weight.copy_(math.sqrt(gamma) * weight)
        self.head.bias.copy_(2 * math.pi * torch.rand(self.n_bits, generator=generator))
        self.thresholds.copy_(2 * torch.rand(self.n_bits, generator=generator) - 1)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Width of the kernel from the train split, then the waves."""
        rows = torch.randperm(len(train.features), generator=train.generator)[:LARGEST_SAMPLE]
        sample = train.features[rows.to(train.features.device)]
        distance = float(neighbour_distance(sample, self.params.neighbour))
        # Identical images have no distances: any width gives them one code.
        self.draw(self.params.sharpness / distance**2 if distance > 0 else 1.0, train.generator)
