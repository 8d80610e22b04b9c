r"""RQ: Residual Quantization (Sensors 2010).

The first word comes near the features, the second near what the first left over, and so on; their sum stands
for the image. Each book is found by k-means on the left-overs of the books before. A beam keeps the five best
sums while words are chosen, for the nearest first word is not always the best one.

    min sum over images of |x_i - sum_m C_m[k_im]|^2, book after book    x -> `u`    C_m -> `words`
    k_im -> `assign`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

from typing import Any

import faiss
import torch
from torch import Tensor, nn

from models.losses.additive import decode
from models.losses.codebooks import ADDITIVE_WIDTH, beam_codes, faiss_points, faiss_training, set_clustering
from models.methods.base import CodebookMethod, TrainSet
from models.methods.picture import Frame, Picture, series
from models.networks.codebook_heads import PrincipalHead
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Recipe, Supervision
from models.types import Float32

N_CENTROIDS = 256  # one byte per book
BEAM = 5

SPEC = MethodSpec(
    name="rq",
    label="RQ",
    title="Residual Quantization",
    family=Family.CLASSIC,
    family_note="Not named in the 2020 edition.",
    supervision=Supervision.NONE,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "Y. Chen, T. Guan, C. Wang",
        "Approximate Nearest Neighbor Search by Residual Vector Quantization",
        "Sensors",
        2010,
    ),
    loss_kind="squared error of what earlier words left over",
    idea=(
        "A first word comes near the features, a second near what the first left over, and so on. The sum "
        "of the words stands for the image, one byte a word. Several sums are kept while words are chosen, "
        "because the nearest first word is not always the best."
    ),
    good_for="Codes that get finer byte by byte: a shorter code is the beginning of a longer one.",
    objective=r"\min_{C,\,k}\ \sum_{i=1}^{N}\Big\lVert x_i-\sum_{m=1}^{M}C_m[k_{im}]\Big\rVert^2",
    symbols=(
        (r"x_i", "features of image i, reduced"),
        (r"C_m", "book m: 256 words as long as the reduced features, found after the books before it"),
        (r"k_{im}", "which word of book m image i has"),
        (r"N,\ M", "train images, books"),
    ),
    n_bits=BitRule(multiple_of=8, lowest=8, highest=128),
    recipe=Recipe(epochs=0),
    differs=(
        "Features are standardised and reduced to the 48 directions of largest variance, so that words and "
        "queries stay small.",
        "Words are chosen with a beam of 5, as in FAISS; the paper takes the nearest word of each book.",
        "Words are learned by FAISS from the train split, about eight images a word, fewer than FAISS "
        "advises; with fewer images than words, midpoints of images serve as further ones.",
    ),
    references=("FAISS: IndexResidualQuantizer, whose words are taken over",),
    exceptions={"training": "closed form: words are found by k-means before the first epoch"},
)


def residual_words(points: Float32, n_codebooks: int, word_bits: int, seed: int) -> Tensor:
    """Books found one after the other by FAISS, float32 (n_codebooks, 2^word_bits, width).

    Points, float32 (n, width), at least as many as words in a book.
    """
    width = points.shape[1]
    quantizer = faiss.ResidualQuantizer(width, n_codebooks, word_bits)
    set_clustering(quantizer.cp, seed)
    quantizer.max_beam_size = BEAM
    quantizer.train(points)
    words = faiss.vector_to_array(quantizer.codebooks).reshape(n_codebooks, 2**word_bits, width)
    return torch.from_numpy(words.copy())


class RQ(CodebookMethod):
    """Residual quantization of the features."""

    spec = SPEC
    structure = "additive"
    head: PrincipalHead
    words: Tensor

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; directions and words are found in `before_fit`."""
        super().__init__(n_bits, n_features, n_classes, params)
        width = min(ADDITIVE_WIDTH, n_features)
        self.register_buffer("words", torch.zeros(n_bits // 8, N_CENTROIDS, width))

    @classmethod
    def picture(cls) -> Picture:
        """What is left over after each book, for beams of several widths, on 300 points."""
        z = torch.randn(300, 8, generator=torch.Generator().manual_seed(0))
        words, frames = residual_words(z.numpy(), 6, 4, 1), []
        for width in (1, 2, 5, 20):
            errors = []
            for n_books in range(1, 7):
                codes = beam_codes(z, words[:n_books], width)
                errors.append(float((z - decode(words[:n_books], codes)).square().sum(dim=1).mean()))
            frames.append(Frame(str(width), (series("squared error", range(1, 7), errors),)))
        caption = "Every book takes a part of what is left over. Keeping more sums on the way helps."
        title = "What is left over after each book of 16 words"
        return Picture(title, caption, "books", "squared error", tuple(frames), "sums kept on the way", 0)

    def build_head(self) -> nn.Module:
        """Reduction, as one linear map."""
        return PrincipalHead(self.n_features, min(ADDITIVE_WIDTH, self.n_features))

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Directions, then one book after the other."""
        points = faiss_points(self.head.fit(train.features), N_CENTROIDS, train.generator)
        with faiss_training(train.generator) as seed:
            self.words.copy_(residual_words(points, len(self.words), 8, seed))

    def codebooks(self) -> Tensor:
        """The words, float (M, 256, 48)."""
        return self.words

    def assign(self, u: Tensor) -> Tensor:
        """The best sum that a beam of 5 finds, int64 (n, M)."""
        return beam_codes(u, self.words.to(u.dtype), BEAM)

    def embed(self, u: Tensor) -> Tensor:
        """The reduced features themselves, for queries."""
        return u
