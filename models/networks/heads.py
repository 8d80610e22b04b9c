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
        gain: factor on the initial weights of the last layer. With 1, outputs start at about 0.2 on
            standardised features, which suits losses with a quantization term.
    """

    def __init__(
        self, n_features: int, n_outputs: int, hidden: int = 256, dropout: float = 0.3, gain: float = 1.0
    ) -> None:
        super().__init__()
        last = nn.Linear(hidden, n_outputs)
        nn.init.uniform_(last.weight, -gain * hidden**-0.5, gain * hidden**-0.5)
        self.layers = nn.Sequential(nn.Linear(n_features, hidden), nn.ReLU(), nn.Dropout(dropout), last)

    def forward(self, features: Tensor) -> Tensor:
        """Map features, float (n, n_features), to u, float (n, n_outputs), without an activation."""
        u: Tensor = self.layers(features)
        return u
