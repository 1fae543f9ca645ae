"""BatchNorm of a batch that several devices share: each by itself as they do it by default, or synchronized."""

from __future__ import annotations

from typing import Any

from torch import nn

from regtui.engine.models.sites import SiteModel
from regtui.engine.models.split_norms import GhostBatchNorm as GhostLayer
from regtui.engine.models.split_norms import GpuSyncBatchNorm
from regtui.engine.models.split_norms import SyncBatchNorm as SyncLayer
from regtui.engine.regularizers.base import Regularizer
from regtui.engine.regularizers.batchnorm import refuse_single_values


class GhostBatchNorm(Regularizer):
    """A layer in every place of the site that normalizes each part of the batch by itself."""

    def build(self, model: SiteModel) -> None:
        params = self.entry.params
        eps, momentum, parts = float(params["eps"]), float(params["momentum"]), int(params["parts"])
        for place in model.places(self.entry.where):
            norm = GhostLayer(place.channels, eps, momentum, parts=parts, device=self.randomness.device)
            norm.register_forward_pre_hook(_refuse_single_values_of_parts, with_kwargs=True)
            place.put(self.entry.name, norm)


class SyncBatchNorm(Regularizer):
    """A layer in every place of the site whose statistics are those of the whole batch, on however many devices."""

    def build(self, model: SiteModel) -> None:
        eps, momentum = float(self.entry.params["eps"]), float(self.entry.params["momentum"])
        layer = GpuSyncBatchNorm if self.randomness.device.type == "cuda" else SyncLayer
        for place in model.places(self.entry.where):
            norm = layer(place.channels, eps, momentum, device=self.randomness.device)
            norm.register_forward_pre_hook(_refuse_single_values_of_all, with_kwargs=True)
            place.put(self.entry.name, norm)


def _refuse_single_values_of_parts(norm: nn.Module, inputs: tuple[Any, ...], _: dict[str, Any]) -> None:
    """Raise ValueError for parts of a training batch that have one value a channel: its variance is 0."""
    x = inputs[0]
    assert isinstance(norm, GhostLayer)
    if norm.training and x.numel() == norm.parts * x.shape[1 if x.ndim != 3 else 2]:
        raise ValueError(
            f"ghost_batchnorm got a training batch of shape {tuple(x.shape)} for {norm.parts} parts: one value a "
            "channel has no variance to normalize with; use a larger batch or fewer parts"
        )


def _refuse_single_values_of_all(norm: nn.Module, inputs: tuple[Any, ...], more: dict[str, Any]) -> None:
    """Raise ValueError for a training batch with one value a channel; several processes have at least one each."""
    assert isinstance(norm, SyncLayer)
    if not norm.ranks.together or norm.ranks.world == 1:
        refuse_single_values(norm, inputs, more)
