"""The hash layer: what stands between a backbone's features and the relaxed code."""

from __future__ import annotations

from torch import Tensor, nn


class HashHead(nn.Module):
    """One hidden layer between features and relaxed code, the same for all methods: losses are what differs.

    Args:
        n_features: width of the backbone output.
        n_outputs: width of `u`; the code length for methods with binary codes.
        hidden: width of the hidden layer.
        dropout: share of hidden units dropped in training. 2,000 train images overfit a head without it.
    """

    def __init__(self, n_features: int, n_outputs: int, hidden: int = 256, dropout: float = 0.3) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, n_outputs)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map features, float (n, n_features), to u, float (n, n_outputs), without an activation."""
        u: Tensor = self.layers(features)
        return u
