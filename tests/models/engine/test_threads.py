"""Work given out to threads: in order, a few pieces ahead, one torch thread each."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from models.engine.threads import AHEAD, in_threads


def test_results_come_in_order_and_a_few_ahead() -> None:
    asked: list[int] = []

    def pieces() -> Iterator[int]:
        for piece in range(1000):
            asked.append(piece)
            yield piece

    made = in_threads(lambda piece: piece * piece, pieces())
    assert [next(made) for _ in range(5)] == [0, 1, 4, 9, 16]
    assert len(asked) <= 5 + AHEAD * torch.get_num_threads()
    made.close()
    assert len(asked) < 100
    assert list(in_threads(str, range(3))) == ["0", "1", "2"]
    assert list(in_threads(str, [])) == []


def test_torch_has_one_thread_in_each_and_its_own_number_afterwards() -> None:
    before = torch.get_num_threads()
    seen = set(in_threads(lambda _: (torch.get_num_threads(), threading.current_thread().name), range(20)))
    assert {n for n, _ in seen} == {1}
    assert threading.main_thread().name not in {name for _, name in seen}
    assert torch.get_num_threads() == before
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [before]


def test_an_error_ends_the_work() -> None:
    def work(piece: int) -> int:
        if piece == 3:
            raise ValueError("the third")
        return piece

    made = in_threads(work, range(100))
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the third"):
        next(made)
    assert next(made, None) is None
