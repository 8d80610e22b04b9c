"""Ship what is known of a data set without its images: `python -m models ship cifar10`.

From the imported data set this writes `sample_data/<name>/`: card, labels, splits of every protocol, and the
signature that tells at the next import whether rows are the same. The same images give the same files.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.data.importing.signature import FILE, signature, signature_bytes
from models.data.library import CARD, datasets_root
from models.data.pool import Pool
from models.errors import DataError
from models.files import npz_bytes, write_atomically


def ship_labels(name: str, target: Path) -> int:
    """Write the files into `target`; returns their size in bytes.

    Raises:
        DataError: the data set is not in the library, or has no images.
    """
    folder = datasets_root() / name
    if not (folder / CARD).is_file():
        raise DataError(f"{name} is not in the library. Fetch it first: `python -m models fetch {name}`.")
    pool = Pool(folder)
    cells = np.stack([signature(pool.pool_image(row)) for row in range(pool.n_pool)])
    card = replace(pool.card, storage="archive", root="")
    files = {
        CARD: (json.dumps(card.to_json(), ensure_ascii=False, indent=1) + "\n").encode(),
        "labels.npz": npz_bytes({"labels": np.asarray(pool.pool_labels)}),
        FILE: signature_bytes(cells),
    }
    for protocol in card.protocols:
        files[f"splits-{protocol}.npz"] = (folder / f"splits-{protocol}.npz").read_bytes()
    for file, content in files.items():
        write_atomically(target / file, content)
    return sum(len(content) for content in files.values())
