"""The winner of a sweep as a scenario file: the unswept arm, the winner, and the claim that it is better."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from regtui.catalog import MODELS
from regtui.export.settings import flat
from regtui.own.named import model_options
from regtui.scenario import Arm, Scenario
from regtui.spec import DataSpec, TrainSpec

WINNER = "winner"
FOUND = ("content",)
"""What a scenario file does not say: it is found when own data are read."""


def scenario_text(scenario: Scenario, arm: Arm, winner: Arm, sweep: str) -> str:
    """TOML that `regtui check` accepts: both arms in full, so that it does not depend on the file they came from."""
    lines = [
        f"# regtui run winner.toml{model_options(winner.model)}",
        "",
        f"title    = {_text(f'{scenario.title}: the winner of a sweep')}",
        f"section  = {_text(scenario.section)}",
        f"question = {_text(f'Is what sweep {sweep} found better than {arm.name}?')}",
        f"seeds    = {scenario.seeds}",
        "",
        "[base]",
        f"data  = {_table(_differing(arm.data, DataSpec()) | {'name': arm.data.name})}",
        f"model = {_table({'name': arm.model.name} | _given(arm))}",
        f"train = {_table(_differing(arm.train, TrainSpec()))}",
        "",
        *_arm_lines(arm, None),
        "",
        *_arm_lines(winner, arm),
        "",
        "[[claims]]",
        'text  = "The winner tests better"',
        f'check = {{ metric = "test_accuracy", of = {_text(winner.name)}, above = {_text(arm.name)} }}',
    ]
    return "\n".join(lines) + "\n"


def _arm_lines(arm: Arm, before: Arm | None) -> Iterator[str]:
    yield "[[arms]]"
    yield f"name  = {_text(arm.name)}"
    if before is not None:
        for table in ("data", "train"):
            own = _differing(getattr(arm, table), getattr(before, table))
            if own:
                yield f"{table} = {_table(own)}"
        if arm.model != before.model:
            yield f"model = {_table({'name': arm.model.name} | _given(arm))}"
    yield "stack = ["
    for entry in arm.stack:
        params = ({"where": entry.where} if entry.where else {}) | entry.params
        yield f"    {{ {entry.name} = {_table(params)} }},"
    yield "]"


def _given(arm: Arm) -> dict[str, Any]:
    defaults = {param.name: param.default for param in MODELS[arm.model.name].params}
    return {key: value for key, value in arm.model.params.items() if defaults.get(key) != value}


def _differing(table: DataSpec | TrainSpec, other: DataSpec | TrainSpec) -> dict[str, Any]:
    mine, theirs = msgspec.to_builtins(table), msgspec.to_builtins(other)
    return {key: value for key, value in mine.items() if theirs[key] != value and key not in FOUND}


def _table(values: dict[str, Any]) -> str:
    if not values:
        return "{}"
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in values.items()) + " }"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return _table(value)
    if isinstance(value, str):
        return _text(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _text(text: str) -> str:
    # A JSON string is a TOML basic string, but for a DEL character that JSON leaves alone.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def differences(arm: Arm, winner: Arm) -> dict[str, tuple[Any, Any]]:
    """Settings in which the winner differs: (unswept, winner), None for what one of them does not have."""
    old, new = flat(arm), flat(winner)
    return {key: (old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)}
