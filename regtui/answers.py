"""What a worker answers to probes: typed, events on the wire, but of no run, so they are never recorded."""

from __future__ import annotations

from typing import Literal

from regtui.catalog import Site
from regtui.commands import ProbeKind
from regtui.event_parts import Event, Measured
from regtui.modes import LayerModes, NormModes, Reading, Weights
from regtui.norm_truth import LayerTruth
from regtui.preview import Previewed
from regtui.spec import Scalar


class Answer(Event, frozen=True):
    """Base of the answers to probes. Not of a run: they are never recorded."""

    ask: str
    """Id of the probe."""
    trouble: str = ""
    """One sentence: why there is nothing to see."""


class OfWeights(Answer, frozen=True):
    """Base of the answers that are about the weights of an arm."""

    step: int = 0
    """Steps that the weights were trained for."""
    weights: Weights = "initial"


class Modes(OfWeights, frozen=True):
    """One batch through the same weights in train and in eval mode."""

    samples: int = 0
    train: Reading | None = None
    """None only where there is trouble."""
    eval: Reading | None = None
    labels: list[str] = []
    """The classes of the first samples, those that the readings tell one by one."""
    layers: list[LayerModes] = []
    """In the order of the forward pass."""
    dropped: dict[str, float] = {}
    """By place of a Dropout: the share of the units that were not 0 and that it blanked in train mode, [0, 1]."""
    norms: list[NormModes] = []
    """Every BatchNorm, in the order of the forward pass."""


class NormTruth(OfWeights, frozen=True):
    """The statistics of every BatchNorm, with the weights as they are."""

    batch: int = 0
    """Samples of the batch."""
    samples: int = 0
    """Clean training samples that the whole set stands for."""
    layers: list[LayerTruth] = []
    """In the order of the forward pass."""


class Recalibrated(OfWeights, frozen=True):
    """What running statistics that are measured anew do to the network: on a copy, the run keeps its own."""

    samples: int = 0
    """Clean training samples that they were measured on."""
    split: str = ""
    """What it is judged on: test."""
    judged: int = 0
    """Samples of it."""
    before: Measured | None = None
    """None only where there is trouble."""
    after: Measured | None = None
    changed: float = 0.0
    """Percent of these samples that the network now puts into another class."""


class Subnetworks(OfWeights, frozen=True):
    """Sampled sub-networks of one network, on held-out samples."""

    samples: int = 0
    """Held-out samples."""
    split: str = "test"
    """What they are of: test, or of own data validation."""
    members: bool = False
    """Whether they are the members of a bag, not samples."""
    accuracies: list[float] = []
    """Percent, of each one alone."""
    votes: list[tuple[int, float]] = []
    """(T, percent of the mean of T of them), averaged over all separate groups of T."""
    loss_alone: float = 0.0
    """Mean cross-entropy of one, nats."""
    loss_voted: float = 0.0
    """Of the mean of all of them."""
    disagreement: float = 0.0
    """Percent of the samples that two of them put into different classes, mean over all pairs."""
    eval_accuracy: float = 0.0
    """Percent, in eval mode: all units there."""
    eval_loss: float = 0.0


class Preview(Answer, frozen=True):
    """What the stack makes of some training samples."""

    samples: list[Previewed] = []
    step: int | None = None
    """The step that the run was at which answered for itself; None: made from the settings alone."""
    resting: list[str] = []
    """Keys of entries that do nothing in the present epoch: mixing that was switched off for the last ones."""


class Inspected(Answer, frozen=True):
    """What a model of the user's own is made of, with the data of the probe's spec."""

    sites: list[Site] = []
    """In the order of the catalog."""
    stack: list[dict[str, dict[str, Scalar]]] = []
    """Its own norms and dropouts, as a scenario file would write them."""
    notes: list[str] = []
    """Sentences: what of it cannot be reached by a stack, by the names of its layers."""
    parameters: int = 0
    content: str = ""
    """The version of its library, or a digest of the factory's source file."""
    kind: Literal["image", "text"] = "image"
    """What it was built for."""


class Cost(Answer, frozen=True):
    """What a run would take, from some steps of a training that is then thrown away."""

    seconds: float = 0.0
    """Of the whole run, evaluations included, with nothing beside it."""
    weights: int = 0
    """Bytes of weights, gradients and the optimizer's state."""
    data: int = 0
    """Bytes of the samples that lie on the device."""
    step: int = 0
    """Bytes that a step and an evaluation need beside those; 0 where it cannot be measured."""
    free: int = 0
    """Bytes that the device had for all of it."""
    device: str = ""


AnyAnswer = Preview | Modes | NormTruth | Recalibrated | Subnetworks | Inspected | Cost
ANSWERS: dict[ProbeKind, type[AnyAnswer]] = {
    "preview": Preview, "modes": Modes, "norms": NormTruth, "recalibrated": Recalibrated, "subnetworks": Subnetworks,
    "model": Inspected, "cost": Cost,
}  # fmt: skip
"""By what a probe asks for: what answers it."""
