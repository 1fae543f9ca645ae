"""The frozen, fully resolved description of a run: what the worker needs to know, and nothing about screens.

A spec is the only thing that travels from a scenario to the engine. Two runs with the same `spec_hash` on the same
kind of machine train the same network, bit for bit on a CPU.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from regtui import checkpoint_folder, data

ENGINE_VERSION = 1
"""Raised whenever a change of the engine changes the numbers of a run; part of every spec hash."""

Scalar = bool | int | float | str
"""What a parameter of a model or a regularizer can be."""


Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1, le=10_000_000)]
CountOrNone = Annotated[int, Meta(ge=0, le=10_000_000)]
Threads = Annotated[int, Meta(ge=1, le=1024)] | Literal["auto"]
"""CPU threads of a worker; auto: as many as the worker finds to be quickest for the run."""
Precision = Literal["fp32", "bf16"]
"""In which the products of a training step are computed."""


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all specs: immutable, keyword-only, and no unknown key passes."""


class Shift(Struct, frozen=True):
    """How evaluation images differ from the training images: each is moved once, by a seeded draw of its own.

    Applied to the test and to the validation images (with separate draws), never to training images.
    """

    mirror: Share = 0.0
    """Share of the images that are mirrored left to right, [0, 1]."""
    degrees: Annotated[float, Meta(ge=0, le=180)] = 0.0
    """Rotation drawn uniformly from +-degrees, [0, 180]."""
    translate: Annotated[float, Meta(ge=0, le=0.5)] = 0.0
    """Translation drawn uniformly from +-translate of the image side in x and in y, [0, 0.5]."""

    @property
    def is_identity(self) -> bool:
        return not (self.mirror or self.degrees or self.translate)


class DataSpec(Struct, frozen=True):
    """Which samples a run trains on and is measured with."""

    name: str = "fashion-mnist"
    """A data set of the catalog."""
    train: Count = 1000
    """Training samples, stratified over the classes. train + validation <= the training samples of the set."""
    validation: CountOrNone = 500
    """Samples held out of the training images, disjoint from `train`; 0 switches validation off."""
    test: Count = 2000
    """Test samples."""
    label_noise: Share = 0.0
    """Share of the training labels redrawn uniformly over all classes, [0, 1]; validation and test keep theirs."""
    test_shift: Shift = Shift()
    """How validation and test images differ from the training images."""
    length: Literal[16, 24, 40] = 24
    """Words of a text: shorter ones are padded, what lies beyond is cut; images have no use for it."""
    size: Annotated[int, Meta(ge=0, le=512)] = 0
    """Side of the pictures of a folder of one's own, pixels; 0 for all other data."""
    fit: Literal["crop", "stretch"] = "crop"
    """How pictures of one's own become squares: cut to their middle, or stretched."""
    content: str = ""
    """Digest of the user's own data, found when they are read; "" for data of the catalog."""


class ModelSpec(Struct, frozen=True):
    """A model of the catalog with all its parameters."""

    name: str = "cnn"
    params: dict[str, Scalar] = {}
    """Every parameter of the catalog's record, defaults filled in, in the record's order."""
    content: str = ""
    """What the code of a model of the user's own is, found when it is built; "" for models of the catalog."""


class TrainSpec(Struct, frozen=True):
    """How the model is trained."""

    epochs: Annotated[int, Meta(ge=1, le=100_000)] = 40
    """Passes over the training samples, >= 1."""
    batch_size: Count = 32
    """Samples a step, >= 1 and <= the training samples; an incomplete last batch is dropped."""
    optimizer: Literal["adamw", "sgd"] = "adamw"
    """Weight decay is not here: it is a regularizer and belongs to the stack."""
    lr: Annotated[float, Meta(gt=0, le=1e9)] = 2e-3
    """Peak learning rate, > 0."""
    momentum: Annotated[float, Meta(ge=0, lt=1)] = 0.9
    """SGD's momentum, [0, 1); adamw does not use it."""
    schedule: Literal["constant", "cosine", "onecycle"] = "onecycle"
    """onecycle: linear warm-up over the first 30 % of the steps, then cosine to 0 (Smith & Topin, arXiv:1708.07120)."""
    evaluations: Annotated[int, Meta(ge=1, le=10_000)] = 20
    """Evaluation points a run, evenly spaced, the last step included, >= 1."""
    evaluation_batch: Count = 100
    """Samples a forward pass in evaluation; fixed because another batch size changes the last bits. 100 small images
    fit a CPU cache: 500 took 1.15 to 1.5 times as long (6-conv CNN, one thread)."""
    probes: Annotated[int, Meta(ge=0, le=10_000)] = 60
    """Points a run at which norm layers, activations and gradients are measured; 0 switches probes off."""


class StackEntry(Struct, frozen=True):
    """One regularizer of a stack. Its identity is (name, where)."""

    name: str
    """A regularizer of the catalog."""
    where: str
    """The site of the model it acts on; "" for regularizers that act on the whole run (weight decay, say)."""
    params: dict[str, Scalar] = {}
    """Every parameter of the catalog's record, defaults filled in, in the record's order."""

    @property
    def key(self) -> str:
        """`dropout@head`, or just `weight_decay` where there is no site."""
        return f"{self.name}@{self.where}" if self.where else self.name


class RunSpec(Struct, frozen=True):
    """One arm with one seed, ready for the engine."""

    scenario: str
    """Identity of the scenario, e.g. "overfitting/ladder"."""
    arm: str
    seed: Annotated[int, Meta(ge=0, le=2**62)]
    """Keys every random draw of the run, >= 0."""
    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    train: TrainSpec = TrainSpec()
    stack: tuple[StackEntry, ...] = ()
    studies: tuple[str, ...] = ()
    """Measurements of the catalog to make beside the usual ones."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    threads: Threads = 1
    """More than one may change the last bits; what a run trained with is in its Started event."""
    precision: Precision = "fp32"
    """bf16 is quicker for most networks where the device has it, and changes the numbers."""

    @property
    def steps_per_epoch(self) -> int:
        return self.data.train // self.train.batch_size

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.train.epochs


def spec_hash(spec: RunSpec) -> str:
    """12 hex digits over everything that decides the numbers of a run.

    In: the resolved spec with its defaults, the content of the data and the version of the engine. A checkpoint in a
    folder on this machine counts by its content; one of the Hugging Face Hub by its name, since the cache keeps what
    was fetched first and may lie on another machine, where the worker runs.
    Out: the arm's and the scenario's name, device and threads, where data lie, and the studies, which train nothing.
    """
    # Through JSON and back first: an int given to a float field would hash as 1, a decoded one as 1.0.
    resolved = msgspec.to_builtins(msgspec.json.decode(msgspec.json.encode(spec), type=RunSpec))
    for key in ("scenario", "arm", "studies", "device", "threads"):
        del resolved[key]
    if spec.precision == "fp32":  # what every run was before there was a choice
        del resolved["precision"]
    resolved["engine"] = ENGINE_VERSION
    resolved["content"] = spec.data.content or data.content_hash(spec.data.name)
    if not spec.data.content:  # what only own data have must not change the hash of all others
        for key in ("size", "fit"):
            del resolved["data"][key]
    else:
        del resolved["data"]["name"]  # where they lie, under whatever name
    del resolved["data"]["content"]
    if not spec.model.content:
        del resolved["model"]["content"]
    if content := checkpoint_folder.content_of(str(spec.model.params.get("checkpoint", ""))):
        resolved["model"]["params"]["checkpoint"] = content
    canonical = msgspec.json.encode(resolved, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:12]


def evaluation_steps(spec: RunSpec) -> tuple[int, ...]:
    """Steps after which the run is evaluated: `evaluations` evenly spaced ones, the last step included."""
    return _spread(spec.total_steps, spec.train.evaluations)


def probe_steps(spec: RunSpec) -> tuple[int, ...]:
    """Steps at which the inside is measured: evenly spaced, the first and the last step included."""
    if spec.train.probes == 0:
        return ()
    return tuple(sorted({1, *_spread(spec.total_steps, spec.train.probes)}))


def _spread(total: int, count: int) -> tuple[int, ...]:
    count = min(count, total)
    return tuple(sorted({round(total * i / count) for i in range(1, count + 1)} - {0})) if count else ()
