"""A tree with codebook codes of every form: each made from a run of product codes, so that answers are known.

`python -m tests.app.forms FOLDER` makes one from the embedded data, to look at the app with.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np

from models.engine.run_files import RunCodes, read_run_codes, write_run_codes
from models.types import CodebookCodes

SOURCE = "dpq"
# Name of the made-up method, structure, metric.
FORMS = (
    ("product_l2", "product", "l2"),
    ("product_ip", "product", "ip"),
    ("additive_l2", "additive", "l2"),
    ("additive_ip", "additive", "ip"),
)


def remade(codes: RunCodes, structure: str, metric: str) -> RunCodes:
    """The same indices and vectors under another form.

    Additive words are product words in their own block, zero elsewhere, all turned by one rotation: distances
    stay what they were.
    """
    assert isinstance(codes.database, CodebookCodes)
    assert isinstance(codes.query, CodebookCodes)
    assert codes.embeddings is not None
    books, vectors = codes.database.codebooks, codes.embeddings
    n_books, n_words, dim = books.shape
    if structure == "additive":
        size = n_books * dim
        wide = np.zeros((n_books, n_words, size))
        for book in range(n_books):
            wide[book, :, book * dim : (book + 1) * dim] = books[book]
        turn = np.linalg.qr(np.random.default_rng(0).normal(size=(size, size)))[0]
        # What a run stores is rounded to half precision.
        books = (wide @ turn).astype(np.float16).astype(np.float32)
        vectors = (vectors @ turn).astype(np.float16).astype(np.float32)
    made = [
        CodebookCodes(part.indices, books, structure, metric)  # type: ignore[arg-type]
        for part in (codes.database, codes.query)
    ]
    return RunCodes(made[0], made[1], vectors)


def grow_forms(source: Path, target: Path) -> Path:
    """Copy a tree and add a method of each form."""
    shutil.copytree(source, target)
    for dataset in (target / "runs").iterdir():
        for name, structure, metric in FORMS if dataset.is_dir() else ():
            run = dataset / name
            shutil.copytree(dataset / SOURCE, run)
            for path in run.glob("*/result.json"):
                result = json.loads(path.read_text("utf-8"))
                result["config"]["method"] = name
                path.write_text(json.dumps(result))
            for path in run.glob("*/codes.npz"):
                codes, per_query = read_run_codes(path)
                path.unlink()
                write_run_codes(path, remade(codes, structure, metric), per_query)
            for path in run.glob("*/checkpoint.safetensors"):
                path.unlink()
    return target


if __name__ == "__main__":
    grow_forms(Path("sample_data"), Path(sys.argv[1]))
