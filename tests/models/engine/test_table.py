"""The table of a large data set: what is made, in which order, and what of it is kept."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from models.data.base import DatasetInfo
from models.data.library import library_root
from models.engine import table as module
from models.engine.table import N_BITS, SEEDS, cells, is_whole, table
from models.engine.zoo import ZooEvent, ZooFinished
from models.engine.zoo_tasks import BaselineTask, RunTask, Task
from models.errors import ConfigError, UnknownNameError

INFO = DatasetInfo("cifar10", "CIFAR-10", 5_000, 1_000, 54_000, 10, "single", ("a",) * 10, 32, "", "")


class Pool:
    """Stands for a data set of the library."""

    def __init__(self, **changes: object) -> None:
        self.info = DatasetInfo(**(vars(INFO) | changes))


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[Sequence[Task]], int, Path]]:
    """What would be done; nothing is."""
    seen: list[tuple[Sequence[Sequence[Task]], int, Path]] = []

    def carried_out(
        stages: Sequence[Sequence[Task]], jobs: int, root: Path
    ) -> Generator[ZooEvent, None, None]:
        seen.append((stages, jobs, root))
        yield ZooFinished(0.0, 0, 0, ())

    monkeypatch.setattr(module, "carried_out", carried_out)
    monkeypatch.setattr(module, "load_dataset", lambda name: Pool())
    return seen


def test_the_length_that_is_kept_comes_first_and_other_seeds_last() -> None:
    assert cells(N_BITS, SEEDS) == [
        (48, 0), (64, 0), (32, 0), (24, 0), (16, 0), (12, 0), (48, 1), (48, 2),
    ]  # fmt: skip
    assert cells((16, 16), (3, 4)) == [(16, 3)]


def test_one_length_and_seed_is_kept_whole(planned: list[tuple[Sequence[Sequence[Task]], int, Path]]) -> None:
    list(table("cifar10", methods=["itq", "dpsh"], jobs=3))
    ((first, then), jobs, root) = planned[0]
    assert jobs == 3 and root == library_root()
    assert [task.name for task in first] == ["features cifar10 mobilenet_v2"]
    runs = [task for task in then if isinstance(task, RunTask)]
    assert len(runs) == 2 * (len(N_BITS) + 2)
    assert {(task.n_bits, task.seed) for task in runs if not task.figures_only} == {(48, 0)}
    assert {task.method for task in runs} == {"itq", "dpsh"}
    assert {task.backbone for task in runs} == {"mobilenet_v2"}
    assert isinstance(then[-1], BaselineTask)
    assert is_whole(48, 0, (0, 1)) and not is_whole(48, 1, (0, 1)) and not is_whole(32, 0, (0, 1))


def test_fine_tuning_is_a_table_of_its_own(
    planned: list[tuple[Sequence[Sequence[Task]], int, Path]], tmp_path: Path
) -> None:
    weights = tmp_path / "weights.safetensors"
    list(
        table(
            "cifar10", methods=["dpsh"], n_bits=(48,), seeds=(0,), weights_file=weights,
            mode="finetune", backbone="squeezenet1_0@64",
        )
    )  # fmt: skip
    ((first, then), _, _) = planned[0]
    assert {task.weights_file for task in (*first, *then)} == {weights}  # type: ignore[attr-defined]
    (run,) = then
    assert isinstance(run, RunTask) and run.mode == "finetune"
    assert run.name == "cifar10 dpsh 48 bits seed 0 squeezenet1_0@64 finetune"


def test_without_images_there_are_no_baselines_on_pixels(
    planned: list[tuple[Sequence[Sequence[Task]], int, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "load_dataset", lambda name: Pool(has_images=False))
    list(table("cifar10", methods=["itq"]))
    assert not any(isinstance(task, BaselineTask) for task in planned[0][0][1])


def test_wrong_wishes_are_refused_before_any_work(
    planned: list[tuple[Sequence[Sequence[Task]], int, Path]],
) -> None:
    with pytest.raises(ConfigError, match="made by `python -m models zoo --datasets digits`"):
        next(table("digits"))
    with pytest.raises(UnknownNameError, match="Did you mean lsh"):
        next(table("cifar10", methods=["lhs"]))
    with pytest.raises(ConfigError, match="at least one seed, one code length and one job"):
        next(table("cifar10", seeds=()))
    with pytest.raises(ConfigError, match="not negative"):
        next(table("cifar10", n_bits=(0,)))
    assert not planned
