"""Stored runs to export: written by hand, event by event, without training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from regtui.events import (
    AnyRunEvent,
    Bucket,
    Evaluated,
    Finished,
    Inside,
    LayerInside,
    Measured,
    Started,
    Steps,
)
from regtui.export.stored import StoredRun, read
from regtui.scenario import Scenario, load, preset_files, run_spec
from regtui.scenario.presets import preset_id
from regtui.spec import RunSpec
from regtui.store import Recorder, new_run_id

Store = Callable[..., StoredRun]


@pytest.fixture
def ladder() -> Callable[[str, int], RunSpec]:
    """Makes the spec of an arm of the preset ladder with a seed."""
    (path,) = [path for path in preset_files() if preset_id(path) == "overfitting/ladder"]
    scenario = load(path)
    return lambda arm, seed: run_spec(scenario.id, scenario.arm(arm), seed)


@pytest.fixture
def store(tmp_path: Path, ladder: Callable[[str, int], RunSpec]) -> Store:
    """Stores a finished run of two steps, two evaluations and what else is given."""

    def put(
        arm: str = "baseline", seed: int = 0, *, spec: RunSpec | None = None, test: float = 60.0, train: float = 100.0,
        loss: float = 2.5, more: tuple[AnyRunEvent, ...] = (), root: Path = tmp_path, scenario: Scenario | None = None,
    ) -> StoredRun:  # fmt: skip
        run, recorder = new_run_id(), Recorder(root)
        recorder.open(run, spec or ladder(arm, seed), scenario)
        said: list[AnyRunEvent] = [
            Started(run=run, device="cpu", device_label="2 cores", threads=1, precision="fp32", parameters=9,
                    total_steps=3, steps_per_epoch=2, train_samples=4, clean_samples=4),
            Steps(run=run, loss=[Bucket(1, 1, loss, loss, loss), Bucket(2, 2, 1.5, 1.25, 1.75)],
                  accuracy=[Bucket(1, 1, 25.0, 25.0, 25.0), Bucket(2, 2, 50.0, 25.0, 75.0)],
                  step=3, seconds=0.5, samples_per_s=12.0, lr=0.01),
            Inside(run=run, step=3, layers=[LayerInside(name="conv1", mean=0.1, std=0.9)]),
            Evaluated(run=run, step=1, epoch=0.5, seconds=0.25, train=Measured(loss=2.0, accuracy=50.0),
                      test=Measured(loss=2.25, accuracy=test / 2)),
            *more,
            Evaluated(run=run, step=3, epoch=1.5, seconds=0.5, train=Measured(loss=0.125, accuracy=train),
                      validation=Measured(loss=1.0, accuracy=62.5), test=Measured(loss=1.1, accuracy=test)),
            Finished(run=run, step=3, seconds=0.5, wall_seconds=0.75, samples_per_s=12.0),
        ]  # fmt: skip
        for event in said:
            recorder.append(_of(run, event))
        recorder.close()
        return read(root / run)

    return put


def _of(run: str, event: AnyRunEvent) -> AnyRunEvent:
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return type(event)(**{**fields, "run": run})
