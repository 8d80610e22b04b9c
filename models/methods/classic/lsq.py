r"""LSQ: Revisiting Additive Quantization (ECCV 2016), trained as LSQ++ (ECCV 2018).

A sum of words stands for the image, one word of each book, and all books are found together: words by least
squares for given codes, codes by changing one word after the other while the rest stay. Some words are
changed at random on the way, so that the search does not stick to its first answer.

    min sum over images of |x_i - sum_m C_m[k_im]|^2, all books at once    x -> `u`    C_m -> `books.words`
    k_im -> `assign`

Differs from the papers, references: see SPEC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import faiss
import torch
from torch import Tensor, nn

from models.losses.additive import decode, improve_codes
from models.losses.additive_books import AdditiveBooks
from models.losses.codebooks import ADDITIVE_WIDTH, beam_codes, faiss_points, faiss_training
from models.methods.base import CodebookMethod, TrainSet, param
from models.methods.picture import Frame, Picture, series
from models.networks.codebook_heads import PrincipalHead
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Recipe, Supervision
from models.types import Float32

N_CENTROIDS = 256  # one byte per book

SPEC = MethodSpec(
    name="lsq",
    label="LSQ",
    title="Local Search Quantization",
    family=Family.CLASSIC,
    family_note="Not named in the 2020 edition.",
    supervision=Supervision.NONE,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "J. Martinez, J. Clement, H. H. Hoos, J. J. Little", "Revisiting Additive Quantization", "ECCV", 2016
    ),
    loss_kind="squared error of sums of words",
    idea=(
        "A sum of words stands for the image, one word of each book, and no book comes before another. "
        "For given codes the best words solve a least-squares problem. For given words, codes are improved "
        "word by word, with random changes on the way so that the search does not stick."
    ),
    good_for="The smallest error that sums of words can reach on the images they were learned from.",
    objective=r"\min_{C,\,k}\ \sum_{i=1}^{N}\Big\lVert x_i-\sum_{m=1}^{M}C_m[k_{im}]\Big\rVert^2",
    symbols=(
        (r"x_i", "features of image i, reduced"),
        (r"C_m", "book m: 256 words as long as the reduced features"),
        (r"k_{im}", "which word of book m image i has"),
        (r"N,\ M", "train images, books"),
    ),
    n_bits=BitRule(multiple_of=8, lowest=8, highest=64),
    recipe=Recipe(epochs=0),
    differs=(
        "Features are standardised and reduced to the 48 directions of largest variance, so that words and "
        "queries stay small.",
        "New images are coded by a beam of 5 and three sweeps over the books, without random changes, so "
        "that an image always gets the same code.",
        "Words are learned by FAISS from the train split, about eight images a word: far too few for books "
        "that are found together, so the error on new images is much larger than on train images.",
        "With fewer images than words, midpoints of images serve as further ones; at most 64 bits.",
    ),
    references=("FAISS: IndexLocalSearchQuantizer, whose words are taken over",),
    exceptions={"training": "closed form: words and codes are found in turn before the first epoch"},
)


@dataclass(frozen=True)
class LSQParams:
    """Hyper-parameters of LSQ."""

    n_rounds: int = param(
        25, "How often words and codes are improved in turn", source="FAISS", low=1, high=100
    )


def local_search_words(points: Float32, n_codebooks: int, word_bits: int, n_rounds: int, seed: int) -> Tensor:
    """Books found together by FAISS, float32 (n_codebooks, 2^word_bits, width), of points (n, width)."""
    width = points.shape[1]
    quantizer = faiss.LocalSearchQuantizer(width, n_codebooks, word_bits)
    quantizer.train_iters, quantizer.random_seed = n_rounds, seed
    quantizer.train(points)
    words = faiss.vector_to_array(quantizer.codebooks).reshape(n_codebooks, 2**word_bits, width)
    return torch.from_numpy(words.copy())


class LSQ(CodebookMethod):
    """Additive quantization of the features by local search."""

    spec = SPEC
    Params = LSQParams
    params: LSQParams
    structure = "additive"
    head: PrincipalHead

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; directions and words are found in `before_fit`."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.books = AdditiveBooks(n_bits // 8, N_CENTROIDS, min(ADDITIVE_WIDTH, n_features))

    @classmethod
    def picture(cls) -> Picture:
        """Error of codes while their words are chosen anew, from random codes and from a beam."""
        generator, frames = torch.Generator().manual_seed(0), []
        z = torch.randn(200, 8, generator=generator)
        for n_books in (2, 4, 6, 8):
            words = torch.randn(n_books, 16, 8, generator=generator) / n_books**0.5
            starts = {"from random codes": torch.randint(16, (200, n_books), generator=generator)}
            starts["from a beam of 5"] = beam_codes(z, words, 5)
            curves = []
            for name, codes in starts.items():
                errors = []
                for _ in range(7):
                    errors.append(float((z - decode(words, codes)).square().sum(dim=1).mean()))
                    codes = improve_codes(z, words, codes, [range(n_books)])
                curves.append(series(name, range(7), errors))
            frames.append(Frame(str(n_books), tuple(curves)))
        caption = (
            "Choosing one word anew never raises the error, but it ends where no single change helps. The "
            "more books, the more such ends there are, and the more a good start is worth."
        )
        title, x = "Error of codes while words are chosen anew", "sweeps over the books"
        return Picture(title, caption, x, "squared error", tuple(frames), "books", 1)

    def build_head(self) -> nn.Module:
        """Reduction, as one linear map."""
        return PrincipalHead(self.n_features, min(ADDITIVE_WIDTH, self.n_features))

    @torch.no_grad()
    def before_fit(self, train: TrainSet) -> None:
        """Directions, then words and codes in turn."""
        points = faiss_points(self.head.fit(train.features), N_CENTROIDS, train.generator)
        n_codebooks = len(self.books.words)
        with faiss_training(train.generator) as seed:
            words = local_search_words(points, n_codebooks, 8, self.params.n_rounds, seed)
        self.books.words.copy_(words)

    def codebooks(self) -> Tensor:
        """The words, float (M, 256, 48)."""
        return self.books.words

    def assign(self, u: Tensor) -> Tensor:
        """A sum of words near the features, int64 (n, M)."""
        return self.books.assign(u)

    def embed(self, u: Tensor) -> Tensor:
        """The reduced features themselves, for queries."""
        return u
