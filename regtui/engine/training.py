"""Everything a run is made of, from its spec: what a step reads and changes, and what a checkpoint keeps."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from regtui.catalog import REGULARIZERS
from regtui.engine import datasets, devices, models, optim, precision
from regtui.engine.models.pretrained import Memory
from regtui.engine.origin import Origin
from regtui.engine.randomness import Randomness
from regtui.engine.ranks import ALONE, Objective, Ranks
from regtui.engine.regularizers.base import Batch
from regtui.engine.stack import Stack
from regtui.modes import Mode
from regtui.spec import RunSpec


class Training:
    """A run between two steps. Builds all of it: data, model, stack, initial weights, optimizer.

    Raises ValueError, with a sentence for people, for a spec that cannot be built.
    """

    def __init__(self, spec: RunSpec, ranks: Ranks = ALONE) -> None:
        """`ranks` are the processes that train it together."""
        if spec.total_steps < 1:
            raise ValueError(
                f"{spec.data.train} training samples in batches of {spec.train.batch_size} for {spec.train.epochs} "
                "epochs make no step; the batch size must be at most the training samples, the epochs at least 1"
            )
        for entry in spec.stack:
            if entry.name in REGULARIZERS and REGULARIZERS[entry.name].needs_validation and not spec.data.validation:
                raise ValueError(f"{entry.key} reads the validation split; data.validation is 0, allowed is at least 1")
        self.spec = spec
        self.ranks = ranks
        self.device = devices.resolve(ranks.device_name(spec.device))
        if why := precision.refusal(spec.precision, self.device):
            raise ValueError(why)
        self.threads = 1 if spec.threads == "auto" else spec.threads
        """CPU threads; a run that leaves them to the machine has them settled before it is built."""
        devices.prepare(self.threads)
        self.randomness = Randomness(spec.seed, self.device)
        self.task = datasets.load(spec.data, self.randomness, models.vocabulary(spec.model))
        self.model = models.build(spec.model, self.task)
        self.stack = Stack(spec.stack, self.randomness)
        self.stack.build(self.model)
        models.initialize(self.model, spec.seed)
        self.model.draw_from(self.randomness)
        self.memory = Memory(self.model, self.task.held_out.inputs) if self.model.checkpoint() else None
        """What a pretrained model began with; None for all others."""
        self.model.to(memory_format=precision.memory_format(spec.precision, self.device))
        self.origin = Origin(self.model) if spec.train.probes else None
        """Where the weights of each layer began; None where nobody probes them."""
        self.mode: Mode = "train"
        """In which steps are taken. The other one takes other branches of the code: a captured graph is of one mode."""
        self.model.train()
        self.objective: Objective = self.model.loss
        """What a step minimizes, of a batch."""
        self.lr = optim.LearningRate(spec.train, spec.total_steps, self.device)
        self.optimizer = optim.build(self.model, spec.train, self.lr.value)
        self.step = 0
        """Steps done."""
        self.order: Tensor = torch.empty(0, dtype=torch.long)
        """(N,) the samples in the order of the current epoch."""
        self.steered: dict[str, float] = {}
        """What was changed while the run trained, by key: the last value."""
        self.studied: dict[str, float] = {}
        """What the studies have found, by study.metric."""

    @property
    def epoch(self) -> float:
        """Passes over the training samples done."""
        return self.step / self.spec.steps_per_epoch

    @property
    def is_over(self) -> bool:
        """Whether no step is left, or an entry of the stack has ended the run."""
        return self.step >= self.spec.total_steps or bool(self.stack.ending)

    @property
    def steps_left_in_epoch(self) -> int:
        """Steps until the current epoch ends; a whole epoch at its start."""
        return self.spec.steps_per_epoch - self.step % self.spec.steps_per_epoch

    def next_samples(self) -> Tensor:
        """(B,) the samples of the next step; at the start of an epoch a new order is drawn, equal on every device."""
        epoch, position = divmod(self.step, self.spec.steps_per_epoch)
        if position == 0:
            samples = len(self.task.train.labels)
            drawn = torch.randperm(samples, generator=self.randomness.generator("order", on_cpu=True))
            self.order = drawn.to(self.device)
            self.stack.on_epoch(epoch, self.spec.train.epochs)
        size = self.spec.train.batch_size
        return self.order[position * size : (position + 1) * size]

    def gather(self, samples: Tensor) -> Batch:
        """Training samples, (B,) places in their split, as they are before the stack changes them."""
        train = self.task.train
        inputs, labels = train.inputs.index_select(0, samples), train.labels.index_select(0, samples)
        return Batch(inputs, labels, classes=len(self.task.classes), samples=samples)

    def next_batch(self) -> Batch:
        """The batch of the next step."""
        return self.gather(self.next_samples())

    def set(self, key: str, value: float) -> None:
        """Change a steerable number from the next step on. Raises KeyError or ValueError with a sentence."""
        if key == "train.lr":
            self.lr.set(value)
        else:
            self.stack.set(key, value)
        self.steered[key] = value

    def switch_to(self, mode: Mode) -> None:
        """Take the steps from now on in this mode."""
        self.mode = mode
        self.back_to_mode()

    def back_to_mode(self) -> None:
        """Put the model back into the mode of its steps, after an evaluation say."""
        self.model.train(self.mode == "train")

    def weights_are_finite(self) -> bool:
        """Whether no parameter is NaN or infinite. Waits for the device."""
        largest = get_total_norm([parameter.detach() for parameter in self.model.parameters()], math.inf)
        return math.isfinite(largest.item())
