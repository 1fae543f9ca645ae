"""How much memory the control group of this process still allows: what containers and batch systems limit jobs with.

Version 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html, memory interface files) and version 1
(https://docs.kernel.org/admin-guide/cgroup-v1/memory.html) of Linux. Other systems have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILES = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class Version:
    """Where one version keeps what."""

    root: str
    limit: str
    used: str
    reclaimable: str
    """The line of memory.stat for cached files, which count as used and give way to a process that needs memory."""


ONE = Version("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
TWO = Version("", "memory.max", "memory.current", "inactive_file")


def room() -> int | None:
    """Bytes that this process may still take; None where no group limits it."""
    return min((left for folder, version in _groups() if (left := _left(folder, version)) is not None), default=None)


def _groups() -> Iterator[tuple[Path, Version]]:
    """The groups that this process is in, with those above, which limit it as well.

    Inside a container the names are often those of the machine outside, and the root there is its own group.
    """
    try:
        lines = OWN.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version = ONE if controllers else TWO
        root = FILES / version.root
        path = root / name.lstrip("/")
        for folder in (path, *path.parents):
            if folder == FILES.parent or (folder == FILES and version is ONE):
                break
            yield folder, version


def _left(folder: Path, version: Version) -> int | None:
    try:
        limit = (folder / version.limit).read_text(encoding="utf-8").strip()
        used = int((folder / version.used).read_text(encoding="utf-8"))
        stat = (folder / "memory.stat").read_text(encoding="utf-8").splitlines()
        reclaimable = next((int(row.split()[1]) for row in stat if row.startswith(f"{version.reclaimable} ")), 0)
        # Version 1 says "unlimited" with the largest number of pages that there could be.
        return None if limit == "max" or int(limit) >= 1 << 60 else max(int(limit) - used + reclaimable, 0)
    except (OSError, ValueError, IndexError):
        return None
