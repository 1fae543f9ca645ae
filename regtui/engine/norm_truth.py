"""The statistics of BatchNorm laid open: what a layer remembers, what a batch has, what the whole training set has.

The truth of a layer is the mean and variance of what enters it over the clean training set, while every BatchNorm
before it normalizes with its batch, as in training: in the equal, large batches of `recalibrate`, with Dropout off. So
recalibrated statistics are the truth but for the variance between batches, which a mean of theirs leaves out. Running
ones are apart from it for three reasons: they forget, so that they average over a few noisy batches only; they are of
earlier weights; and training batches are augmented and pass Dropout, which widens what comes after it (Li et al. 2019,
https://arxiv.org/abs/1801.05134).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from regtui.commands import Probe
from regtui.engine.entering import Entered, batchnorms, entering
from regtui.engine.metrics import significant
from regtui.engine.norm_statistics import CHANNELS
from regtui.engine.preview import own_stack
from regtui.engine.randomness import derive
from regtui.engine.recalibrate import equal_batches, recalibrate
from regtui.engine.regularizers import Batch
from regtui.engine.studies.base import accuracy, normalize_by_batch, probabilities, reseed, undisturbed
from regtui.engine.studies.voting import cross_entropy
from regtui.engine.training import Training
from regtui.events import Measured, NormTruth, Recalibrated
from regtui.modes import Weights
from regtui.norm_truth import Distance, LayerTruth, Moments

NO_NORM = "it has no BatchNorm; switch BatchNorm on in the stack"
NO_AVERAGES = "its BatchNorm keeps no running statistics (statistics = batch): there is nothing to recalibrate"


@torch.no_grad()
def norm_truth(probe: Probe, training: Training, weights: Weights) -> NormTruth:
    """Running, batch and whole-set statistics of every BatchNorm; the batch is keyed by the number of the draw.

    weights  whose they are

    Raises ValueError for a network without BatchNorm.
    """
    model, clean = training.model, training.task.clean.inputs
    norms = batchnorms(model)
    if not norms:
        raise ValueError(NO_NORM)
    with undisturbed(training, model), entering(model) as in_batch:
        batch = training_batch(training, probe.draw)
        reseed(training, f"norm-truth/{probe.draw}")
        model.train()
        model(batch.inputs)
    with undisturbed(training, model), entering(model) as in_set:
        normalize_by_batch(model)
        for part in equal_batches(clean):
            model(part)
    layers = [_layer(name, norm, in_batch[name], in_set[name]) for name, norm in norms.items() if name in in_set]
    return NormTruth(
        ask=probe.ask, step=training.step, weights=weights, batch=len(batch.inputs), samples=len(clean), layers=layers
    )


@torch.no_grad()
def recalibrated(probe: Probe, training: Training, weights: Weights) -> Recalibrated:
    """Test accuracy in eval mode before and after the running statistics are measured anew; they are then put back.

    weights  whose they are

    Raises ValueError for a network without running statistics.
    """
    model, test, size = training.model, training.task.held_out, training.spec.train.evaluation_batch
    norms = batchnorms(model)
    if not any(norm.running_mean is not None for norm in norms.values()):
        raise ValueError(NO_AVERAGES if norms else NO_NORM)
    guesses = []
    with undisturbed(training, model):
        model.eval()
        guesses.append(probabilities(model, test.inputs, size))  # (N, K)
        recalibrate(model, training.task.clean.inputs)
        guesses.append(probabilities(model, test.inputs, size))
    before, after = (
        Measured(loss=cross_entropy(guess, test.labels), accuracy=accuracy(guess, test.labels)) for guess in guesses
    )
    changed = (guesses[0].argmax(1) != guesses[1].argmax(1)).double().mean().item() * 100
    return Recalibrated(
        ask=probe.ask, step=training.step, weights=weights, samples=len(training.task.clean.labels),
        split=training.task.held_out_part, judged=len(test.labels), before=before, after=after, changed=changed,
    )  # fmt: skip


def training_batch(training: Training, draw: int) -> Batch:
    """A batch as the arm trains on it, augmented and mixed, of samples keyed by the number of the draw."""
    train, seed = training.task.train, derive(training.spec.seed, f"norm-truth/{draw}")
    order = torch.randperm(len(train.labels), generator=torch.Generator().manual_seed(seed))
    chosen = order[: training.spec.train.batch_size].to(training.device)  # (B,)
    batch = Batch(
        train.inputs.index_select(0, chosen), train.labels[chosen], classes=len(training.task.classes), samples=chosen
    )
    return own_stack(training.spec, training.task, draw, training).on_batch(batch)


def distance(mean: Tensor, var: Tensor, truth: Entered, eps: float) -> Distance:
    """How far statistics are from the truth, in what normalizing makes of it: a channel counts its variance plus eps.

    mean, var  (C,)
    """
    true_var = truth.unbiased + eps
    ratio = ((var.double() + eps) / true_var).log()
    return Distance(
        mean=significant(((mean.double() - truth.mean) ** 2 / true_var).mean().sqrt().item()),
        var=significant(ratio.mean().exp().item()),
        spread=significant(ratio.square().mean().sqrt().item()),
    )


def _layer(name: str, norm: _BatchNorm, batch: Entered, whole: Entered) -> LayerTruth:
    running = None
    if norm.running_mean is not None and norm.running_var is not None:
        running = norm.running_mean, norm.running_var
    batches = norm.num_batches_tracked
    is_plain = bool(getattr(norm, "cumulative", False)) or norm.momentum is None
    return LayerTruth(
        name=name,
        channels=norm.num_features,
        momentum=None if is_plain else norm.momentum,
        batches=0 if batches is None else int(batches),
        frozen=bool(getattr(norm, "frozen", False)),
        count=batch.count,
        set_count=whole.count,
        running=None if running is None else _moments(*running),
        batch=_moments(batch.mean, batch.unbiased),
        whole=_moments(whole.mean, whole.unbiased),
        running_off=None if running is None else distance(*running, whole, norm.eps),
        batch_off=distance(batch.mean, batch.unbiased, whole, norm.eps),
    )


def _moments(mean: Tensor, var: Tensor) -> Moments:
    """Of the first channels, in short floats."""
    return Moments(*([significant(value) for value in part[:CHANNELS].tolist()] for part in (mean, var)))
