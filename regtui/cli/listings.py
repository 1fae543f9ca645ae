"""`scenarios`, `check`, `catalog` and `runs`: what there is."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from regtui.catalog import DATASETS, MODELS, REGULARIZERS, STUDIES
from regtui.catalog.records import Param, Record
from regtui.cli.output import counted, plain_table, print_json
from regtui.criterion import criterion
from regtui.paths import runs_dir
from regtui.scenario import ScenarioError, find, load, preset_files
from regtui.scenario.errors import printable
from regtui.store import RunHistory, list_runs, replay


def scenarios(arguments: argparse.Namespace) -> int:
    """The presets, in the order of the lesson."""
    found = [load(path) for path in preset_files()]
    if arguments.json:
        print_json({"scenarios": [
            {"name": s.id, "section": s.section, "title": s.title, "question": s.question,
             "arms": [arm.name for arm in s.arms]}
            for s in found
        ]})  # fmt: skip
        return 0
    console = Console(highlight=False)
    for s in found:
        console.print(f"[bold]{escape(s.id)}[/]  {escape(s.title)}", soft_wrap=True)
        console.print(f"    {escape(s.question)}", soft_wrap=True)
        console.print(f"    [dim]{escape(' | '.join(arm.name for arm in s.arms))}[/]", soft_wrap=True)
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Validate files: what their claims ask, or every problem of every file and exit code 2."""
    found: list[dict[str, Any]] = []
    for name in arguments.files:
        try:
            path = Path(name)
            scenario = load(path if os.path.lexists(path) else find(name))
        except ScenarioError as error:
            found.append({"file": name, "ok": False, "problems": error.problems})
            if not arguments.json:
                print(error, file=sys.stderr)
        else:
            found.append({"file": name, "ok": True, "problems": []})
            if not arguments.json:
                arms, claims = counted(len(scenario.arms), "arm"), counted(len(scenario.claims), "claim")
                print(f"{printable(name)}: ok: {arms}, {claims}, {counted(scenario.seeds, 'seed')}")
                for claim in scenario.claims:
                    print(printable(f"  {claim.text}  =  {criterion(claim.check)}"))
    if arguments.json:
        print_json({"files": found})
    return 0 if all(row["ok"] for row in found) else 2


def catalog(arguments: argparse.Namespace) -> int:
    """Every record of the catalog."""
    if arguments.json:
        print_json({
            "regularizers": list(REGULARIZERS.values()), "models": list(MODELS.values()),
            "datasets": list(DATASETS.values()), "studies": list(STUDIES.values()),
        })  # fmt: skip
        return 0
    console = Console(highlight=False)
    for record in REGULARIZERS.values():
        where = f"at {', '.join(record.sites)}" if record.sites else "on the whole run"
        _print_record(console, record, record.params, (where, f"watch: {record.watch}", record.paper))
    for model in MODELS.values():
        _print_record(console, model, model.params, (f"places: {', '.join(model.sites)}", model.paper))
    for dataset in DATASETS.values():
        samples = f"{dataset.train_samples} training and {dataset.test_samples} test samples"
        _print_record(console, dataset, (), (samples, f"{dataset.source} ({dataset.licence})"))
    for study in STUDIES.values():
        found = [f"{study.name}.{metric.name}: {metric.summary}" for metric in study.metrics]
        _print_record(console, study, (), (*found, study.paper))
    return 0


def runs(arguments: argparse.Namespace) -> int:
    """The stored runs, newest first."""
    root = arguments.out or runs_dir()
    found = [replay(root / info.run) for info in list_runs(root)]
    if arguments.json:
        print_json({"runs": [_run_row(run) for run in found]})
        return 0
    if not found:
        print(f"no runs in {root}")
        return 0
    rows, part = [], _part(found)
    for run in found:
        # From what was measured, not from the row: rounding twice gives other last digits than everywhere else.
        last = run.measured
        held_out = (last and last.test, last and last.validation) if part else (last and last.test,)
        points = (*(one.accuracy if one else None for one in held_out), last.gap if last else None)
        figures = [f"{one:.1f}" if one is not None else "-" for one in points]
        state = ("interrupted" if run.is_interrupted else run.state) + (", steered" if run.is_steered else "")
        arm = printable(f"{run.spec.scenario.rpartition('/')[2]}: {run.spec.arm}")
        rows.append((run.run, escape(arm), str(run.spec.seed), state, *figures))
    console = Console(width=None if sys.stdout.isatty() else 160)
    headings = ("run", "arm", ">seed", "state", ">test", *part, ">gap")
    table = plain_table(*headings)
    # One line a run, so that ids can be copied and lines counted: the arm's name gives way, nothing else does.
    widths = [max(map(len, (head.removeprefix(">"), *column))) for head, *column in zip(headings, *rows, strict=True)]
    table.columns[1].width = min(widths[1], max(console.width - sum(width + 3 for width in widths) + widths[1], 8))
    for column in table.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    for cells in rows:
        table.add_row(*cells)
    console.print(table)
    return 0


def _part(runs: Sequence[RunHistory]) -> tuple[str, ...]:
    """A column for validation where some runs have nothing else to show: those on own data that was not revealed."""
    last = [run.measured for run in runs]
    return (">validation",) if any(one and one.test is None and one.validation for one in last) else ()


def _run_row(run: RunHistory) -> dict[str, Any]:
    last = run.measured
    return {
        "run": run.run, "scenario": run.spec.scenario, "arm": run.spec.arm, "seed": run.spec.seed, "state": run.state,
        "step": run.step, "total_steps": run.total_steps, "steered": run.is_steered,
        "ended_early": run.ended_early,
        "train_acc": _rounded(last.train.accuracy) if last else None,
        "test_acc": _rounded(last.test.accuracy) if last and last.test else None,
        "validation_acc": _rounded(last.validation.accuracy) if last and last.validation else None,
        "revealed": run.revealed.at if run.revealed else None,
        "gap": _rounded(last.gap) if last else None, "trouble": run.trouble,
        "settings": msgspec.to_builtins(run.spec),
    }  # fmt: skip


def _rounded(points: float | None) -> float | None:
    return None if points is None else round(points, 3)


def _print_record(console: Console, record: Record, params: tuple[Param, ...], notes: tuple[str, ...]) -> None:
    """Name, what it does, its parameters with their ranges, where it comes from."""
    console.print(f"[bold]{record.name}[/]  {escape(record.summary)}", soft_wrap=True)
    for param in params:
        default = f"{param.name} = {param.shown(param.default)}"
        console.print(f"    {default:<24} [dim]{escape(param.allowed)}[/]", soft_wrap=True)
    for note in filter(None, notes):
        console.print(f"    [dim]{escape(note)}[/]", soft_wrap=True)
