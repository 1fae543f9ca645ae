"""Runs on a local Ray cluster of two processes: the same numbers, also where one of them is killed."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from regtui.cluster.connect import Cluster, Needs
from regtui.commands import Probe, RunRequest
from regtui.events import Cost, Finished, RunEvent, Started, Stopped
from regtui.runner.reports import Report
from regtui.scenario import load
from regtui.session import Session
from regtui.store import replay

ray = pytest.importorskip("ray", reason="needs the extra ray")

MARK = "REGTUI_TEST_CLUSTER"
"""In the environment of the cluster's processes, so that a test kills none of another cluster."""
SCENARIO = """
title = "t"
section = "dropout"
question = "q"
seeds = 2
[base]
data  = { name = "fashion-mnist", train = 300, validation = 100, test = 50 }
model = { name = "mlp", width = 16, depth = 1 }
train = { epochs = 12, batch_size = 4, lr = 1e-2, evaluations = 6, probes = 0 }
[[arms]]
name = "plain"
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of two processes; this process is connected to it."""
    os.environ.update({"RAY_USAGE_STATS_ENABLED": "0", MARK: secrets.token_hex(8)})
    context = ray.init(
        address="local", num_cpus=2, include_dashboard=False, object_store_memory=100 * 2**20, log_to_driver=False,
        logging_level="ERROR",
    )  # fmt: skip
    yield context.address_info["gcs_address"]
    ray.shutdown()
    os.environ.pop(MARK)


def processes_at_work() -> list[int]:
    """Processes of our cluster that make a run."""
    found = []
    mark = f"{MARK}={os.environ[MARK]}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().startswith(b"ray::make") and mark in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def command(folder: Path, out: str, *more: str) -> list[str]:
    (folder / "s.toml").write_text(SCENARIO)
    return [
        sys.executable, "-m", "regtui", "sweep", str(folder / "s.toml"), "--over", "train.lr=1e-4:3e-1:log",
        "--sampler", "random", "--trials", "4", "--out", str(folder / out), "--json", *more,
    ]  # fmt: skip


def numbers(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(trial["number"], trial["params"], trial["state"], trial["validation"]) for trial in result["trials"]]


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of Ray in /proc")
def test_a_process_killed_mid_sweep_costs_no_trial_and_changes_no_number(cluster: str, tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="needs the extra sweep")
    process = subprocess.Popen(
        command(tmp_path, "ray", "--ray", cluster), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and process.poll() is None:
        evaluated = [path for path in tmp_path.glob("ray/*/events.jsonl") if b'"evaluated"' in path.read_bytes()]
        if evaluated and (at_work := processes_at_work()):
            os.kill(at_work[0], signal.SIGKILL)
            break
        time.sleep(0.02)
    said, told = process.communicate(timeout=110)
    assert process.returncode == 0, told
    assert "Ray makes its run again" in told
    plain = subprocess.run(command(tmp_path, "plain"), capture_output=True, text=True, timeout=110)
    assert plain.returncode == 0, plain.stderr
    by_ray, alone = json.loads(said), json.loads(plain.stdout)
    assert numbers(by_ray) == numbers(alone)
    assert (by_ray["best"], by_ray["gain"]) == (alone["best"], alone["gain"])
    for trial in by_ray["trials"]:
        (run,) = trial["runs"]
        history = replay(tmp_path / "ray" / run)
        assert history.state == "finished" and [event.step for event in history.evaluations] == [
            150 * i for i in range(1, 7)
        ]
        assert sum(history.loss.counts) == 900, "no step is lost or counted twice"


class Heard:
    """What a runner delivers, for the session and for conditions to wait on."""

    def __init__(self, folder: Path) -> None:
        (folder / "s.toml").write_text(SCENARIO)
        self.session = Session(load(folder / "s.toml"))
        self.reports: list[Report] = []
        self._changed = asyncio.Event()

    def take(self, report: Report) -> None:
        self.reports.append(report)
        self.session.take(report)
        self._changed.set()

    def requests(self, seeds: int) -> list[RunRequest]:
        return self.session.request(["plain"], range(seeds))

    def of(self, kind: type[RunEvent]) -> list[str]:
        return [report.run for report in self.reports if isinstance(report, kind)]

    async def until(self, kind: type[RunEvent], count: int) -> None:
        async with asyncio.timeout(100):
            while len(self.of(kind)) < count:
                self._changed.clear()
                await self._changed.wait()


async def test_stopped_runs_are_cancelled_and_the_others_are_made(cluster: str, tmp_path: Path) -> None:
    from regtui.cluster.runner import RayRunner

    assert cluster
    heard = Heard(tmp_path)
    runner = RayRunner(Cluster(ray, Needs(cpus=1, gpus=0), is_ours=False), heard.take)
    requests = heard.requests(4)
    runner.submit(requests)
    await heard.until(Started, 1)
    first, waiting = heard.of(Started)[0], requests[-1].run
    runner.stop([first, waiting])
    await heard.until(Stopped, 2)
    await heard.until(Finished, 2)
    runs = heard.session.runs
    assert {run.state for run in runs.values() if run.run not in (first, waiting)} == {"finished"}
    assert (runs[first].state, runs[waiting].state, runs[waiting].step) == ("stopped", "stopped", 0)
    assert runner.is_idle and len(heard.of(Stopped)) == 2


async def test_a_node_tells_what_a_run_would_take(cluster: str, tmp_path: Path) -> None:
    from regtui.cluster.runner import RayRunner

    assert cluster
    heard = Heard(tmp_path)
    told: asyncio.Queue[Report] = asyncio.Queue()
    runner = RayRunner(Cluster(ray, Needs(cpus=1, gpus=0), is_ours=False), told.put_nowait)
    (request,) = heard.requests(1)
    runner.probe(Probe(ask="cost 0", spec=request.spec, kind="cost"))
    cost = await asyncio.wait_for(told.get(), 100)
    assert isinstance(cost, Cost) and (cost.ask, cost.trouble, cost.device) == ("cost 0", "", "cpu")
    assert cost.seconds > 0 and cost.weights > 0
