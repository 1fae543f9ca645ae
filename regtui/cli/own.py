"""What `explore` and `run` make of --data and --model, and what must be said before anything runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from regtui import own, paths
from regtui.cli.ask import ask
from regtui.cli.machine import worker_command
from regtui.cli.output import counted
from regtui.data.public import PLACES
from regtui.events import Cost, Inspected
from regtui.machine import size
from regtui.own.adopted import can_erase
from regtui.own.models import adopt, announce, with_model
from regtui.own.named import is_code
from regtui.own.scenario import preset_for, with_data
from regtui.scenario import Arm, Scenario, apply_setting, find, load, parse_value, preset_files, run_spec
from regtui.scenario.errors import Problem, ScenarioError, printable
from regtui.scenario.resolve import own_stack
from regtui.spec import ModelSpec, RunSpec


def chosen(arguments: argparse.Namespace, store: Path) -> Scenario:
    """The scenario that a command line asks for, on its own data and its own model. Raises ScenarioError."""
    paths.set_datasets(arguments.data_root, download=arguments.download)
    model = _named_model(arguments) if arguments.model else None
    scenario = _asked_of(arguments)
    _must_be_there(scenario, arguments)
    return scenario if model is None else _on_model(scenario, model, arguments, store)


def _must_be_there(scenario: Scenario, arguments: argparse.Namespace) -> None:
    """Raises ScenarioError, once and before anything starts, for a public data set that this machine does not have."""
    if arguments.download or arguments.worker is not None or getattr(arguments, "ray", None) is not None:
        return
    root = paths.datasets_dir()
    for name in dict.fromkeys(arm.data.name for arm in scenario.arms):
        if name in PLACES and not (root / PLACES[name]).exists():
            told = f"is not in {root}: name the folder that has it with --data-root DIR, or let torchvision fetch it " \
                   "there with --download"  # fmt: skip
            raise ScenarioError("--data", [Problem(name, told)])


def _asked_of(arguments: argparse.Namespace) -> Scenario:
    """The scenario on its data."""
    name = arguments.scenario or (preset_for(arguments.data) if arguments.data else None)
    scenario = load(find(name) if name else preset_files()[0])
    return with_data(scenario, arguments.data, Path.cwd(), _wanted(arguments)) if arguments.data else scenario


def _wanted(arguments: argparse.Namespace) -> list[str] | None:
    """The arms that a command line names; None for all."""
    return getattr(arguments, "arm", None)


def _named_model(arguments: argparse.Namespace) -> ModelSpec:
    """The model of --model, which files may name from now on. Its --set are taken out of the others."""
    if not is_code(arguments.model):
        allowed = "package.module:factory, torchvision:NAME or timm:NAME; a model of the catalog is set in the scenario"
        raise ScenarioError("--model", [Problem("", f"is {arguments.model!r}; allowed is {allowed}")])
    module, _, factory = arguments.model.partition(":")
    if module.endswith(".py"):
        path = Path(module)
        told = f"is {arguments.model!r}, a file; name its module, {'.'.join(path.with_suffix('').parts)}:{factory}"
        if path.is_absolute():
            told = f"is {arguments.model!r}, a file; change to {path.parent} and name its module, {path.stem}:{factory}"
        raise ScenarioError("--model", [Problem("", told)])
    settings: list[str] = getattr(arguments, "settings", [])
    mine = [setting for setting in settings if setting.startswith("model.") and "=" in setting]
    if mine:
        arguments.settings = [setting for setting in settings if setting not in mine]
    params = {key.removeprefix("model."): parse_value(value) for key, _, value in (s.partition("=") for s in mine)}
    model = ModelSpec(name=arguments.model, params=params)
    announce(model)
    return model


def _on_model(scenario: Scenario, model: ModelSpec, arguments: argparse.Namespace, store: Path) -> Scenario:
    """The scenario on a model, which a worker is asked about."""
    first = msgspec.structs.replace(scenario.arms[0], model=model, stack=())
    # Before anybody is asked of the model: it may need pictures of the very size that --set names.
    spec = run_spec(scenario.id, _on_data_as_set(first, _of_data(arguments)), 0, device="cpu")
    shown = printable(arguments.model)
    print(f"regtui: looking at {shown}", file=sys.stderr)
    (inspected,) = ask(worker_command(arguments, store), "model", [spec], "--model")
    assert isinstance(inspected, Inspected)
    if any(arm.model.name == model.name for arm in scenario.arms):
        adopt(model.name, inspected, model.params)
        scenario = _asked_of(arguments)  # read again, now that its places and its own stack are known
    scenario = with_model(scenario, model.name, model.params, inspected, _wanted(arguments))
    own_entries = ", ".join(entry.key for entry in own_stack(scenario.arms[0].model)) or "no norms and no dropouts"
    print(f"regtui: {shown}: {inspected.parameters:,} weights; its own stack: {own_entries}; places: "
          f"{', '.join(inspected.sites)}", file=sys.stderr)  # fmt: skip
    for note in scenario.notes:
        print(f"regtui: {shown}: {printable(note)}", file=sys.stderr)
    return scenario


def with_data_set(scenario: Scenario, arguments: argparse.Namespace) -> Scenario:
    """The scenario with what --set says of the data, which the screen has no other way to say. Raises ScenarioError.

    Those settings are taken out of the others.
    """
    mine = _of_data(arguments)
    arguments.settings = [setting for setting in arguments.settings if setting not in mine]
    return msgspec.structs.replace(
        scenario, arms=tuple(_on_data_as_set(arm, mine) for arm in scenario.arms),
        options=(*scenario.options, *(word for setting in mine for word in ("--set", setting))),
    )  # fmt: skip


def _of_data(arguments: argparse.Namespace) -> list[str]:
    """What --set says of the data of all arms."""
    return [setting for setting in getattr(arguments, "settings", ()) if setting.startswith("data.") and "=" in setting]


def _on_data_as_set(arm: Arm, settings: Sequence[str]) -> Arm:
    for setting in settings:
        key, _, value = setting.partition("=")
        arm = apply_setting(arm, key, parse_value(value))
    return arm


def cost_specs(scenario: Scenario, arguments: argparse.Namespace) -> list[RunSpec]:
    """The runs whose cost is measured before any starts: one an arm of own data or of an own model, else none."""
    if not (own.is_own(scenario.arms[0].data.name) or is_code(scenario.arms[0].model.name)):
        return []
    machine = {"device": arguments.device, "threads": arguments.threads, "precision": arguments.precision}
    return [run_spec(scenario.id, arm, 0, **machine) for arm in scenario.arms]


def tell_of_costs(specs: Sequence[RunSpec], costs: Sequence[Cost], seeds: int, workers: int) -> None:
    """On stderr: how long all runs will take, and how much memory. Raises ScenarioError for one that does not fit."""
    for spec, cost in zip(specs, costs, strict=True):
        needed = cost.weights + cost.data + cost.step
        if cost.free and needed > cost.free:
            raise ScenarioError("regtui run", [Problem(
                spec.arm, f"needs about {size(needed)} on {cost.device}, which has {size(cost.free)} free; lower "
                "train.batch_size or data.train, or take a smaller model")])  # fmt: skip
    lanes = 1 if costs[0].device.startswith("cuda") else min(workers, len(costs) * seeds)
    seconds = sum(cost.seconds for cost in costs) * seeds / lanes
    most = max(costs, key=lambda cost: cost.weights + cost.data + cost.step)
    print(f"regtui: {counted(len(costs) * seeds, 'run')} will take about {_time(seconds)} on {most.device} and up to "
          f"{size(most.weights + most.data + most.step)} each beside PyTorch itself (data {size(most.data)}, weights "
          f"and optimizer {size(most.weights)})", file=sys.stderr)  # fmt: skip


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def tell_of_data(scenario: Scenario) -> None:
    """On stderr: what own data the arms train on, what was left out, and how much memory they take."""
    told = dict.fromkeys((arm.data.name, arm.data.size, arm.data.fit) for arm in scenario.arms)
    for name, side, fit in told:
        if not own.is_own(name):
            continue
        adopted = own.adopt(name, size=side, fit=fit)
        begin = "\r\x1b[K" if can_erase(sys.stderr) else ""
        lines = [f"{own.label(name)}: {own.described(adopted.record)}", *adopted.notes]
        lines.append(_sizes(scenario, name))
        for line in lines:
            print(f"{begin}regtui: {printable(line)}", file=sys.stderr)


def _sizes(scenario: Scenario, name: str) -> str:
    arm = next(arm for arm in scenario.arms if arm.data.name == name)
    data = arm.data
    parts = (
        f"{data.train:,} for training, {data.validation:,} for validation, {data.test:,} kept for `regtui reveal`; "
        f"batches of {arm.train.batch_size}"
    )
    if not data.size:
        return f"{parts}; {data.length} words of each text"
    record = own.adopt(name, size=data.size, fit=data.fit).record
    channels, height, width = record.shape
    needed = (data.train + data.validation) * channels * height * width * 4
    how = "cut to their middle" if data.fit == "crop" else "stretched"
    return f"{parts}; {height}x{width} pixels, {how}, {size(needed)} as float32"
