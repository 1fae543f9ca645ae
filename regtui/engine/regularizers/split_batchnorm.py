"""BatchNorm of a batch that several devices share: each by itself as they do it by default, or synchronized."""

from __future__ import annotations

from regtui.engine.models.sites import SiteModel
from regtui.engine.models.split_norms import GhostBatchNorm as GhostLayer
from regtui.engine.models.split_norms import GpuSyncBatchNorm, refuse_single_values
from regtui.engine.models.split_norms import SyncBatchNorm as SyncLayer
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Regularizer
from regtui.engine.regularizers.batchnorm import refuse_single_values as refuse_single_values_of_batch
from regtui.spec import StackEntry


class GhostBatchNorm(Regularizer):
    """A layer in every place of the site that normalizes each part of the batch by itself."""

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        """Raises ValueError for parts that the processes of a run cannot share evenly."""
        super().__init__(entry, randomness)
        self._parts, world = int(entry.params["parts"]), randomness.ranks.world
        if self._parts % world:
            raise ValueError(
                f"{entry.key}.parts is {self._parts}, which {world} processes cannot share evenly; allowed is a "
                f"multiple of {world}"
            )

    def build(self, model: SiteModel) -> None:
        eps, momentum = float(self.entry.params["eps"]), float(self.entry.params["momentum"])
        ranks, device = self.randomness.ranks, self.randomness.device
        for place in model.places(self.entry.where):
            norm = GhostLayer(place.channels, eps, momentum, parts=self._parts, ranks=ranks, device=device)
            norm.register_forward_pre_hook(refuse_single_values, with_kwargs=True)
            place.put(self.entry.name, norm)


class SyncBatchNorm(Regularizer):
    """A layer in every place of the site whose statistics are those of the whole batch, on however many devices."""

    def build(self, model: SiteModel) -> None:
        eps, momentum = float(self.entry.params["eps"]), float(self.entry.params["momentum"])
        ranks, device = self.randomness.ranks, self.randomness.device
        layer = GpuSyncBatchNorm if device.type == "cuda" else SyncLayer
        for place in model.places(self.entry.where):
            norm = layer(place.channels, eps, momentum, ranks=ranks, device=device)
            if ranks.world == 1:
                norm.register_forward_pre_hook(refuse_single_values_of_batch, with_kwargs=True)
            place.put(self.entry.name, norm)
