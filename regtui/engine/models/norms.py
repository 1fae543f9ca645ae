"""Norms: what is normalized together, and by which statistics.

BatchNorm normalizes each channel over the batch; the others each sample by itself, over all its channels (LayerNorm,
RMSNorm), some of them (GroupNorm) or one (InstanceNorm). Shapes are (B, C) units, (B, C, H, W) pictures or (B, L, D)
texts, whose words are normalized one by one over their D features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.engine.models.sites import TakesMask


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Over all channels and pixels of a sample, or all features of a word (Ba et al. 2016, arXiv:1607.06450).

    weight, bias  (C,), also for pictures: GroupNorm of one group (Wu & He 2018), whatever the size of the picture
    """
    if x.ndim == 4:
        return F.group_norm(x, 1, weight, bias, eps)
    return F.layer_norm(x, x.shape[-1:], weight, bias, eps)


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """LayerNorm without the mean: divided by the root of the mean square (Zhang & Sennrich 2019, arXiv:1910.07467)."""
    x = x.float()  # squares of half precision would be too coarse
    if x.ndim == 4:
        mean_square = x.square().mean((1, 2, 3), keepdim=True)  # (B, 1, 1, 1)
        return x * (mean_square + eps).rsqrt() * weight[:, None, None]
    return F.rms_norm(x, x.shape[-1:], weight, eps)


def group_norm(x: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Over each of `groups` equal parts of the channels, with all their pixels (Wu & He 2018, arXiv:1803.08494)."""
    if x.ndim == 3:  # torch would take the words for pixels and let padding in
        return F.group_norm(x.flatten(0, 1), groups, weight, bias, eps).view_as(x)
    return F.group_norm(x, groups, weight, bias, eps)


def instance_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Over the pixels of each channel of each picture, (B, C, H, W) (Ulyanov et al. 2016, arXiv:1607.08022)."""
    return F.instance_norm(x, weight=weight, bias=bias, use_input_stats=True, eps=eps)


class Norm(nn.Module):
    """Base of the norms that look at one sample at a time: the same in training and evaluation."""

    def __init__(self, channels: int, eps: float, *, device: torch.device) -> None:
        super().__init__()
        self.num_features, self.eps = channels, eps
        self.weight = nn.Parameter(torch.ones(channels, device=device))
        self.bias = nn.Parameter(torch.zeros(channels, device=device))

    def reset_parameters(self) -> None:
        """Back to the identity."""
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)


class LayerNorm(Norm):
    def forward(self, x: Tensor) -> Tensor:
        return layer_norm(x, self.weight, self.bias, self.eps)


class RmsNorm(Norm):
    """Has a scale but no bias, as in the paper."""

    def __init__(self, channels: int, eps: float, *, device: torch.device) -> None:
        super().__init__(channels, eps, device=device)
        del self.bias

    def reset_parameters(self) -> None:
        nn.init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x, self.weight, self.eps)


class GroupNorm(Norm):
    def __init__(self, channels: int, groups: int, eps: float, *, device: torch.device) -> None:
        super().__init__(channels, eps, device=device)
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        return group_norm(x, self.groups, self.weight, self.bias, self.eps)


class InstanceNorm(Norm):
    def forward(self, x: Tensor) -> Tensor:
        return instance_norm(x, self.weight, self.bias, self.eps)


def batch_statistics(x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and biased variance of each channel, both (C,), and the values a channel, ().

    x     (B, C), (B, C, H, W) or (B, L, D)
    mask  (B, L), true where a word counts; None: all do
    """
    x = x.float()  # squares of half precision would be too coarse
    rows = x.flatten(0, -2) if x.ndim != 4 else x.movedim(1, -1).flatten(0, -2)  # (N, C)
    if mask is None:
        mean = rows.mean(0)
        return mean, (rows - mean).square().mean(0), torch.full((), float(len(rows)), device=x.device)
    share = mask.flatten()[:, None].to(x.dtype)  # (N, 1)
    count = share.sum()
    mean = (rows * share).sum(0) / count
    return mean, ((rows - mean).square() * share).sum(0) / count, count


class BatchNorm(_BatchNorm, TakesMask):
    """torch.nn.BatchNorm for every shape, with what it lacks: a padding mask, and averages a CUDA graph can keep.

    cumulative  running averages are the mean over all batches so far. That is torch's `momentum=None`, which reads the
                number of batches back to the host; here it stays on the device.
    masked      padding of texts does not count
    freezes     `frozen` can be set: training then normalizes by the running averages, as evaluation does, and leaves
                them as they are
    """

    frozen: Tensor

    def __init__(
        self, channels: int, eps: float, momentum: float, *, device: torch.device, running: bool = True,
        cumulative: bool = False, masked: bool = True, freezes: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(channels, eps=eps, momentum=momentum, track_running_stats=running, device=device)
        self.cumulative, self.masked, self.freezes = cumulative, masked, freezes
        if freezes:
            self.register_buffer("frozen", torch.zeros((), dtype=torch.bool, device=device))

    def _check_input_dim(self, input: Tensor) -> None:
        """Every shape is welcome."""

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        x, mask = input, mask if self.masked else None
        if x.ndim == 3 and mask is None:
            return self.forward(x.flatten(0, 1)).view_as(x)
        uses_batch = self.training or self.running_mean is None
        if not uses_batch or not (mask is not None or self.cumulative or self.freezes):
            return self._normalized_by_torch(x)
        mean, var, count = batch_statistics(x, mask)
        if self.training and self.running_mean is not None:
            mean, var = self._remember(mean, var, count)
        return self._normalized_by(x, mean, var)

    def _normalized_by(self, x: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        shape = (1, -1, 1, 1) if x.ndim == 4 else (-1,)
        scale = self.weight * (var + self.eps).rsqrt()
        return (x - mean.view(shape)) * scale.view(shape) + self.bias.view(shape)

    def _normalized_by_torch(self, x: Tensor) -> Tensor:
        if x.ndim == 3:
            return super().forward(x.flatten(0, 1)).view_as(x)
        return super().forward(x)

    def _remember(self, mean: Tensor, var: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
        """Update the running averages with the unbiased statistics; gives those to normalize with, (C,) each."""
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        assert self.num_batches_tracked is not None
        thawed = ~self.frozen if self.freezes else torch.ones((), dtype=torch.bool, device=mean.device)
        with torch.no_grad():
            self.num_batches_tracked += thawed
            share = thawed / self.num_batches_tracked.clamp(min=1) if self.cumulative else thawed * self.momentum
            self.running_mean.lerp_(mean, share)
            # One word alone, of a text that lost all others, has no variance.
            self.running_var.lerp_(var * (count / (count - 1).clamp(min=1)), share)
        if not self.freezes:
            return mean, var
        return torch.where(thawed, mean, self.running_mean), torch.where(thawed, var, self.running_var)
