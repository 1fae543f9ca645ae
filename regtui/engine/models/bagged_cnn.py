"""Bagging: small networks, each trained on a bootstrap resample of its own, vote with the mean of their probabilities.

Breiman 1996, https://doi.org/10.1007/BF00058655
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.models.cnn import STAGES
from regtui.engine.models.norms import InstanceNorm, Norm
from regtui.engine.models.sites import Place, SiteModel, Standardize
from regtui.engine.randomness import derive

if TYPE_CHECKING:
    from regtui.engine.datasets import ImageData
    from regtui.engine.regularizers.base import Batch


def bootstrap(samples: int, generator: torch.Generator) -> Tensor:
    """How often each of N samples is in a resample of N of them, drawn with replacement: (N,) float, mean 1."""
    drawn = torch.randint(samples, (samples,), generator=generator)
    return drawn.bincount(minlength=samples).float()


def vote(logits: Tensor) -> Tensor:
    """The log of the mean of the members' probabilities.

    logits  (B, M, K) of M members
    result  (B, K); its softmax is that mean, so it serves as logits
    """
    return logits.log_softmax(2).logsumexp(1) - math.log(logits.shape[1])


class BaggedCnn(SiteModel):
    """The layers of M networks of the kind `Cnn` side by side: every convolution has M groups that never meet.

    One network therefore holds them all, and one step trains them all, each as it would train alone: it sees the
    samples of the batch as often as they are in its resample. Dropout draws masks for each and BatchNorm normalizes
    each by itself. What acts on the whole network does so here too: gradient clipping shortens the gradient of all.
    """

    evaluation_piece = 125

    counts: Tensor
    """(M, N) float, how often each training sample is in each member's resample."""

    def __init__(self, task: ImageData, *, members: int, width: int, bootstrap: bool) -> None:
        """`width`: channels of a member's first stage. Raises ValueError for pictures below 8x8 pixels."""
        super().__init__()
        channels, height, columns = task.shape
        if min(height, columns) < 8:
            raise ValueError(
                f"the bagged_cnn halves its pictures three times and needs 8x8 pixels, got {height}x{columns}"
            )
        self.members, self.is_resampled = members, bootstrap
        self.register_buffer("counts", torch.ones(members, len(task.train.labels)))
        self.standardize = Standardize(task.mean, task.std)
        self.input = Place("input", "input", channels)
        for stage, layers in enumerate(STAGES):
            outputs = width << stage
            for layer in layers:
                conv = nn.Conv2d(members * channels, members * outputs, kernel_size=3, padding=1, groups=members)
                self.add_module(layer, conv)
                self.add_module(f"{layer}_out", Place("conv", layer, members * outputs))
                self.add_module(f"{layer}_active", Place("activation", layer, members * outputs))
                channels = outputs
            self.add_module(f"block{stage + 1}", Place("block", f"block{stage + 1}", members * channels))
        features = members * channels * (height // 8) * (columns // 8)
        self.head_in = Place("head", "head", features)
        # A linear layer a member: a convolution of one pixel whose groups are the members.
        self.head = nn.Conv2d(features, members * len(task.classes), kernel_size=1, groups=members)

    def begin(self, seed: int) -> None:
        """Draw the resamples. Raises ValueError for a norm that would mix the members."""
        for place in self.places():
            for name, module in place.named_children():
                if place is not self.input and isinstance(module, Norm) and not isinstance(module, InstanceNorm):
                    raise ValueError(
                        f"{name} at {place.layer} normalizes over the channels of all {self.members} members of the "
                        "bagged_cnn together; norms that keep them apart are batchnorm and instancenorm"
                    )
        if self.is_resampled:
            for member, row in enumerate(self.counts):
                row.copy_(bootstrap(len(row), torch.Generator().manual_seed(derive(seed, f"bootstrap/{member}"))))

    def each(self, images: Tensor) -> Tensor:
        """The logits of every member, (B, M, K)."""
        x = self.input(self.standardize(images))  # (B, C, H, W)
        x = x.repeat(1, self.members, 1, 1)  # (B, M * C, H, W), member after member
        for stage, layers in enumerate(STAGES):
            for layer in layers:
                x = getattr(self, f"{layer}_out")(getattr(self, layer)(x))
                x = getattr(self, f"{layer}_active")(F.relu(x))
            x = getattr(self, f"block{stage + 1}")(F.max_pool2d(x, 2))  # (B, M * (w << stage), H >> stage + 1, ...)
        logits: Tensor = self.head(self.head_in(x.flatten(1))[:, :, None, None])  # (B, M * K, 1, 1)
        return logits.view(len(images), self.members, -1)

    def forward(self, images: Tensor) -> Tensor:
        return vote(self.each(images))  # (B, K)

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The mean loss of the members. Its gradient is that of their sum, so that each is trained as if alone.

        A sample that was mixed with another one counts as often as itself is in the resample.
        """
        logits = self.each(batch.inputs)  # (B, M, K)
        targets = batch.labels if batch.targets is None else batch.targets  # (B,) or (B, K)
        everyones = targets[..., None].expand(*targets.shape, self.members)  # (B, M) or (B, K, M)
        losses = F.cross_entropy(logits.transpose(1, 2), everyones, reduction="none")  # (B, M)
        if batch.samples is not None:
            losses = losses * self.counts.index_select(1, batch.samples).t()
        total = losses.mean(0).sum()
        return total - (total - total / self.members).detach(), vote(logits)
