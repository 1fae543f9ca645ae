"""Models of the user's own by name: package.module:factory, torchvision:NAME or timm:NAME.

They are code, so they need a command line that names them: a scenario file alone has none run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, get_args

import msgspec

from regtui.catalog import MODELS, REGULARIZERS, Model, Site
from regtui.events import Inspected
from regtui.own.exchange import exchanged
from regtui.own.named import NAMED, is_code, model_words
from regtui.scenario.errors import Problems, printable
from regtui.scenario.resolve import own_stack
from regtui.scenario.schema import Arm, Scenario
from regtui.spec import ModelSpec, Scalar, StackEntry

LIBRARIES = ("torchvision", "timm")


def is_library(name: str) -> bool:
    """Whether it is a model of torchvision or timm, and not code of the user's."""
    return name.partition(":")[0] in LIBRARIES


def needs_consent(run: str, name: str, named: str | None) -> str:
    """Why a stored run's model may not be made again: it is code that the user has not named; else "".

    A folder of somebody else's runs could name any code; it is executed only for those who say so themselves.

    name   of the recorded model
    named  what the user's command line names
    """
    if not is_code(name) or is_library(name) or name == named:
        return ""
    return f"the model of {run} is code: {printable(name)}; to have it run, add --model {printable(name)}"


def announce(model: ModelSpec) -> None:
    """Let scenario files of this process name a model that nobody has looked at yet: it may have any place."""
    NAMED[model.name] = model
    MODELS[model.name] = Model(
        name=model.name, title=model.name, summary="", sites=get_args(Site), inputs=("image", "text")
    )


def adopt(name: str, inspected: Inspected, params: Mapping[str, Scalar] | None = None) -> Model:
    """Put a model that a worker has looked at into the catalog of this process."""
    record = Model(
        name=name, title=name.partition(":")[2], summary=f"Your own: {inspected.parameters:,} weights.",
        sites=tuple(inspected.sites), stack=tuple(inspected.stack), inputs=(inspected.kind,),
    )  # fmt: skip
    MODELS[name] = record
    NAMED[name] = ModelSpec(name=name, params=dict(params or {}), content=inspected.content)
    return record


def with_model(
    scenario: Scenario, name: str, params: Mapping[str, Scalar], inspected: Inspected,
    wanted: Collection[str] | None = None,
) -> Scenario:  # fmt: skip
    """The scenario on another model: its own norms and dropouts, and on top what each arm adds.

    wanted  arms that will be run, None: all; of the others those that the model cannot be are left out

    An entry whose place the model lacks goes to the next of its places that there is. Raises ScenarioError for an arm
    with an entry that has none: an arm must be what its name says. An arm that names this model itself, as the winner
    of a sweep does, is what it is.
    """
    record = adopt(name, inspected, params)
    model, is_named = NAMED[name], any(arm.model.name == name for arm in scenario.arms)
    notes = list(inspected.notes)

    def on(arm: Arm, problems: Problems) -> Arm:
        return _on(arm, model, record, problems, notes)

    arms, claims = exchanged(scenario, on, "--model", wanted)
    for before, arm in pairwise(arms):
        if (before.stack, before.data, before.train) == (arm.stack, arm.data, arm.train):
            notes.append(f"the arms {before.name} and {arm.name} are the same: {name} has all that {arm.name} adds")
    told = ". ".join(_sentence(note) for note in dict.fromkeys(notes))
    called = {} if is_named else {
        "id": f"{scenario.id}@{record.title}", "title": f"{scenario.title} ({record.title})"}  # fmt: skip
    return msgspec.structs.replace(
        scenario, arms=arms, claims=claims, **called,
        story=f"{scenario.story.rstrip()} {told}.".strip() if told else scenario.story,
        options=(*scenario.options, *model_words(name, params)), notes=tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def _on(arm: Arm, model: ModelSpec, record: Model, problems: Problems, notes: list[str]) -> Arm:
    if arm.model.name == model.name:
        return msgspec.structs.replace(arm, model=model)
    old = own_stack(arm.model)
    stack = list(own_stack(model))
    for entry in (entry for entry in arm.stack if entry not in old):
        placed = _placed(entry, record, notes)
        if placed is None:
            allowed = ", ".join(record.sites)
            problems.add(f"{arm.name}.stack", f"has {entry.key}, which has no place in {model.name}; it has {allowed}. "
                         "Choose arms that fit with --arm, or another scenario")  # fmt: skip
            continue
        keys = [known.key for known in stack]
        if placed.key in keys:
            stack[keys.index(placed.key)] = placed
        else:
            stack.append(placed)
    return msgspec.structs.replace(arm, model=model, stack=tuple(stack), lesson=None)


def _placed(entry: StackEntry, record: Model, notes: list[str]) -> StackEntry | None:
    """The entry at a place that the model has; None where it has none for it."""
    if not entry.where or entry.where in record.sites:
        return entry
    possible: Sequence[Any] = [site for site in REGULARIZERS[entry.name].sites if site in record.sites]
    if not possible:
        return None
    notes.append(f"{entry.name} acts at {possible[0]}: {record.name} has no place called {entry.where}")
    return msgspec.structs.replace(entry, where=possible[0])


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:].rstrip(".")
