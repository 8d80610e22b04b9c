"""Cards of the well-known data sets: what they are called, how large they are, and where they come from.

Class names stand here where they are documented: by the data sets' own papers and sites, or by torchvision.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from models.errors import UnknownNameError
from models.types import LabelKind

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_CIFAR100 = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl",
    "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair",
    "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin",
    "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp",
    "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
    "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck",
    "pine_tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road",
    "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
    "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger",
    "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman",
    "worm",
)  # fmt: skip
_VOC = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
SPLIT_FILES = ("train.txt", "test.txt", "database.txt")
_HASHNET = (
    "The split files train.txt, test.txt, database.txt are distributed with HashNet and DeepHash-pytorch"
)


@dataclass(frozen=True)
class KnownSet:
    """A published data set.

    Attributes:
        name: of the pool.
        class_names: in label order; () where no documentation of the split files' order was found.
        n_classes: width of the label vectors.
        counts: images of its parts, in row order; () where a set is whatever its split files name.
        torchvision: it can be fetched; else it is imported through split files.
        download_bytes: about how much a download moves; 0 where there is none.
    """

    name: str
    title: str
    licence: str
    source: str
    label_kind: LabelKind
    n_classes: int
    class_names: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    torchvision: bool = False
    download_bytes: int = 0
    mirror_is_same: bool = True
    how_to_get: str = field(default="")

    @property
    def short_title(self) -> str:
        """The title without what it explains."""
        return self.title.partition(":")[0]

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names, or plain numbers where they are not documented."""
        return self.class_names or tuple(f"label {i}" for i in range(self.n_classes))


def _fetched(name: str, title: str, licence: str, source: str, **more: object) -> KnownSet:
    more.setdefault("label_kind", "single")
    classes = more["class_names"]
    assert isinstance(classes, tuple)
    how = f"Run `python -m models fetch {name}`; without a network, add --from and where its files are."
    return KnownSet(
        name,
        title,
        licence,
        source,
        n_classes=len(classes),
        torchvision=True,
        how_to_get=how,
        **more,  # type: ignore[arg-type]
    )


def _split(name: str, title: str, licence: str, source: str, n_classes: int, **more: object) -> KnownSet:
    more.setdefault("label_kind", "multi")
    how = f"{_HASHNET}; the images come from: {source}."
    return KnownSet(name, title, licence, source, n_classes=n_classes, how_to_get=how, **more)  # type: ignore[arg-type]


_NO_LICENCE = "no licence stated; cite the source"
KNOWN: tuple[KnownSet, ...] = (
    _fetched(
        "mnist", "MNIST: handwritten digits, 28x28 pixels", "CC BY-SA 3.0 (as commonly stated, unverified)",
        "LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition (1998)",
        class_names=_DIGITS, counts=(("train", 60_000), ("test", 10_000)), download_bytes=11_600_000,
        mirror_is_same=False,
    ),
    _fetched(
        "fashionmnist", "Fashion-MNIST: pieces of clothing, 28x28 pixels", "MIT",
        "Xiao, Rasul, Vollgraf, Fashion-MNIST (2017)",
        class_names=_FASHION, counts=(("train", 60_000), ("test", 10_000)), download_bytes=30_900_000,
    ),
    _fetched(
        "cifar10", "CIFAR-10: ten kinds of things, 32x32 pixels", _NO_LICENCE,
        "Krizhevsky, Learning multiple layers of features from tiny images (2009)",
        class_names=_CIFAR10, counts=(("train", 50_000), ("test", 10_000)), download_bytes=170_498_071,
    ),
    _fetched(
        "cifar100", "CIFAR-100: a hundred kinds of things, 32x32 pixels", _NO_LICENCE,
        "Krizhevsky, Learning multiple layers of features from tiny images (2009)",
        class_names=_CIFAR100, counts=(("train", 50_000), ("test", 10_000)), download_bytes=169_001_437,
    ),
    _fetched(
        "voc", "Pascal VOC 2007: photographs with twenty kinds of things",
        "photographs under Flickr's terms of use",
        "Everingham, Van Gool, Williams, Winn, Zisserman, The Pascal VOC challenge 2007",
        class_names=_VOC, counts=(("train", 5_011), ("test", 4_952)), download_bytes=911_000_000,
        label_kind="multi",
    ),
    _split(
        "imagenet100", "ImageNet-100: a hundred classes of ImageNet",
        "ImageNet terms: research and education only",
        "Deng et al., ImageNet (2009), images of ILSVRC 2012; classes chosen by HashNet (Cao et al. 2017)",
        100, label_kind="single",
    ),
    _split(
        "nuswide21", "NUS-WIDE: web photographs, the 21 most frequent concepts",
        "photographs under Flickr's terms of use; for research",
        "Chua et al., NUS-WIDE (2009)", 21,
    ),
    _split(
        "nuswide81", "NUS-WIDE: web photographs, 81 concepts",
        "photographs under Flickr's terms of use; for research",
        "Chua et al., NUS-WIDE (2009)", 81,
    ),
    _split(
        "coco", "MS COCO: photographs with eighty kinds of things",
        "annotations CC BY 4.0; photographs under their authors' terms on Flickr",
        "Lin et al., Microsoft COCO (2014), train2014 and val2014", 80,
    ),
    _split(
        "mirflickr", "MIRFlickr-25k: web photographs with 24 to 38 tags",
        "Creative Commons, per photograph", "Huiskes, Lew, The MIR Flickr retrieval evaluation (2008)", 0,
    ),
)  # fmt: skip
_BY_NAME = {known.name: known for known in KNOWN}


def known_set(name: str) -> KnownSet | None:
    """The card of a published data set; None for any other name."""
    return _BY_NAME.get(name)


def fetchable(name: str) -> KnownSet:
    """The card of a set that can be fetched.

    Raises:
        UnknownNameError: there is none of that name; the message lists close matches.
    """
    names = [known.name for known in KNOWN if known.torchvision]
    if name not in names:
        raise UnknownNameError("data set to fetch", name, names)
    return _BY_NAME[name]
