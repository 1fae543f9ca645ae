"""Sub-networks at any moment of a run: what Dropout leaves of the present weights, one by one and put to the vote."""

from __future__ import annotations

import torch
from torch import Tensor

from regtui.commands import Probe
from regtui.engine.metrics import significant
from regtui.engine.models.bagged_cnn import BaggedCnn
from regtui.engine.studies.base import accuracy, probabilities, reseed, undisturbed
from regtui.engine.studies.subnetworks import dropping, members, sample
from regtui.engine.studies.voting import accuracy_of, cross_entropy, sizes
from regtui.engine.training import Training
from regtui.events import Subnetworks
from regtui.modes import Weights

COUNT = 32
"""Sub-networks that are sampled."""
SAMPLES = 200
"""Held-out samples, the first ones: 32 times 200 passes take as long as training on a few thousand samples."""
NOTHING_DROPS = "it leaves nothing out while it trains; switch Dropout on in the stack"


@torch.no_grad()
def live_subnetworks(probe: Probe, training: Training, weights: Weights) -> Subnetworks:
    """Accuracy, loss and disagreement of sampled sub-networks, their masks keyed by the number of the draw.

    weights  whose they are

    Of a bag the voters are its members. Raises ValueError for a network that leaves nothing out.
    """
    model, size = training.model, training.spec.train.evaluation_batch
    inputs, labels = training.task.held_out.inputs[:SAMPLES], training.task.held_out.labels[:SAMPLES]
    bag = model if isinstance(model, BaggedCnn) else None
    if bag is None and not dropping(model):
        raise ValueError(NOTHING_DROPS)
    with undisturbed(training, model):
        reseed(training, f"subnetworks/{probe.draw}")
        model.eval()
        calm = probabilities(model, inputs, size)  # (N, K)
        votes = sample(model, inputs, COUNT, size) if bag is None else members(bag, inputs, size)  # (T, N, K)
    return Subnetworks(
        ask=probe.ask,
        step=training.step,
        weights=weights,
        samples=len(labels),
        split=training.task.held_out_part,
        members=bag is not None,
        accuracies=[significant(accuracy(guesses, labels)) for guesses in votes],
        votes=[(count, significant(accuracy_of(count, votes, labels))) for count in sizes(len(votes))],
        loss_alone=significant(sum(cross_entropy(guesses, labels) for guesses in votes) / len(votes)),
        loss_voted=significant(cross_entropy(votes.mean(0), labels)),
        disagreement=significant(disagreement(votes.argmax(2))),
        eval_accuracy=significant(accuracy(calm, labels)),
        eval_loss=significant(cross_entropy(calm, labels)),
    )


def disagreement(guesses: Tensor) -> float:
    """Percent of the samples that two voters put into different classes, mean over all pairs; 0 for a single voter.

    guesses  (T, N) long, T voters
    """
    voters = len(guesses)
    if voters < 2:
        return 0.0
    # Voters of one class agree in pairs: counting them by class spares the T^2 comparisons.
    same = torch.nn.functional.one_hot(guesses).sum(0).double()  # (N, K) voters for each class
    agreeing = (same * (same - 1)).sum(1).mean() / (voters * (voters - 1))
    return float((1 - agreeing) * 100)
