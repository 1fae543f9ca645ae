"""`regtui sweep`: search on the validation split, report once on the test split. Progress on stderr."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time

import msgspec

from regtui.cli.makers import maker_factory, to_its_end
from regtui.cli.output import print_json
from regtui.cli.own import chosen, tell_of_data
from regtui.cli.run import configured, must_be_writable
from regtui.cli.sweep_drive import Drive
from regtui.cli.sweep_result import print_outcome
from regtui.paths import runs_dir
from regtui.scenario import Arm, Problem, Scenario, ScenarioError
from regtui.scenario.errors import printable
from regtui.sweep.record import BusyError, Folder, Plan
from regtui.sweep.space import parse_space
from regtui.sweep.study import MissingExtraError, Study
from regtui.sweep.winner import WINNER


def sweep(arguments: argparse.Namespace) -> int:
    """Search, then compare the winner with the unswept arm. 0 done, 1 nothing came out, 2 wrong usage, 130 cut off."""
    # Before data and a model of the user's own are looked at, which may take long.
    if (arguments.data or arguments.model) and importlib.util.find_spec("optuna") is None:
        print(f"regtui sweep: {MissingExtraError()}", file=sys.stderr)
        return 2
    store = arguments.out or runs_dir()
    scenario = configured(chosen(arguments, store), arguments)
    tell_of_data(scenario)
    unswept = _arm(scenario, arguments)
    swept, space = parse_space(arguments.over, unswept)
    must_be_writable(store)
    plan = Plan(
        scenario=scenario.id, arm=swept, space=space, sampler=arguments.sampler, pruner=arguments.pruner,
        seeds=arguments.seeds or 1, seed=arguments.sampler_seed,
    )  # fmt: skip
    began = time.monotonic()
    try:
        with Folder(store, plan) as folder:
            study = Study(
                folder.journal, space, sampler=arguments.sampler, pruner=arguments.pruner, seed=plan.seed,
                evaluations=swept.train.evaluations,
            )  # fmt: skip
            make = maker_factory(arguments, store, reveals=arguments.reveal)
            outcome = to_its_end(Drive(arguments, scenario, unswept, plan, folder, study, make).run(), arguments.ray)
    except MissingExtraError as error:
        print(f"regtui sweep: {error}", file=sys.stderr)
        return 2
    except BusyError as error:
        print(f"regtui sweep: {printable(str(error))}", file=sys.stderr)
        return 2
    outcome = msgspec.structs.replace(outcome, wall_s=round(time.monotonic() - began, 2))
    if arguments.json:
        print_json(outcome)
    else:
        print_outcome(outcome)
    if not outcome.finished:
        return 130
    return 0 if outcome.best else 1


def _arm(scenario: Scenario, arguments: argparse.Namespace) -> Arm:
    """The arm to search around; its validation split must exist."""
    if arguments.arm and len(arguments.arm) > 1:
        raise ScenarioError("--arm", [Problem("", "is given twice; a sweep changes one arm")])
    arm = scenario.arms[-1]
    if not arm.data.validation:
        raise ScenarioError(
            scenario.id, [Problem("data.validation", "is 0; a sweep chooses on the validation split and needs one")]
        )
    if arm.name == WINNER:
        arm = msgspec.structs.replace(arm, name="unswept")
    return arm
