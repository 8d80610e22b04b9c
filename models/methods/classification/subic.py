r"""SUBIC: A Supervised, Structured Binary Code for Image Search (ICCV 2017).

The output falls into blocks, and a softmax in each block shares out the whole among its words. Two entropies
shape the blocks: each image has to decide for one word per block, and all images together have to use every
word. A code stores the chosen words; a query keeps its shares, and its score is the sum of those that it gave
to the stored words.

    p = softmax of each block of u -> `shares`    z = W p + g    L = CE(z) + gamma H_mean - mu H_batch
    H_mean = mean over images and blocks of H(p_im) -> `mean_entropy`
    H_batch = mean over blocks of H(mean over images of p_im) -> `batch_entropy`

Differs from the paper, references: see SPEC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.losses.classification import class_loss
from models.methods.base import Batch, CodebookMethod, TrainSet, param
from models.methods.picture import Frame, Picture, grid
from models.networks.heads import HashHead
from models.spec import BitRule, Citation, CodeKind, Family, MethodSpec, Protocol, Supervision, quote

N_WORDS = 16  # per block
BITS_PER_BLOCK = 4

SPEC = MethodSpec(
    name="subic",
    label="SUBIC",
    title="Supervised, Structured Binary Code",
    family=Family.CLASSIFICATION,
    supervision=Supervision.LABELS,
    code_kind=CodeKind.CODEBOOK,
    citation=Citation(
        "H. Jain, J. Zepeda, P. Pérez, R. Gribonval",
        "SUBIC: A Supervised, Structured Binary Code for Image Search",
        "ICCV",
        2017,
        "1708.02932",
    ),
    loss_kind="cross-entropy of a classifier on the code, with entropies of its blocks",
    idea=(
        "The output falls into blocks, and in each block a softmax spreads one whole over 16 words. A "
        "classifier reads the shares, while two entropies shape them: each image should settle on one word "
        "per block, and all images together should use every word. A code stores the chosen words, and a "
        "query scores it by adding the shares that it gave to them."
    ),
    good_for="Fine ranking by plain look-ups: a query keeps real numbers, a stored image 4 bits per block.",
    objective=(
        r"\mathcal L=\frac1N\sum_i\ell(z_i,y_i)+\frac{\gamma}{NM\log_2Q}\sum_{i,m}H(p_{im})"
        r"-\frac{\mu}{M\log_2Q}\sum_mH\Big(\frac1N\sum_ip_{im}\Big),\qquad H(p)=-\sum_{q=1}^{Q}p_q\log_2p_q"
    ),
    symbols=(
        (r"p_{im}", "shares of the words of block m in image i: the softmax of the block's outputs"),
        (r"z_i", "class scores of a linear classifier that reads all shares of the image"),
        (r"y_i,\ \ell", "labels of image i; cross-entropy"),
        (r"H", "entropy in bits: 0 for one word alone, 4 for 16 equal shares"),
        (r"\gamma", "weight of the entropy of single images, which goes down (a firm choice)"),
        (r"\mu", "weight of the entropy of the whole batch, which goes up (all words in use)"),
        (r"N,\ M,\ Q", "images in the batch, blocks, words per block"),
    ),
    n_bits=BitRule(multiple_of=BITS_PER_BLOCK, lowest=8, highest=256),
    multi_label_note="Several labels per image are our addition: one yes-no cross-entropy per class.",
    differs=(
        "A block has 16 words, 4 bits; the paper's has 64, 6 bits (unverified). The entropy of a batch says "
        "something only when the batch is much larger than a block, and ours has 128 images.",
        "Entropies are divided by their highest value, and both weights are 1; the paper's weights are "
        "unverified.",
        "The weight of the first entropy grows from near 0 over the first third of training, or all images "
        "may settle on one word before the classifier speaks.",
        "A small head on stored features is trained with AdamW; the paper trains a network end to end.",
    ),
    published=quote(
        {48: 0.686},
        Protocol("CIFAR-10", "the comparison in the DPQ paper"),
        backbone="not stated there",
        source="second hand, not read in the paper",
        verified=False,
    ),
)


@dataclass(frozen=True)
class SUBICParams:
    """Hyper-parameters of SUBIC."""

    gamma: float = param(1.0, "Push of each image to one word per block", source="ours", low=0.0, high=10.0)
    mu: float = param(1.0, "Push of all images to use every word", source="ours", low=0.0, high=10.0)
    warm_up: float = param(
        0.3, "Share of the epochs over which gamma grows to its value", source="ours", low=0.0, high=1.0
    )


def mean_entropy(logits: Tensor) -> Tensor:
    """Entropy in bits of the words' shares, mean over images and blocks; logits float (n, M, Q).

    Computed from logits: shares that round to 0 would have no logarithm.
    """
    log_shares = torch.log_softmax(logits, dim=-1)
    return -(log_shares.exp() * log_shares).sum(dim=-1).mean() / math.log(2)


def batch_entropy(logits: Tensor) -> Tensor:
    """Entropy in bits of the batch's average shares, mean over blocks; logits float (n, M, Q)."""
    usage = torch.softmax(logits, dim=-1).mean(dim=0)
    return -(usage * torch.log2(usage.clamp(min=1e-12))).sum(dim=-1).mean()


def symmetric_distances(codes: Tensor, others: Tensor) -> Tensor:
    """Blocks in which two codes disagree, int64 (n, m), from codes, int64 (n, M) and (m, M).

    Half the Hamming distance of the one-hot blocks. Indices have no order, so their bits are not compared.
    """
    return (codes[:, None, :] != others[None, :, :]).sum(dim=-1)


class SUBIC(CodebookMethod):
    """Supervised, Structured Binary Code: product codebooks whose words are the unit vectors."""

    spec = SPEC
    Params = SUBICParams
    params: SUBICParams
    metric = "ip"

    def __init__(self, n_bits: int, n_features: int, n_classes: int, params: Any = None) -> None:
        """Store sizes; build head and classifier."""
        super().__init__(n_bits, n_features, n_classes, params)
        self.classifier = nn.Linear(n_bits // BITS_PER_BLOCK * N_WORDS, n_classes)
        self.multi_label = False
        self.gamma = self.params.gamma

    def build_head(self) -> nn.Module:
        """One output per word and block."""
        return HashHead(self.n_features, self.n_bits // BITS_PER_BLOCK * N_WORDS)

    @classmethod
    def picture(cls) -> Picture:
        """Shares of one image's blocks while its outputs grow."""
        outputs = torch.randn(1, 8, N_WORDS, generator=torch.Generator().manual_seed(1))
        frames = []
        for size in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0):
            label = f"{size:g} (entropy {float(mean_entropy(size * outputs)):.1f} bits)"
            frames.append(Frame(label, grid=grid(torch.softmax(size * outputs[0], dim=-1))))
        return Picture(
            title="One image: how each block shares itself out among its words",
            caption=(
                "Small outputs leave every word nearly the same share. As they grow the entropy falls and "
                "one word per block remains: that word is stored, a query keeps the shares."
            ),
            x=f"word of the block, of {N_WORDS}",
            y="block",
            frames=tuple(frames),
            slider="size of the outputs",
            start=3,
            kind="grid",
        )

    def before_fit(self, train: TrainSet) -> None:
        """Several labels on any image make the classifier answer yes or no per class."""
        self.multi_label = bool((train.labels.sum(dim=1) > 1).any())

    def before_epoch(self, epoch: int, n_epochs: int) -> None:
        """Let gamma grow in a straight line over the warm-up."""
        self.gamma = self.params.gamma * min(1.0, (epoch + 1) / max(1.0, self.params.warm_up * n_epochs))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Class loss of the shares, a firm choice per image, all words in use."""
        logits = self.blocks(batch.u)
        scores = self.classifier(torch.softmax(logits, dim=-1).flatten(1))
        return {
            "class": class_loss(scores, batch.labels, multi_label=self.multi_label),
            "mean_entropy": self.gamma / BITS_PER_BLOCK * mean_entropy(logits),
            "batch_entropy": -self.params.mu / BITS_PER_BLOCK * batch_entropy(logits),
        }

    def blocks(self, u: Tensor) -> Tensor:
        """The outputs block by block, float (n, M, Q)."""
        return u.reshape(len(u), -1, N_WORDS)

    def codebooks(self) -> Tensor:
        """The unit vectors in every block, float (M, Q, Q)."""
        weight = self.classifier.weight
        words = torch.eye(N_WORDS, dtype=weight.dtype, device=weight.device)
        return words.repeat(self.n_bits // BITS_PER_BLOCK, 1, 1)

    def assign(self, u: Tensor) -> Tensor:
        """Word with the largest share in each block, int64 (n, M)."""
        return self.blocks(u).argmax(dim=-1)

    def embed(self, u: Tensor) -> Tensor:
        """The shares of all words, float (n, M * Q), for queries; their inner product is the score."""
        return torch.softmax(self.blocks(u), dim=-1).flatten(1)
