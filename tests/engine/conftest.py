"""What the tests of the engine share: a small task, stack entries with the catalog's defaults, whole runs, a device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
import torch
from torch import Tensor

from regtui.catalog import MODELS, REGULARIZERS
from regtui.commands import Probe, RunCommand, RunRequest
from regtui.engine import datasets, loop, regularizers
from regtui.engine.control import Control
from regtui.engine.datasets import ImageData, TaskData
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers import Batch, Regularizer
from regtui.engine.text import TextData
from regtui.engine.training import Training
from regtui.events import Answer, AnyRunEvent, Event, RunEvent
from regtui.spec import DataSpec, ModelSpec, RunSpec, Scalar, StackEntry, TrainSpec

E = TypeVar("E", bound=RunEvent)
SMALL_DATA = DataSpec(train=80, validation=20, test=40)


class MakeEntry(Protocol):
    def __call__(self, name: str, where: str | None = None, **params: Scalar) -> StackEntry: ...


@pytest.fixture(scope="session")
def entry() -> MakeEntry:
    """Makes a stack entry: the preferred site in a cnn and the catalog's defaults where nothing else is said."""
    published = MODELS["cnn"].sites

    def make(name: str, where: str | None = None, **params: Scalar) -> StackEntry:
        record = REGULARIZERS[name]
        defaults = {param.name: param.default for param in record.params}
        assert params.keys() <= defaults.keys()
        preferred = sorted(record.sites, key=lambda site: site not in published)  # stable
        site = where if where is not None else (preferred[0] if record.sites else "")
        return StackEntry(name=name, where=site, params=defaults | params)

    return make


@pytest.fixture
def make(entry: MakeEntry) -> Callable[..., Regularizer]:
    """Makes a regularizer of a name with the catalog's defaults; `seed` is that of its draws."""

    def build(name: str, seed: int = 0, **params: Scalar) -> Regularizer:
        return regularizers.build(entry(name, None, **params), Randomness(seed, CPU))

    return build


@pytest.fixture
def randomness() -> Randomness:
    return Randomness(0, CPU)


@pytest.fixture(scope="session")
def task() -> ImageData:
    """100 training, 50 validation and 100 test pictures of seed 0 on the CPU; not to be changed."""
    task = datasets.load(DataSpec(train=100, validation=50, test=100), Randomness(0, CPU))
    assert isinstance(task, ImageData)
    return task


@pytest.fixture
def full(entry: MakeEntry) -> tuple[StackEntry, ...]:
    """One entry of every kind that can act on pictures in the cnn."""
    sites = MODELS["cnn"].sites
    return tuple(
        entry(name)
        for name, record in REGULARIZERS.items()
        if "image" in record.kinds and (not record.sites or set(record.sites) & set(sites))
    )


@pytest.fixture(scope="session")
def texts() -> TextData:
    """100 training, 50 validation and 100 test definitions of seed 0 on the CPU; not to be changed."""
    task = datasets.load(DataSpec(name="wordnet", train=100, validation=50, test=100), Randomness(0, CPU))
    assert isinstance(task, TextData)
    return task


@pytest.fixture
def batch(task: TaskData) -> Batch:
    return Batch(task.train.inputs[:16], task.train.labels[:16], classes=len(task.classes))


@pytest.fixture
def cuda() -> torch.device:
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA device")
    return torch.device("cuda")


class MakeSpec(Protocol):
    def __call__(self, *stack: StackEntry, data: DataSpec = ..., **train: Any) -> RunSpec: ...


@pytest.fixture(scope="session")
def tiny() -> MakeSpec:
    """Makes the spec of a run of 30 steps in 3 epochs, a tenth of a second long; keywords go to its `train`."""

    def make(*stack: StackEntry, data: DataSpec = SMALL_DATA, **train: Any) -> RunSpec:
        return RunSpec(
            scenario="test",
            arm="tiny",
            seed=3,
            data=data,
            model=ModelSpec(name="cnn", params={"width": 2}),
            train=TrainSpec(**({"epochs": 3, "batch_size": 8, "evaluations": 3, "probes": 4} | train)),
            stack=stack,
        )

    return make


@dataclass
class MadeRun:
    """A run that was made in this process."""

    spec: RunSpec
    training: Training
    control: Control = field(default_factory=Control)
    events: list[AnyRunEvent] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    listener: Callable[[AnyRunEvent], None] = lambda _: None
    """Called with each event, on the thread that trains: what it sends is obeyed at the next block boundary."""

    def emit(self, event: Event) -> None:
        if isinstance(event, Answer):
            self.answers.append(event)
            return
        assert isinstance(event, AnyRunEvent)
        self.events.append(event)
        self.listener(event)

    def all(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def weights(self) -> dict[str, Tensor]:
        """Parameters and buffers."""
        return {name: value.clone() for name, value in self.training.model.state_dict().items()}


class MakeRun(Protocol):
    def __call__(
        self,
        spec: RunSpec,
        listener: Callable[[MadeRun, AnyRunEvent], None] = ...,
        *,
        commands: Sequence[RunCommand | Probe] = (),
        store: Path | None = None,
        resume: bool = False,
    ) -> MadeRun: ...


@pytest.fixture
def make_run(monkeypatch: pytest.MonkeyPatch) -> MakeRun:
    """Trains in this process and gives all that was said, with the training at its end."""

    def make(
        spec: RunSpec,
        listener: Callable[[MadeRun, AnyRunEvent], None] = lambda *_: None,
        *,
        commands: Sequence[RunCommand | Probe] = (),
        store: Path | None = None,
        resume: bool = False,
    ) -> MadeRun:
        made = MadeRun(spec, Training(spec))
        made.listener = lambda event: listener(made, event)
        for command in commands:
            made.control.send(command)
        monkeypatch.setattr(loop, "Training", lambda _: made.training)
        loop.train(RunRequest(run="r", spec=spec, resume=resume), made.emit, made.control, store)
        return made

    return make
