from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name("distributed_run.py")
ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_two_processes_under_torchrun_give_what_one_gives(tmp_path: Path) -> None:
    weights = []
    for n_processes in (1, 2):
        out = tmp_path / f"{n_processes}.pt"
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n_processes}"]
        command = [
            sys.executable,
            *(launcher if n_processes > 1 else []),
            str(SCRIPT),
            str(out),
            str(n_processes),
        ]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, done.stderr
        weights.append(torch.load(out, weights_only=True))
    assert weights[0].keys() == weights[1].keys()
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, rtol=2e-3, atol=1e-3)
