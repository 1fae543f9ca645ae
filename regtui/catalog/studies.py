"""Measurements that a scenario can ask for: what they find, in which unit, and how their picture is drawn."""

from __future__ import annotations

from collections.abc import Mapping

from regtui.catalog.norm_studies import NORM_STUDIES
from regtui.catalog.records import Study, StudyMetric

_ALL = (
    Study(
        name="mode_switch",
        title="train() against eval()",
        summary="The test set once in eval mode and once with train mode left on: what forgetting model.eval() costs.",
        metrics=(
            StudyMetric(name="train_mode_accuracy", title="Accuracy in train mode", unit="points",
                        summary="Test accuracy with Dropout drawing masks and BatchNorm using the batch."),
            StudyMetric(name="cost", title="Cost of forgetting eval()", unit="points",
                        summary="Test accuracy in eval mode minus that in train mode, as one user would measure it."),
            StudyMetric(name="disagreement", title="Disagreement", unit="points",
                        summary="Share of test samples that two passes in train mode put into different classes."),
            StudyMetric(name="weight_change", title="Change of the weights",
                        summary="Largest change of any weight from train() to eval() and back: Dropout scales "
                        "activations in training, never weights."),
            StudyMetric(name="kept_scale", title="Factor of a kept unit", unit="times",
                        summary="What the first Dropout multiplies a unit by that it keeps: 1/(1-p)."),
            StudyMetric(name="expectation", title="Mean output over mean input", unit="times",
                        summary="Of the first Dropout in train mode, over a batch: 1 where the expectation is kept."),
        ),
        x_label="test samples, from least to most sure",
        y_label="probability of the true class",
        overlay=False,
        paper="Srivastava et al. 2014, section 10, https://jmlr.org/papers/v15/srivastava14a.html",
    ),
    Study(
        name="weights",
        title="Size of the weights",
        summary="How large the weights have become, and how many are practically zero.",
        metrics=(
            StudyMetric(name="norm", title="Norm of the weights",
                        summary="L2 norm of all weights that a decay acts on: biases and norms left out."),
            StudyMetric(name="near_zero", title="Weights near zero", unit="points",
                        summary="Share of those weights smaller than a thousandth of the largest of their layer."),
            StudyMetric(name="exact_zeros", title="Weights that are zero", unit="points",
                        summary="Share of those weights that are exactly 0."),
        ),
        x_label="weight",
        y_label="share of the weights, %",
        log_y=True,
        paper="Tibshirani 1996, https://doi.org/10.1111/j.2517-6161.1996.tb02080.x (L1 makes weights exactly small)",
    ),
    *NORM_STUDIES,
)  # fmt: skip

STUDIES: Mapping[str, Study] = {study.name: study for study in _ALL}
"""Every study, by name."""
