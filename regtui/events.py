"""What a run reports: typed events and their codec of one JSON line each.

Every event but `Hello` and answers carries the id of its run. JSON knows no NaN, so non-finite numbers travel as the
strings "nan", "inf" and "-inf" and come back as floats.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

# Named here again, since those who read an event read what it is made of.
from regtui.answers import ANSWERS as ANSWERS
from regtui.answers import Answer as Answer
from regtui.answers import AnyAnswer as AnyAnswer
from regtui.answers import Cost as Cost
from regtui.answers import Inspected as Inspected
from regtui.answers import Modes as Modes
from regtui.answers import NormTruth as NormTruth
from regtui.answers import OfWeights as OfWeights
from regtui.answers import Preview as Preview
from regtui.answers import Recalibrated as Recalibrated
from regtui.answers import Subnetworks as Subnetworks
from regtui.endings import TERMINAL_EVENTS as TERMINAL_EVENTS
from regtui.endings import Diverged as Diverged
from regtui.endings import Failed as Failed
from regtui.endings import Finished as Finished
from regtui.endings import Revealed as Revealed
from regtui.endings import Stopped as Stopped
from regtui.event_parts import HISTOGRAM_BINS as HISTOGRAM_BINS
from regtui.event_parts import HISTOGRAM_EDGE as HISTOGRAM_EDGE
from regtui.event_parts import Bucket as Bucket
from regtui.event_parts import Device as Device
from regtui.event_parts import Event as Event
from regtui.event_parts import LayerInside as LayerInside
from regtui.event_parts import Measured as Measured
from regtui.event_parts import NormLayer as NormLayer
from regtui.event_parts import RunEvent as RunEvent
from regtui.event_parts import StudyCurve as StudyCurve
from regtui.trouble import Kind

PROTOCOL_VERSION = 1
"""Raised whenever a change of events or commands makes an older peer misread them."""


class EventError(ValueError):
    """A line that is no event of this protocol; the message says what was found."""


class Hello(Event, frozen=True):
    """The worker's first line, unasked: it is up and torch is loaded."""

    protocol: int
    version: str
    torch: str
    devices: list[Device]
    pid: int
    host: str
    ranks: int = 1
    """Processes that train each run together."""
    gpu_trouble: str = ""
    """Why PyTorch can use no GPU although it has been built for one, as far as it says."""


class Started(RunEvent, frozen=True):
    """The run is built and takes its first step next."""

    device: str
    device_label: str
    threads: int
    precision: str
    parameters: int
    """Trainable numbers of the model."""
    total_steps: int
    """0 where a monitored loop did not say."""
    steps_per_epoch: int
    train_samples: int
    clean_samples: int
    """Size of the fixed training subset on which clean train accuracy is measured."""
    classes: list[str] = []
    cut_texts: int = 0
    """Training texts that were longer than the length of the run and lost their last words."""
    is_streamed: bool = False
    """The training pictures do not fit and come batch by batch."""
    start_step: int = 0
    """> 0 for a run that was resumed from a checkpoint."""
    uncaptured: str = ""
    """On a GPU: why no CUDA graph can hold the step, a sentence; "" where one can. See also the marker of that name."""
    ranks: int = 1
    """Processes that train it together. BatchNorm takes its statistics on each of them from a part of the batch, so
    with it more of them make another run; without it only the last bits differ."""


class Steps(RunEvent, frozen=True):
    """Training metrics since the last such event: at most 32 buckets a metric."""

    loss: list[Bucket]
    """Training loss with everything the stack adds to it."""
    accuracy: list[Bucket]
    """Accuracy in percent on the training batches as the model saw them: augmented, mixed, with dropout on."""
    step: int
    """Steps done so far."""
    seconds: float
    """Time spent training so far: pauses and evaluations excluded."""
    samples_per_s: float
    """Training samples a second over this event's steps."""
    lr: float


class Evaluated(RunEvent, frozen=True):
    """An evaluation point. `train` is the clean training subset; the gap is train minus test accuracy."""

    step: int
    epoch: float
    seconds: float
    train: Measured
    validation: Measured | None = None
    test: Measured | None = None
    true_train: Measured | None = None
    """Under label noise: the clean training subset against the labels before the noise."""
    drift: float | None = None
    """Fine-tuning: ||w - w0|| / ||w0|| over the pretrained weights w0."""
    pretraining_loss: float | None = None
    """Fine-tuning: loss of the pretraining task on test texts, nats; what it rises is what was forgotten."""
    studied: dict[str, float] = {}
    """In the last evaluation: what the studies of the run found, by study.metric."""

    @property
    def held_out(self) -> Measured | None:
        """What is compared with the training set: test, of own data validation until the test part is revealed."""
        return self.test or self.validation

    @property
    def gap(self) -> float | None:
        """Clean train accuracy minus held-out accuracy, percentage points."""
        return None if self.held_out is None else self.train.accuracy - self.held_out.accuracy


class Norms(RunEvent, frozen=True):
    """Norm layers at a probe step: what the batch has against what the layer remembers."""

    step: int
    layers: list[NormLayer]


class Inside(RunEvent, frozen=True):
    """The inside of the network at a probe step, in the order of the forward pass."""

    step: int
    layers: list[LayerInside]


class Studied(RunEvent, frozen=True):
    """A study was made."""

    step: int
    study: str
    """Its name in the catalog."""
    values: dict[str, float]
    """Its metrics by name."""
    curves: list[StudyCurve] = []


class Trouble(RunEvent, frozen=True):
    """Trouble inside the network began, or is over: once a kind and layer. `regtui.trouble` has the limits."""

    step: int
    kind: Kind
    layer: str
    value: float
    """dying: share of the layer's units that are dead, [0, 1]; exploding: ||gradient|| / ||weight||; vanishing: the
    same over the largest of all layers'."""
    over: bool = False


class Marker(RunEvent, frozen=True):
    """Something that happened to the run at a step: steering, pause, resume."""

    step: int
    kind: str
    """set, refused, paused, resumed, stepped; kept: earlier weights are those that the run ends with; note: of a
    monitored loop, in `text`; uncaptured: the step turned out not to fit into a CUDA graph."""
    key: str = ""
    value: float | str = ""
    text: str = ""


class Checkpoint(RunEvent, frozen=True):
    """A checkpoint is on disk where the worker runs."""

    step: int
    path: str


AnyRunEvent = (
    Started
    | Steps
    | Evaluated
    | Norms
    | Inside
    | Studied
    | Trouble
    | Marker
    | Checkpoint
    | Diverged
    | Finished
    | Failed
    | Stopped
    | Revealed
)
AnyEvent = Hello | AnyAnswer | AnyRunEvent

# Lax decoding turns "nan" and "inf" back into floats.
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent, strict=False)


def encode(event: Event) -> bytes:
    """One JSON line, newline included."""
    return msgspec.json.encode(_spelled_out(msgspec.to_builtins(event))) + b"\n"


def decode(line: bytes | str) -> AnyEvent:
    """The event of one line. Raises EventError for anything else."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = line if isinstance(line, str) else line.decode("utf-8", "replace")
        raise EventError(f"not an event: {shown[:80]!r} ({error})") from None


def _spelled_out(value: Any) -> Any:
    """The same value with every non-finite float as a string."""
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, dict):
        return {key: _spelled_out(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled_out(item) for item in value]
    return value
