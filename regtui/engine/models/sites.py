"""Where regularizers act inside a model: a model publishes places, a stack fills them.

A place without modules is the identity and costs one Python call. Models never contain norms or dropouts of their own:
whatever regularizes is in the stack, so two arms differ in nothing but their stacks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.catalog import Site

if TYPE_CHECKING:
    from regtui.engine.randomness import Randomness
    from regtui.engine.regularizers.base import Batch


class TakesMask:
    """Mark of modules whose `forward` has a `mask`: what a text's padding must not change."""


class Place(nn.Module):
    """One spot of a site, e.g. the output of conv3 before its activation."""

    def __init__(self, site: Site, layer: str, channels: int) -> None:
        super().__init__()
        self.site = site
        self.layer = layer
        """Name of the layer it belongs to, as charts show it: conv3, block2, head."""
        self.channels = channels
        """Size of dimension 1 of the tensor that passes, of the last one for (B, L, D) texts."""
        self.depth: float | None = None
        """How deep a residual branch stands, [0, 1], where a model has its own way to count; None counts branches."""

    def put(self, name: str, module: nn.Module) -> None:
        """Append a module; those of earlier stack entries run first. `name` is the entry's catalog name."""
        self.add_module(name, module)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask` (B, L) is true where a text has words, None for pictures."""
        for module in self._modules.values():
            x = module(x, mask=mask) if isinstance(module, TakesMask) else module(x)  # type: ignore[misc]
        return x


class SiteModel(nn.Module):
    """Base of all models: knows its places and how its weights begin.

    `forward` takes (B, C, H, W) images in [0, 1] or (B, L) word ids and gives (B, K) logits.
    """

    uncapturable: str = ""
    """Why no CUDA graph can hold a step of this model, in a sentence; "" where one can."""

    evaluation_piece: int | None = None
    """Samples that evaluations send through the model at once on a CPU; None: a whole evaluation batch.

    Only for models whose logits of a sample are the same to the last bit whatever else is in the batch; not taken where
    a BatchNorm keeps no averages, since a part of a batch has statistics of its own. Large feature maps of few samples
    stay in the cache: measured with 500 samples in pieces of 125 on one thread of an AMD EPYC, CPU time of cnn, resnet
    and bagged_cnn falls by a factor of 1.5 to 2; the other models gain nothing.
    """

    def initial(self, module: nn.Module, name: str, generator: torch.Generator) -> Tensor:
        """The first value of a parameter of one of its modules: what PyTorch's layers begin with by default.

        Raises TypeError for a kind of module whose beginning is not known.
        """
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            return uniform_by_fan_in(module, name, generator)
        raise TypeError(f"{type(module).__name__}, for which no initialization is known")

    def begin(self, seed: int) -> None:
        """Draw what the model fixes at random beside its parameters; called once, after the stack has been built."""

    def draw_from(self, randomness: Randomness) -> None:
        """Take the generators of what it draws by itself in each pass, beside the stack; called before the first."""

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What a training step minimizes, () in nats, and the logits of the batch, (B, K)."""
        logits = self(batch.inputs)
        return F.cross_entropy(logits, batch.labels if batch.targets is None else batch.targets), logits

    def checkpoint(self) -> Mapping[str, Tensor]:
        """Parameters by name that begin as they were pretrained, not as `initial` says; some rows may be missing."""
        return {}

    def pretraining_loss(self, ids: Tensor, hidden: Tensor) -> Tensor | None:
        """The loss of the task that it was pretrained with, 0-dim, nats a word; None where that cannot be measured.

        ids     (B, L) long, nothing hidden
        hidden  (B, L) bool, the words to guess
        """
        return None

    def places(self, site: str | None = None) -> Iterator[Place]:
        """All places, or those of one site, in the order of the forward pass."""
        for module in self.modules():
            if isinstance(module, Place) and site in (None, module.site):
                yield module


def uniform_by_fan_in(module: nn.Linear | nn.Conv2d, name: str, generator: torch.Generator) -> Tensor:
    """Weights and biases uniform in +-1/sqrt(fan_in), what torch.nn.init.kaiming_uniform_ with a = sqrt(5) comes to."""
    bound = 1 / math.sqrt(module.weight[0].numel())  # numel of one output's weights is the fan-in
    return torch.empty(module.get_parameter(name).shape).uniform_(-bound, bound, generator=generator)


class Standardize(nn.Module):
    """(x - mean) / std a channel, as the first layer, so that augmentation always works on pixels in [0, 1]."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.view(1, -1, 1, 1), persistent=False)  # (1, C, 1, 1)
        self.register_buffer("std", std.view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.std
