"""What the benchmark and its stepper say to each other, one JSON line each, and how much is measured."""

from __future__ import annotations

import msgspec


class BenchError(Exception):
    """The benchmark cannot go on; the message is a sentence for people."""


class Sizes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is measured."""

    rounds: int
    """Passes over everything that is compared, >= 1."""
    width: int
    """Channels of the first stage of the 6-conv CNN."""
    batch_size: int
    samples: int
    """Training samples, >= batch_size."""
    trial_steps: int
    """Steps with which each set-up of the DataLoader is tried."""
    slice_steps: int
    """Steps of a slice of training: some tenths of a second, so that it and the next one meet the same machine."""
    slices: int
    """Slices of each way of training in a round."""
    race_epochs: int
    """Passes of each arm of the race."""
    races: int
    """Races in a round, with the same arms one by one beside each."""
    live_epochs: int
    """Passes of the runs with and without somebody looking."""
    looks: int
    """Runs in a round that somebody looks at, each beside one that nobody sees."""
    history_steps: int
    """Length of the long history."""
    draws: int
    """Drawings of each history in a round."""

    @property
    def steps_per_epoch(self) -> int:
        return self.samples // self.batch_size


def sizes_for(device: str, *, quick: bool) -> Sizes:
    """What fits a device: the networks of the lesson on a CPU, four times their width and twice the batch on a GPU."""
    if device == "cpu":
        full = Sizes(rounds=5, width=8, batch_size=64, samples=1000, trial_steps=12, slice_steps=12, slices=6,
                     race_epochs=4, races=2, live_epochs=8, looks=2, history_steps=1_000_000, draws=20)  # fmt: skip
    else:
        full = Sizes(rounds=5, width=32, batch_size=128, samples=2000, trial_steps=40, slice_steps=100, slices=8,
                     race_epochs=20, races=2, live_epochs=60, looks=2, history_steps=1_000_000, draws=20)  # fmt: skip
    if not quick:
        return full
    return msgspec.structs.replace(
        full, rounds=3, trial_steps=full.trial_steps // 2, slices=full.slices // 2, races=1,
        race_epochs=full.race_epochs // 2, looks=1, live_epochs=full.live_epochs // 2, draws=10,
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


class Spent(msgspec.Struct, frozen=True):
    """What a slice took: the stepper's answer to the name of a way of training."""

    steps: int
    """Training steps, or drawings of a history."""
    wall: float
    """Seconds by the clock."""
    cpu: float | None
    """CPU seconds of every process that took part; None where the system does not tell."""
