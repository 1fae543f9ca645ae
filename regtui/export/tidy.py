"""Runs as one CSV table: a row for each bucket of steps, each evaluation and a reveal, in the order of the reports."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from regtui.events import Bucket, Evaluated, Revealed, Steps
from regtui.export.columns import COLUMNS
from regtui.export.stored import StoredRun

Row = dict[str, object]


def csv_text(runs: Iterable[StoredRun]) -> str:
    """The table with its heading (`COLUMNS`); an empty cell was not measured, nan and inf were."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for run in runs:
        writer.writerows(_rows(run))
    return out.getvalue()


def _rows(run: StoredRun) -> Iterator[Row]:
    spec = run.spec
    steered = "true" if run.history.is_steered else "false"
    about: Row = {"run": run.run, "scenario": spec.scenario, "arm": spec.arm, "seed": spec.seed, "steered": steered}
    for event in run.events:
        match event:
            case Steps():
                accuracies = {bucket.first: bucket for bucket in event.accuracy}
                for loss in event.loss:
                    row = _bucket(loss, accuracies.get(loss.first), run.history.steps_per_epoch)
                    yield about | row | ({"lr": event.lr} if row["last_step"] == event.step else {})
            case Evaluated():
                yield about | _evaluation(event)
            case Revealed() if event is run.history.revealed:
                yield about | _revealed(event)
            case _:
                pass


def _bucket(loss: Bucket, accuracy: Bucket | None, steps_per_epoch: int) -> Row:
    last = loss.first + loss.count - 1
    row: Row = {"row": "steps", "first_step": loss.first, "last_step": last, "epoch": last / steps_per_epoch}
    for name, bucket in (("batch_loss", loss), ("batch_accuracy", accuracy)):
        if bucket is not None:
            row |= {name: bucket.mean, f"{name}_low": bucket.low, f"{name}_high": bucket.high}
    return row


def _revealed(event: Revealed) -> Row:
    row: Row = {"row": "revealed", "first_step": event.step, "last_step": event.step}
    return row | {"test_loss": event.test.loss, "test_accuracy": event.test.accuracy}


def _evaluation(event: Evaluated) -> Row:
    row: Row = {
        "row": "evaluation", "first_step": event.step, "last_step": event.step, "epoch": event.epoch,
        "seconds": event.seconds, "gap": event.gap, "drift": event.drift, "pretraining_loss": event.pretraining_loss,
    }  # fmt: skip
    for name, measured in (("train", event.train), ("validation", event.validation), ("test", event.test)):
        if measured is not None:
            row |= {f"{name}_loss": measured.loss, f"{name}_accuracy": measured.accuracy}
    if event.true_train is not None:
        row["true_train_accuracy"] = event.true_train.accuracy
    return row
