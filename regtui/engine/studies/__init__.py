"""Studies: measurements of a network that a scenario asks for. Each file is one of them, a function of the training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import nn

from regtui.catalog import STUDIES as RECORDS
from regtui.engine.metrics import significant
from regtui.engine.studies.augmented_eval import augmented_eval
from regtui.engine.studies.base import Found, Study, undisturbed
from regtui.engine.studies.batch_noise import batch_noise
from regtui.engine.studies.depth import gradients, signal
from regtui.engine.studies.mode_switch import mode_switch
from regtui.engine.studies.normality import normality
from regtui.engine.studies.padding import padding
from regtui.engine.studies.subnetworks import subnetworks
from regtui.engine.studies.weights import weights
from regtui.engine.training import Training

__all__ = ["STUDIES", "Found", "Study", "made"]

STUDIES: Mapping[str, Study] = {
    "mode_switch": mode_switch,
    "weights": weights,
    "normality": normality,
    "batch_noise": batch_noise,
    "padding": padding,
    "signal": signal,
    "gradients": gradients,
    "subnetworks": subnetworks,
    "augmented_eval": augmented_eval,
}
"""Every study of the catalog."""


def made(training: Training, model: nn.Module, when: str) -> Iterator[tuple[str, Found]]:
    """The studies of the run that are due at its start or end, made of a model in eval mode.

    What they find is noted in `training.studied` for the last evaluation.
    """
    for name in training.spec.studies:
        if RECORDS[name].when == when:
            with undisturbed(training, model):
                found = STUDIES[name](training, model)
            values = {key: significant(value) for key, value in found.values.items()}
            training.studied |= {f"{name}.{key}": value for key, value in values.items()}
            yield name, Found(values, found.curves)
