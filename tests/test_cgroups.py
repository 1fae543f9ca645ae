"""The memory that a container or a batch system leaves to this process, from the files of both versions of cgroups."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtui import cgroups, machine

GIB = 1 << 30


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroups, "FILES", tmp_path / "cgroup")
    monkeypatch.setattr(cgroups, "OWN", tmp_path / "own")
    return tmp_path / "cgroup"


def group(folder: Path, version: cgroups.Version, limit: str, used: int, cached: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / version.limit).write_text(f"{limit}\n")
    (folder / version.used).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{version.reclaimable} {cached}\n")


def test_the_tightest_group_above_this_process_decides_and_cached_files_give_way(files: Path) -> None:
    (files.parent / "own").write_text("0::/job/step\n")
    group(files / "job/step", cgroups.TWO, "max", 1 * GIB, 0)
    group(files / "job", cgroups.TWO, str(4 * GIB), 3 * GIB, 2 * GIB)
    group(files, cgroups.TWO, str(16 * GIB), 8 * GIB, 0)
    assert cgroups.room() == 3 * GIB
    assert machine.available_memory() <= 3 * GIB


def test_version_one_inside_a_container_is_read_at_the_root_of_its_files(files: Path) -> None:
    (files.parent / "own").write_text("9:cpu:/\n4:memory:/docker/abc\n0::/\n")
    group(files / "memory", cgroups.ONE, str(2 * GIB), 3 * GIB, 0)
    assert cgroups.room() == 0


@pytest.mark.parametrize("limit", ["max", str((1 << 63) - 4096), "nonsense", ""])
def test_without_a_limit_there_is_none(files: Path, limit: str) -> None:
    (files.parent / "own").write_text("0::/\n")
    group(files, cgroups.TWO, limit, 0, 0)
    assert cgroups.room() is None


def test_a_system_without_groups_has_no_limit(files: Path) -> None:
    assert not files.exists() and cgroups.room() is None and machine.available_memory() > 0
