"""The rows of the stack pane: every setting of an arm that can be changed there, from the same records as all else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from regtui.catalog import DATASETS, MODELS, REGULARIZERS, Param, Regularizer
from regtui.catalog.norms import NORMS
from regtui.catalog.records import Kind as DataKind
from regtui.own.names import label as own_label
from regtui.scenario import Arm
from regtui.spec import Scalar, StackEntry

Kind = Literal["group", "setting", "regularizer", "param"]

_LR = Param(
    name="lr", title="Learning rate", summary="Peak of the schedule; how far a step goes.", kind="float", default=2e-3,
    low=1e-6, high=10.0, step=1e-4, symbol="lr", steerable=True,
)  # fmt: skip
_TRAIN = (
    _LR,
    Param(name="epochs", title="Epochs", summary="Passes over the training samples.", kind="int", default=40, low=1,
          high=10_000, step=5),
    Param(name="batch_size", title="Batch size", summary="Samples a step; an incomplete last batch is dropped.",
          kind="int", default=32, low=1, high=8192, step=8, unit="samples"),
    Param(name="optimizer", title="Optimizer", summary="Weight decay is apart: it is a regularizer.", kind="choice",
          default="adamw", choices=("adamw", "sgd")),
    Param(name="schedule", title="Schedule", summary="How the learning rate moves over the run.", kind="choice",
          default="onecycle", choices=("constant", "cosine", "onecycle")),
)  # fmt: skip
_DATA = (
    Param(name="train", title="Train samples", summary="Fewer of them are easier to memorize.", kind="int",
          default=1000, low=10, high=2000, step=100, unit="samples"),
    Param(name="label_noise", title="Label noise", summary="Share of training labels redrawn at random.",
          kind="float", default=0.0, low=0.0, high=1.0, step=0.05),
)  # fmt: skip
_LENGTH = Param(name="length", title="Length", summary="Words of a text: 16, 24 or 40. What is longer is cut.",
                kind="int", default=24, low=16, high=40, step=8, unit="words")  # fmt: skip
_SHIFT = (
    Param(name="mirror", title="Mirrored", summary="Share of test pictures that are mirrored.", kind="float",
          default=0.0, low=0.0, high=1.0, step=0.1),
    Param(name="degrees", title="Rotated", summary="Test pictures are turned by up to this.", kind="float",
          default=0.0, low=0.0, high=180.0, step=2.0, unit="degrees"),
    Param(name="translate", title="Moved", summary="Test pictures are moved by up to this.", kind="float",
          default=0.0, low=0.0, high=0.5, step=0.02, unit="of the side"),
)  # fmt: skip
_LENGTHS = (16, 24, 40)
GROUPS = ("data", "test", "model", "train")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the stack pane."""

    kind: Kind
    key: str
    """group: its name; setting, param: what `apply_setting` takes; regularizer: its entry's key, or its name."""
    label: str
    text: str = ""
    """group: what it comes to."""
    param: Param | None = None
    """What +, - and a typed number change; None where there is nothing to change."""
    value: Scalar | None = None
    set_key: str = ""
    """The key that `apply_setting` takes for `param`."""
    regularizer: Regularizer | None = None
    entry: StackEntry | None = None
    """None for a regularizer that is off."""

    @property
    def section(self) -> str:
        """The heading that it stands under, "" for rows that need none: only what is off is sorted."""
        if self.kind != "regularizer" or self.regularizer is None or self.is_on:
            return ""
        return "norms" if self.regularizer in NORMS else self.regularizer.group

    @property
    def is_on(self) -> bool:
        return self.entry is not None

    @property
    def shown(self) -> str:
        """The value as it is written."""
        return "" if self.param is None or self.value is None else exact(self.param, self.value)


def stack_rows(arm: Arm, expanded: frozenset[str] = frozenset()) -> list[Row]:
    """Groups with the rows of the expanded ones, then what is on in the stack's order, then what is off."""
    rows: list[Row] = []
    dataset = DATASETS[arm.data.name]
    kind = dataset.kind
    for group in GROUPS:
        if group == "test" and (kind == "text" or dataset.is_sealed):
            continue  # nothing shifts a text, and own test pictures are what they are
        rows.append(Row("group", group, group, text=_summary(arm, group)))
        if group in expanded:
            rows += _settings(arm, group)
    for entry in arm.stack:
        rows += _entry_rows(entry, kind)
    on = {entry.name for entry in arm.stack}
    model = MODELS[arm.model.name]
    for record in REGULARIZERS.values():
        if record.name in on or kind not in record.kinds:
            continue
        if record.sites and not set(record.sites) & set(model.sites):
            continue
        param = record.params[0] if record.params else None
        value = param.default if param else None
        rows.append(Row("regularizer", record.name, record.title, param=param, value=value, regularizer=record))
    return rows


def exact(param: Param, value: Scalar) -> str:
    """The value in as few characters as say it exactly."""
    text = param.shown(value)
    if param.kind != "float" or _number(text) == float(value):
        return text
    text = f"{float(value):.4g}".replace("e-0", "e-").removeprefix("0")
    return text if text else "0"


def setting_row(arm: Arm, key: str) -> Row:
    """The row of a setting of the arm, by its `set_key`. Raises KeyError."""
    for row in stack_rows(arm, frozenset(GROUPS)):
        if row.set_key == key:
            return row
    raise KeyError(key)


def nudged(param: Param, value: Scalar, presses: int) -> Scalar:
    """The value after some presses of + or -; a learning rate moves along 1, 2, 5, 10, a length to the next one."""
    if param not in (_LR, _LENGTH):
        return param.nudged(value, presses)
    ladder: list[float] = [*_LENGTHS]
    if param is _LR:
        rungs = [factor * 10.0**power for power in range(-6, 2) for factor in (1.0, 2.0, 5.0)]
        ladder = [round(rung, 10) for rung in rungs if param.low <= rung <= param.high]
    moved = float(value)
    for _ in range(abs(presses)):
        beyond = [r for r in ladder if r > moved * 1.001] if presses > 0 else [r for r in ladder if r < moved * 0.999]
        if beyond:
            moved = beyond[0] if presses > 0 else beyond[-1]
    return param.cast(moved)


def parsed(param: Param, text: str) -> Scalar | str:
    """A typed value in the parameter's type, or the sentence that says what is wrong with it."""
    number = _number(text)
    if number is None:
        return f"{param.title}: {text!r} is no number; allowed is {param.allowed}."
    value: Scalar = int(number) if param.kind == "int" and number == int(number) else number
    wrong = param.problem(value)
    return f"{param.title} {wrong}." if wrong else param.cast(value)


def is_numeric(param: Param | None) -> bool:
    return param is not None and param.kind in ("int", "float")


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None


def _summary(arm: Arm, group: str) -> str:
    data, train, shift = arm.data, arm.train, arm.data.test_shift
    if group == "data":
        noise = f"  noise {data.label_noise:.0%}" if data.label_noise else ""
        length = f"  {data.length} words" if DATASETS[data.name].kind == "text" else ""
        size = f"  {data.size} px" if data.size else ""
        return f"{own_label(data.name)}  {data.train}{length}{size}{noise}"
    if group == "test":
        parts = [
            f"mirrored {shift.mirror:.0%}" if shift.mirror else "",
            f"±{shift.degrees:g}°" if shift.degrees else "",
            f"±{shift.translate:.0%}" if shift.translate else "",
        ]
        return " ".join([str(data.test), *(part for part in parts if part)])
    if group == "model":
        record = MODELS[arm.model.name]
        parts = [f"{param.title.lower()} {arm.model.params[param.name]}" for param in record.params]
        return "  ".join([record.name, *parts])
    return f"{train.optimizer}  lr {exact(_LR, train.lr)}  {train.epochs} epochs"


def _settings(arm: Arm, group: str) -> list[Row]:
    if group == "model":
        params: tuple[Param, ...] = MODELS[arm.model.name].params
        values = dict(arm.model.params)
    else:
        params = {"data": _data_params(arm), "test": _SHIFT, "train": _TRAIN}[group]
        source: object = {"data": arm.data, "test": arm.data.test_shift, "train": arm.train}[group]
        assert source is not None
        values = {param.name: getattr(source, param.name) for param in params}
    table = "data.test_shift" if group == "test" else group
    return [
        Row("setting", f"{table}.{param.name}", param.title, param=param, value=values[param.name],
            set_key=f"{table}.{param.name}")
        for param in params
    ]  # fmt: skip


def _data_params(arm: Arm) -> tuple[Param, ...]:
    dataset = DATASETS[arm.data.name]
    train, *others = _DATA
    most = dataset.train_samples - (0 if dataset.validation_samples else arm.data.validation)
    train = msgspec.structs.replace(train, low=len(dataset.classes), high=most)
    return (train, *others, _LENGTH) if dataset.kind == "text" else (train, *others)


def _entry_rows(entry: StackEntry, kind: DataKind) -> list[Row]:
    record = REGULARIZERS[entry.name]
    first = record.params[0] if record.params else None
    head = Row(
        "regularizer", entry.key, record.title, param=first, value=entry.params[first.name] if first else None,
        set_key=f"{entry.key}.{first.name}" if first else "", regularizer=record, entry=entry,
    )  # fmt: skip
    rest = [
        Row("param", f"{entry.key}.{param.name}", param.title, param=param, value=entry.params[param.name],
            set_key=f"{entry.key}.{param.name}", regularizer=record, entry=entry)
        for param in record.params[1:]
        if kind in param.kinds
    ]  # fmt: skip
    return [head, *rest]
