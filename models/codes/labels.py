"""Labels of two code files, brought to one set of classes."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from models.codes.exchange import CodeFile
from models.errors import DataError
from models.types import Bool

Array = npt.NDArray[Any]


def agree_on_labels(query: CodeFile, database: CodeFile) -> tuple[Bool, Bool]:
    """Multi-hot labels of two files over one set of classes.

    Class ids name classes by number alone, so ids of both files are put on one list; ids against multi-hot
    labels count its columns from 0.

    Raises:
        DataError: labels are missing, or cannot be of the same classes.
    """
    given = {"query": query.labels, "database": database.labels}
    for name, labels in given.items():
        if labels is None:
            raise DataError(f"The {name} file has no labels, so nothing can be scored. Add `labels` to it.")
    q, d = cast(Array, query.labels), cast(Array, database.labels)
    if q.ndim == d.ndim == 1:
        _, column = np.unique(np.concatenate([q, d]), return_inverse=True)
        multi_hot = np.zeros((len(column), int(column.max(initial=0)) + 1), dtype=np.bool_)
        multi_hot[np.arange(len(column)), column] = True
        return multi_hot[: len(q)], multi_hot[len(q) :]
    n_classes = d.shape[1] if d.ndim == 2 else q.shape[1]
    return _multi_hot(q, n_classes, "query"), _multi_hot(d, n_classes, "database")


def _multi_hot(labels: Array, n_classes: int, name: str) -> Bool:
    if labels.ndim == 2:
        if labels.shape[1] != n_classes:
            raise DataError(
                f"Query and database labels are multi-hot over different classes: the {name} file has "
                f"{labels.shape[1]}, the other {n_classes}."
            )
        return labels
    if labels.max(initial=0) >= n_classes:
        raise DataError(
            f"The {name} file has class id {int(labels.max())}, the other file {n_classes} classes (0 to "
            f"{n_classes - 1})."
        )
    multi_hot = np.zeros((len(labels), n_classes), dtype=np.bool_)
    multi_hot[np.arange(len(labels)), labels] = True
    return multi_hot
