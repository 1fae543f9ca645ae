"""Training steps in every way that is compared, in turns."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import torch

from regtui.bench.arms import CROP_FLIP, RANDAUGMENT, step_spec
from regtui.bench.graphed import GraphedStep
from regtui.bench.own import engine
from regtui.bench.plain import LoaderLoop, bare, best_setup
from regtui.bench.protocol import Ready, Round, Settled, Sizes
from regtui.engine import devices
from regtui.engine.precision import refusal
from regtui.machine import cores


def ready(device: str) -> Ready:
    """Where training happens. Raises ValueError for a device that this machine does not have."""
    found = devices.resolve(device)
    return Ready(str(found), devices.label(found), str(torch.__version__))


class Steps:
    """Everything that is timed step by step, with its loaders at their quickest set-up."""

    def __init__(self, sizes: Sizes, device: str) -> None:
        plain = step_spec(sizes, (), device)
        cropped, randaugmented = step_spec(sizes, CROP_FLIP, device), step_spec(sizes, RANDAUGMENT, device)
        setup = best_setup(plain, sizes.trial_steps, cores(), randaugment=False)
        more = best_setup(plain, sizes.trial_steps, cores(), randaugment=True)
        in_bf16 = msgspec.structs.replace(cropped, precision="bf16")
        without_bf16 = refusal("bf16", devices.resolve(device))
        graph, why = None, "A CUDA graph needs a CUDA device, and this is none."
        if device.startswith("cuda"):
            graph, why = GraphedStep(plain), ""
        self.settled = Settled(setup, more, why, without_bf16)
        loader = LoaderLoop(plain, setup, randaugment=False)
        loader_randaugment = LoaderLoop(plain, more, randaugment=True)
        self._ways: dict[str, Callable[[], float | None]] = {
            "engine": lambda: engine(cropped),
            "bare": lambda: bare(plain),
            "loader": lambda: loader.seconds(sizes.steps),
            "engine_randaugment": lambda: engine(randaugmented),
            "loader_randaugment": lambda: loader_randaugment.seconds(sizes.steps),
            "graph": lambda: graph.seconds(sizes.steps) if graph else None,
            "engine_bf16": lambda: None if without_bf16 else engine(in_bf16),
        }
        self._turn = 0

    def round(self) -> Round:
        """Seconds a step in each way; each round begins with another one, so that none always follows the same."""
        names = [*self._ways][self._turn :] + [*self._ways][: self._turn]
        self._turn = (self._turn + 1) % len(names)
        seconds = {name: self._ways[name]() for name in names}
        return Round(**seconds)  # type: ignore[arg-type]  # only those of graph and bf16 may be None
