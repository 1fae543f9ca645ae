"""BatchNorm: normalize each channel with the batch's statistics (Ioffe & Szegedy 2015, arXiv:1502.03167)."""

from __future__ import annotations

from typing import Any

from torch import nn

from regtui.engine.models.norms import BatchNorm as BatchNormLayer
from regtui.engine.models.sites import SiteModel
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Regularizer
from regtui.spec import StackEntry


class BatchNorm(Regularizer):
    """A BatchNorm in every place of the site.

    Training normalizes with the biased variance of the batch; the running averages take the share `momentum`
    of the new batch and store the unbiased variance. Evaluation uses the running averages
    (https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html).
    """

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._frozen_after = float(entry.params["frozen_after"])
        self._norms: list[BatchNormLayer] = []

    def build(self, model: SiteModel) -> None:
        params = self.entry.params
        for place in model.places(self.entry.where):
            norm = BatchNormLayer(
                place.channels,
                float(params["eps"]),
                float(params["momentum"]),
                device=self.randomness.device,
                running=params["statistics"] != "batch",
                cumulative=params["statistics"] == "cumulative",
                masked=bool(params["mask"]),
                freezes=self._frozen_after < 1,
            )
            norm.register_forward_pre_hook(refuse_single_values, with_kwargs=True)
            place.put("batchnorm", norm)
            self._norms.append(norm)

    def on_epoch(self, epoch: int, epochs: int) -> None:
        if self._frozen_after < 1:
            for norm in self._norms:
                norm.frozen.fill_(epoch >= self._frozen_after * epochs)


def refuse_single_values(norm: nn.Module, inputs: tuple[Any, ...], _: dict[str, Any]) -> None:
    """Raise ValueError for a training batch with one value a channel: its variance is 0 for any input."""
    x = inputs[0]
    if norm.training and x.numel() == x.shape[1 if x.ndim != 3 else 2]:
        raise ValueError(
            f"BatchNorm got a training batch of shape {tuple(x.shape)}: one value a channel has no "
            "variance to normalize with; use a batch size of at least 2"
        )
