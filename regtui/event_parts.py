"""What events are made of: one device, one bucket of steps, one layer, one curve."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=str.lower, omit_defaults=True):
    """Base of all events."""


class RunEvent(Event, frozen=True):
    """Base of the events of one run."""

    run: str


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device the worker can train on."""

    name: str
    """As a spec names it: cpu, cuda:0."""
    label: str
    """As people call it: "NVIDIA H100", "2 cores"."""
    memory: int = 0
    """Bytes in all; 0 where unknown."""


class Bucket(msgspec.Struct, frozen=True, array_like=True):
    """A metric over consecutive steps; one step where the run is slow enough."""

    first: int
    """First step, counted from 1."""
    count: int
    mean: float
    low: float
    high: float


class Measured(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Mean loss and accuracy of one split, in eval mode, without augmentation or mixing."""

    loss: float
    """Mean cross-entropy, nats."""
    accuracy: float
    """Percent."""


class NormLayer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Statistics of the input of one norm layer, a number a channel, the first 16 channels at most."""

    name: str
    """The layer's place in the model, e.g. conv3.norm."""
    kind: str
    """Catalog name: batchnorm."""
    channels: int
    """Channels in all."""
    batch_mean: Sequence[float]
    batch_var: Sequence[float]
    """Unbiased, as running statistics store it; biased = unbiased * (n - 1) / n."""
    count: int
    """Values a channel in the batch (n): batch size times pixels."""
    running_mean: Sequence[float] = []
    """Empty for norms that keep no running statistics."""
    running_var: Sequence[float] = []
    set_mean: Sequence[float] = []
    """Over the whole clean training subset in eval mode; only at evaluation points."""
    set_var: Sequence[float] = []


HISTOGRAM_EDGE = 4.0
"""Histograms of values cover [-EDGE, EDGE]: N(0, 1) has one value in sixteen thousand beyond."""
HISTOGRAM_BINS = 32
"""Bins of equal width, a quarter each."""


class LayerInside(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One layer seen from inside, on the batch of a training step."""

    name: str
    mean: float
    std: float
    """Of the layer's output before its norm and activation, over batch, channels and pixels."""
    dead: float = 0.0
    """Share of units that are 0 after the activation for every sample of the batch, [0, 1]."""
    grad: float = 0.0
    """L2 norm of the gradient of the layer's weight."""
    weight: float = 0.0
    """L2 norm of the layer's weight."""
    drift: float | None = None
    """||w - w0|| / ||w0|| over the layer's weight, w0 as it was drawn or pretrained; None where that is not known."""
    histogram: Sequence[int] = []
    """Of what enters the activation, after the layer's norm: parts in 10,000 in each of HISTOGRAM_BINS bins over
    [-HISTOGRAM_EDGE, HISTOGRAM_EDGE], the outer ones with what lies beyond; empty where it was not measured."""


class StudyCurve(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of a study's picture."""

    x: list[float]
    y: list[float]
    name: str = ""
    """Tells it from the other lines of the same arm; "" where there is one only."""
    is_reference: bool = False
    """What the arm's own line is compared with: a law, or the same in another mode. Equal or similar for all arms."""
