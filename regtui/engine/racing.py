"""Several runs on one GPU at once.

They take turns at launching blocks of steps, each on a stream of its own; the GPU works on all of them meanwhile, and a
run waits for its own stream alone. They need have nothing in common: each keeps its graphs, its pace and its numbers,
and one that ends, fails or is held leaves the others as they are. On a CPU a run is made by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch

from regtui.engine.devices import Stream

MOST = 8
"""Runs at once at most. Four small networks keep an H100 nearly as busy as sixteen, and one thread launches for all."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A run that takes part."""

    turns: Iterator[bool]
    """Ends with the run; True where it is held."""
    stream: Stream


def race(first: Lane, join: Callable[[], Iterable[Lane]], wait: Callable[[bool], None]) -> None:
    """Make a run and those that join it, until none is left.

    join  gives those that are to join now; asked between two rounds where there is room
    wait  called where every run is held: until one is told something or, if there is room as it is told, one could join
    """
    lanes = [first]
    while lanes:
        said = [_turn(lane) for lane in lanes]
        lanes = [lane for lane, is_held in zip(lanes, said, strict=True) if is_held is not None]
        if lanes and all(said):
            wait(has_room(lanes))
        if lanes and has_room(lanes):  # not before the first turn: only then has a run taken what it needs
            lanes += join()


def has_room(lanes: list[Lane]) -> bool:
    """Whether one more run would fit: on GPUs whose free memory is twice what these have taken, a run."""
    if len(lanes) >= MOST or not all(lane.stream.is_on_gpu for lane in lanes):
        return False
    runs = Counter(lane.stream.device for lane in lanes)
    try:
        return all(
            torch.cuda.mem_get_info(device)[0] > 2 * torch.cuda.memory_reserved(device) / count
            for device, count in runs.items()
        )
    except RuntimeError:  # a GPU has failed, which each of its runs will find out
        return False


def _turn(lane: Lane) -> bool | None:
    """Whether the run is held; None: it is over."""
    with lane.stream.use():
        return next(lane.turns, None)
