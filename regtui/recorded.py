"""The scenario that stored runs were made for, as far as they and the presets tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import msgspec

from regtui.catalog import STUDIES
from regtui.compare.library import StoredArm
from regtui.scenario import Arm, Scenario, ScenarioError, load, preset_files
from regtui.scenario.presets import preset_id
from regtui.scenario.schema import Section
from regtui.spec import RunSpec
from regtui.store.reading import ReadingError, read_shared


def recorded_scenario(arms: Sequence[StoredArm]) -> Scenario:
    """What the runs were made for: title, question and claims of the preset, the arms as they were recorded."""
    first = arms[0].entries[0]
    recorded = tuple(_arm(arm) for arm in arms)
    seeds = len({seed for arm in arms for seed in arm.latest})
    preset = _preset(first.spec.scenario)
    if preset is not None:
        names = {arm.name for arm in recorded}
        claims = tuple(claim for claim in preset.claims if {claim.check.of, claim.check.against} <= names)
        lessons = {arm.name: arm.lesson for arm in preset.arms}
        recorded = tuple(msgspec.structs.replace(arm, lesson=lessons.get(arm.name)) for arm in recorded)
        return msgspec.structs.replace(preset, arms=recorded, claims=claims, seeds=max(preset.seeds, seeds))
    section, _, name = first.spec.scenario.rpartition("/")
    known: Section = next((one for one in get_args(Section) if one == section), "review")
    try:
        told = read_shared(first.folder / "scenario.json", _Told)
    except ReadingError:
        told = _Told(title=name or "stored runs")
    return Scenario(
        id=first.spec.scenario, title=told.title, section=known, question=told.question, seeds=seeds, arms=recorded
    )


class _Told(msgspec.Struct, frozen=True):
    """What a recorded scenario says of itself; its claims may be anything and are not taken from there."""

    title: str
    question: str = ""


def _preset(scenario: str) -> Scenario | None:
    for path in preset_files():
        if preset_id(path) == scenario:
            try:
                return load(path)
            except ScenarioError:
                return None
    return None


def _arm(arm: StoredArm) -> Arm:
    """The arm that a recorded run was made from."""
    spec: RunSpec = arm.entries[0].spec
    return Arm(
        name=arm.name, data=spec.data, model=spec.model, train=spec.train, stack=spec.stack,
        studies=tuple(study for study in spec.studies if study in STUDIES),
    )  # fmt: skip
