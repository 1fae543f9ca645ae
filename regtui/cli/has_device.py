"""Whether the worker's machine has the device that was asked for: told before any run is made."""

from __future__ import annotations

import platform
from collections.abc import Awaitable, Callable

from regtui.runner import Lost, Ready, Report, Runner
from regtui.scenario.errors import Problem, ScenarioError

EVERYWHERE = ("auto", "cpu")
"""Devices that no machine lacks."""


async def must_have(device: str, runner: Runner, heard: Callable[[], Awaitable[Report]]) -> None:
    """Wait for the worker's hello where the device needs it.

    device  as on the command line: auto, cpu, cuda or cuda:N
    heard   gives the next report of the runner

    Raises ScenarioError where the machine lacks the device, naming what it has, and where no worker comes up.
    """
    if device in EVERYWHERE:
        return
    runner.warm(1)
    while not isinstance(report := await heard(), Ready):
        if isinstance(report, Lost):
            raise ScenarioError("regtui run", [Problem("", report.sentence)])
    there = [one.name for one in report.hello.devices]
    if not any(name == device or (device == "cuda" and name.startswith("cuda:")) for name in there):
        where = "this machine" if report.hello.host == platform.node() else report.hello.host
        raise ScenarioError("--device", [Problem(device, f"is not on {where}; there is {', '.join(there)}")])
