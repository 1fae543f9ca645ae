"""`regtui reveal RUN...`: the one look at the test part of own data, recorded with its time."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from regtui import own
from regtui.cli.machine import worker_command
from regtui.cli.output import plain_table, print_json
from regtui.cli.stored import stored_runs
from regtui.commands import RunRequest
from regtui.events import Failed, Revealed, RunEvent
from regtui.export.errors import ExportError
from regtui.export.stored import StoredRun, find
from regtui.own.models import needs_consent
from regtui.paths import runs_dir
from regtui.runner import Lost, Report, Runner
from regtui.store import Recorder


def reveal(arguments: argparse.Namespace) -> int:
    """Measure the test part of stored runs and print it; what was revealed before is printed with its first date."""
    store: Path = arguments.out or runs_dir()
    try:
        stored = stored_runs(arguments.runs, store)
        if len(stored) > len(set(arguments.runs)):  # of a scenario, those that can be
            stored = [one for one in stored if one.history.state == "finished"] or stored
        for one in stored:
            _must_be_sealed(one, arguments.model)
    except ExportError as error:
        print(f"regtui reveal: {error}", file=sys.stderr)
        return 2
    asked = [run for run in stored if run.history.revealed is None]
    troubles = asyncio.run(_measure(asked, worker_command(arguments, store))) if asked else {}
    rows = [_row(find(str(run.folder), store)) for run in stored]
    for run, trouble in troubles.items():
        print(f"regtui reveal: {run}: {trouble}", file=sys.stderr)
    if arguments.json:
        print_json({"runs": rows})
    else:
        table = plain_table("run", "arm", ">seed", ">train %", ">validation %", ">test %", "revealed")
        for row in rows:
            accuracies = (row["train_acc"], row["validation_acc"], row["test_acc"])
            shown = (f"{figure:.1f}" if isinstance(figure, float) else "-" for figure in accuracies)
            when = str(row["revealed"] or "-")
            table.add_row(str(row["run"]), escape(str(row["arm"])), str(row["seed"]), *shown, when)
        Console(width=None if sys.stdout.isatty() else 160).print(table)
    return 1 if troubles else 0


def _must_be_sealed(run: StoredRun, model: str | None) -> None:
    """Raises ExportError for a run that has nothing to reveal, or whose model is code that the user has not named."""
    if sentence := needs_consent(run.run, run.spec.model.name, model):
        raise ExportError(sentence)
    if not own.is_own(run.spec.data.name):
        raise ExportError(f"{run.run} trained on {run.spec.data.name}, whose test figures are no secret: regtui runs")
    if run.history.state != "finished":
        raise ExportError(f"{run.run} is {run.history.state}; only a finished run is revealed")


async def _measure(runs: list[StoredRun], command: list[str]) -> dict[str, str]:
    """Have the runs measured and recorded; gives what went wrong, by run."""
    troubles: dict[str, str] = {}
    left = {run.run for run in runs}
    done = asyncio.Event()
    recorders = {run.run: Recorder(run.folder.parent) for run in runs}

    def deliver(report: Report) -> None:
        match report:
            case Revealed(run=run) | Failed(run=run):
                if isinstance(report, Failed):
                    troubles[run] = report.sentence
                else:
                    recorders[run].append(report)
                    if recorders[run].warning:
                        troubles[run] = recorders[run].warning
                left.discard(run)
            case RunEvent():
                pass
            case Lost(sentence=sentence):
                troubles.update(dict.fromkeys(left, sentence))
                left.clear()
            case _:
                pass
        if not left:
            done.set()

    for run in runs:
        recorders[run.run].reopen(run.run)
    runner = Runner(command, deliver)
    try:
        runner.submit(RunRequest(run=run.run, spec=run.spec, reveal=True) for run in runs)
        await done.wait()
    finally:
        await runner.close()
    return troubles


def _row(run: StoredRun) -> dict[str, object]:
    last, seen = run.history.last, run.history.revealed
    return {
        "run": run.run, "arm": run.spec.arm, "seed": run.spec.seed,
        "train_acc": last.train.accuracy if last else None,
        "validation_acc": last.validation.accuracy if last and last.validation else None,
        "test_acc": seen.test.accuracy if seen else None, "test_samples": seen.samples if seen else None,
        "revealed": seen.at if seen else None,
    }  # fmt: skip
