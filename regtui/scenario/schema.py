"""What a scenario is once it has been read: frozen, resolved, every name checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from msgspec import Meta

from regtui.catalog import STUDIES
from regtui.spec import DataSpec, ModelSpec, StackEntry, Struct, TrainSpec

Section = Literal["overfitting", "dropout", "batchnorm", "layernorm", "augmentation", "recipes", "review"]

_UNITS: dict[str, str] = {
    "gap": "points", "test_accuracy": "points", "train_accuracy": "points", "validation_accuracy": "points",
    "true_train_accuracy": "points", "test_loss": "nats", "train_loss": "nats", "validation_loss": "nats",
    "drift": "", "pretraining_loss": "nats",
}  # fmt: skip


def metrics(studies: Iterable[str]) -> list[str]:
    """Everything that a claim can speak of, where these studies are made."""
    return [
        *_UNITS,
        *(f"{name}.{metric.name}" for name in studies if name in STUDIES for metric in STUDIES[name].metrics),
    ]


def title(metric: str) -> str:
    """A metric as people write it. Raises KeyError."""
    study, _, name = metric.rpartition(".")
    return STUDIES[study].metric(name).title if study else name.replace("_", " ").capitalize()


def unit(metric: str) -> str:
    """Unit of a metric and of the difference between two arms: points, nats, times or "". Raises KeyError."""
    study, _, name = metric.rpartition(".")
    return STUDIES[study].metric(name).unit if study else _UNITS[metric]


Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Name = Annotated[str, Meta(min_length=1, max_length=40)]


class Lesson(Struct, frozen=True):
    """What the lesson says of an arm, percent; shown beside what was measured."""

    train: Annotated[float, Meta(ge=0, le=100)]
    test: Annotated[float, Meta(ge=0, le=100)]


class Check(Struct, frozen=True):
    """A claim in numbers: `metric` of one arm lies below (or above) that of another, or a number, by at least `by`."""

    metric: Name
    """One of `metrics()`."""
    of: Name
    """An arm."""
    below: str | float | None = None
    """An arm or a number; exactly one of below and above."""
    above: str | float | None = None
    by: float = 0.0
    """In the metric's unit: percentage points for accuracies, nats for losses."""

    @property
    def against(self) -> str | float:
        """The arm or the number it is compared with."""
        chosen = self.below if self.below is not None else self.above
        assert chosen is not None
        return chosen

    @property
    def sign(self) -> int:
        """+1 where more is on the claim's side, -1 where less is."""
        return -1 if self.below is not None else 1


class Claim(Struct, frozen=True):
    """A sentence of the lesson that a run can confirm, refute or leave open."""

    text: Text
    check: Check
    note: str = ""
    """Shown with the verdict: why it may not hold here."""


class Question(Struct, frozen=True):
    """A quiz question."""

    question: Text
    choices: Annotated[list[Text], Meta(min_length=2, max_length=9)]
    answer: Annotated[int, Meta(ge=0)]
    """Index of the right choice, from 0."""
    because: Text


class BaseFile(Struct, frozen=True):
    """[base] as it stands in the file; the tables are checked one by one."""

    data: dict[str, Any] = {}
    model: dict[str, Any] = {}
    train: dict[str, Any] = {}
    stack: list[dict[str, Any]] | None = None
    """The whole stack; without it the model's own norms and dropouts."""
    add: list[dict[str, Any]] = []
    studies: list[str] = []
    """Measurements of the catalog to make of every arm."""


class ArmFile(Struct, frozen=True):
    """[[arms]] as it stands in the file."""

    name: Name
    stack: list[dict[str, Any]] | None = None
    """The whole stack, the model's own norms included; without it the arm builds on the one before it."""
    add: list[dict[str, Any]] = []
    remove: list[str] = []
    data: dict[str, Any] = {}
    model: dict[str, Any] = {}
    train: dict[str, Any] = {}
    lesson: Lesson | None = None


class Arm(Struct, frozen=True):
    """A stack and its settings, everything resolved."""

    name: str
    data: DataSpec
    model: ModelSpec
    train: TrainSpec
    stack: tuple[StackEntry, ...] = ()
    studies: tuple[str, ...] = ()
    lesson: Lesson | None = None


class Scenario(Struct, frozen=True, kw_only=True):
    """A question, arms to compare, claims to check."""

    id: str
    """section/name of the file: overfitting/ladder."""
    title: Text
    section: Section
    question: Text
    watch: str = ""
    """What to look at while it runs."""
    story: str = ""
    """A few sentences for the lesson pane."""
    seeds: Annotated[int, Meta(ge=1, le=1000)] = 5
    """Paired seeds that a full run takes."""
    arms: tuple[Arm, ...]
    claims: tuple[Claim, ...] = ()
    quiz: tuple[Question, ...] = ()
    file: str = ""
    """Where it was read from; "" for a text."""
    options: tuple[str, ...] = ()
    """What a command line put in the place of the file's own: --data, --model and their values."""
    notes: tuple[str, ...] = ()
    """What whoever runs it must know of that: what a stack cannot reach in a model, by the names of its layers."""

    def arm(self, name: str) -> Arm:
        """The arm of that name. Raises KeyError."""
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise KeyError(name)


class ScenarioFile(Struct, frozen=True, kw_only=True):
    """The file as it stands."""

    title: Text
    section: Section
    question: Text
    watch: str = ""
    story: str = ""
    seeds: Annotated[int, Meta(ge=1, le=1000)] = 5
    base: dict[str, Any] = {}
    arms: Annotated[list[Any], Meta(min_length=1, max_length=24)]
    claims: list[Any] = []
    quiz: list[Any] = []
