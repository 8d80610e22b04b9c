"""The compiled loops work, and stay silent, where nothing can be written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import warnings; warnings.simplefilter("error")
import numpy as np
from models.codes.packing import pack
from models.metrics import evaluate
b = np.array([[0, 1], [1, 1], [0, 0]])
one = np.ones((3, 1), bool)
print(evaluate(pack(b), pack(b), one, one).map["expected"])
"""


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns("__pycache__", "weights")
    )
    # A file where the cache folder would be: refused for every user, the superuser included.
    for folder in ("models/metrics/__pycache__", "cache"):
        (tmp_path / folder).write_text("")
    environment = os.environ | {
        "PYTHONPATH": str(tmp_path),
        "NUMBA_CACHE_DIR": "",
        "HOME": str(tmp_path / "cache"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("1.0\n", "")
