r"""MLRDH: Supervised Discrete Hashing with Mutual Linear Regression (ACM MM 2019), a reconstruction.

One matrix maps labels to codes and, transposed, codes to labels. The codes of the train images are free bits
that suit both directions, found row by row. The network then follows those codes, and they follow the network
a little in the next round.

    J = |B - Y W'|^2 + lambda |Y - B W|^2 + nu |B - F|^2 + eta |W|^2
    B -> `codes`    Y -> `y`    W, K x C -> `w`    F -> `outputs`    lambda -> `params.backward`
    nu -> `params.follow`    eta -> `params.decay`    network: mean of (u - b)^2

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from scipy.linalg import solve_sylvester
from torch import Tensor

from models.codes.binarize import binarize
from models.losses.discrete import bitwise_descent
from models.methods.base import Batch, Method, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.spec import Citation, CodeKind, Family, MethodSpec, Supervision

SPEC = MethodSpec(
    name="mlrdh",
    label="MLRDH",
    title="Mutual Linear Regression Discrete Hashing",
    family=Family.CLASSIFICATION,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.BINARY,
    citation=Citation(
        "X. Liu, X. Nie, Q. Zhou, Y. Yin",
        "Supervised Discrete Hashing with Mutual Linear Regression",
        "ACM MM",
        2019,
    ),
    loss_kind="linear regression between labels and bits, both ways",
    idea=(
        "One matrix has to turn labels into codes and, transposed, codes back into labels. The codes of the "
        "train images are free bits that suit both directions, found one bit at a time. The network learns "
        "to answer with those codes, and in each round the codes lean a little towards what it can learn."
    ),
    good_for="Labels that are known for all train images, several per image too, without any pair.",
    objective=(
        r"\min_{W,B,F}\ \lVert B-WY\rVert_F^2+\lambda\lVert Y-W^\top B\rVert_F^2+\nu\lVert B-F\rVert_F^2"
        r"+\eta\lVert W\rVert_F^2,\qquad B\in\{-1,+1\}^{K\times n}"
    ),
    symbols=(
        (r"B", "codes of the train images, one column each, free variables"),
        (r"Y", "their labels, 1 or 0 for each class"),
        (r"W", "the one matrix for both regressions, K times C"),
        (r"F", "outputs of the network, one column per image"),
        (r"\lambda,\ \nu,\ \eta", "weights: codes to labels, codes to outputs, decay"),
        (r"n,\ K,\ C", "train images, bits, classes"),
    ),
    multi_label_note="Labels enter as a row of zeros and ones, so any number of them per image will do.",
    differs=(
        "Built from the idea alone: paper and code were not read, and the citation is a guess at which paper "
        "the survey means (unverified).",
        "Hash boosting, by which the paper joins several codes, is left out (unverified).",
        "Weights, five rounds and three sweeps over the bits per round are our choices.",
        "A small head on stored features follows the codes; the first codes are the untrained head's signs.",
    ),
    reconstruction="The formula was put together from the idea of a mutual regression; no source was read.",
)


@dataclass(frozen=True)
class MLRDHParams:
    """Hyper-parameters of MLRDH."""

    backward: float = param(
        1.0, "Weight of codes to labels (lambda)", source="ours", low=0.01, high=100.0, log=True
    )
    follow: float = param(
        0.01,
        "Weight of the distance between codes and outputs (nu); large values freeze the first codes",
        source="ours, best of 0.01, 0.1 and 1 on made-up data",
        low=1e-4,
        high=10.0,
        log=True,
    )
    decay: float = param(
        1e-3, "Weight of the squared matrix (eta)", source="ours", low=1e-6, high=10.0, log=True
    )
    rounds: int = param(
        5, "How often codes are found anew, spread over the epochs", source="ours", low=1, high=30
    )


def regression_matrix(codes: Tensor, y: Tensor, backward: float, decay: float) -> Tensor:
    """The best W for given codes, float (n_bits, n_classes), in double precision.

    It solves (lambda B'B + eta I) W + W Y'Y = (1 + lambda) B'Y, a Sylvester equation.

    Args:
        codes: float (n, n_bits), B.
        y: float (n, n_classes), Y.
        backward: lambda.
        decay: eta.
    """
    b, y = codes.double().cpu(), y.double().cpu()
    left = backward * b.T @ b + decay * torch.eye(b.shape[1], dtype=b.dtype)
    w = solve_sylvester(left.numpy(), (y.T @ y).numpy(), ((1 + backward) * b.T @ y).numpy())
    return torch.from_numpy(w).to(codes.device)


def improve_codes(codes: Tensor, y: Tensor, w: Tensor, outputs: Tensor, params: MLRDHParams) -> Tensor:
    """Three sweeps over the bits for given W and outputs, float (n, n_bits); never raises the objective."""
    linear = (1 + params.backward) * y.to(w) @ w.T + params.follow * outputs.to(w)
    return bitwise_descent(codes, linear, params.backward * w @ w.T, n_sweeps=3)


def objective(codes: Tensor, y: Tensor, w: Tensor, outputs: Tensor, params: MLRDHParams) -> Tensor:
    """The whole objective, a sum over all images; arguments as above."""
    b, y = codes.to(w), y.to(w)
    both = (b - y @ w.T).square().sum() + params.backward * (y - b @ w).square().sum()
    return both + params.follow * (b - outputs.to(w)).square().sum() + params.decay * w.square().sum()


class MLRDH(Method):
    """Mutual Linear Regression Discrete Hashing; only training needs `codes`, float (n_train, n_bits)."""

    spec = SPEC
    Params = MLRDHParams
    params: MLRDHParams
    codes: Tensor
    y: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes and build the head."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.register_buffer("codes", torch.empty(0), persistent=False)
        self.register_buffer("y", torch.empty(0), persistent=False)

    @classmethod
    def picture(cls) -> Picture:
        """Codes of four made-up classes, round after round, beside outputs that do not learn."""
        generator, classes = torch.Generator().manual_seed(0), torch.arange(80) % 4
        outputs = torch.randn(4, 16, generator=generator)[classes] + 2 * torch.randn(
            80, 16, generator=generator
        )
        y, same, frames = torch.eye(4)[classes], classes[:, None] == classes, []
        for follow in (0.001, 0.01, 0.03, 0.1, 0.3, 1.0):
            codes, params, within, between = binarize(outputs), MLRDHParams(follow=follow), [], []
            for _ in range(6):
                distances = 0.5 * (16 - codes @ codes.T)
                within.append(float(distances[same].mean()))
                between.append(float(distances[~same].mean()))
                w = regression_matrix(codes, y, params.backward, params.decay)
                codes = improve_codes(codes, y, w, outputs, params)
            curves = series("same class", range(6), within), series("other class", range(6), between)
            frames.append(Frame(str(follow), curves))
        return Picture(
            "Distance of the free codes, round after round",
            "The two regressions gather each class at one code. The more the codes must follow the outputs, "
            "here those of a network that learned nothing, the more of their noise stays.",
            "rounds of matrix and bits",
            "mean Hamming distance, of 16 bits",
            tuple(frames),
            "weight of the outputs (nu)",
            1,
        )

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """The first round, with the untrained network's outputs."""
        self.y = train.labels.to(train.features.dtype)
        outputs = self.eval()(train.features)
        self.codes = binarize(outputs)
        self._round(outputs)

    def before_epoch(self, epoch: int, n_epochs: int) -> None:
        """Note the place in the run."""
        self._epoch, self._n_epochs = epoch, n_epochs

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Mean squared distance of outputs and codes."""
        return {"follow": (batch.u - self.codes[batch.rows].to(batch.u)).square().mean()}

    def after_epoch(self, outputs: Callable[[], Tensor]) -> None:
        """Where a round ends, but not at the run's end: matrix and codes anew."""
        done, rounds = self._epoch + 1, self.params.rounds
        if done < self._n_epochs and done * rounds // self._n_epochs > self._epoch * rounds // self._n_epochs:
            self._round(outputs())

    def _round(self, outputs: Tensor) -> None:
        w = regression_matrix(self.codes, self.y, self.params.backward, self.params.decay)
        self.codes = improve_codes(self.codes, self.y, w, outputs, self.params)
