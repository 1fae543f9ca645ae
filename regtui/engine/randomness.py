"""One generator for each (seed, purpose), so that switching one thing on leaves every other draw as it was.

That is what makes two arms of the same seed paired: they see the same initial weights and the same batches although
one of them also draws dropout masks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

CPU = torch.device("cpu")


def derive(seed: int, purpose: str) -> int:
    """A 63-bit seed for one purpose, equal on every machine: the first 8 bytes of sha256("seed/purpose")."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class Randomness:
    """The generators of one run, made on first use and kept for checkpoints."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.seed = seed
        self.device = device
        self._generators: dict[str, torch.Generator] = {}

    def generator(self, purpose: str, *, on_cpu: bool = False) -> torch.Generator:
        """The generator of one purpose; the same object at each call.

        `on_cpu` for draws that must be the same on every device: order, split, label noise, initialization.
        """
        if purpose not in self._generators:
            generator = torch.Generator(device=CPU if on_cpu else self.device)
            generator.manual_seed(derive(self.seed, purpose))
            self._generators[purpose] = generator
        return self._generators[purpose]

    @property
    def generators(self) -> tuple[torch.Generator, ...]:
        """Every generator made so far."""
        return tuple(self._generators.values())

    def on_device(self) -> list[torch.Generator]:
        """Every generator made so far that draws on a GPU."""
        return [generator for generator in self.generators if generator.device.type != "cpu"]

    def state(self) -> dict[str, Tensor]:
        """The state of every generator used so far, as CPU byte tensors."""
        return {purpose: generator.get_state() for purpose, generator in self._generators.items()}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Put every generator back; ones that were not yet used are made.

        Raises RuntimeError for states of another kind of device.
        """
        on_cpu = torch.Generator().get_state().shape
        for purpose, value in state.items():
            self.generator(purpose, on_cpu=value.shape == on_cpu).set_state(value.cpu())


@contextmanager
def drawing_from(generators: Sequence[torch.Generator]) -> Iterator[None]:
    """Have code that takes no generator draw from these, one a device, in the place of those of the process.

    Those of the process are afterwards as they were before.
    """
    of_process = [_of_process(generator.device) for generator in generators]
    before = [generator.get_state() for generator in of_process]
    for own, shared in zip(generators, of_process, strict=True):
        shared.set_state(own.get_state())
    try:
        yield
    finally:
        for own, shared, state in zip(generators, of_process, before, strict=True):
            own.set_state(shared.get_state())
            shared.set_state(state)


def _of_process(device: torch.device) -> torch.Generator:
    return torch.cuda.default_generators[device.index] if device.type == "cuda" else torch.default_generator
