"""Which software made a file."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = (
    "torch",
    "torchvision",
    "lightning-fabric",
    "numpy",
    "scikit-learn",
    "scikit-image",
    "faiss-cpu",
    "numba",
    "umap-learn",
    "pillow",
    "safetensors",
)


@cache
def library_versions() -> dict[str, str]:
    """Version of Python and of every installed package that decides codes, maps or figures."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
