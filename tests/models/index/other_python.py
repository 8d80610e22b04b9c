"""A virtual environment with chosen packages and without this library, made without a download."""

from __future__ import annotations

import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement


def other_python(folder: Path, packages: list[str]) -> Path:
    """Python of a new environment in which these packages, and what they require, can be imported."""
    venv.create(folder, with_pip=False, symlinks=True)
    site_packages = next(folder.glob("lib/python*/site-packages"))
    waiting, done = list(packages), set()
    while waiting:
        try:
            found = distribution(waiting.pop())
        except PackageNotFoundError:  # a requirement of another system
            continue
        if found.metadata["Name"] in done:
            continue
        done.add(found.metadata["Name"])
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site_packages / top).exists():
                (site_packages / top).symlink_to(Path(str(found.locate_file(top))))
        needed = [Requirement(text) for text in found.requires or ()]
        waiting += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return folder / "bin" / "python"
