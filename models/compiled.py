"""Loops compiled to machine code ahead of their first call. Import late: this loads numba."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numba
from numba import types
from numba.extending import intrinsic


def _typed_popcount(typing_context: Any, word: Any) -> Any:
    """Number of set bits of a uint64, one machine instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


popcount: Any = intrinsic(_typed_popcount)


def compiled(signature: Any, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function for one signature, free of the interpreter's lock.

    The machine code is kept on disk where a cache can be written, else in memory only.

    Args:
        signature: numba's, return type and arguments.
        options: further options of `numba.njit`.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return numba.njit(signature, nogil=True, cache=True, **options)(function)  # type: ignore[no-any-return]
        except (RuntimeError, OSError, EOFError, pickle.UnpicklingError):
            return numba.njit(signature, nogil=True, **options)(function)  # type: ignore[no-any-return]

    return decorate
