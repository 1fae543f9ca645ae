"""Runs in worker processes, measured from outside: a worker without torch trains here."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from regtui.bench import arms
from regtui.bench.protocol import BenchError, sizes_for
from regtui.bench.racing import Traffic, headless, live, race, requests
from regtui.bench.workers import Workers
from regtui.store import list_runs, replay

STUB = [sys.executable, str(Path(__file__).parents[1] / "runner/stub_worker.py")]
SIZES = sizes_for("cpu", quick=True)


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[Workers]:
    workers = Workers(2, tmp_path)
    workers.command = STUB
    yield workers
    await workers.end()


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_race_counts_the_steps_of_all_arms_and_takes_time(workers: Workers, at_once: bool) -> None:
    assert await workers.start() > 0
    raced = await race(workers, arms.race(SIZES), "cpu", at_once=at_once)
    assert raced.wall > 0 and raced.steps == 4 * 2, "the stub says of each run that it took 2 steps"
    assert raced.cpu is None or 0 < raced.cpu < 4 * raced.wall


async def test_the_watched_run_is_seen_and_recorded_the_other_one_is_not(workers: Workers, tmp_path: Path) -> None:
    await workers.start()
    traffic = Traffic()
    seen, unseen = (arms.watched(SIZES, probes=probes) for probes in (True, False))
    watched = await live(workers, seen, "cpu", tmp_path, traffic)
    alone = await headless(workers, unseen, "cpu")
    assert watched.steps == alone.steps == 2 and watched.wall == alone.wall == 0.1, "by the worker's own clock"
    assert traffic.seconds == [0.1] and traffic.told[0] > 0 and traffic.shown[0] > 0
    assert len(workers.pids) == 2, "the explorer left the workers up"
    (stored,) = list_runs(tmp_path)
    assert stored.spec.train.probes > 0 and replay(tmp_path / stored.run).state == "finished"


async def test_the_watched_runs_differ_in_probes_alone() -> None:
    live, headless = (arms.watched(SIZES, probes=probes).arms[0] for probes in (True, False))
    assert live != headless
    assert msgspec.structs.replace(live.train, probes=0) == headless.train
    assert msgspec.structs.replace(live, train=headless.train) == headless


async def test_a_worker_that_cannot_start_ends_the_benchmark_with_a_sentence(workers: Workers) -> None:
    workers.command = [*STUB, "dies"]
    with pytest.raises(BenchError, match="no module named torch"):
        await workers.start()


async def test_a_run_that_is_lost_ends_the_benchmark_with_a_sentence(workers: Workers) -> None:
    await workers.start()
    scenario = arms.race(SIZES)
    doomed = msgspec.structs.replace(scenario, arms=(msgspec.structs.replace(scenario.arms[0], name="kill"),))
    with pytest.raises(BenchError, match="was killed"):
        await workers.make(requests(doomed, "cpu"))
