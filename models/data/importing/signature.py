"""One byte per image, its mean brightness: enough to tell whether rows are the ones that shipped runs mean.

Two copies of a data set may be encoded differently; their brightness then differs by a level or two, while
other images of the class differ by tens. The signature of a data set is shipped beside its labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.data.base import sample_data_root
from models.errors import DataError
from models.files import npz_bytes
from models.types import UInt8

if TYPE_CHECKING:
    from PIL.Image import Image

FILE = "signature.npz"
TOLERANCE = 3  # levels of 255 that a compression may move the mean
# Two images of a class agree within the tolerance by chance about once in twenty.
MAX_ODD = 0.02


def brightness(image: Image) -> int:
    """Mean brightness of an RGB image, 0 to 255 (ITU-R 601 luma)."""
    return round(float(np.asarray(image.convert("L"), dtype=np.float64).mean()))


def signature_bytes(levels: UInt8) -> bytes:
    """The file that is shipped."""
    return npz_bytes({"brightness": levels})


def check_signature(pool: str, levels: UInt8) -> None:
    """Compare a pool with the shipped signature of that name, where there is one.

    Args:
        pool: name of the pool.
        levels: uint8 (n,) of its images in the order of its rows.

    Raises:
        DataError: other rows than shipped runs mean.
    """
    path = sample_data_root() / pool / FILE
    if not path.is_file():
        return
    expected = _read(path)
    way_out = (
        f"Nothing was kept, because stored runs on {pool} would show the wrong images. Fetch it under "
        f"another name: `python -m models fetch {pool} --as my-{pool}`."
    )
    if len(levels) != len(expected):
        raise DataError(f"{len(levels):,} images were read where {pool} has {len(expected):,}. {way_out}")
    odd = int((np.abs(levels.astype(np.int64) - expected.astype(np.int64)) > TOLERANCE).sum())
    if odd > MAX_ODD * len(expected):
        raise DataError(
            f"{odd:,} of {len(expected):,} images differ in brightness from those that {pool} has in the "
            f"same rows: they are other images, or in another order. {way_out}"
        )


def _read(path: Path) -> UInt8:
    with np.load(path, allow_pickle=False) as archive:
        levels: UInt8 = archive["brightness"]
    return levels
