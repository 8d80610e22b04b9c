"""How many threads torch works with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def torch_threads(n: int | None) -> Iterator[None]:
    """Inside, torch computes with `n` threads (None: as before); outside, with as many as it had.

    Restoring matters even for None: numba, when it starts its own threads, silently raises torch's number
    to that of all cores, after which training a small head takes ten times as long. Does nothing while
    torch is not loaded.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    if n is not None and n != before:
        torch.set_num_threads(n)
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)
