"""What enters the BatchNorms of a model: exact mean and variance of every channel, over as many batches as pass.

Batches are merged with the parallel formula of Chan, Golub & LeVeque 1979 (Stanford STAN-CS-79-773) in double
precision, so that means far from 0 cost no digits of the variance.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine.models.norms import batch_statistics
from regtui.engine.norm_statistics import norm_modules
from regtui.engine.studies.base import hooked


@dataclass(frozen=True, slots=True)
class Entered:
    """The values of each channel that have entered a norm."""

    count: int
    """Values a channel."""
    mean: Tensor
    """(C,) double."""
    squares: Tensor
    """(C,) double, the sum of the squared distances to the mean."""

    @property
    def biased(self) -> Tensor:
        """(C,) the variance that training normalizes with: divided by n."""
        return self.squares / self.count

    @property
    def unbiased(self) -> Tensor:
        """(C,) the variance that running statistics store: divided by n - 1."""
        return self.squares / max(self.count - 1, 1)

    def with_more(self, more: Entered) -> Entered:
        """Both together."""
        count = self.count + more.count
        distance = more.mean - self.mean
        squares = self.squares + more.squares + distance**2 * (self.count * more.count / count)
        return Entered(count, self.mean + distance * (more.count / count), squares)


def batchnorms(model: nn.Module) -> dict[str, _BatchNorm]:
    """Every BatchNorm in a place of the model, by its name: conv3.norm."""
    return {name: norm for name, (_, norm) in norm_modules(model).items() if isinstance(norm, _BatchNorm)}


@contextmanager
def entering(model: nn.Module) -> Iterator[dict[str, Entered]]:
    """Watch what enters, whatever the mode; padding of texts is left out by norms that leave it out."""
    names: dict[nn.Module, str] = {norm: name for name, norm in batchnorms(model).items()}
    found: dict[str, Entered] = {}

    def see(norm: nn.Module, inputs: tuple[Tensor], more: dict[str, Tensor | None]) -> None:
        mask = more.get("mask") if getattr(norm, "masked", True) else None
        mean, biased, count = batch_statistics(inputs[0].detach().double(), mask)
        here = Entered(int(count), mean, biased * count)
        name = names[norm]
        found[name] = found[name].with_more(here) if name in found else here

    with hooked(names, see, before=True, with_kwargs=True):
        yield found
