"""The whole training step as one CUDA graph: small networks wait for launches, and a graph needs only one.

The step is captured as it stands. What may change while a run trains lies in tensors that stay where they are: the
learning rate, every steerable number, what on_epoch switches and the places of the samples are written there before a
replay, so steering needs no new capture. Where a step takes another way through the code it has a graph of its own:
with a probe, whose hooks are captured along, and in eval mode. Another stack is another training, with graphs of its
own. Evaluations, studies and checkpoints run between replays, on the same stream.

Every generator of the run is registered with the graph: a replay draws the numbers that the step would have drawn
eagerly at that point, and leaves the generator where the step would have left it.

https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from regtui.engine.probes import Seen, StepProbe
from regtui.engine.step import Step
from regtui.engine.streaming import StreamedSplit
from regtui.engine.training import Training

WARM_UP = 3
"""Steps of the run before the first capture: libraries choose kernels, optimizer and averages make their state. Of
each way that a step can take, one is enough after that."""
Way = tuple[bool, bool]
"""Whether a step is probed, and whether the model is in train mode."""


@dataclass(frozen=True, slots=True)
class Captured:
    """The graph of one way, and where each replay leaves what the step told."""

    graph: torch.cuda.CUDAGraph
    inputs: Tensor | None
    """The batch as the model saw it."""
    seen: Seen | None
    """What the probe saw; None for a step that is not probed."""


def obstacle(training: Training) -> str:
    """Why the model or the stack keep the step of a training from being a graph, a sentence; "" where they do not."""
    if training.ranks.world > 1:
        return f"{training.ranks.world} processes train it together, so its steps are no CUDA graph"
    if isinstance(training.task.train, StreamedSplit):
        return "the training pictures do not fit on the device and come from disk, so its steps are no CUDA graph"
    return training.model.uncapturable or next(training.stack.uncapturable, "")


class GraphedStep:
    """Takes steps eagerly until all is warm, then replays them. What cannot be captured goes on eagerly."""

    def __init__(self, step: Step, on_refused: Callable[[str], None], *, captures: bool = True) -> None:
        """`on_refused` hears, in a sentence, why a step of this run cannot be captured after all; once for each way.

        Without `captures`, which an `obstacle` forbids, all steps are taken eagerly.
        """
        self._step, self._captures = step, captures
        self._training = step.training
        self._on_refused = on_refused
        self._samples = torch.zeros(
            self._training.spec.train.batch_size, dtype=torch.long, device=self._training.device
        )  # (B,)
        self._taken: Counter[Way] = Counter()
        """Steps that were taken eagerly."""
        self._graphs: dict[Way, Captured] = {}
        self._refused: set[Way] = set()
        self.preparing = 0.0
        """Seconds spent on captures so far."""

    @property
    def inputs(self) -> Tensor | None:
        """The last batch as the model saw it."""
        return self._step.inputs

    def __call__(self, samples: Tensor, probe: StepProbe | None) -> bool:
        """One step, as Step takes it. The probe must be the same object each time: it is shown what a replay left."""
        self._samples.copy_(samples)
        way = probe is not None, self._training.model.training
        is_warm = self._taken.total() >= WARM_UP and self._taken[way] > 0
        if is_warm and self._captures and way not in self._graphs and way not in self._refused:
            self._capture(way, probe)
        if way in self._graphs:
            captured = self._graphs[way]
            captured.graph.replay()
            self._step.inputs = captured.inputs
            if probe and captured.seen:
                probe.show(captured.seen)  # another way of the step may have been probed meanwhile
            return True
        self._taken[way] += 1
        done = self._step(self._samples, probe)
        # What is made once and shared by all runs, such as the places of pixels, has to be there before others use it.
        if not is_warm:
            torch.cuda.current_stream().synchronize()
        return done

    def _capture(self, way: Way, probe: StepProbe | None) -> None:
        """Make the graph of a step, which is not taken thereby. Where that fails it is not tried again."""
        began = time.monotonic()
        training, graph = self._training, torch.cuda.CUDAGraph()
        ours = training.randomness.on_device()
        everyone = [*ours, torch.cuda.default_generators[torch.cuda.current_device()]]
        before = [generator.clone_state() for generator in everyone]
        training.optimizer.zero_grad()  # gradients belong to the memory of whichever graph makes them
        try:
            for generator in ours:
                graph.register_generator_state(generator)
            with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
                self._step(self._samples, probe)
        except RuntimeError as error:
            # A capture that breaks off leaves its generators waiting for it to go on. They get new states, which graphs
            # of before know nothing of: these would go on drawing from the old ones, so they are captured anew.
            for generator, state in zip(everyone, before, strict=True):
                generator.graphsafe_set_state(state)
            torch.cuda.current_stream().synchronize()
            self._graphs.clear()
            training.optimizer.zero_grad()
            self._refused.add(way)
            self._on_refused(
                f"{'a probed step' if probe else 'the step'} could not be captured as a CUDA graph, so its operations "
                f"are launched one by one, which is slower and trains the same: {_first_cause(error)}"
            )
        else:
            self._graphs[way] = Captured(graph, self._step.inputs, probe.seen() if probe else None)
        self.preparing += time.monotonic() - began


def _first_cause(error: BaseException) -> str:
    """The first line of what broke a capture off: its end fails as well, and says only that something did before."""
    while isinstance(error.__context__, RuntimeError):
        error = error.__context__
    return str(error).partition("\n")[0]
