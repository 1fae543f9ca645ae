"""BatchNorm: normalize each channel with the batch's statistics (Ioffe & Szegedy 2015, arXiv:1502.03167)."""

from __future__ import annotations

from torch import Tensor, nn

from regtui.engine.models.sites import SiteModel
from regtui.engine.regularizers.base import Regularizer


class BatchNorm(Regularizer):
    """torch.nn.BatchNorm2d after each convolution or BatchNorm1d after each hidden linear layer.

    Training normalizes with the biased variance of the batch; the running averages take the share `momentum`
    of the new batch and store the unbiased variance. Evaluation uses the running averages
    (https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html).
    """

    def build(self, model: SiteModel) -> None:
        kind = nn.BatchNorm2d if self.entry.where == "conv" else nn.BatchNorm1d
        momentum, eps = float(self.entry.params["momentum"]), float(self.entry.params["eps"])
        for place in model.places(self.entry.where):
            norm = kind(place.channels, eps=eps, momentum=momentum, device=self.randomness.device)
            norm.register_forward_pre_hook(_refuse_single_values)
            place.put("batchnorm", norm)


def _refuse_single_values(norm: nn.Module, inputs: tuple[Tensor]) -> None:
    """Raise ValueError for a training batch with one value a channel: its variance is 0 for any input."""
    (x,) = inputs
    if norm.training and x.numel() == x.shape[1]:
        raise ValueError(
            f"BatchNorm got a training batch of shape {tuple(x.shape)}: one value a channel has no "
            "variance to normalize with; use a batch size of at least 2"
        )
