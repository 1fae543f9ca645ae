"""A scenario with the data that a command line names in the place of its own: its question, asked of other data."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import msgspec

from regtui.catalog import DATASETS
from regtui.own.adopted import adopt, described
from regtui.own.exchange import exchanged
from regtui.own.names import PICTURES, TEXTS, OwnDataError, is_own, label, located
from regtui.scenario.errors import Problems, ScenarioError
from regtui.scenario.schema import Arm, Scenario
from regtui.spec import DataSpec, Shift

FOR_PICTURES, FOR_TEXTS = "overfitting/ladder", "dropout/transformer"
"""The presets that are asked of own data where no scenario is named."""


def preset_for(data: str) -> str:
    """The preset that is opened for data where the command line names no scenario."""
    is_text = data.startswith(TEXTS) or (data in DATASETS and DATASETS[data].kind == "text")
    return FOR_TEXTS if is_text else FOR_PICTURES


def with_data(scenario: Scenario, name: str, root: Path, wanted: Collection[str] | None = None) -> Scenario:
    """The scenario on other data: all samples of own data, as many as before of a data set of the catalog.

    name    folder:PATH, text:PATH or a data set of the catalog
    root    where a relative path begins
    wanted  arms that will be run, None: all; of the others those that cannot be trained on the data are left out

    What the lesson says of its own data goes, and so does the shift of its test pictures: own ones are what they are.
    Raises ScenarioError for data that cannot be used and for arms that cannot be trained on them.
    """
    problems = Problems()
    try:
        changes, story = _changes(name, root)
    except OwnDataError as error:
        problems.add("", str(error))
        raise ScenarioError("--data", problems) from None
    arms, claims = exchanged(scenario, lambda arm, _: _on(arm, changes), "--data", wanted)
    full = str(changes["name"])
    return msgspec.structs.replace(
        scenario, arms=arms, claims=claims,
        id=f"{scenario.id}@{label(full)}", title=f"{scenario.title} ({label(full)})",
        story=story or scenario.story, options=(*scenario.options, "--data", full),
    )  # fmt: skip


def _changes(name: str, root: Path) -> tuple[dict[str, object], str]:
    """What changes in the data of each arm, and what is said of it."""
    if not is_own(name):
        _check_is_no_path(name, root)
        return {"name": name, "size": 0, "content": ""}, ""
    adopted = adopt(located(name, root))
    # Which files were left out is told where the command was given; on the screen there is room for how many.
    story = ". ".join((described(adopted.record), *(note.partition(": ")[0] for note in adopted.notes))) + "."
    return {"name": adopted.record.name, "test_shift": Shift(), **adopted.defaults}, story


def _check_is_no_path(name: str, root: Path) -> None:
    """Raise OwnDataError for what is no data set of the catalog, but lies there."""
    path = root / os.path.expanduser(name)  # noqa: PTH111  # as in `located`
    if name in DATASETS or not os.path.exists(path):  # noqa: PTH110  # Path.exists raises for a name that is too long
        return
    how = f"{PICTURES}{name}" if os.path.isdir(path) else f"{TEXTS}{name}"  # noqa: PTH112
    raise OwnDataError(f"is {name!r}, which is no data set of the catalog; data of your own are named {how}")


def _on(arm: Arm, changes: dict[str, object]) -> Arm:
    data: DataSpec = msgspec.structs.replace(arm.data, **changes)
    train = arm.train
    if is_own(data.name) and train.batch_size > data.train:
        # Else nobody could look at a small set of their own: two batches an epoch, of a power of two.
        train = msgspec.structs.replace(train, batch_size=1 << max((data.train // 2).bit_length() - 1, 0))
    return msgspec.structs.replace(arm, data=data, train=train, lesson=None)
