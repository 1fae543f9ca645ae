"""What the catalog knows of a row of the stack: what it does, its parameters, what to watch, where it comes from."""

from __future__ import annotations

from collections.abc import Sequence

from regtui.catalog import DATASETS, MODELS
from regtui.catalog.records import Dataset, Param, Regularizer
from regtui.scenario import Arm
from regtui.ui.screens.help import heading
from regtui.ui.settings import Row
from regtui.ui.text import EMPTY, FAINT, MUTED, Line, line, wrapped


def row_lines(row: Row, arm: Arm, room: int) -> list[Line]:
    """The title first; nothing for a row that the catalog has no record of: how the test set is shifted, training."""
    if row.regularizer is not None:
        return _regularizer(row.regularizer, room)
    group = row.key.partition(".")[0]
    if group == "model" and arm.model.name in MODELS:
        model = MODELS[arm.model.name]
        return [*_titled(model.title, model.summary, room), *_params(model.params, room), *_source(model.paper, room)]
    if group == "data" and arm.data.name in DATASETS:
        return _dataset(DATASETS[arm.data.name], room)
    return []


def _regularizer(record: Regularizer, room: int) -> list[Line]:
    rows = [*_titled(record.title, record.summary, room), *_params(record.params, room)]
    where = f"{', '.join(record.sites)}: the first of them that the model has." if record.sites else "the whole run."
    rows += wrapped(where, room, MUTED, line(("Acts at  ", FAINT)))
    rows += wrapped(record.watch, room, "", line(("Watch    ", FAINT)))
    return [*rows, *_source(record.paper, room)]


def _dataset(record: Dataset, room: int) -> list[Line]:
    samples = f"{record.train_samples:,} samples for training and validation, {record.test_samples:,} for testing."
    rows = [*_titled(record.title, record.summary, room), *wrapped(samples, room, MUTED)]
    licence = f" Licence: {record.licence}." if record.licence else ""
    return [*rows, *_source(f"{record.source}.{licence}" if record.source else licence.strip(), room)]


def _titled(title: str, summary: str, room: int) -> list[Line]:
    return [heading(title, room), *wrapped(summary, room)]


def _params(params: Sequence[Param], room: int) -> list[Line]:
    rows: list[Line] = []
    for param in params:
        allowed = f"{param.allowed[:1].upper()}{param.allowed[1:]}, {param.shown(param.default)} by default."
        rows.append(line((param.title, "bold")))
        rows += wrapped(f"{param.summary} {allowed}", room, MUTED, line("  "))
    return rows


def _source(paper: str, room: int) -> list[Line]:
    return [*(wrapped(paper, room, MUTED, line(("From     ", FAINT))) if paper else []), EMPTY]
