"""Recorded event streams, made to measure: what a worker says of a run, without a worker."""

from __future__ import annotations

import math
from collections.abc import Iterator

from regtui.events import (
    AnyRunEvent,
    Bucket,
    Evaluated,
    Finished,
    Inside,
    LayerInside,
    Measured,
    NormLayer,
    Norms,
    Started,
    Steps,
)  # fmt: skip
from regtui.spec import RunSpec, evaluation_steps, probe_steps

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6")


def stream(run: str, spec: RunSpec, *, gap: float | None = None) -> Iterator[AnyRunEvent]:
    """A whole run in the order in which a worker reports it. `gap`: final clean train minus test, points."""
    total, per_epoch = spec.total_steps, spec.steps_per_epoch
    gap = 40.0 / (1 + len(spec.stack)) + spec.seed if gap is None else gap
    yield Started(
        run=run, device="cpu", device_label="2 cores", threads=1, precision="fp32", parameters=12_345,
        total_steps=total, steps_per_epoch=per_epoch, train_samples=spec.data.train, clean_samples=spec.data.train,
    )  # fmt: skip
    evaluations, probes = set(evaluation_steps(spec)), set(probe_steps(spec))
    has_norm = any(entry.name == "batchnorm" for entry in spec.stack)
    block: list[int] = []
    for step in range(1, total + 1):
        block.append(step)
        if step in probes:
            yield _inside(run, step, total, len(spec.stack))
            if has_norm:
                yield _norms(run, step, total)
        if len(block) == 32 or step in evaluations:
            yield _steps(run, block, total, spec)
            block = []
        if step in evaluations:
            yield _evaluated(run, step, total, per_epoch, gap)
    seconds = total * 0.01
    yield Finished(run=run, step=total, seconds=seconds, wall_seconds=seconds * 1.3, samples_per_s=2900.0)


def _steps(run: str, block: list[int], total: int, spec: RunSpec) -> Steps:
    losses = [2.3 * math.exp(-4 * step / total) + 0.1 * math.sin(step) ** 2 for step in block]
    return Steps(
        run=run,
        loss=[Bucket(step, 1, loss, loss, loss) for step, loss in zip(block, losses, strict=True)],
        accuracy=[Bucket(step, 1, 100 - 40 * loss, 100 - 40 * loss, 100 - 40 * loss)
                  for step, loss in zip(block, losses, strict=True)],
        step=block[-1], seconds=block[-1] * 0.01, samples_per_s=2900.0, lr=spec.train.lr,
    )  # fmt: skip


def _evaluated(run: str, step: int, total: int, per_epoch: int, gap: float) -> Evaluated:
    done = step / total
    train = 100 * (1 - math.exp(-5 * done)) / (1 - math.exp(-5))
    test = train - gap * done
    return Evaluated(
        run=run, step=step, epoch=step / per_epoch, seconds=step * 0.01,
        train=Measured(loss=2.3 * math.exp(-5 * done), accuracy=train),
        test=Measured(loss=2.3 * math.exp(-5 * done) + gap / 25 * done, accuracy=test),
    )  # fmt: skip


def _inside(run: str, step: int, total: int, entries: int) -> Inside:
    fade = 0.6 + 0.1 * min(entries, 4)
    layers = [LayerInside(name=name, mean=0.1, std=(1 + step / total) * fade**i) for i, name in enumerate(LAYERS)]
    return Inside(run=run, step=step, layers=layers)


def _norms(run: str, step: int, total: int) -> Norms:
    def layer(i: int, name: str) -> NormLayer:
        truth = (1 + i) * (0.3 + step / total)
        return NormLayer(
            name=f"{name}.norm", kind="batchnorm", channels=8, count=32 * 28 * 28,
            batch_mean=[0.1 * math.sin(step + c) for c in range(8)],
            batch_var=[truth * (1 + 0.2 * math.sin(step * 3 + c)) for c in range(8)],
            running_mean=[0.0] * 8, running_var=[truth * (1 - math.exp(-step / 40))] * 8,
            set_mean=[0.0] * 8, set_var=[truth] * 8,
        )  # fmt: skip

    return Norms(run=run, step=step, layers=[layer(i, name) for i, name in enumerate(LAYERS)])
