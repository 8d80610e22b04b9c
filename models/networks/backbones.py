"""Backbones by name: the shipped `small_cnn`, torchvision's classifiers, descriptors.

Weights come from, in this order: a local file if one is given; the file shipped here (`small_cnn`);
torchvision's weights API, which keeps what it downloads in torch's own cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from models.errors import ConfigError, UnknownNameError, WeightsError
from models.networks.descriptors import load_descriptor
from models.networks.names import (
    DESCRIPTORS,
    SMALL_CNN,
    TORCHVISION,
    backbone_names,
    input_size_of,
    network_of,
)
from models.networks.small_cnn import N_FEATURES, SmallCNN, small_cnn_transform
from models.torchvision_ops import declare_missing_ops
from models.types import ImageTransform

SMALL_CNN_WEIGHTS = Path(__file__).parent / "weights" / "small_cnn.safetensors"

# The layer that maps penultimate features to ImageNet's classes; it is replaced by the identity.
_LAST_LAYER = {
    "resnet18": "fc",
    "resnet50": "fc",
    "alexnet": "classifier.6",
    "mobilenet_v2": "classifier.1",
    "mobilenet_v3_small": "classifier.3",
    "squeezenet1_0": "classifier.1",
    "vit_b_16": "heads.head",
}

# Small images are enlarged this much for a torchvision model, and no model works below the least side.
MAX_ENLARGEMENT, MIN_SIZE = 5, 64
MIN_SIZE_SMALL = 32  # of our own network
# Its position embeddings belong to one size of images.
_ONE_SIZE = ("vit_b_16",)

# A connection that says nothing for so long is taken for none.
_TIMEOUT_S = 10.0


class Backbone(nn.Module):
    """A network from images to features, in evaluation mode, with all that a cache needs to know about it.

    Attributes:
        name: as in `backbone_names()`, with `@` and a size where that was asked for.
        n_features: width of the features.
        transform: how an image becomes an input.
        weights_id: names the weights: torchvision's entry, the first 12 hex digits of a file's SHA-256, or
            the version of a descriptor, which has no weights.
    """

    def __init__(
        self, name: str, network: nn.Module, n_features: int, transform: ImageTransform, weights_id: str
    ) -> None:
        super().__init__()
        self.name, self.n_features, self.transform, self.weights_id = name, n_features, transform, weights_id
        self.network = network
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Features, float (n, n_features), of normalised images, float (n, 3, height, width)."""
        features: Tensor = self.network(images)
        return features


def load_backbone(name: str, weights_file: Path | None = None, *, image_size: int = 64) -> Backbone:
    """Build a backbone with its weights, in evaluation mode, float32, on the CPU.

    Args:
        name: one of `backbone_names()`, or `NAME@PIXELS` for a size at which it works, whatever the images
            measure.
        weights_file: a state_dict of that architecture, `.safetensors` or a torch file (read with
            `weights_only=True`); the classifier may have any number of classes or be absent.
        image_size: side of the data set's images in pixels; decides the size at which the network works, see
            `small_cnn_transform` and `torchvision_transform`, unless the name says one.

    Raises:
        UnknownNameError: no backbone of that name.
        ConfigError: the network cannot work at the size that the name says.
        WeightsError: the weights cannot be downloaded, or the file cannot be read or is of another
            architecture, or one was given for a descriptor.
    """
    network = _known_network(name)
    if network in DESCRIPTORS:
        if weights_file is not None:
            raise WeightsError(f"{name} is computed without weights. Leave out {weights_file.name}.")
        made = load_descriptor(network)
        return Backbone(name, made.network, made.n_features, made.transform, made.weights_id)
    if network == SMALL_CNN:
        return _load_small_cnn(name, weights_file or SMALL_CNN_WEIGHTS, image_size)
    return _load_torchvision(name, weights_file, image_size)


def backbone_from_state(name: str, state: Mapping[str, Tensor], *, image_size: int = 64) -> Backbone:
    """Build a backbone around weights that somebody else read, such as those of a fine-tuned checkpoint.

    Args:
        name, image_size: as in `load_backbone`.
        state: `Backbone.network.state_dict()` of that backbone.

    Raises:
        UnknownNameError: no backbone of that name.
        ConfigError: the network cannot work at the size that the name says.
        WeightsError: the weights are of another architecture, or the name is a descriptor's.
    """
    network = _known_network(name)
    if network in DESCRIPTORS:
        raise WeightsError(f"{name} is computed without weights; there is nothing to build it from.")
    if network == SMALL_CNN:
        return _small_cnn(name, state, "given weights", "given", image_size)
    return _torchvision(name, state, "given weights", "given", image_size)


def torchvision_transform(name: str, image_size: int = 64) -> ImageTransform:
    """The transform of a torchvision model for a data set of images of about one size.

    Photographs take torchvision's preset: the shorter side to 232 or 256 pixels, the middle 224 of it.
    Smaller images are enlarged fivefold where that is less, and left whole: CIFAR's 32 pixels become 160. No
    model works below 64.

    Measured with mobilenet_v2 on 1,000 test images of CIFAR-10 at sides of 112, 160 and 224 pixels: share of
    images whose 10 nearest by cosine name their class 0.587, 0.635, 0.600; mAP 0.272, 0.300, 0.291; accuracy
    of a linear classifier, five folds, 0.642, 0.681, 0.684; time on one core beside other work 7.7, 15.5,
    33.8 ms an image. On 2,000 images, 112 pixels cut from 128 lost 0.028 of the first against 112 uncut.

    Args:
        name: one of `TORCHVISION`, or `NAME@PIXELS` for a side of one's own.
        image_size: side of the data set's images in pixels.
    """
    declare_missing_ops()
    from torchvision.models import get_model_weights

    network, input_size = network_of(name), input_size_of(name)
    preset = get_model_weights(network).DEFAULT.transforms()
    usual = preset.crop_size[0]
    side = input_size or (usual if network in _ONE_SIZE else max(MAX_ENLARGEMENT * image_size, MIN_SIZE))
    is_reduced = side < usual or input_size is not None
    return ImageTransform(
        resize=side if is_reduced else preset.resize_size[0],
        size=side if is_reduced else usual,
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        interpolation=preset.interpolation.value,
    )


def _known_network(name: str) -> str:
    """The network of a backbone's name, when there is one and it works at the size that the name says."""
    network, side = network_of(name), input_size_of(name)
    if network not in backbone_names():
        raise UnknownNameError("backbone", name, backbone_names())
    if side is not None and (network in DESCRIPTORS or network in _ONE_SIZE):
        raise ConfigError(f"{network} works at a size of its own; got {name}. Use {network}.")
    least = MIN_SIZE if network in TORCHVISION else MIN_SIZE_SMALL
    if side is not None and side < least:
        raise ConfigError(f"{network} needs images of at least {least} pixels; got {name}.")
    return network


def _load_small_cnn(name: str, weights_file: Path, image_size: int) -> Backbone:
    state, weights_id = _read_weights(weights_file), _file_id(weights_file)
    return _small_cnn(name, state, weights_file.name, weights_id, image_size)


def _small_cnn(
    name: str, state: Mapping[str, Tensor], origin: str, weights_id: str, image_size: int
) -> Backbone:
    with torch.device("meta"):
        network = SmallCNN()
    _fill(network, state, SMALL_CNN, origin)
    transform = small_cnn_transform(image_size)
    side = input_size_of(name)
    if side is not None:
        transform = replace(transform, resize=side, size=side)
    return Backbone(name, network, N_FEATURES, transform, weights_id)


def _load_torchvision(name: str, weights_file: Path | None, image_size: int) -> Backbone:
    declare_missing_ops()
    from torchvision.models import get_model_weights

    weights = get_model_weights(network_of(name)).DEFAULT
    if weights_file is None:
        state, origin, weights_id = _download(network_of(name), weights), str(weights), str(weights)
    else:
        state, origin, weights_id = _read_weights(weights_file), weights_file.name, _file_id(weights_file)
    return _torchvision(name, state, origin, weights_id, image_size)


def _torchvision(
    name: str, state: Mapping[str, Tensor], origin: str, weights_id: str, image_size: int
) -> Backbone:
    declare_missing_ops()
    from torchvision.models import get_model

    # On the meta device nothing is drawn or filled: fast for vit_b_16, and the global generator is untouched.
    with torch.device("meta"):
        network: nn.Module = get_model(network_of(name), weights=None)
    last_layer = _LAST_LAYER[network_of(name)]
    n_features = _input_width(network.get_submodule(last_layer))
    network.set_submodule(last_layer, nn.Identity())
    body = {key: value for key, value in state.items() if not key.startswith(f"{last_layer}.")}
    _fill(network, body, network_of(name), origin)
    transform = torchvision_transform(name, image_size)
    return Backbone(name, network, n_features, transform, weights_id)


def _input_width(layer: nn.Module) -> int:
    """Width of what the last layer reads: SqueezeNet ends in a convolution, the others in a linear layer."""
    return layer.in_channels if isinstance(layer, nn.Conv2d) else int(layer.get_parameter("weight").shape[1])


def _fill(network: nn.Module, state: Mapping[str, Tensor], name: str, origin: str) -> None:
    """Put `state` into a network that lies on the meta device, as float32."""
    try:
        keys = network.load_state_dict(state, strict=False, assign=True)
    except RuntimeError as error:
        # torch writes one line "size mismatch for <tensor>: ..." each; the rest is about its own classes.
        wrong = re.findall(
            r"size mismatch for (\S+): .*?shape torch\.Size\((\[.*?\])\).*?is torch\.Size\((\[.*?\])\)",
            str(error),
        )
        if not wrong:
            raise
        tensor, given, expected = wrong[0]
        raise WeightsError(
            f"{origin} does not hold the weights of {name}: {len(wrong)} tensors have another shape, "
            f"first {tensor}: {given} in the file, {expected} in {name}. Give a file of {name}."
        ) from None
    for problem, tensors in (("lacks", keys.missing_keys), ("has, unknown to it,", keys.unexpected_keys)):
        if tensors:
            raise WeightsError(
                f"{origin} does not hold the weights of {name}: it {problem} {len(tensors)} tensors, "
                f"first {tensors[0]}. Give a file of {name}."
            )
    network.float().requires_grad_(True)


def _read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name from a safetensors or torch file."""
    if not path.is_file():
        hint = (
            "`make backbone` trains it anew."
            if path == SMALL_CNN_WEIGHTS
            else "Give the path of a .safetensors or .pth file."
        )
        raise WeightsError(f"There is no weights file {path.name}. {hint}")
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's unpickler raises whatever a foreign byte happens to cause
        reason = _first_line(error)
        raise WeightsError(
            f"{path.name} cannot be read as weights ({reason}). It may be truncated, or hold more than "
            "tensors: give a complete state_dict, .safetensors or .pth."
        ) from None
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(
            f"{path.name} holds a {type(state).__name__} that is not a state_dict (names to tensors). "
            "Save `model.state_dict()` and give that file."
        )
    return dict(state)


def _download(name: str, weights: object) -> dict[str, Tensor]:
    """State dict of a torchvision entry, from torch's cache or the network."""
    try:
        # torch.hub announces a download on stdout, which belongs to the command line's JSON.
        with _socket_timeout(_TIMEOUT_S), contextlib.redirect_stdout(sys.stderr):
            state: dict[str, Tensor] = weights.get_state_dict(  # type: ignore[attr-defined]
                progress=True, check_hash=True, map_location="cpu", weights_only=True
            )
    except Exception as error:  # the network's errors, torch.hub's, and the unpickler's as above
        reason = _first_line(error)
        url = str(weights.url)  # type: ignore[attr-defined]
        cached = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
        damaged = (
            f" The file {cached.name} in torch's cache is damaged; delete it." if cached.exists() else ""
        )
        raise WeightsError(
            f"The weights of {name} could not be fetched from {url} ({reason}).{damaged} Two ways out: "
            "download them elsewhere and give the file (weights_file, .safetensors or .pth), or use "
            f"{SMALL_CNN}, which needs no download."
        ) from error
    return state


@contextlib.contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """torch.hub opens its connection without a timeout, so the default has to change for a while."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _first_line(error: Exception) -> str:
    """Kind and beginning of a message that may run over a page."""
    return " ".join([type(error).__name__, *str(error).splitlines()[:1]])


def _file_id(path: Path) -> str:
    """First 12 hex digits of the file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
