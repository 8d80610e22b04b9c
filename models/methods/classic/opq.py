r"""OPQ: Optimized Product Quantization (CVPR 2013).

Product quantization loses least when its slices are independent and vary equally. A rotation of the features
before they are cut brings them there. Words and rotation are improved in turn, each the best answer to the
other.

    min sum over images of |R x_i - q(R x_i)|^2 over R orthogonal and words    R -> part of `head`
    R x -> `u`    q, the chosen words one after the other -> `concatenated(words, assign(u))`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import torch
from torch import Tensor, nn

from models.losses.codebooks import (
    concatenated,
    faiss_points,
    faiss_training,
    kmeans,
    nearest_words,
    set_clustering,
    slice_width,
    start_words,
)
from models.methods.base import CodebookMethod, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.networks.codebook_heads import PrincipalHead, random_rotation
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Recipe, Supervision
from models.types import Float32

N_CENTROIDS = 256  # one byte per slice

SPEC = MethodSpec(
    name="opq",
    label="OPQ",
    title="Optimized Product Quantization",
    family=Family.CLASSIC,
    family_note="Not named in the 2020 edition.",
    supervision=Supervision.NONE,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "T. Ge, K. He, Q. Ke, J. Sun",
        "Optimized Product Quantization for Approximate Nearest Neighbor Search",
        "CVPR",
        2013,
    ),
    loss_kind="squared error of slices after a rotation",
    idea=(
        "Where features are cut into slices matters: slices should be independent and vary equally. A "
        "rotation before the cut brings them there and changes no distance. Words and rotation are improved "
        "in turn, each being the best answer to the other."
    ),
    good_for="Product quantization with a smaller error at the same number of bits and the same search.",
    objective=(
        r"\min_{R,\,C,\,k}\ \sum_{i=1}^{N}\sum_{m=1}^{M}\big\lVert (Rx_i)^{(m)}-C_m[k_{im}]\big\rVert^2"
        r"\quad\text{s.t.}\ R^\top R=I"
    ),
    symbols=(
        (r"x_i", "features of image i, reduced"),
        (r"R", "rotation"),
        (r"(Rx_i)^{(m)}", "slice m of the rotated features"),
        (r"C_m", "book m: 256 words as long as a slice"),
        (r"k_{im}", "which word of book m image i has"),
        (r"N,\ M", "train images, slices"),
    ),
    n_bits=BitRule(multiple_of=8, lowest=8, highest=256),
    recipe=Recipe(epochs=0),
    differs=(
        "Features are standardised and reduced to the 96 directions of largest variance, so that words and "
        "queries stay small.",
        "The rotation starts from a random one; the paper also has a start that shares out the variance.",
        "Rotation and words are learned by FAISS from the train split, about eight images a word, fewer "
        "than FAISS advises; with fewer images than words, midpoints of images serve as further ones.",
    ),
    references=("FAISS: OPQMatrix and IndexPQ, whose rotation and words are taken over",),
    exceptions={"training": "closed form: rotation and words are found before the first epoch"},
)


@dataclass(frozen=True)
class OPQParams:
    """Hyper-parameters of OPQ."""

    n_rounds: int = param(
        50, "How often rotation and words are improved in turn", source="FAISS", low=1, high=200
    )


def opq_rotation(points: Float32, n_codebooks: int, n_words: int, n_rounds: int, seed: int) -> Float32:
    """Rotation under which slices lose least, found by FAISS from no rotation; float32 (width, width).

    Its rows are the directions: rotated points are `points @ rotation.T`. Points, float32 (n, width).
    """
    width = points.shape[1]
    matrix = faiss.OPQMatrix(width, n_codebooks)
    quantizer = faiss.ProductQuantizer(width, n_codebooks, n_words.bit_length() - 1)
    set_clustering(quantizer.cp, seed)
    matrix.pq, matrix.niter = quantizer, n_rounds
    faiss.copy_array_to_vector(np.eye(width, dtype=np.float32).ravel(), matrix.A)
    matrix.train(points)
    rotation: Float32 = faiss.vector_to_array(matrix.A).reshape(width, width).copy()
    return rotation


class OPQ(CodebookMethod):
    """Product quantization after a learned rotation."""

    spec = SPEC
    Params = OPQParams
    params: OPQParams
    head: PrincipalHead
    words: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; directions and words are found in `before_fit`.

        Raises:
            ConfigError: `n_bits` is not a multiple of 8, or there are more slices than features.
        """
        super().__init__(n_bits, n_features, n_classes, params)
        width = slice_width(n_bits, n_features, self.spec.label)
        self.register_buffer("words", torch.zeros(n_bits // 8, N_CENTROIDS, width))

    @classmethod
    def picture(cls) -> Picture:
        """Error of slices for more and more rounds, on points whose numbers belong together across slices."""
        generator, frames = torch.Generator().manual_seed(0), []
        halves = torch.randn(400, 4, generator=generator)
        noise = torch.randn(400, 4, generator=generator)
        for share in (0.0, 0.5, 0.8, 0.95):
            other = share * halves + (1 - share**2) ** 0.5 * noise
            points, errors = torch.cat([halves, other], dim=1).numpy(), []
            for n_rounds in range(0, 11, 2):
                rotation = np.eye(8, dtype=np.float32)
                if n_rounds:
                    rotation = opq_rotation(points, 2, 16, n_rounds, 1)
                z = torch.from_numpy(points @ rotation.T)
                words = kmeans(z, start_words(z, 2, 16, torch.Generator().manual_seed(0)))
                errors.append(float((z - concatenated(words, nearest_words(z, words))).square().mean()))
            frames.append(Frame(f"{share:g}", (series("squared error", range(0, 11, 2), errors),)))
        caption = (
            "Two slices say nearly the same when they are correlated. A rotation ends that and loses less; "
            "without correlation there is little to win."
        )
        title, x, y = "What two slices of four numbers lose", "rounds of rotation and words", "squared error"
        return Picture(title, caption, x, y, tuple(frames), "correlation between the slices", 2)

    def build_head(self) -> nn.Module:
        """Reduction and rotation, as one linear map."""
        width = slice_width(self.n_bits, self.n_features, self.spec.label)
        return PrincipalHead(self.n_features, self.n_bits // 8 * width)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Directions, then rotation and words in turn, then k-means of every slice."""
        n_codebooks, _, width = self.words.shape
        u = self.head.fit(train.features, random_rotation(n_codebooks * width, train.generator))
        points = faiss_points(u, N_CENTROIDS, train.generator)
        with faiss_training(train.generator) as seed:
            rotation = opq_rotation(points, n_codebooks, N_CENTROIDS, self.params.n_rounds, seed)
            quantizer = faiss.ProductQuantizer(n_codebooks * width, n_codebooks, 8)
            set_clustering(quantizer.cp, seed)
            quantizer.train(np.ascontiguousarray(points @ rotation.T))
        self.head.rotate(torch.from_numpy(rotation).T)
        words = faiss.vector_to_array(quantizer.centroids).reshape(self.words.shape)
        self.words.copy_(torch.from_numpy(words.copy()))

    def codebooks(self) -> Tensor:
        """The words, float (M, 256, 96 // M)."""
        return self.words

    def assign(self, u: Tensor) -> Tensor:
        """Nearest word of each slice, int64 (n, M)."""
        return nearest_words(u, self.words.to(u.dtype))

    def embed(self, u: Tensor) -> Tensor:
        """The reduced features themselves, for queries."""
        return u
