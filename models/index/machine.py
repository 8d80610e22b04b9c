"""What this machine can do, as far as the cost of a search depends on it: memory, and how fast it is read."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import platform
import time
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

_PACKAGES = ("numpy", "faiss-cpu", "pymilvus", "milvus-lite")


def describe() -> dict[str, Any]:
    """Processor, cores, memory, programs that wanted to run in the last minute, and versions."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return {
        "processor": _processor(),
        "n_cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": _total_bytes(),
        "system": platform.system(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }


def read_bandwidth(n_bytes: int = 1 << 28, passes: int = 5) -> float:
    """Bytes a second that one core reads from memory: the largest of an array's numbers, best of some passes.

    The array is larger than the caches of most machines.
    """
    numbers = np.ones(n_bytes // 8, dtype=np.uint64)
    best = np.inf
    for _ in range(passes):
        began = time.perf_counter()
        numbers.max()
        best = min(best, time.perf_counter() - began)
    return numbers.nbytes / best


def available_bytes() -> int:
    """Memory that this process may still take."""
    free = [_total_bytes() // 2]  # a guess where the system does not say
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = [int(next(row for row in lines if row.startswith("MemAvailable")).split()[1]) * 1024]
    with contextlib.suppress(OSError, ValueError):  # the limit of a container
        group = Path("/sys/fs/cgroup")
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        cached = 0
        with contextlib.suppress(StopIteration):
            rows = (group / "memory.stat").read_text().splitlines()
            cached = int(next(row for row in rows if row.startswith("inactive_file ")).split()[1])
        free.append(limit - used + cached)
    return max(0, min(free))


def allocated_bytes() -> int:
    """Memory that this process holds at the moment, by its allocator (glibc), else by the system."""
    gc.collect()
    ask = _mallinfo()
    if ask is not None:
        told = ask()
        return int(told.uordblks + told.hblkhd)
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def children_bytes() -> int:
    """Resident memory of all processes below this one; 0 where the system does not say."""
    parents, resident = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            resident[int(folder.name)] = int((folder / "statm").read_text().split()[1])
    below: set[int] = {os.getpid()}
    while found := {child for child, parent in parents.items() if parent in below} - below:
        below |= found
    pages = sum(resident.get(child, 0) for child in below - {os.getpid()})
    return pages * os.sysconf("SC_PAGE_SIZE") if pages else 0


class _Mallinfo2(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


@cache
def _mallinfo() -> Any:
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):
        return None
    ask.restype = _Mallinfo2
    return ask


def _total_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 8 << 30


def _processor() -> str:
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(row for row in lines if row.startswith("model name")).partition(":")[2].strip()
    return platform.processor() or platform.machine()
