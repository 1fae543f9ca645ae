"""How long the loss chart of a long run takes to draw, against that of a short one."""

from __future__ import annotations

import math
from collections.abc import Iterator

from regtui.bench.protocol import Spent
from regtui.bench.slices import Watch
from regtui.events import AnyRunEvent, Bucket, Evaluated, Measured, Started, Steps
from regtui.runner import Runner
from regtui.scenario import Arm, Scenario, run_spec
from regtui.session import Session
from regtui.spec import DataSpec, ModelSpec, RunSpec, TrainSpec
from regtui.ui.charts import Look, draw
from regtui.ui.figures import accuracy_figure, loss_figure
from regtui.ui.racing import Race
from regtui.ui.view import View

SHORT = 1000
"""Steps of the short history."""
PANE = (58, 15)
"""Cells of a chart where four of them share a screen of 120x40."""
STEPS_AN_EPOCH = 10
TOLD = 32
"""Steps an event, each with a bucket of its own: the most that an event holds."""


class History:
    """A run of so many steps as the explorer keeps it, ready to be drawn."""

    def __init__(self, steps: int) -> None:
        train = TrainSpec(epochs=max(steps // STEPS_AN_EPOCH, 1), batch_size=100)
        arm = Arm(name="long", data=DataSpec(train=100 * STEPS_AN_EPOCH), model=ModelSpec(), train=train)
        scenario = Scenario(id="bench/history", title="Benchmark", section="review", question="How long?", arms=(arm,))
        session = Session(scenario)
        (request,) = session.request([arm.name], [0])
        for event in _told(request.run, run_spec(scenario.id, arm, 0), steps):
            session.take(event)
        self.view = View(Race(session, Runner([], lambda _: None)), arm.name)

    async def slice(self) -> Spent:
        """What it takes to draw the charts of loss and accuracy once."""
        watch = Watch()
        for figure in (loss_figure(self.view), accuracy_figure(self.view)):
            draw(figure.chart, *PANE, Look())
        return watch.spent(1)


def _told(run: str, spec: RunSpec, steps: int) -> Iterator[AnyRunEvent]:
    """What a run tells whose loss falls and jumps about."""
    yield Started(run=run, device="cpu", device_label="", threads=1, precision="fp32", parameters=1, total_steps=steps,
                  steps_per_epoch=STEPS_AN_EPOCH, train_samples=1000, clean_samples=1000)  # fmt: skip
    for first in range(1, steps + 1, TOLD):
        last = min(first + TOLD - 1, steps)
        loss = [
            _bucket(step, 2 * math.exp(-3 * step / steps) + 0.2 * math.sin(step)) for step in range(first, last + 1)
        ]
        accuracy = [_bucket(step, 50 + 40 * math.sin(step)) for step in range(first, last + 1)]
        yield Steps(run=run, loss=loss, accuracy=accuracy, step=last, seconds=float(last), samples_per_s=1, lr=1e-3)
    count = spec.train.evaluations
    for point in range(1, count + 1):
        measured = Measured(loss=1 + math.exp(-point / 5), accuracy=60 + point)
        yield Evaluated(run=run, step=steps * point // count, epoch=steps * point / count / STEPS_AN_EPOCH,
                        seconds=1.0, train=measured, test=measured)  # fmt: skip


def _bucket(step: int, value: float) -> Bucket:
    return Bucket(step, 1, value, value, value)
