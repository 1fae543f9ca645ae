"""`regtui resume [RUN...]`: go on with what was interrupted. Progress on stderr, the result on stdout."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from regtui.cli.machine import worker_command, worker_count
from regtui.cli.makers import workers
from regtui.cli.output import counted
from regtui.cli.run import drive, report
from regtui.export.errors import ExportError
from regtui.export.stored import find
from regtui.own.models import needs_consent
from regtui.paths import runs_dir, set_datasets
from regtui.resuming import ResumeError, adopt, go_on, left_behind, scenario_of, why_not
from regtui.scenario import Scenario, ScenarioError, load, preset_files
from regtui.scenario.presets import preset_id
from regtui.session import Session
from regtui.store import RunHistory
from regtui.store.beside import RecorderBeside
from regtui.store.lock import is_held
from regtui.store.reading import read_scenario


def resume(arguments: argparse.Namespace) -> int:
    """Go on with the runs and print what came out. 0 done, 1 a run failed, 2 nothing to go on with, 130 interrupted."""
    store: Path = arguments.out or runs_dir()
    arguments.threads, arguments.device = 1, "auto"  # those of each run are in its spec
    set_datasets(arguments.data_root, download=False)
    command = worker_command(arguments, store)
    try:
        store, runs, unfinished = _chosen(arguments.runs, store)
        for run in unfinished:
            if sentence := needs_consent(run.run, run.spec.model.name, arguments.model):
                raise ResumeError(sentence)
        scenario = scenario_of([run.spec for run in runs], _known(store, runs))
        session = Session(scenario, recorder=RecorderBeside(store))
        adopt(session, runs)
        requests = go_on(session, unfinished)  # each has a place: the scenario was made of their own arms
    except (ResumeError, ExportError) as error:
        print(f"regtui resume: {error}", file=sys.stderr)
        return 2
    anew = sum(not request.resume for request in requests)
    begun = f"; {counted(anew, 'run')} had no checkpoint yet and begins again" if anew == 1 else (
        f"; {counted(anew, 'run')} had no checkpoint yet and begin again" if anew else "")  # fmt: skip
    print(f"going on with {counted(len(requests), 'run')} of {scenario.id}{begun}", file=sys.stderr)
    began = time.monotonic()
    finished = asyncio.run(drive(session, workers(command, worker_count(arguments)), lambda: requests))
    wall = time.monotonic() - began
    return report(session, wall, finished=finished, as_json=arguments.json, worker=arguments.worker)


def _chosen(names: list[str], store: Path) -> tuple[Path, list[RunHistory], list[RunHistory]]:
    """The store, the runs to compare and those of them that go on; with no name those of the latest session.

    Raises ResumeError or ExportError.
    """
    if not names:
        left = left_behind(store)
        if left is None:
            raise ResumeError(f"nothing was interrupted lately in {store}; name a RUN, `regtui runs` lists them")
        return store, list(left.runs), left.unfinished
    found = [find(name, store) for name in dict.fromkeys(names)]
    stores = {stored.folder.resolve().parent for stored in found}
    if len(stores) > 1:
        raise ResumeError("these runs are in different directories; go on with one at a time")
    for stored in found:
        if stored.folder.resolve().name != stored.run:
            raise ResumeError(f"{stored.folder} holds the run {stored.run}: give the directory that name again")
        if is_held(stored.folder):
            raise ResumeError(f"run {stored.run} is being made by another regtui; wait until it ends, or end that one")
        if sentence := why_not(stored.info):
            raise ResumeError(sentence)
        if not _can_go_on(stored.history):
            raise ResumeError(f"run {stored.run} {stored.history.state}: nothing is left to go on with")
    runs = [stored.history for stored in found]
    return stores.pop(), runs, runs


def _can_go_on(run: RunHistory) -> bool:
    """Interrupted, stopped, or failed for a reason that may be gone, such as a lack of memory."""
    return run.state in ("lost", "stopped", "failed")


def _known(store: Path, runs: list[RunHistory]) -> Scenario | None:
    """What the runs were made for: the preset of that id, else the scenario that was stored with one of them."""
    id = runs[0].spec.scenario
    for path in preset_files():
        if preset_id(path) == id:
            try:
                return load(path)
            except ScenarioError:
                return None
    found = (read_scenario(store / run.run) for run in runs)
    return next((scenario for scenario in found if scenario is not None and scenario.id == id), None)
