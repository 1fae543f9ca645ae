"""The runner with a stand-in for Ray: what becomes of the runs of a cluster that goes away."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from regtui.cluster.connect import Cluster, Needs
from regtui.commands import RunRequest
from regtui.runner.reports import Lost, Report
from regtui.spec import DataSpec, ModelSpec, RunSpec, TrainSpec

SPEC = RunSpec(
    scenario="t", arm="a", seed=0, data=DataSpec(train=80), model=ModelSpec(name="cnn"), train=TrainSpec(epochs=1)
)


async def test_runs_of_a_cluster_that_goes_away_are_lost_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = asyncio.get_running_loop().create_future()

    class Queue:
        def __init__(self, **_: Any) -> None: ...

        async def get_async(self) -> Any:
            return await gone

    monkeypatch.setitem(sys.modules, "ray.util.queue", SimpleNamespace(Queue=Queue))
    strategies = SimpleNamespace(NodeAffinitySchedulingStrategy=MagicMock())
    monkeypatch.setitem(sys.modules, "ray.util.scheduling_strategies", strategies)
    from regtui.cluster.runner import RayRunner

    ray, heard = MagicMock(), asyncio.Queue[Report]()
    ray.remote.return_value.options.return_value.remote.side_effect = lambda *_: asyncio.Future()  # never made
    runner = RayRunner(Cluster(ray, Needs(1, 0), is_ours=False), heard.put_nowait)
    runner.submit([RunRequest(run="one", spec=SPEC), RunRequest(run="two", spec=SPEC)])
    gone.set_exception(ConnectionError("socket closed"))
    report = await asyncio.wait_for(heard.get(), 20)
    assert isinstance(report, Lost) and report.runs == ("one", "two")
    assert report.sentence == "The Ray cluster is gone (ConnectionError); what it was making is lost."
    assert runner.is_idle
    await runner.close()
