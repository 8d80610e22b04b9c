r"""COSDISH: column sampling based discrete supervised hashing (AAAI 2016).

The codes of the train images are free bits whose inner products should be the pair similarities. Each round
samples a few images, the columns: all other codes follow from theirs in one step, and theirs are then
improved bit by bit. At the end, one logistic regression per bit learns to give new images their codes.

    min ||K S - B B'||^2    B -> `codes`, (n, n_bits)    columns of S -> `block`, their rows -> `omega`
    B_others = sgn(S B_omega);    bit k of omega: min b' Q b + b' p -> `improve_sampled`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from models.codes.binarize import binarize
from models.losses.column_sampling import improve_sampled, sample_columns, weighted
from models.losses.discrete import random_codes
from models.losses.label_sets import PairSimilarity
from models.methods.base import Method, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.spec import Citation, CodeKind, Family, MethodSpec, Protocol, Recipe, Supervision, quote

_QUOTED = Protocol("CIFAR-10", "1,000 queries, 2,000 train, 59,000 database")
_TABLE = "a table of Zhao et al. 2022 (greedy-asymmetric deep supervised hashing), which quotes it"

SPEC = MethodSpec(
    name="cosdish",
    label="COSDISH",
    title="Column Sampling Based Discrete Supervised Hashing",
    family=Family.CLASSIC,
    supervision=Supervision.PAIRS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "W.-C. Kang, W.-J. Li, Z.-H. Zhou", "Column Sampling Based Discrete Supervised Hashing", "AAAI", 2016
    ),
    loss_kind="difference of similarity and inner product of free bits",
    idea=(
        "The codes of the train images are free bits whose inner products should match the pair "
        "similarities. Each round samples a few images, gives every other image the code that suits theirs "
        "best, and then improves the sampled codes themselves. One logistic regression per bit then learns "
        "the codes."
    ),
    good_for="Pair similarities and good features, when codes should never pass through real numbers.",
    objective=(
        r"\min_{B\in\{-1,+1\}^{n\times K}}\ \lVert K\,S-BB^\top\rVert_F^2,\qquad "
        r"B_\Gamma=\operatorname{sgn}\big(S_{\Gamma\Omega}B_\Omega\big),\qquad "
        r"\min_{\beta\in\{-1,+1\}^{|\Omega|}}\ \beta^\top Q\,\beta+\beta^\top p"
    ),
    symbols=(
        (r"B", "codes of the train images, one row each, free variables"),
        (r"S", "1 for two images that share a label; for others -r, which makes each block sum to zero"),
        (r"\Omega,\ \Gamma", "sampled images, and all others"),
        (r"\beta", "one bit of the sampled images"),
        (r"Q,\ p", "what the similarities and the bits before it ask of that bit"),
        (r"n,\ K", "train images, bits"),
    ),
    recipe=Recipe(epochs=0),
    multi_label_note="Of all rounds, the codes with the best objective are kept; with one label, the last.",
    differs=(
        "Train images stand in the database with the codes found from their labels, not with those of the "
        "regressions; no source says so (unverified).",
        "Dissimilar pairs weigh as much as similar ones together, as in the code of the successor DDSH; "
        "unweighted, every class ends with one of two codes.",
        "Every class has an image in the sample, so that no two classes get the same code by accident.",
        "Bits of the sampled images are improved one flip at a time, where the paper approximates by "
        "clustering.",
        "Logistic regressions are linear, with their weight penalty chosen by us; the paper has boosted "
        "trees as well.",
    ),
    published=quote(
        {12: 0.5831, 24: 0.6614, 32: 0.6802, 48: 0.7016},
        _QUOTED,
        backbone="deep features (unverified), not stated there",
        source=_TABLE,
    ),
    references=("The code of DDSH, the successor with the same sampling: weights of dissimilar pairs",),
    exceptions={"training": "solved in rounds before the first epoch"},
)


@dataclass(frozen=True)
class COSDISHParams:
    """Hyper-parameters of COSDISH."""

    rounds: int = param(10, "How often images are sampled", source="paper", low=1, high=100)
    n_inner: int = param(3, "Improvements per sample", source="paper", low=1, high=20)
    penalty: float = param(
        0.01, "Weight of the squared regression weights", source="ours", low=1e-6, high=10.0, log=True
    )


def sampling_round(codes: Tensor, labels: Tensor, n_inner: int, generator: torch.Generator) -> Tensor:
    """Sample images, then improve the others' codes and theirs in turn, float64 (n, n_bits)."""
    omega = sample_columns(labels, codes.shape[1], generator).to(codes.device)
    block = weighted(PairSimilarity(labels).columns(omega))
    for _ in range(n_inner):
        followed = binarize(block @ codes[omega])
        followed[omega] = codes[omega]
        followed[omega] = improve_sampled(followed, block, omega)
        codes = followed
    return codes


def regressions(features: Tensor, codes: Tensor, penalty: float) -> tuple[Tensor, Tensor]:
    """One logistic regression per bit: weights, float64 (n_bits, n_features), and constants, (n_bits,).

    Each minimises the mean log-loss plus penalty times the squared weights. A bit that is the same for all
    images needs no regression: its constant alone decides.
    """
    x, targets = features.cpu().double().numpy(), codes.cpu().numpy()
    weights, constants = np.zeros((targets.shape[1], x.shape[1])), targets[0].astype(np.float64)
    for k, bits in enumerate(targets.T):
        if (bits != bits[0]).any():
            found = LogisticRegression(C=1 / (2 * len(x) * penalty), max_iter=1000).fit(x, bits)
            weights[k], constants[k] = found.coef_[0], found.intercept_[0]
    return torch.from_numpy(weights), torch.from_numpy(constants)


class COSDISH(Method):
    """Column sampling based discrete supervised hashing.

    `codes`, float64 (n_train, n_bits), and `objective`, one value per round, are those of the last fit.
    """

    spec = SPEC
    Params = COSDISHParams
    params: COSDISHParams
    head: nn.Linear
    codes: Tensor
    objective: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; codes and regressions are found in `before_fit`."""
        super().__init__(n_bits, n_features, n_classes, params)
        for name in ("codes", "objective"):
            self.register_buffer(name, torch.empty(0), persistent=False)

    def build_head(self) -> nn.Module:
        """One logistic regression per bit."""
        return nn.Linear(self.n_features, self.n_bits).requires_grad_(False)

    @classmethod
    def picture(cls) -> Picture:
        """How far codes of 80 made-up images are apart, round after round."""
        classes, frames = torch.arange(80) % 4, []
        labels, same = classes[:, None] == torch.arange(4), classes[:, None] == classes
        for n_bits in (8, 16, 32):
            generator = torch.Generator().manual_seed(0)
            codes, curves = random_codes(80, n_bits, generator).double(), (list[float](), list[float]())
            for _ in range(6):
                share = (n_bits - codes @ codes.T) / (2 * n_bits)
                curves[0].append(float(share[same].mean()))
                curves[1].append(float(share[~same].mean()))
                codes = sampling_round(codes, labels, 1, generator)
            names = zip(("same class", "other class"), curves, strict=True)
            frames.append(Frame(str(n_bits), tuple(series(name, range(6), y) for name, y in names)))
        caption = (
            "Codes start at random. After one sample, images of a class agree; further samples push the "
            "classes apart."
        )
        title, y_axis = "Distance of the free codes", "share of bits that differ"
        return Picture(title, caption, "samples", y_axis, tuple(frames), "code length in bits", 1)

    def learned_codes(self) -> Tensor | None:
        """The free codes: they are what the database holds for the train images."""
        return self.codes if len(self.codes) else None

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Rounds of sampling, then the regressions."""
        similarity, values = PairSimilarity(train.labels), []
        codes = best = random_codes(len(train.labels), self.n_bits, train.generator).double()
        codes = best = codes.to(train.features.device)
        for _ in range(self.params.rounds):
            codes = sampling_round(codes, train.labels, self.params.n_inner, train.generator)
            # ||K S - B B'||^2 without what does not depend on B
            values.append((codes.T @ codes).square().sum() - 2 * self.n_bits * similarity.form(codes))
            if values[-1] <= min(values) or bool((train.labels.sum(dim=1) <= 1).all()):
                best = codes
        self.codes, self.objective = best, torch.stack(values)
        weights, constants = regressions(train.features, best, self.params.penalty)
        self.head.weight.copy_(weights)
        self.head.bias.copy_(constants)
