"""What this process may use of its machine, and what the machine is."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from pathlib import Path

from regtui import cgroups


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


MOST_FILES = 10_240
"""More than this macOS allows nobody (man 2 setrlimit, OPEN_MAX)."""


def allow_many_files() -> None:
    """Let this process have as many files open as the system allows it.

    The record of each run that waits or trains is one; macOS begins with 256 and Linux with 1,024.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):  # it stays as it was
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def cpu_name() -> str:
    """As people call it; the architecture where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def has_bf16() -> bool:
    """Whether the CPU multiplies bf16 numbers itself: AVX512-BF16, AMX or ARM's extension. Only Linux tells."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(text.split())


def memory() -> int:
    """Bytes in all; 0 where unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not every system tells
        return 0


def available_memory() -> int:
    """Bytes that this process could still take without swapping, and before its container or batch system kills it;
    all there are where unknown."""
    allowed = cgroups.room()
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        free = 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, ValueError, StopIteration):
        free = memory()
    return free if allowed is None else min(free, allowed)


def memory_kills() -> int | None:
    """How often the system has ended a process for want of memory, in whatever container; None where unknown."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    except (OSError, ValueError, StopIteration):
        return None


def resident(pid: int | str = "self") -> int:
    """Bytes that a process holds in memory now; 0 where unknown."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError, IndexError):
        return 0


def cpu_seconds(pid: int) -> float | None:
    """CPU time of a process with all its threads so far; None where unknown.

    Read from its clock, whose id is made as clock_getcpuclockid(3) makes it on Linux: /proc counts in hundredths of a
    second, which is long beside a training step.
    """
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except (AttributeError, OSError):
        return None


def load() -> float | None:
    """Processes that ran or wanted to, mean of the last minute; None where unknown."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def size(count: float) -> str:
    """Bytes as people say them: 36 MiB, 1.2 GiB."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
