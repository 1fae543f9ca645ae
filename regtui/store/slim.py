"""Earlier probes of a run in less than half of their memory: what charts over time show of them.

The latest probe is shown whole; of those before it a chart shows the mean over the channels of a norm, the numbers of a
layer, and, as of an earlier time, its histogram. Twenty runs of four hundred probes are kept in all, and every
evaluation.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence
from typing import overload

from msgspec.structs import replace

from regtui.event_parts import LayerInside, NormLayer
from regtui.events import Evaluated, Inside, Norms

_NOTHING: dict[str, float] = {}


@overload
def slim(event: Norms) -> Norms: ...
@overload
def slim(event: Inside) -> Inside: ...
@overload
def slim(event: Evaluated) -> Evaluated: ...
def slim(event: Norms | Inside | Evaluated) -> Norms | Inside | Evaluated:
    """The same event with channels reduced to their mean, histograms packed, and names that are shared by all."""
    if isinstance(event, Evaluated):
        return replace(event, run=sys.intern(event.run), studied=event.studied or _NOTHING)
    if isinstance(event, Norms):
        return replace(event, run=sys.intern(event.run), layers=[_norm(layer) for layer in event.layers])
    return replace(event, run=sys.intern(event.run), layers=[_inside(layer) for layer in event.layers])


def mean(values: Sequence[float]) -> float:
    """Of channels or seeds; NaN where one, or their sum, is not finite. An empty sequence has none."""
    try:
        return math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan
    except OverflowError:  # no number of ours is that large, but a record may come from anywhere
        return math.nan


def _norm(layer: NormLayer) -> NormLayer:
    def reduced(values: Sequence[float]) -> Sequence[float]:
        return (mean(values),) if values else ()

    return NormLayer(
        name=sys.intern(layer.name), kind=sys.intern(layer.kind), channels=layer.channels, count=layer.count,
        batch_mean=reduced(layer.batch_mean), batch_var=reduced(layer.batch_var),
        running_mean=reduced(layer.running_mean), running_var=reduced(layer.running_var),
        set_mean=reduced(layer.set_mean), set_var=reduced(layer.set_var),
    )  # fmt: skip


def _inside(layer: LayerInside) -> LayerInside:
    try:
        histogram: Sequence[int] = array("H", layer.histogram) if layer.histogram else ()
    except OverflowError:  # no histogram of ours has parts of more than the whole, but a record may come from anywhere
        histogram = layer.histogram
    return replace(layer, name=sys.intern(layer.name), histogram=histogram)
