"""BatchNorm where a batch is spread over devices: statistics of each part by itself, or of all parts together."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine.models.norms import BatchNorm, batch_statistics
from regtui.engine.ranks import ALONE, Ranks

ChannelStatistics = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor, Tensor]]
"""As `batch_statistics`, of all or some channels."""


class GhostBatchNorm(BatchNorm):
    """Each of `parts` equal parts of a training batch is normalized by its own mean and variance.

    That is what devices do which share a batch, and Ghost Batch Normalization (Hoffer et al. 2017, arXiv:1705.08741).
    The paper updates the running averages with every part. Here the first part alone enters them, as of several
    devices those of rank 0 are kept (`broadcast_buffers` of DistributedDataParallel).
    """

    def __init__(self, channels: int, eps: float, momentum: float, *, parts: int, device: torch.device) -> None:
        super().__init__(channels, eps, momentum, device=device)
        self.parts = parts
        """Of what this process has of the batch."""

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if not self.training:
            return super().forward(input, mask)
        (first, mask_of_first), *others = self._parted(input, mask)
        rows = first.flatten(0, 1) if first.ndim == 3 and mask is None else first  # the base class would come back here
        normalized = super().forward(rows, mask_of_first).view_as(first)
        return torch.cat([normalized, *(self._by_itself(*part) for part in others)])

    def seen(self, x: Tensor, mask: Tensor | None, statistics: ChannelStatistics) -> tuple[Tensor, Tensor, Tensor]:
        """What `statistics` says of those inputs of a batch that enter the running averages."""
        return statistics(*self._parted(x, mask)[0])

    def _parted(self, x: Tensor, mask: Tensor | None) -> list[tuple[Tensor, Tensor | None]]:
        """(B, ...) and its (B, L) mask in parts. Those of a batch that is not one of training may be uneven."""
        parts = min(self.parts, len(x))
        masks = [None] * parts if mask is None else mask.tensor_split(parts)
        return list(zip(x.tensor_split(parts), masks, strict=True))

    def _by_itself(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Normalized by its own statistics, which nobody remembers."""
        if mask is not None:
            mean, var, _ = batch_statistics(x, mask)
            return self._normalized_by(x, mean, var)
        rows = x.flatten(0, 1) if x.ndim == 3 else x
        return F.batch_norm(rows, None, None, self.weight, self.bias, training=True, eps=self.eps).view_as(x)


class SyncBatchNorm(BatchNorm):
    """BatchNorm over the whole batch, of which each rank has a part; of a process that trains alone plain BatchNorm.

    torch.nn.SyncBatchNorm exists for GPUs alone and knows no padding
    (https://docs.pytorch.org/docs/stable/generated/torch.nn.SyncBatchNorm.html): here the ranks exchange sums, through
    which the gradient passes.
    """

    ranks: Ranks = ALONE
    """The processes that share the batch, set once there are several."""

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if not (self.training and self.ranks.together):
            return super().forward(input, mask)
        mean, var, count = combined(*batch_statistics(input, mask), self.ranks)
        return self._normalized_by(input, *self._remember(mean, var, count))

    def seen(self, x: Tensor, mask: Tensor | None, statistics: ChannelStatistics) -> tuple[Tensor, Tensor, Tensor]:
        """What `statistics` says of the whole batch."""
        mean, var, count = statistics(x, mask)
        return combined(mean, var, count, self.ranks) if self.ranks.together else (mean, var, count)


class GpuSyncBatchNorm(SyncBatchNorm, nn.SyncBatchNorm):
    """The same by the kernels of torch.nn.SyncBatchNorm, except for texts that have padding."""

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None or not (self.training and self.ranks.together):
            return super().forward(input, mask)
        rows = input.flatten(0, 1) if input.ndim == 3 else input
        return nn.SyncBatchNorm.forward(self, rows).view_as(input)

    def _normalized_by_torch(self, x: Tensor) -> Tensor:
        rows = x.flatten(0, 1) if x.ndim == 3 else x
        return _BatchNorm.forward(self, rows).view_as(x)


def combined(mean: Tensor, var: Tensor, count: Tensor, ranks: Ranks) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and biased variance, (C,), and count, (), of the values of all ranks from those of each.

    In two passes (Chan, Golub & LeVeque 1979, Stanford STAN-CS-79-773), so that a mean far from 0 costs no digits.
    """
    size = len(mean)
    sums = ranks.total(torch.cat([mean * count, count.to(mean.dtype)[None]]))  # (C + 1,)
    total = sums[size].detach()
    whole = sums[:size] / total
    squares = ranks.total(count * (var + (mean - whole).square()))  # (C,)
    return whole, squares / total, total
