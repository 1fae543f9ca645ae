"""The shapes of the catalog's records."""

from __future__ import annotations

from typing import Literal

import msgspec

from regtui.spec import Scalar

Site = Literal["input", "conv", "linear", "activation", "norm", "residual", "block", "attention", "head"]
"""Places in a model where a regularizer can act.

input: the batch before the first layer; of a text its embeddings. conv, linear: after each convolution or hidden linear
layer, before its activation. activation: after each activation. norm: where a transformer normalizes, before each
branch or after it was added. residual: the branch of a residual block before it is added. block: after each block (a
stage of a CNN with its pooling, a transformer layer). attention: the attention weights. head: the features that enter
the last linear layer.
"""

Kind = Literal["image", "text"]
"""What a sample is."""


Group = Literal["layers", "weights", "augmentation", "targets", "optimization"]
"""What a regularizer changes, in the order in which the stack pane offers them.

layers: the activations inside the network. weights: their size. augmentation: the samples. targets: the labels, and
samples together with their labels. optimization: the path that training takes and the weights it ends with.
"""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all records."""

    name: str
    """As files and commands write it."""
    title: str
    """As people write it."""
    summary: str
    """One line: what it does."""


LONGEST_TEXT = 200
"""Characters of a parameter that is a text."""


def _short(value: float) -> str:
    """1e-8 rather than Python's 1e-08."""
    return f"{value:g}".replace("e-0", "e-")


class Param(Record, frozen=True):
    """A number, switch, choice or text of a record."""

    kind: Literal["float", "int", "bool", "choice", "text"]
    default: Scalar
    """A text whose default is "" must be given."""
    low: float = 0.0
    """Smallest value allowed."""
    high: float = 0.0
    """Largest value allowed."""
    step: float = 0.0
    """What one press of + or - changes."""
    unit: str = ""
    choices: tuple[str, ...] = ()
    symbol: str = ""
    """Two characters at most, for the stack pane."""
    open_high: bool = False
    """The largest value itself is not allowed."""
    steerable: bool = False
    """Can be changed while the run trains; all others restart it."""
    kinds: tuple[Kind, ...] = ("image", "text")
    """The data of which it changes anything."""

    def nudged(self, value: Scalar, presses: int) -> Scalar:
        """The value after `presses` presses of + (or, negative, of -), kept in range."""
        if self.kind == "bool":
            return not value if presses % 2 else value
        if self.kind == "text":
            return value
        if self.kind == "choice":
            return self.choices[(self.choices.index(str(value)) + presses) % len(self.choices)]
        moved = min(max(round(float(value) + presses * self.step, 10), self.low), self.ceiling)
        return int(moved) if self.kind == "int" else moved

    @property
    def ceiling(self) -> float:
        """The largest value a key press reaches."""
        return self.high - self.step if self.open_high else self.high

    def problem(self, value: object) -> str | None:
        """What is wrong with a value, or None: "is 1.5; allowed is a number from 0 to 1"."""
        if self._fits(value):
            return None
        found = repr(value)
        return f"is {found if len(found) <= 60 else found[:59] + '…'}; allowed is {self.allowed}"

    def cast(self, value: Scalar) -> Scalar:
        """A valid value in the type of the parameter, so that 1 and 1.0 are the same setting."""
        casts = {"float": float, "int": int, "bool": bool, "choice": str, "text": str}
        return casts[self.kind](value)  # type: ignore[no-any-return]

    def _fits(self, value: object) -> bool:
        if self.kind == "bool":
            return isinstance(value, bool)
        if self.kind == "choice":
            return value in self.choices
        if self.kind == "text":
            return isinstance(value, str) and value.isprintable() and 1 <= len(value) <= LONGEST_TEXT
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        if self.kind == "int" and value != value // 1:
            return False
        return self.low <= value < self.high if self.open_high else self.low <= value <= self.high

    @property
    def allowed(self) -> str:
        """The range in words."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return " or ".join(self.choices)
        if self.kind == "text":
            return f"a text of 1 to {LONGEST_TEXT} printable characters" + (f" ({self.unit})" if self.unit else "")
        noun = "a whole number" if self.kind == "int" else "a number"
        end = f"below {_short(self.high)}" if self.open_high else f"to {_short(self.high)}"
        return f"{noun} from {_short(self.low)} {end}" + (f" ({self.unit})" if self.unit else "")

    def shown(self, value: Scalar) -> str:
        """The value as the stack pane writes it: .30, .995, 9, on."""
        if self.kind == "bool":
            return "on" if value else "off"
        if self.kind != "float":
            return str(value)
        number = float(value)
        if number and abs(number) < 0.01:
            return f"{number:.0e}".replace("e-0", "e-")
        exact = self.high <= 2 and round(number, 2) == number
        text = f"{number:.2f}" if exact else f"{number:.4g}"
        return text[1:] if text.startswith("0.") else text


class Regularizer(Record, frozen=True):
    """A regularizer that a stack can hold."""

    params: tuple[Param, ...] = ()
    sites: tuple[Site, ...] = ()
    """Where it can act, the preferred place first; empty: it acts on the whole run."""
    paper: str = ""
    """Author, year and address of the source."""
    watch: str = ""
    """What to look at on the screen when it is switched on."""
    group: Group = "layers"
    kinds: tuple[Kind, ...] = ("image", "text")
    """What a data set must hold for it to make sense."""
    needs_validation: bool = False
    """Reads the validation split while it trains."""

    def param(self, name: str) -> Param:
        return next(param for param in self.params if param.name == name)


class Model(Record, frozen=True):
    """A model that a scenario can name."""

    params: tuple[Param, ...] = ()
    sites: tuple[Site, ...] = ()
    """The sites it publishes, in the order of the forward pass."""
    inputs: tuple[Kind, ...] = ("image",)
    paper: str = ""
    stack: tuple[dict[str, dict[str, Scalar]], ...] = ()
    """Its own norms and dropouts, written as in a scenario file: an arm that names no stack begins with them."""


class StudyMetric(Record, frozen=True):
    """One number that a study finds; a claim names it as study.metric."""

    unit: str = ""
    """points, nats or times; "" for a plain number."""


class Study(Record, frozen=True):
    """A measurement of a network that a scenario asks for, beside the curves that every run has."""

    metrics: tuple[StudyMetric, ...]
    when: Literal["start", "end"] = "end"
    """Of the network as it begins, or as it ends."""
    kinds: tuple[Kind, ...] = ("image", "text")
    """What a data set must hold for it to make sense."""
    x_label: str = ""
    y_label: str = ""
    log_x: bool = False
    """x is doubled from point to point."""
    log_y: bool = False
    overlay: bool = True
    """The arms can share a picture; else the selected one is shown alone."""
    paper: str = ""
    """Author, year and address of the source."""

    def metric(self, name: str) -> StudyMetric:
        return next(metric for metric in self.metrics if metric.name == name)


class Dataset(Record, frozen=True):
    """A data set that a scenario can name."""

    kind: Kind
    classes: tuple[str, ...]
    train_samples: int
    """Samples that train and validation share, unless validation has its own."""
    test_samples: int
    shape: tuple[int, ...]
    """(channels, height, width) of an image; (words,) of the longest text."""
    licence: str
    source: str
    validation_samples: int = 0
    """Samples of a validation part of its own; 0: validation is held out of the training samples."""
    class_counts: tuple[int, ...] = ()
    """Samples of each class for training and validation; empty where all classes have as many."""
    is_sealed: bool = False
    """The user's own: runs look at validation, and the test part only when they are told to reveal it."""
