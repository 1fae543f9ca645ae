"""What is searched: `--over dropout.p=0:0.7`, checked against the catalog before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from regtui.catalog import REGULARIZERS
from regtui.export.settings import flat
from regtui.scenario import Arm, Problem, ScenarioError, apply_setting, parse_value
from regtui.scenario.errors import Problems
from regtui.scenario.resolve import resolve_entry
from regtui.spec import Scalar, Struct

OPTION = "--over"


class Dimension(Struct, frozen=True):
    """One setting and the values it may take."""

    key: str
    """As --set names it: dropout.p, train.lr."""
    kind: Literal["float", "int", "choice"]
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    """Drawn evenly in the logarithm."""
    choices: tuple[Scalar, ...] = ()

    def grid(self, points: int) -> list[Scalar]:
        """At most `points` values, ends included, evenly spread; all of them for choices."""
        if self.kind == "choice":
            return list(self.choices)
        if self.kind == "int" and self.high - self.low + 1 <= points:
            return list(range(int(self.low), int(self.high) + 1))
        shares = [i / (points - 1) for i in range(points)] if points > 1 else [0.0]
        if self.log:
            values = [self.low * (self.high / self.low) ** share for share in shares]
        else:
            values = [self.low + (self.high - self.low) * share for share in shares]
        return list(dict.fromkeys(round(v) for v in values)) if self.kind == "int" else [*values]

    def __str__(self) -> str:
        if self.kind == "choice":
            return f"{self.key}={','.join(map(str, self.choices))}"
        return f"{self.key}={self.low:g}:{self.high:g}" + (":log" if self.log else "")


def parse_space(texts: Sequence[str], arm: Arm) -> tuple[Arm, tuple[Dimension, ...]]:
    """The dimensions, and the arm with what they need: a regularizer that it lacks is added with its defaults.

    KEY=LOW:HIGH, KEY=LOW:HIGH:log or KEY=A,B,C. Raises ScenarioError, naming the option and what is allowed, for a
    text that is none of them, a key that the arm cannot have, a value out of range and a key given twice.
    """
    dimensions: list[Dimension] = []
    for text in texts:
        key, equals, values = text.partition("=")
        if not equals or not values:
            raise _wrong(text, "has no range; write KEY=LOW:HIGH, KEY=LOW:HIGH:log or KEY=A,B,C")
        if any(known.key == key for known in dimensions):
            raise _wrong(key, "is given twice")
        arm = _with_regularizer(arm, key)
        dimension = _ranged(key, values) if ":" in values else _listed(key, values)
        dimension = _typed(dimension, arm)
        for value in dimension.choices or (dimension.low, dimension.high):
            apply_setting(arm, key, _cast(dimension, value), source=OPTION)
        dimensions.append(dimension)
    return arm, tuple(dimensions)


def applied(arm: Arm, params: Mapping[str, Scalar]) -> Arm:
    """The arm with these values. Raises ScenarioError for values that do not go together."""
    for key, value in params.items():
        arm = apply_setting(arm, key, value, source=OPTION)
    return arm


def as_it_is(arm: Arm, space: Sequence[Dimension]) -> dict[str, Scalar] | None:
    """The values that an arm has now; None where it lacks one, has several of a name, or lies outside of a range."""
    settings = flat(arm)
    found: dict[str, Scalar] = {}
    for dimension in space:
        head, _, name = dimension.key.rpartition(".")
        keys = {dimension.key, *(f"{entry.key}.{name}" for entry in arm.stack if entry.name == head)}
        values = {settings[key] for key in keys if key in settings}
        if len(values) != 1:
            return None
        value = values.pop()
        if dimension.kind == "choice":
            inside = value in dimension.choices
        else:
            inside = isinstance(value, (int, float)) and dimension.low <= value <= dimension.high
        if not inside:
            return None
        found[dimension.key] = value
    return found


def _with_regularizer(arm: Arm, key: str) -> Arm:
    head = key.rpartition(".")[0]
    name, _, where = head.partition("@")
    if name not in REGULARIZERS or any(head in (entry.name, entry.key) for entry in arm.stack):
        return arm
    problems = Problems()
    entry = resolve_entry({name: {"where": where} if where else {}}, arm.model, OPTION, problems)
    if entry is None:
        raise ScenarioError(OPTION, problems)
    return msgspec.structs.replace(arm, stack=(*arm.stack, entry))


def _ranged(key: str, text: str) -> Dimension:
    parts = text.split(":")
    if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] != "log"):
        raise _wrong(f"{key}={text}", "is no range; write KEY=LOW:HIGH or KEY=LOW:HIGH:log")
    try:
        low, high = (float(part) for part in parts[:2])
    except ValueError:
        raise _wrong(f"{key}={text}", "has an end that is no number") from None
    if not low < high:
        raise _wrong(f"{key}={text}", "has its ends the wrong way round or equal; LOW must be below HIGH")
    log = len(parts) == 3
    if log and low <= 0:
        raise _wrong(f"{key}={text}", "is logarithmic and begins at or below 0; LOW must be above 0")
    return Dimension(key=key, kind="float", low=low, high=high, log=log)


def _listed(key: str, text: str) -> Dimension:
    values = tuple(parse_value(part) for part in text.split(","))
    if len(values) < 2 or len(set(values)) < len(values):
        raise _wrong(f"{key}={text}", "needs two or more different values; write KEY=A,B,C or KEY=LOW:HIGH")
    return Dimension(key=key, kind="choice", choices=values)


def _typed(dimension: Dimension, arm: Arm) -> Dimension:
    """A range of whole numbers where the setting takes nothing else."""
    if dimension.kind == "choice":
        return dimension
    is_whole = dimension.low == dimension.low // 1 and dimension.high == dimension.high // 1
    try:
        apply_setting(arm, dimension.key, dimension.low + (dimension.high - dimension.low) * 0.123456789, source=OPTION)
    except ScenarioError:
        if is_whole:
            return msgspec.structs.replace(dimension, kind="int")
    return dimension


def _cast(dimension: Dimension, value: Scalar) -> Scalar:
    return int(value) if dimension.kind == "int" else value


def _wrong(what: str, sentence: str) -> ScenarioError:
    return ScenarioError(OPTION, [Problem(what, sentence)])
