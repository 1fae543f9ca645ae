"""Change one setting of an arm: `train.lr`, `data.train`, `model.width`, `dropout.p`, `dropout@head.p`.

The command line's --set, the stack pane and live steering all name settings this way.
"""

from __future__ import annotations

from typing import Any

import msgspec

from regtui.catalog import MODELS, REGULARIZERS
from regtui.own.named import is_code
from regtui.scenario.checking import check_arm
from regtui.scenario.errors import Problems, ScenarioError, nearest
from regtui.scenario.resolve import fill_params
from regtui.scenario.schema import Arm
from regtui.spec import DataSpec, Scalar, StackEntry, TrainSpec

_TABLES: dict[str, type[DataSpec] | type[TrainSpec]] = {"data": DataSpec, "train": TrainSpec}


def parse_value(text: str) -> Scalar:
    """The value of a `key=value` from the command line: a whole number, a number, true, false or a text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def apply_setting(arm: Arm, key: str, value: Scalar, *, source: str = "--set") -> Arm:
    """The arm with one setting changed. Raises ScenarioError: unknown key, or a value out of range."""
    problems = Problems()
    head, _, name = key.rpartition(".")
    if not head or not name:
        problems.add(key, f"is no setting{_like(arm, key)}")
    elif head.split(".")[0] in _TABLES:
        arm = _set_table(arm, key.split("."), value, problems)
    elif head == "model" and is_code(arm.model.name):
        problems.add(key, f"is an argument of the factory of {arm.model.name}, which was called before anything runs; "
                     f"give it beside --model: --set {key}=VALUE")  # fmt: skip
    elif head == "model":
        params = fill_params(MODELS[arm.model.name].params, {**arm.model.params, name: value}, "model", problems)
        arm = msgspec.structs.replace(arm, model=msgspec.structs.replace(arm.model, params=params))
    else:
        arm = _set_entry(arm, head, name, value, problems)
    if not problems:
        check_arm(arm, arm.name, problems)
    if problems:
        raise ScenarioError(source, problems)
    return arm


def _like(arm: Arm, key: str) -> str:
    """What somebody may have meant who wrote a setting without its table: "did you mean" or how settings look."""
    tables = [(name, msgspec.structs.fields(type_)) for name, type_ in _TABLES.items()]
    known = [(field.name, f"{table}.{field.name}") for table, fields in tables for field in fields]
    known += [(name, f"model.{name}") for name in arm.model.params]
    known += [(name, f"{entry.key}.{name}") for entry in arm.stack for name in entry.params]
    known += [(param.name, f"{name}.{param.name}") for name, record in REGULARIZERS.items() for param in record.params]
    meant = [full for name, full in known if name == key]
    if meant:
        return f'; did you mean "{meant[0]}"?'
    return "; write train.lr, data.train, model.width or dropout.p"


def _set_table(arm: Arm, path: list[str], value: Scalar, problems: Problems) -> Arm:
    table = path[0]
    resolved: dict[str, Any] = msgspec.to_builtins(getattr(arm, table))
    inner = resolved
    for step in path[1:-1]:
        below = inner.get(step)
        if not isinstance(below, dict):
            problems.add(".".join(path), "is no setting" + nearest(step, inner))
            return arm
        inner = below
    inner[path[-1]] = value
    problems.refuse_non_finite(resolved, table)
    changed = problems.convert(resolved, _TABLES[table], table)
    return arm if changed is None else msgspec.structs.replace(arm, **{table: changed})


def _set_entry(arm: Arm, head: str, name: str, value: Scalar, problems: Problems) -> Arm:
    touched = [entry for entry in arm.stack if head in (entry.name, entry.key)]
    if not touched:
        known = [*(name for entry in arm.stack for name in (entry.name, entry.key)), "train", "data", "model"]
        hint = " (it is in the catalog, but not in this stack)" if head.split("@")[0] in REGULARIZERS else ""
        problems.add(f"{head}.{name}", f"names nothing in the arm {arm.name!r}{hint}" + nearest(head, known))
        return arm

    def changed(entry: StackEntry) -> StackEntry:
        record = REGULARIZERS[entry.name]
        params = fill_params(record.params, {**entry.params, name: value}, head, problems)
        return msgspec.structs.replace(entry, params=params)

    return msgspec.structs.replace(
        arm, stack=tuple(changed(entry) if entry in touched else entry for entry in arm.stack)
    )
