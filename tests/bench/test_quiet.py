"""What others do on the machine, read from what the kernel counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtui.bench import quiet
from regtui.bench.quiet import Disturbance, Quiet, Times


def test_times_are_read_in_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet.os, "sysconf", lambda _: 100)
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 200 300 9000 800 50 50 1000 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n", encoding="ascii")
    found = quiet.read(stat)
    assert found is not None and (found.busy, found.stolen) == (7.0, 10.0), "idle and waiting for a disk are not busy"


async def test_rests_and_the_whole_are_parts_of_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([Times(0, 0, 0), Times(1, 50, 0), Times(2, 51, 0), Times(11, 99, 1.1)])
    monkeypatch.setattr(quiet, "read", lambda _: next(told))
    monkeypatch.setattr(quiet.os, "cpu_count", lambda: 4)
    listening = Quiet()
    await listening.rest(0)
    assert listening.disturbance() == Disturbance(others=0.25, stolen=0.025)


async def test_a_system_that_does_not_tell_is_taken_for_quiet(tmp_path: Path) -> None:
    listening = Quiet(tmp_path / "none")
    await listening.rest(0)
    assert listening.disturbance() == Disturbance(None, None) and not listening.disturbance().warning


@pytest.mark.parametrize(
    ("others", "stolen", "said"),
    [
        (0.02, 0.01, None),
        (0.5, 0.0, "50 % of its cores"),
        (0.0, 0.1, "withheld 10 %"),
        (0.3, 0.3, "busy and the machine"),
    ],
)
def test_a_machine_that_was_not_quiet_is_a_sentence(others: float, stolen: float, said: str | None) -> None:
    warning = Disturbance(others, stolen).warning
    assert said in warning if said else not warning
