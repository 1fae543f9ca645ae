"""Norms that look at one sample at a time, without batch and running averages: LayerNorm, RMSNorm, GroupNorm, ..."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from regtui.engine.models import norms
from regtui.engine.models.sites import Place, SiteModel
from regtui.engine.regularizers.base import Regularizer


class SampleNorm(Regularizer, ABC):
    """Base: a norm in every place of the site."""

    @abstractmethod
    def norm(self, place: Place) -> norms.Norm:
        """The norm of one place. Raises ValueError where it would normalize single values."""

    def build(self, model: SiteModel) -> None:
        for place in model.places(self.entry.where):
            place.put(self.entry.name, self.norm(place))

    @property
    def _eps(self) -> float:
        return float(self.entry.params["eps"])

    def _refuse(self, place: Place, what: str) -> ValueError:
        return ValueError(f"{self.entry.key} cannot normalize {place.layer}: {what}")


class LayerNorm(SampleNorm):
    """Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450."""

    def norm(self, place: Place) -> norms.LayerNorm:
        norm = norms.LayerNorm(place.channels, self._eps, device=self.randomness.device)
        norm.register_forward_pre_hook(_refuse_single_values)
        return norm


class RmsNorm(SampleNorm):
    """Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467."""

    def norm(self, place: Place) -> norms.RmsNorm:
        return norms.RmsNorm(place.channels, self._eps, device=self.randomness.device)


class GroupNorm(SampleNorm):
    """Wu & He 2018, https://arxiv.org/abs/1803.08494."""

    def norm(self, place: Place) -> norms.GroupNorm:
        groups = int(self.entry.params["groups"])
        if place.channels % groups:
            raise self._refuse(place, f"{place.channels} channels cannot be parted into {groups} equal groups")
        norm = norms.GroupNorm(place.channels, groups, self._eps, device=self.randomness.device)
        norm.register_forward_pre_hook(_refuse_single_values)
        return norm


class InstanceNorm(SampleNorm):
    """Ulyanov, Vedaldi & Lempitsky 2016, https://arxiv.org/abs/1607.08022."""

    def norm(self, place: Place) -> norms.InstanceNorm:
        norm = norms.InstanceNorm(place.channels, self._eps, device=self.randomness.device)
        norm.register_forward_pre_hook(_refuse_single_values)
        return norm


def _refuse_single_values(norm: nn.Module, inputs: tuple[Tensor]) -> None:
    """Raise ValueError where each value would be normalized by itself: less its own mean, it is always 0."""
    (x,) = inputs
    together = x[0].numel() if x.ndim != 3 else x.shape[2]
    if isinstance(norm, norms.InstanceNorm):
        together = x[0].numel() // x.shape[1]
    elif isinstance(norm, norms.GroupNorm):
        together //= norm.groups
    if together == 1:
        raise ValueError(
            f"{type(norm).__name__} got an input of shape {tuple(x.shape)}: it would normalize each value by itself "
            "and always give 0; choose another norm, place or number of groups"
        )
