"""Make `import torchvision` work where its compiled operators do not load.

The torchvision of PyPI is compiled against a CUDA torch. Beside a CPU torch the linker refuses its library,
and importing torchvision 0.28 then fails with "operator torchvision::nms does not exist", because it
describes the result of an operator that nobody has defined. The image classifiers used here need none of
these operators. So where the library does not load, their signatures are declared and nothing more: calling
one still fails, importing does not.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import torch

# Those that torchvision 0.28 describes without asking whether its library is there (_meta_registrations.py).
_SIGNATURES = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

# Definitions last as long as this object.
_library: torch.library.Library | None = None


def declare_missing_ops() -> bool:
    """Declare torchvision's operators if its own library cannot; call before the first `import torchvision`.

    Returns:
        True if the declarations of this module are in force, False if torchvision's own operators are.
    """
    global _library
    if _library is None and "torchvision" not in sys.modules and not _compiled_ops_load():
        _library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for signature in _SIGNATURES:
            _library.define(signature)  # type: ignore[no-untyped-call]
    return _library is not None


def _compiled_ops_load() -> bool:
    """Load torchvision's library the way torchvision itself does, and tell whether it could be."""
    package = importlib.util.find_spec("torchvision")
    if package is None or not package.submodule_search_locations:
        return False
    for folder in package.submodule_search_locations:
        for suffix in importlib.machinery.EXTENSION_SUFFIXES:
            library = Path(folder) / f"_C{suffix}"
            if library.is_file():
                try:
                    torch.ops.load_library(library)  # type: ignore[no-untyped-call]
                except OSError:
                    return False
                return True
    return False
