"""Training steps in every way that is compared, a slice at a time."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import torch

from regtui.bench.arms import CROP_FLIP, RANDAUGMENT, step_spec
from regtui.bench.graphed import GraphedStep
from regtui.bench.own import Engine
from regtui.bench.plain import Bare, LoaderLoop, best_setup
from regtui.bench.protocol import Ready, Settled, Sizes, Spent
from regtui.engine import devices
from regtui.engine.precision import refusal
from regtui.machine import cores


def ready(device: str) -> Ready:
    """Where training happens. Raises ValueError for a device that this machine does not have."""
    found = devices.resolve(device)
    return Ready(str(found), devices.label(found), str(torch.__version__))


class Steps:
    """Everything that is timed step by step, each in a training of its own, its loaders at their quickest set-up."""

    def __init__(self, sizes: Sizes, device: str) -> None:
        plain = step_spec(sizes, (), device)
        cropped, randaugmented = step_spec(sizes, CROP_FLIP, device), step_spec(sizes, RANDAUGMENT, device)
        setup = best_setup(plain, sizes.trial_steps, cores(), randaugment=False)
        more = best_setup(plain, sizes.trial_steps, cores(), randaugment=True)
        without_bf16 = refusal("bf16", devices.resolve(device))
        without_graph = "" if device.startswith("cuda") else "A CUDA graph needs a CUDA device, and this is none."
        self.settled = Settled(setup, more, without_graph, without_bf16)
        self._steps = sizes.slice_steps
        self._ways: dict[str, Callable[[int], Spent]] = {
            "engine": Engine(cropped).slice,
            "bare": Bare(plain).slice,
            "loader": LoaderLoop(plain, setup, randaugment=False).slice,
            "engine_randaugment": Engine(randaugmented).slice,
            "loader_randaugment": LoaderLoop(plain, more, randaugment=True).slice,
        }
        if not without_graph:
            self._ways["graph"] = GraphedStep(plain).slice
        if not without_bf16:
            self._ways["engine_bf16"] = Engine(msgspec.structs.replace(cropped, precision="bf16")).slice

    def slice(self, way: str) -> Spent:
        """A slice of training in one way."""
        return self._ways[way](self._steps)
