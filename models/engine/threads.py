"""How many threads torch works with, and work that is given out to them piece by piece."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

AHEAD = 2  # pieces per thread that are worked on or wait to be fetched
Piece = TypeVar("Piece")
Made = TypeVar("Made")


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


def in_threads(work: Callable[[Piece], Made], pieces: Iterable[Piece]) -> Generator[Made, None, None]:
    """`work` of each piece, in order, as many at a time as torch has threads.

    Every thread does a piece of its own from beginning to end, torch with one thread in each: what a piece
    gives does not depend on the number of cores, and no core waits for another. Only a few results are in
    memory at a time. Closing the iterator waits for the pieces under way and drops the others.
    """
    import torch

    n_threads, left = torch.get_num_threads(), iter(pieces)
    waiting: deque[Future[Made]] = deque()
    workers = ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        while True:
            for piece in left:
                waiting.append(workers.submit(work, piece))
                if len(waiting) >= AHEAD * n_threads:
                    break
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        workers.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(n_threads)  # threads that start later take the number that was set last
