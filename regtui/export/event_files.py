"""Runs as TensorBoard event files, written by the `tensorboard` package (optional extra `tensorboard`).

One folder a run, so that TensorBoard overlays them: batch/loss, batch/accuracy and lr by step; loss, accuracy and gap
of the evaluated splits; the settings as text.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from regtui.events import Evaluated, Inside, Revealed, Steps
from regtui.export.errors import ExportError
from regtui.export.stored import StoredRun

Scalars = dict[str, float]


def write_event_files(runs: Iterable[StoredRun], folder: Path) -> None:
    """Write folder/<run>/events.out.tfevents.*, one file a run; a repeat replaces it.

    Raises ExportError without the `tensorboard` package and for a folder that cannot be written.
    """
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError:
        raise ExportError(
            "event files are written by the package tensorboard, which is not installed; "
            "pip install 'regtui[tensorboard]' does that"
        ) from None
    for run in runs:
        began = _began(run.run)
        path = folder / run.run / f"events.out.tfevents.{began}.regtui"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                writer = RecordWriter(file)
                writer.write(Event(wall_time=began, file_version="brain.Event:2").SerializeToString())
                writer.write(Event(wall_time=began, step=0, summary=_settings(run)).SerializeToString())
                for step, seconds, scalars in _points(run):
                    event = Event(wall_time=began + seconds, step=step, summary=_summary(scalars))
                    writer.write(event.SerializeToString())
                writer.flush()
        except OSError as error:
            raise ExportError(f"{path} cannot be written: {error.strerror or error}") from None


def _points(run: StoredRun) -> Iterator[tuple[int, float, Scalars]]:
    """(step, seconds trained, values by tag) in the order of the events."""
    seconds = 0.0  # of the latest event that tells them: looks inside come between two reports
    for event in run.events:
        match event:
            case Steps():
                seconds = event.seconds
                buckets: dict[int, Scalars] = {}
                for tag, column in (("batch/loss", event.loss), ("batch/accuracy", event.accuracy)):
                    for bucket in column:
                        buckets.setdefault(bucket.first + bucket.count - 1, {})[tag] = bucket.mean
                for step, scalars in sorted(buckets.items()):
                    yield step, event.seconds, scalars
                yield event.step, event.seconds, {"lr": event.lr}
            case Evaluated():
                scalars = {} if event.gap is None else {"gap": event.gap}
                for name in ("train", "validation", "test"):
                    if (measured := getattr(event, name)) is not None:
                        scalars |= {f"{name}/loss": measured.loss, f"{name}/accuracy": measured.accuracy}
                if event.true_train is not None:
                    scalars["train/true_accuracy"] = event.true_train.accuracy
                for name in ("drift", "pretraining_loss"):
                    if (value := getattr(event, name)) is not None:
                        scalars[f"fine_tuning/{name}"] = value
                yield event.step, event.seconds, scalars
            case Revealed() if event is run.history.revealed:
                yield event.step, seconds, {"test/loss": event.test.loss, "test/accuracy": event.test.accuracy}
            case Inside():
                scalars = {}
                for layer in event.layers:
                    scalars |= {
                        f"activation_std/{layer.name}": layer.std, f"dead_share/{layer.name}": layer.dead,
                        f"gradient_norm/{layer.name}": layer.grad, f"weight_norm/{layer.name}": layer.weight,
                    }  # fmt: skip
                yield event.step, seconds, scalars
            case _:
                pass


def _summary(scalars: Scalars) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()])


def _settings(run: StoredRun) -> Any:
    """The spec for TensorBoard's text page."""
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

    spec = msgspec.json.format(msgspec.json.encode(run.spec), indent=2).decode()
    text = "\n".join(f"    {line}" for line in spec.splitlines())  # Markdown for "as it is"
    tensor = TensorProto(
        dtype="DT_STRING",
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
        string_val=[text.encode()],
    )
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return Summary(value=[Summary.Value(tag="settings", tensor=tensor, metadata=metadata)])


def _began(run: str) -> int:
    """Seconds since 1970 at which the run began, which its id tells."""
    try:
        return calendar.timegm(time.strptime(run[:15], "%Y%m%d-%H%M%S"))
    except ValueError:  # a directory that was renamed
        return 0
