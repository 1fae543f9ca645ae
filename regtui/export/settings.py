"""The settings of a run as flat keys, named as --set names them, and those in which several runs differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from regtui.scenario import Arm
from regtui.spec import RunSpec

Settings = dict[str, bool | int | float | str]


def flat(spec: RunSpec | Arm) -> Settings:
    """data.train, model.width, train.lr, dropout@block.p; an entry without parameters is there as `on`."""
    found: Settings = {}
    _flatten(found, "data", msgspec.to_builtins(spec.data))
    found |= {"model.name": spec.model.name} | {f"model.{key}": value for key, value in spec.model.params.items()}
    _flatten(found, "train", msgspec.to_builtins(spec.train))
    for entry in spec.stack:
        found |= {f"{entry.key}.{name}": value for name, value in entry.params.items()} or {entry.key: "on"}
    return found


def differing(settings: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys that are not the same in all, in the order in which they first appear."""
    rows = list(settings)
    keys = dict.fromkeys(key for row in rows for key in row)
    return [key for key in keys if len({repr(row.get(key)) for row in rows}) > 1]


def _flatten(found: Settings, key: str, value: Any) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(found, f"{key}.{name}", inner)
    else:
        found[key] = value
