"""`regtui compare RUN...`: stored runs beside each other, without a screen."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from regtui.claims import Interval, figure
from regtui.cli.output import counted, plain_table, print_json
from regtui.compare.finding import find_entries
from regtui.compare.library import Library, StoredArm, entries, grouped
from regtui.compare.query import Query, QueryError, keys, shown
from regtui.compare.results import (
    COLUMNS,
    METRICS,
    Standing,
    by_one_part,
    columns,
    differences,
    outline,
    pair,
    standing_of,
)
from regtui.paths import runs_dir
from regtui.scenario.errors import nearest
from regtui.store.reading import ReadingError

HEADINGS = {"train_accuracy": "train %", "test_accuracy": "test %", "gap": "gap", "validation_accuracy": "validation %"}
KEYS = {"train_accuracy": "train_acc", "test_accuracy": "test_acc", "gap": "gap",
        "validation_accuracy": "validation_acc"}  # fmt: skip
"""By metric: the key of `regtui run --json`, too."""


MOST_COLUMNS = 8
"""Arms that a table of settings has columns for; more of them get a line each."""
NOTE = (
    "± and \\[low, high]: 95 % interval over seeds. paired: this arm minus the reference (the first one of its "
    "scenario, or --against), over the seeds that both have. best: the highest of each run's evaluations, "
    "chosen afterwards; of own data by validation, and so are all of a scenario until each is revealed."
)


class _RefusedError(Exception):
    """Nothing to compare; the sentence says why."""


def compare(arguments: argparse.Namespace) -> int:
    """Final, best and gap by arm, paired differences, and only the settings that differ. 2 where nothing is found."""
    try:
        arms = _arms(arguments)
        standings = _standings(arms, arguments.against)
    except (ReadingError, QueryError, _RefusedError) as error:
        print(f"regtui compare: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        print_json(comparison_object(standings))
    else:
        _print(standings)
    return 0


def comparison_object(standings: Sequence[Standing]) -> dict[str, Any]:
    """What `--json` prints: accuracies in percent, differences in percentage points, intervals as [low, high]."""
    arms = [one.arm for one in standings]
    differ = differences(arms)
    metrics = [metric for metric in METRICS if metric in COLUMNS or any(one.is_sealed for one in standings)]
    return {
        "differing": [key for key, _ in differ],
        "arms": [
            {
                "scenario": one.arm.scenario, "name": one.arm.name, "from": one.arm.place or None,
                "seeds": len(one.results), "left_out": one.left_out,
                **{KEYS[metric]: _mean(one.final[metric]) for metric in metrics},
                "ci95": {KEYS[metric]: _bounds(one.final[metric]) for metric in metrics},
                "best": _mean(one.best), "best_epoch": one.best_epoch,
                "against": one.against.name if one.against else None,
                "paired": {
                    KEYS[metric]: {"effect": _mean(found), "ci95": _bounds(found), "seeds": found.count}
                    for metric in metrics
                    if (found := one.paired.get(metric)) is not None
                },
                "settings": {key: values[i] for key, values in differ},
                "runs": [
                    {"run": run.entry.run, "seed": run.entry.spec.seed, "state": run.state, "steered": run.steered,
                     "counted": run.counted}
                    for run in one.runs
                ],
            }
            for i, one in enumerate(standings)
        ],
    }  # fmt: skip


def _arms(arguments: argparse.Namespace) -> list[StoredArm]:
    root = arguments.out or runs_dir()
    found = find_entries(arguments.runs, root) if arguments.runs else list(entries(root))
    if not found:
        raise _RefusedError(f"no runs in {root}; `regtui run` makes some")
    arms = grouped(found)
    if arguments.where:
        arms = Query(arguments.where, keys(found)).of(arms)
        if not arms:
            raise _RefusedError(f"none of {counted(len(found), 'run')} is {arguments.where}")
    return arms


def _standings(arms: Sequence[StoredArm], against: str | None) -> list[Standing]:
    library = Library()
    standings = by_one_part([standing_of(arm, library.history) for arm in arms])
    names = [arm.name for arm in arms]
    if against is not None and against not in names:
        raise _RefusedError(f"--against {against}: no arm here has that name{nearest(against, names)}")
    chosen = next((arm.key for arm in arms if arm.name == against), None)
    pair(standings, chosen)
    return standings


def _print(standings: Sequence[Standing]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    for scenario in dict.fromkeys(one.arm.scenario for one in standings):
        _print_scenario(console, scenario, [one for one in standings if one.arm.scenario == scenario])
    console.print(f"[dim]{NOTE}[/]", soft_wrap=True)


def _print_scenario(console: Console, scenario: str, standings: Sequence[Standing]) -> None:
    """A table of figures, and the settings in which its arms differ."""
    metrics = columns(standings)
    paired = [metric for metric in metrics if metric != "train_accuracy"]
    figures = [f">{HEADINGS[metric]}" for metric in metrics]
    effects = [f">paired {HEADINGS[metric].removesuffix(' %')}" for metric in paired]
    table = plain_table("arm", ">seeds", *figures, ">best %", *effects, "left out")
    for number, one in enumerate(standings, 1):
        name = one.arm.name + (f"  in {one.arm.place}" if one.arm.place else "")
        table.add_row(
            escape(f"{number:>2} {name}"), str(len(one.results)), *(_figure(one.final[metric]) for metric in metrics),
            _figure(one.best), *(_effect(one, metric) for metric in paired), escape(", ".join(one.left_out)),
        )  # fmt: skip
    console.print(f"[bold]{escape(scenario)}[/]")
    console.print(table)
    differ = outline([one.arm for one in standings])
    if differ and len(standings) <= MOST_COLUMNS:
        settings = plain_table("setting", *(f">{number}" for number in range(1, len(standings) + 1)))
        settings.columns[0].no_wrap = True
        for key, values in differ:
            settings.add_row(escape(key), *(escape("-" if value is None else shown(value)) for value in values))
        console.print(settings)
    elif differ:
        for i in range(len(standings)):
            own = [f"{key}={shown(values[i])}" for key, values in differ if values[i] is not None]
            console.print(escape(f"{i + 1:>2} {'  '.join(own)}"), soft_wrap=True)
    console.print()


def _effect(one: Standing, metric: str) -> str:
    found = one.paired.get(metric)
    if found is None:
        return "[dim]no pair[/]" if one.against else "[dim]reference[/]"
    if math.isnan(found.low):
        return f"{figure(found.mean, metric, signed=True)}, 1 seed"
    low, high = (figure(bound, metric) for bound in (found.low, found.high))
    return f"{figure(found.mean, metric, signed=True)} \\[{low}, {high}]"


def _figure(found: Interval | None) -> str:
    if found is None:
        return "-"
    return f"{found.mean:.1f}" + ("" if math.isnan(found.low) else f"±{found.high - found.mean:.1f}")


def _mean(found: Interval | None) -> float | None:
    return None if found is None else round(found.mean, 6)


def _bounds(found: Interval | None) -> list[float] | None:
    return None if found is None or math.isnan(found.low) else [round(found.low, 6), round(found.high, 6)]
