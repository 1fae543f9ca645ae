"""Which layer the charts of the inside follow: one press goes from layer to layer, through their norms as well."""

from __future__ import annotations

from typing import NamedTuple

from regtui.ui.figures.norms import norm_layers, shown_arm
from regtui.ui.view import View

NOTHING_YET = "Layers can be picked once a run has looked inside"


class Stop(NamedTuple):
    """Where a press stops."""

    layer: str
    norm: int | None
    """Which of the norm layers is at this layer; None where none is."""


def step_layer(view: View, by: int) -> str:
    """Pick the layer so many stops further; beyond either end there is none. Gives a sentence where there is none."""
    stops = layer_stops(view)
    if not stops:
        return NOTHING_YET + ("." if view.session.is_busy else ": press space to run.")
    here = next((i for i, stop in enumerate(stops) if stop.layer == view.picked and stop.norm in (None, _norm(view))),
                next((i for i, stop in enumerate(stops) if stop.layer == view.picked), -1))  # fmt: skip
    to = (here + 1 + by) % (len(stops) + 1) - 1
    _go(view, stops[to] if to >= 0 else Stop("", None))
    return ""


def pick_layer(view: View, layer: str) -> None:
    """Follow the layer of that name with every chart that can, or, "", none."""
    found = next((stop for stop in layer_stops(view) if stop.layer == layer), Stop(layer, None))
    _go(view, found)


def layer_stops(view: View) -> list[Stop]:
    """All layers and norms of the selected arm, or else of the first that has any, blocks in the order of the pass."""
    runs = [view.shown_run(arm.name) for arm in (view.selected, *view.session.arms)]
    run = next((run for run in runs if run is not None and run.insides), None)
    layers = [layer.name for layer in run.insides[-1].layers] if run is not None else []
    arm = shown_arm(view)
    norms = [name.rpartition(".")[0] for name in norm_layers(view.shown_run(arm.name) if arm is not None else None)]
    at_norms = [Stop(layer, i) for i, layer in enumerate(norms)]
    found = [*at_norms, *(Stop(layer, None) for layer in layers if layer not in norms)]
    blocks = list(dict.fromkeys(name.partition(".")[0] for name in (*layers, *norms)))
    return sorted(found, key=lambda stop: blocks.index(stop.layer.partition(".")[0]))


def _go(view: View, stop: Stop) -> None:
    view.picked = stop.layer
    if stop.norm is not None:
        view.layer = stop.norm


def _norm(view: View) -> int:
    """Which norm layer the chart of the norms shows."""
    arm = shown_arm(view)
    count = len(norm_layers(view.shown_run(arm.name))) if arm is not None else 0
    return view.layer % count if count else 0
