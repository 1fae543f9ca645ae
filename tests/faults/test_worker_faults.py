"""Whatever a worker does, what it had reported arrives, its owner goes on, and another one takes its place."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos_worker_names import FAULTS, SURVIVED
from hearing import Heard

from regtui.commands import RunRequest
from regtui.events import Marker, Stopped
from regtui.runner import Garbled, Lost, Ready, Runner, pool
from regtui.spec import RunSpec

CHAOS = Path(__file__).parent / "chaos_worker.py"
Rounds = Callable[[int, int], int]


async def test_random_faults_lose_no_event_and_never_stop_the_rest(
    tmp_path: Path, rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "PATIENCE", 0.2)  # how long a stopped process may ignore us
    draw = random.Random(7)
    faults = [*FAULTS, *(draw.choice(FAULTS) for _ in range(rounds(0, 100 - len(FAULTS))))]
    journal, heard = tmp_path / "journal", Heard()
    runner = Runner([sys.executable, str(CHAOS), str(journal)], heard.deliver)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.create_task(turn())
    try:
        for number, fault in enumerate(faults):
            run, before = f"r{number}", turns
            runner.submit([RunRequest(run=run, spec=RunSpec(scenario="s", arm=f"{fault} {number}", seed=0))])
            if fault == "stop":
                await heard.until(lambda run=run: journal.exists() and f"{run} " in journal.read_text())
                runner.stop([run])

            def is_over(run: str = run) -> bool:
                return any(
                    (isinstance(report, Stopped) and report.run == run)
                    or (isinstance(report, Lost) and run in report.runs)
                    for report in heard
                )

            await heard.until(is_over)
            ended = next(r for r in reversed(heard) if isinstance(r, (Stopped, Lost)))
            assert isinstance(ended, Stopped) == (fault in SURVIVED), fault
            assert runner.is_idle and turns > before, "the owner had its turns meanwhile"
            arrived = [r.step for r in heard if isinstance(r, Marker) and r.run == run]
            noted = [int(line.split()[1]) for line in journal.read_text().splitlines() if line.split()[0] == run]
            assert arrived[: len(noted)] == noted, f"{fault}: an event that was written is lost"
            assert arrived == sorted(set(arrived))
    finally:
        turning.cancel()
        await runner.close()
    sentences = [report.sentence for report in heard if isinstance(report, (Lost, Garbled))]
    assert all("\x1b" not in sentence and "Traceback" not in sentence for sentence in sentences)
    assert sum(isinstance(report, Ready) for report in heard) >= len(set(FAULTS) - set(SURVIVED))
