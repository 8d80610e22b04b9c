r"""PQ: Product Quantization for Nearest Neighbor Search (TPAMI 2011).

Features are cut into slices, and k-means finds 256 words for each slice. A code names the nearest word of
every slice, one byte per slice. A query is not coded: one table per slice holds its distances to all words.

    min sum over images, slices of |x_i^(m) - C_m[k_im]|^2    x -> `u`    C_m -> `words`    k_im -> `assign`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from typing import Any

import faiss
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
from models.methods.base import CodebookMethod, TrainSet
from models.methods.picture import Frame, Picture, series
from models.networks.codebook_heads import PrincipalHead, random_rotation
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Recipe, Supervision

N_CENTROIDS = 256  # one byte per slice

SPEC = MethodSpec(
    name="pq",
    label="PQ",
    title="Product Quantization",
    family=Family.CLASSIC,
    family_note="The 2020 edition describes it as the basis of its quantization family.",
    supervision=Supervision.NONE,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "H. Jégou, M. Douze, C. Schmid", "Product Quantization for Nearest Neighbor Search", "TPAMI", 2011
    ),
    loss_kind="squared error of slices",
    idea=(
        "Features are cut into slices, and k-means finds 256 words for each slice. A code names the nearest "
        "word of every slice, so a few bytes stand for billions of different vectors. A query is not coded: "
        "its distances to all words are looked up in small tables and added."
    ),
    good_for="The baseline that every learned quantizer has to beat at equal bits, found in a second.",
    objective=r"\min_{C,\,k}\ \sum_{i=1}^{N}\sum_{m=1}^{M}\big\lVert x_i^{(m)}-C_m[k_{im}]\big\rVert^2",
    symbols=(
        (r"x_i^{(m)}", "slice m of image i's features, reduced and rotated"),
        (r"C_m", "book m: 256 words as long as a slice"),
        (r"k_{im}", "which word of book m image i has"),
        (r"N,\ M", "train images, slices"),
    ),
    n_bits=BitRule(multiple_of=8, lowest=8, highest=256),
    recipe=Recipe(epochs=0),
    differs=(
        "Features are standardised and reduced to the 96 directions of largest variance, so that words and "
        "queries stay small.",
        "A random rotation comes first, so that every slice holds about the same variance; the paper cuts "
        "features in their own order.",
        "Words are learned by FAISS from the train split, about eight images a word, fewer than FAISS "
        "advises; with fewer images than words, midpoints of images serve as further ones.",
    ),
    references=("FAISS: IndexPQ, whose words are taken over and whose distances ours are compared with",),
    exceptions={"training": "closed form: words are found by k-means before the first epoch"},
)


class PQ(CodebookMethod):
    """Product quantization of the features."""

    spec = SPEC
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
        """Error while k-means goes on, for several numbers of words, on points in 20 clusters."""
        generator, frames = torch.Generator().manual_seed(0), []
        z = 2 * torch.randn(20, 8, generator=generator)[torch.arange(400) % 20]
        z = z + torch.randn(400, 8, generator=generator)
        for n_words in (2, 4, 8, 16, 32):
            words, errors = start_words(z, 4, n_words, generator), []
            for _ in range(13):
                errors.append(float((z - concatenated(words, nearest_words(z, words))).square().mean()))
                words = kmeans(z, words, 1)
            frames.append(Frame(str(n_words), (series("squared error", range(13), errors),)))
        caption = (
            "k-means never raises the error, and most is won early. Twice the words cost one bit a slice."
        )
        title, y = "What four slices of two numbers lose", "mean squared error of a number"
        return Picture(title, caption, "round of k-means", y, tuple(frames), "words per slice", 2)

    def build_head(self) -> nn.Module:
        """Reduction and rotation, as one linear map."""
        width = slice_width(self.n_bits, self.n_features, self.spec.label)
        return PrincipalHead(self.n_features, self.n_bits // 8 * width)

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Directions and rotation, then k-means of every slice."""
        n_codebooks, _, width = self.words.shape
        u = self.head.fit(train.features, random_rotation(n_codebooks * width, train.generator))
        points = faiss_points(u, N_CENTROIDS, train.generator)
        with faiss_training(train.generator) as seed:
            quantizer = faiss.ProductQuantizer(n_codebooks * width, n_codebooks, 8)
            set_clustering(quantizer.cp, seed)
            quantizer.train(points)
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
