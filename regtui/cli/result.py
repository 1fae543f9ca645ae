"""What a scenario came to: a table and verdicts for people, one object for programs."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from regtui.claims import Interval, Verdict, figure, interval, read
from regtui.cli.output import counted, plain_table
from regtui.criterion import criterion
from regtui.diagnosis import diagnose_runs
from regtui.events import Evaluated
from regtui.scenario.errors import printable
from regtui.scenario.schema import title, unit
from regtui.session import Session
from regtui.store import RunHistory
from regtui.trouble import summary

_COLUMNS = {"train_acc": "train_accuracy", "test_acc": "test_accuracy", "gap": "gap"}
_SEALED = {"train_acc": "train_accuracy", "validation_acc": "validation_accuracy", "gap": "gap"}
"""Of own data whose test part has not been revealed: there is no test figure yet."""
_MEASURED = {**_COLUMNS, "validation_acc": "validation_accuracy"}
"""Validation is in the object only: settings are chosen with it, so it is no result of its own."""
MARKS = {"confirmed": "[green]confirmed[/]", "refuted": "[red]refuted  [/]", "not shown": "[yellow]not shown[/]"}

_STYLES = {"overfitting": "yellow", "underfitting": "yellow", "over- and underfitting": "yellow", "diverged": "red",
           "fine": "green"}  # fmt: skip


def result_object(session: Session, wall: float) -> dict[str, Any]:
    """The object that `--json` prints: accuracies in percent, intervals as [low, high] or null for one seed."""
    devices = sorted({run.started.device for run in session.current.values() if run.started})
    return {
        "scenario": session.scenario.id,
        "device": devices[0] if devices else session.device,
        "precision": session.precision,
        "wall_s": round(wall, 2),
        **({"revealed": session.is_revealed} if session.is_sealed else {}),
        **({"warning": warning} if (warning := _unrecorded(session)) else {}),
        "arms": [_arm(session, arm.name) for arm in session.arms],
        "claims": [_claim(verdict) for verdict in session.verdicts()],
    }


def print_result(session: Session, wall: float, more: str = "") -> None:
    """The table of the arms, the verdicts of the claims and where the runs are.

    more  what a command needs to find these runs again, with a space before it: --out, --model, --worker
    """
    console = Console(width=None if sys.stdout.isatty() else 160)
    part = session.held_out
    columns = _SEALED if part == "validation" else _COLUMNS
    lesson = [">lesson"] if any(arm.lesson for arm in session.arms) else []
    table = plain_table("arm", ">seeds", ">train %", f">{part} %", ">gap", *lesson, ">samples/s")
    for arm in session.arms:
        row = _arm(session, arm.name)
        said = f"{arm.lesson.train:g}/{arm.lesson.test:g}" if arm.lesson else ""
        rate = f"{row['samples_per_s']:,.0f}" if row["samples_per_s"] else "-"
        table.add_row(escape(arm.name), str(row["seeds"]), *(_figure(row, key) for key in columns),
                      *([said] if lesson else []), rate)  # fmt: skip
    console.print(table)
    matters = {arm.name: diagnose_runs(arm, session.of_arm(arm.name).values()) for arm in session.arms}
    widest = max((len(found.verdict) for found in matters.values() if found is not None), default=0)
    for arm in session.arms:
        found = matters[arm.name]
        if found is not None:
            word = f"[{_STYLES[found.verdict]}]{found.verdict:<{widest}}[/]"
            text = escape(f"{arm.name}: {found.why}. {found.cure.sentence}")
            console.print(f"{word}  {text}", highlight=False, soft_wrap=True)
        if inside := _inside(list(session.of_arm(arm.name).values())):
            console.print(
                f"[yellow]{'inside':<{widest}}[/]  {escape(f'{arm.name}: {inside}')}", highlight=False, soft_wrap=True
            )
    if others := _also_claimed(session):
        console.print(_claimed_table(session, others))
    if session.is_sealed:
        console.print(f"[dim]{escape(_what_is_sealed(session, more))}[/]", highlight=False, soft_wrap=True)
    for (arm_name, seed), run in session.current.items():
        if run.trouble:
            console.print(f"[red]{escape(printable(f'{arm_name}, seed {seed}: {run.trouble}'))}[/]", soft_wrap=True)
    for verdict in session.verdicts():
        said = f"{escape(verdict.claim.text)}  {_effect(verdict, part)}"
        console.print(f"{MARKS[verdict.outcome]}  {said}", highlight=False, soft_wrap=True)
        if verdict.remark:
            console.print(f"           [dim]{escape(verdict.remark)}[/]", highlight=False, soft_wrap=True)
    if session.recorder is not None:
        where = _unrecorded(session) or f"{counted(len(session.current), 'run')} in {session.recorder.root}"
        took = f"{wall:.1f} s" + (f" in {session.precision}" if session.precision != "fp32" else "")
        console.print(f"[dim]{took}, {escape(where)}[/]", highlight=False, soft_wrap=True)


def _unrecorded(session: Session) -> str:
    """What of the runs was not recorded, in a sentence; "" for nothing."""
    return session.recorder.left or session.recorder.warning if session.recorder is not None else ""


def _what_is_sealed(session: Session, more: str) -> str:
    if session.is_revealed:
        return "The test part was revealed; its time is in the record of each run."
    name = shlex.quote(session.scenario.id.rpartition("/")[2])
    return (
        "Validation, which settings may be chosen by; the test part is kept for one look: "
        f"regtui reveal {printable(name + more)}"
    )


def _also_claimed(session: Session) -> list[str]:
    """What claims speak of beyond the columns of the main table."""
    metrics = (claim.check.metric for claim in session.scenario.claims)
    return [metric for metric in dict.fromkeys(metrics) if metric not in _COLUMNS.values()]


def _claimed_table(session: Session, metrics: Sequence[str]) -> Table:
    """A row an arm, a column a metric: mean and half width of the 95 % interval."""
    table = plain_table("arm", *(f">{title(metric)}" for metric in metrics))
    for arm, results in session.results().items():
        cells = []
        for metric in metrics:
            summary = _summary(results.values(), metric)
            half = "" if summary is None or summary.count == 1 else f"±{figure(summary.mean - summary.low, metric)}"
            cells.append("-" if summary is None else f"{figure(summary.mean, metric)}{half}")
        table.add_row(escape(arm), *cells)
    return table


def _summary(evaluations: Iterable[Evaluated], metric: str) -> Interval | None:
    found = [read(metric, evaluation) for evaluation in evaluations]
    values = [value for value in found if value is not None and math.isfinite(value)]
    return interval(values) if values else None


def _arm(session: Session, name: str) -> dict[str, Any]:
    runs = session.of_arm(name)
    results = session.results()[name]
    row: dict[str, Any] = {"name": name, "seeds": len(results)}
    bounds: dict[str, list[float] | None] = {}
    studied = {metric: metric for evaluation in results.values() for metric in evaluation.studied}
    for key, metric in {**_MEASURED, **studied}.items():
        summary = _summary(results.values(), metric)
        row[key] = round(summary.mean, 6) if summary else None
        bounds[key] = _bounds(summary)
    if session.held_out == "validation":
        row["test_acc"] = bounds["test_acc"] = None
    rates = [run.samples_per_s for run in runs.values() if run.state == "finished"]
    row["ci95"] = bounds
    row["samples_per_s"] = round(sum(rates) / len(rates), 1) if rates else None
    found = diagnose_runs(session.arm(name), runs.values())
    row["diagnosis"] = found and {
        "verdict": found.verdict, "why": found.why, "next": found.cure.sentence, "try": list(found.cure.entries),
    }  # fmt: skip
    row["troubles"] = [
        {
            "run": run.run,
            "kind": trouble.kind,
            "layer": trouble.layer,
            "step": trouble.step,
            "value": _number(trouble.value),
        }
        for run in runs.values()
        for trouble in run.lasting
    ]
    row["runs"] = [run.run for run in runs.values()]
    row["states"] = [run.state for run in runs.values()]
    return row


def _inside(runs: Sequence[RunHistory]) -> str:
    """The troubles that last inside the first run that has any, and how many have some; "" where none has."""
    having = [run for run in runs if run.lasting]
    if not having:
        return ""
    seeds = f"; {len(having)} of {len(runs)} seeds have such trouble" if len(runs) > 1 else ""
    return f"{summary(having[0].lasting)}{seeds}"


def _number(value: float) -> float | str:
    """JSON knows no infinity."""
    return value if math.isfinite(value) else str(value)


def _claim(verdict: Verdict) -> dict[str, Any]:
    return {
        "text": verdict.claim.text, "verdict": verdict.outcome,
        "effect": round(verdict.effect.mean, 6) if verdict.effect else None, "ci95": _bounds(verdict.effect),
        "by": verdict.claim.check.by, "unit": unit(verdict.claim.check.metric),
        "seeds": verdict.effect.count if verdict.effect else 0, "note": verdict.sentence, "remark": verdict.remark,
    }  # fmt: skip


def _bounds(summary: Interval | None) -> list[float] | None:
    if summary is None or math.isnan(summary.low):
        return None
    return [round(summary.low, 6), round(summary.high, 6)]


def _figure(row: dict[str, Any], key: str) -> str:
    if row[key] is None:
        return "-"
    bounds = row["ci95"][key]
    half = f"±{(bounds[1] - bounds[0]) / 2:.1f}" if bounds else ""
    return f"{row[key]:.1f}{half}"


def _effect(verdict: Verdict, part: str) -> str:
    """The effect, what is asked where the claim has a threshold, and what is missing for a decision."""
    if verdict.effect is None:
        return f"[dim]{verdict.sentence}[/]"
    metric = verdict.claim.check.metric
    bounds = [figure(bound, metric) for bound in _bounds(verdict.effect) or ()]
    between = f" \\[{', '.join(bounds)}]" if bounds else ""
    has_threshold = verdict.claim.check.by or not isinstance(verdict.claim.check.against, str)
    by = f"; asked: {escape(criterion(verdict.claim.check, part=part))}" if has_threshold else ""
    note = f"; {verdict.sentence}" if verdict.sentence else ""
    effect = f"{figure(verdict.effect.mean, metric, signed=True)} {unit(metric)}".rstrip()
    return f"{effect}{between}[dim]{by}{note}[/]"
