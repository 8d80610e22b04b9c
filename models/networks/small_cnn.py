"""The backbone that ships with Hashlens: seven convolutions, 583 thousand parameters, 256 features.

It is what an ImageNet network is to CIFAR-10, at the scale of the demonstration: `models.engine.pretrain`
trains it on generated pictures of categories that none of the demonstration's classes belongs to.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

# Output channels and stride of each 3x3 convolution.
_LAYERS = ((32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2))

N_FEATURES = _LAYERS[-1][0]
# Four strides of two: below this side the last maps would be mostly padding.
MIN_SIZE = 32


class SmallCNN(nn.Module):
    """Convolution, batch norm and ReLU seven times, then the mean over the map."""

    def __init__(self) -> None:
        super().__init__()
        channels = (3, *(width for width, _ in _LAYERS))
        blocks: list[nn.Module] = []
        for (n_in, n_out), (_, stride) in zip(pairwise(channels), _LAYERS, strict=True):
            # No bias: the batch norm that follows has one.
            blocks += [
                nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False),
                nn.BatchNorm2d(n_out),
                nn.ReLU(inplace=True),
            ]
        self.layers = nn.Sequential(*blocks)

    def forward(self, images: Tensor) -> Tensor:
        """Features of a batch.

        Args:
            images: float (n, 3, height, width), normalised, sides of at least 32 pixels.

        Returns:
            float (n, 256), not negative.
        """
        maps: Tensor = self.layers(images)
        return maps.mean(dim=(2, 3))
