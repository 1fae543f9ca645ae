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
            StudyMetric(name="cost_alone", title="Cost, one by one", unit="points",
                        summary="The same with the first 300 test samples, put through alone: BatchNorm then sees a "
                        "batch of 1."),
            StudyMetric(name="cost_by_class", title="Cost, class by class", unit="points",
                        summary="The same with the test samples in the order of their classes, as a folder lists them: "
                        "BatchNorm then sees batches of one class."),
            StudyMetric(name="after_effect", title="After-effect", unit="points",
                        summary="Test accuracy in eval mode after two passes in train mode minus before: BatchNorm "
                        "has meanwhile taken the test batches into its averages."),
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
        name="subnetworks",
        title="Sub-networks put to the vote",
        summary="Accuracy of the mean of T sampled sub-networks, or of T members of a bag, against eval mode, on the "
        "first 500 test samples.",
        metrics=(
            StudyMetric(name="accuracy_1", title="Accuracy of one", unit="points",
                        summary="Mean test accuracy of a single sub-network or member."),
            StudyMetric(name="accuracy_16", title="Accuracy of 16", unit="points",
                        summary="Test accuracy of the mean of the probabilities of 16."),
            StudyMetric(name="accuracy_64", title="Accuracy of 64", unit="points",
                        summary="Test accuracy of the mean of the probabilities of 64."),
            StudyMetric(name="eval_accuracy", title="Accuracy in eval mode", unit="points",
                        summary="On the same test samples, all units there; of a bag the mean of all members."),
            StudyMetric(name="vote_gain", title="Gain of voting", unit="points",
                        summary="Accuracy of 16 minus that of one."),
            StudyMetric(name="gain", title="Gain over eval mode", unit="points",
                        summary="Accuracy of the mean of 64 sub-networks minus that in eval mode."),
            StudyMetric(name="loss_gain", title="Loss saved by the vote", unit="nats",
                        summary="Test loss in eval mode minus that of the mean of 64 sub-networks: above 0 the vote "
                        "is better calibrated."),
        ),
        x_label="voters",
        y_label="test accuracy, %",
        log_x=True,
        paper="Srivastava et al. 2014, section 7.5, https://jmlr.org/papers/v15/srivastava14a.html; Gal & Ghahramani "
        "2016, https://arxiv.org/abs/1506.02142",
    ),
    Study(
        name="augmented_eval",
        title="Augmented test samples",
        summary="Accuracy with the augmentation wrongly left on, and of the mean over many views of a sample, on the "
        "first 500 test samples.",
        metrics=(
            StudyMetric(name="clean_accuracy", title="Clean accuracy", unit="points",
                        summary="On the same test samples as they are."),
            StudyMetric(name="accuracy", title="Accuracy of one view", unit="points",
                        summary="Test accuracy where every sample is augmented as in training, mean of 16 times."),
            StudyMetric(name="cost", title="Cost of augmenting", unit="points",
                        summary="Clean accuracy minus that of one view."),
            StudyMetric(name="tta_gain", title="Gain of 16 views", unit="points",
                        summary="Accuracy of the mean of the probabilities of 16 views minus the clean one: test-time "
                        "augmentation."),
        ),
        x_label="views",
        y_label="test accuracy, %",
        log_x=True,
        paper="Krizhevsky et al. 2012, section 4.1 (test-time augmentation), https://proceedings.neurips.cc/paper/2012/"
        "hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html",
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
        paper="Tibshirani 1996, https://doi.org/10.1111/j.2517-6161.1996.tb02080.x (L1 makes weights exactly zero)",
    ),
    *NORM_STUDIES,
)  # fmt: skip

STUDIES: Mapping[str, Study] = {study.name: study for study in _ALL}
"""Every study, by name."""
