"""What the network last said of every train image, for losses that compare a batch with the whole split.

Source: methods/1-pairwise-and-multiwise.md, section 0.2, rule 4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.losses.pairs import half_inner_products, other_pairs, share_label


class MemoryBank(nn.Module):
    """Last outputs of all train images, with their labels; needed in training only.

    Rows that no batch has held yet are zero, and a zero row is no image: for a distance loss it would stand
    as a dissimilar point near everything. `pairs` leaves them out.

    Attributes:
        u: float (n_train, n_outputs), last outputs; 0 where none was seen.
        labels: bool (n_train, n_classes).
        visited: bool (n_train,), rows that hold an output.
    """

    u: Tensor
    labels: Tensor
    visited: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("u", "labels", "visited"):
            self.register_buffer(name, torch.empty(0), persistent=False)

    def reset(self, labels: Tensor, n_outputs: int) -> None:
        """Empty the bank; call it in `before_fit`.

        Args:
            labels: bool (n_train, n_classes).
            n_outputs: width of u.
        """
        self.labels = labels
        self.u = torch.zeros(len(labels), n_outputs, device=labels.device)
        self.visited = torch.zeros(len(labels), dtype=torch.bool, device=labels.device)

    @torch.no_grad()
    def store(self, rows: Tensor, u: Tensor) -> None:
        """Keep the outputs u, float (n, n_outputs), of train images `rows`, int64 (n,)."""
        self.u[rows] = u.detach().to(self.u.dtype)
        self.visited[rows] = True

    def half_inner_products(self, u: Tensor) -> Tensor:
        """Half the inner product of u, float (n, n_outputs), with every row of the bank, (n, n_train).

        The gradient reaches u only: stored outputs are constants.
        """
        return 0.5 * u @ self.u.to(u.dtype).T

    def compare(self, u: Tensor, labels: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pairs of a batch with the bank, or inside the batch where the bank was never reset.

        Args:
            u: float (n, n_outputs).
            labels: bool (n, n_classes).
            rows: int64 (n,), train images of the batch.

        Returns:
            Half inner products, float (n, m); similar pairs, bool (n, m); pairs that count, bool (n, m).
        """
        if len(self.u) == 0:
            return half_inner_products(u), share_label(labels), other_pairs(len(u), u.device)
        return self.half_inner_products(u), *self.pairs(rows, labels)

    def pairs(self, rows: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Which pairs of batch and bank are similar, and which may be read; both bool (n, n_train).

        A pair may be read when the bank's image has been seen and is not the batch's own.

        Args:
            rows: int64 (n,), train images of the batch.
            labels: bool (n, n_classes), their labels.
        """
        similar = labels.float() @ self.labels.float().T > 0.5
        readable = self.visited.expand(len(rows), -1).clone()
        readable[torch.arange(len(rows), device=rows.device), rows] = False
        return similar, readable
