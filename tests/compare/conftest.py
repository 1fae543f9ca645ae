"""Stored runs to compare: written by the recorder, event by event, without training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from regtui.compare.library import Entry, Library, StoredArm, entries, grouped
from regtui.compare.results import Standing, pair, standing_of
from regtui.events import AnyRunEvent, Bucket, Diverged, Evaluated, Finished, Marker, Measured, Revealed, Started, Steps
from regtui.scenario import load, preset_files, run_spec
from regtui.scenario.presets import preset_id
from regtui.scenario.settings import apply_setting
from regtui.spec import RunSpec
from regtui.store import Recorder, new_run_id

Put = Callable[..., Path]


def spec_of(arm: str = "baseline", seed: int = 0, **settings: float) -> RunSpec:
    """An arm of the preset ladder, some settings changed: `train_lr=0.1`."""
    (path,) = [path for path in preset_files() if preset_id(path) == "overfitting/ladder"]
    scenario = load(path)
    chosen = scenario.arm(arm)
    for key, value in settings.items():
        chosen = apply_setting(chosen, key.replace("_", ".", 1), value)
    return run_spec(scenario.id, chosen, seed)


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Stores a run: clean train accuracy 90, test accuracies as given, one an evaluation of two epochs each.

    part      what the accuracies are of, "test" or "validation"
    revealed  the test accuracy of own data
    """

    def stored(
        arm: str = "baseline", seed: int = 0, tests: Sequence[float] = (50.0, 60.0), *, end: str = "finished",
        steered: bool = False, losses: Sequence[float] = (2.0, 1.0), root: Path = tmp_path, part: str = "test",
        revealed: float | None = None, **settings: float,
    ) -> Path:  # fmt: skip
        run, recorder = new_run_id(), Recorder(root)
        recorder.open(run, spec_of(arm, seed, **settings))
        total = 4 * len(tests)
        said: list[AnyRunEvent] = [
            Started(run=run, device="cpu", device_label="2 cores", threads=1, precision="fp32", parameters=9,
                    total_steps=total, steps_per_epoch=2, train_samples=4, clean_samples=4),
            Steps(run=run, loss=[Bucket(i, 1, y, y, y) for i, y in enumerate(losses, 1)], accuracy=[], step=len(losses),
                  seconds=0.5, samples_per_s=12.0, lr=0.01),
        ]  # fmt: skip
        if steered:
            said.append(Marker(run=run, step=3, kind="set", key="dropout.p", value=0.5))
        for i, test in enumerate(tests, 1):
            said.append(Evaluated(run=run, step=4 * i, epoch=2.0 * i, seconds=float(i),
                                  train=Measured(loss=0.5, accuracy=90.0),
                                  **{part: Measured(loss=1.0, accuracy=test)}))  # fmt: skip
        if end == "finished":
            said.append(Finished(run=run, step=total, seconds=2.0, wall_seconds=3.0, samples_per_s=9.0))
        elif end == "diverged":
            said.append(Diverged(run=run, step=total, layer="conv1", value=float("nan")))
        if revealed is not None:
            said.append(Revealed(run=run, step=total, at="2026-01-02T03:04:05Z", samples=9,
                                 test=Measured(loss=1.0, accuracy=revealed)))  # fmt: skip
        for event in said:
            recorder.append(event)
        recorder.close()
        return root / run

    return stored


@pytest.fixture
def found(tmp_path: Path) -> Callable[[], list[Entry]]:
    return lambda: list(entries(tmp_path))


@pytest.fixture
def standings(found: Callable[[], list[Entry]]) -> Callable[[], list[Standing]]:
    """All stored arms with their figures, paired with the first one."""

    def reckoned(arms: list[StoredArm] | None = None) -> list[Standing]:
        library = Library()
        result = [standing_of(arm, library.history) for arm in arms or grouped(found())]
        pair(result)
        return result

    return reckoned
