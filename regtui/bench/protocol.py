"""What the benchmark and its stepper say to each other, one JSON line each, and how much is measured."""

from __future__ import annotations

import msgspec


class BenchError(Exception):
    """The benchmark cannot go on; the message is a sentence for people."""


class Sizes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is measured."""

    rounds: int
    """Turns that everything takes, >= 1."""
    width: int
    """Channels of the first stage of the 6-conv CNN."""
    batch_size: int
    samples: int
    """Training samples, >= batch_size."""
    epochs: int
    """Passes over them in which steps are timed."""
    trial_steps: int
    """Steps with which each set-up of the DataLoader is tried."""
    race_epochs: int
    """Passes of each arm of the race."""
    live_epochs: int
    """Passes of the runs with and without somebody looking."""
    history_steps: int
    """Length of the long history."""
    draws: int
    """Drawings of each history a round."""

    @property
    def steps_per_epoch(self) -> int:
        return self.samples // self.batch_size

    @property
    def steps(self) -> int:
        """Steps timed in each way and round."""
        return self.epochs * self.steps_per_epoch


def sizes_for(device: str, *, quick: bool) -> Sizes:
    """What fits a device: the networks of the lesson on a CPU, four times their width and twice the batch on a GPU."""
    if device == "cpu":
        full = Sizes(rounds=5, width=8, batch_size=64, samples=1000, epochs=4, trial_steps=12, race_epochs=8,
                     live_epochs=16, history_steps=1_000_000, draws=20)  # fmt: skip
    else:
        full = Sizes(rounds=5, width=32, batch_size=128, samples=2000, epochs=60, trial_steps=40, race_epochs=20,
                     live_epochs=60, history_steps=1_000_000, draws=20)  # fmt: skip
    if not quick:
        return full
    return msgspec.structs.replace(
        full, rounds=3, epochs=full.epochs // 2, trial_steps=full.trial_steps // 2,
        race_epochs=full.race_epochs // 2, live_epochs=full.live_epochs // 4, draws=10,
    )  # fmt: skip


class Ready(msgspec.Struct, frozen=True):
    """The stepper's first line: torch is loaded."""

    device: str
    """As a spec names it: cpu, cuda:0."""
    label: str
    """As people call it."""
    torch: str


class Loader(msgspec.Struct, frozen=True):
    """The quickest set-up of a DataLoader loop on this machine."""

    workers: int
    """Processes that read and augment; 0: the one that trains."""
    threads: int
    """CPU threads of the process that trains."""


class Settled(msgspec.Struct, frozen=True):
    """The stepper's answer to the sizes."""

    loader: Loader
    loader_randaugment: Loader
    without_graph: str
    """Why there is no CUDA graph to compare with, a sentence; "" where there is one."""
    without_bf16: str = ""
    """Why the engine does not train in bf16, a sentence; "" where it does."""


class Round(msgspec.Struct, frozen=True):
    """Seconds a step in each way, measured in turns: the stepper's answer to each further line."""

    engine: float
    bare: float
    loader: float
    engine_randaugment: float
    loader_randaugment: float
    graph: float | None
    engine_bf16: float | None = None
