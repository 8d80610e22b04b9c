"""The backbone that ships with Hashlens: seven convolutions, 583 thousand parameters, 256 features.

It is what an ImageNet network is to CIFAR-10, at the scale of the demonstration: `models.engine.pretrain`
trains it on generated pictures of categories that none of the demonstration's classes belongs to.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from models.types import ImageTransform

# Output channels and stride of each 3x3 convolution.
_LAYERS = ((32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2))

N_FEATURES = _LAYERS[-1][0]
# Four strides of two: below this side the last maps would be mostly padding.
MIN_SIZE = 32
# It was pre-trained at 64 pixels; what measures much more outgrows its filters.
TRAINED_SIZE, MAX_SIZE = 64, 96
# Strokes of a tiny picture, enlarged further, become bands without a shape: digits of 8 pixels are told apart
# better at 32 than at 64.
MAX_ENLARGEMENT = 4


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


def small_cnn_transform(image_size: int) -> ImageTransform:
    """The transform of small_cnn for a data set of square images.

    Images of 64 to 96 pixels keep their size, larger ones are reduced to 96. Smaller ones are enlarged to
    64, at most fourfold but always to 32: digits of 8 pixels become 32, CIFAR's 32 become 64.

    Args:
        image_size: side of the data set's images in pixels.
    """
    side = min(max(image_size, TRAINED_SIZE), MAX_SIZE)
    side = max(min(side, MAX_ENLARGEMENT * image_size), MIN_SIZE)
    return ImageTransform(resize=side, size=side, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
