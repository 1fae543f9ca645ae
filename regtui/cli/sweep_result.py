"""What came out of a sweep: one object for --json, tables for people."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from regtui.claims import Interval, interval, read
from regtui.cli.output import plain_table
from regtui.files import decoded, read_file
from regtui.own.named import model_options
from regtui.scenario import Arm, Scenario
from regtui.scenario.errors import printable
from regtui.session import Session
from regtui.spec import Scalar
from regtui.sweep.record import Part, Plan, Trial, read_trials
from regtui.sweep.space import applied, as_it_is
from regtui.sweep.study import Study, plain_params
from regtui.sweep.winner import WINNER, differences

SHOWN = 10
"""Trials in the table, the best ones."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """An arm over the seeds of the final comparison, percent; ci95 is [low, high] or None for one seed."""

    name: str
    seeds: int
    validation_acc: float | None = None
    test_acc: float | None
    """None for data of the user's own whose test part was not revealed."""
    gap: float | None
    ci95: tuple[float, float] | None
    """Of the test accuracy; where there is none, of the validation accuracy."""
    runs: list[str]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The object that `--json` prints."""

    scenario: str
    sweep: str
    folder: str
    arm: str
    over: list[str]
    finished: bool
    """False where it was interrupted: the same command goes on."""
    trials: list[Trial]
    best: dict[str, Scalar] | None
    """Values of the trial with the highest validation accuracy."""
    best_trial: int | None
    validation_acc: float | None
    validation_acc_before: float | None = None
    """The same of the arm as it is, where that was a trial."""
    importance: dict[str, float]
    changed: dict[str, tuple[Any, Any]]
    """Settings in which the winner differs from the unswept arm."""
    test: list[Compared]
    """The comparison at the end: the unswept arm and the winner, with seeds that the search has not seen."""
    gain: float | None
    """Accuracy of the winner minus that of the unswept arm, points, over paired seeds."""
    gain_ci95: tuple[float, float] | None
    part: Part = "test"
    """What the comparison and the gain are of: the one look at the test split, or validation of own data."""
    command: str = ""
    """Runs the comparison again."""
    script: str | None = None
    """The folder of the winner as plain PyTorch."""
    no_script: str = ""
    """A sentence: why there is none."""
    wall_s: float = 0.0

    @classmethod
    def of(
        cls, scenario: Scenario, unswept: Arm, plan: Plan, folder: Path, study: Study, *,
        best: tuple[int, dict[str, Scalar], float] | None, comparison: Session | None, finished: bool,
    ) -> Outcome:  # fmt: skip
        """Gather everything; `comparison` is the session of the last runs."""
        gain = _gain(comparison, unswept.name) if comparison else None
        return cls(
            scenario=scenario.id,
            sweep=plan.id,
            folder=str(folder),
            arm=unswept.name,
            over=[str(dimension) for dimension in plan.space],
            finished=finished,
            trials=read_trials(folder),
            best=best[1] if best else None,
            best_trial=best[0] if best else None,
            validation_acc=round(best[2], 6) if best else None,
            validation_acc_before=_before(unswept, plan, folder),
            importance={key: round(share, 4) for key, share in study.importance().items()},
            changed=differences(unswept, applied(plan.arm, best[1])) if best else {},
            test=[_compared(comparison, arm.name) for arm in comparison.arms] if comparison else [],
            gain=round(gain.mean, 6) if gain else None,
            gain_ci95=_bounds(gain),
            part=_part(comparison),
            command=f"regtui run {shlex.quote(str(folder / 'winner.toml'))}{model_options(unswept.model)}",
        )


def print_outcome(outcome: Outcome) -> None:
    """The best trials, what mattered, and the winner on the test split."""
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    ended = [
        trial for trial in outcome.trials if trial.state in ("complete", "pruned") and trial.validation is not None
    ]
    table = plain_table(">trial", "state", ">validation %", "values")
    for trial in sorted(ended, key=lambda t: (t.state != "complete", -(t.validation or 0.0)))[:SHOWN]:
        table.add_row(str(trial.number), trial.state, f"{trial.validation:.1f}", escape(plain_params(trial.params)))
    console.print(table)
    if outcome.importance:
        shares = "  ".join(f"{key} {100 * share:.0f} %" for key, share in outcome.importance.items())
        console.print(f"[dim]what mattered: {escape(shares)}[/]", soft_wrap=True)
    if outcome.validation_acc is not None and outcome.validation_acc_before is not None:
        console.print(f"[dim]best validation {outcome.validation_acc:.1f} %, {escape(outcome.arm)} as it is "
                      f"{outcome.validation_acc_before:.1f} %[/]", soft_wrap=True)  # fmt: skip
    if outcome.test:
        part = outcome.part
        table = plain_table(f"on the {part} split", ">seeds", f">{part} %", ">gap")
        for row in outcome.test:
            half = f"±{(row.ci95[1] - row.ci95[0]) / 2:.1f}" if row.ci95 else ""
            accuracy = row.test_acc if part == "test" else row.validation_acc
            test, gap = (f"{value:.1f}" if value is not None else "-" for value in (accuracy, row.gap))
            table.add_row(escape(row.name), str(row.seeds), f"{test}{half}", gap)
        console.print(table)
    if outcome.gain is not None:
        bounds = f" [{outcome.gain_ci95[0]:.1f}, {outcome.gain_ci95[1]:.1f}]" if outcome.gain_ci95 else ""
        verb = "tests" if outcome.part == "test" else "validates"
        console.print(f"the winner {verb} {outcome.gain:+.1f} points{bounds} against {outcome.arm}", markup=False)
        if outcome.part == "validation":
            console.print("[dim]The test part was not looked at; the same command with --reveal does, once, and "
                          "records when.[/]", soft_wrap=True)  # fmt: skip
    done = "" if outcome.finished else "interrupted; the same command goes on. "
    where = outcome.command if outcome.test else outcome.folder
    console.print(f"[dim]{outcome.wall_s:.1f} s, {done}{escape(printable(where))}[/]", soft_wrap=True)
    if outcome.script:
        console.print(f"[dim]as plain PyTorch: {escape(printable(outcome.script))}[/]", soft_wrap=True)
    elif outcome.no_script:
        console.print(f"[dim]no script: {escape(printable(outcome.no_script))}[/]", soft_wrap=True)


def read_result(folder: Path) -> Outcome | None:
    """result.json of a sweep's folder; None where there is none that can be read."""
    try:
        return decoded(read_file(folder / "result.json"), Outcome)
    except (OSError, msgspec.DecodeError):
        return None


def _compared(session: Session, name: str) -> Compared:
    results = session.results()[name]
    sealed = _part(session) == "validation"
    tests = [value for e in results.values() if (value := read("test_accuracy", e)) is not None]
    held_out = [value for e in results.values() if (value := read("validation_accuracy", e)) is not None]
    gaps = [value for e in results.values() if (value := read("gap", e)) is not None]
    summary = interval(tests) if tests else None
    return Compared(
        name=name,
        seeds=len(results),
        validation_acc=round(sum(held_out) / len(held_out), 6) if held_out else None,
        test_acc=round(summary.mean, 6) if summary and not sealed else None,
        gap=round(sum(gaps) / len(gaps), 6) if gaps else None,
        ci95=_bounds(summary),
        runs=[run.run for run in session.of_arm(name).values()],
    )


def _before(unswept: Arm, plan: Plan, folder: Path) -> float | None:
    now = as_it_is(unswept, plan.space)
    tried = [trial for trial in read_trials(folder) if trial.state == "complete" and trial.params == now]
    return round(tried[0].validation, 6) if tried and tried[0].validation is not None else None


def _part(session: Session | None) -> Part:
    return "validation" if session is not None and session.held_out == "validation" else "test"


def _gain(session: Session, unswept: str) -> Interval | None:
    results = session.results()
    old, new = results.get(unswept, {}), results.get(WINNER, {})
    pairs = [
        (read("test_accuracy", new[seed]), read("test_accuracy", old[seed])) for seed in sorted(old.keys() & new.keys())
    ]
    gains = [a - b for a, b in pairs if a is not None and b is not None]
    return interval(gains) if gains else None


def _bounds(summary: Interval | None) -> tuple[float, float] | None:
    if summary is None or summary.count == 1:
        return None
    return round(summary.low, 6), round(summary.high, 6)
