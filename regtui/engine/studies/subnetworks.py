"""An ensemble for free: the sub-networks that Dropout leaves, put to the vote."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from regtui.engine.models.bagged_cnn import BaggedCnn
from regtui.engine.regularizers.dropblock import DropBlockLayer
from regtui.engine.regularizers.dropout import DropoutLayer
from regtui.engine.regularizers.stochastic_depth import BranchLayer
from regtui.engine.studies.base import Found, accuracy, batches, probabilities
from regtui.engine.studies.voting import SAMPLES, accuracy_of, cross_entropy, level, vote_curve
from regtui.engine.training import Training

MOST = 64
"""Sub-networks that are sampled."""


@torch.no_grad()
def subnetworks(training: Training, model: nn.Module) -> Found:
    """Accuracy of the mean of T sampled sub-networks against eval mode, on the first test samples.

    A sub-network is what Dropout, and its kin, leaves of the network in one pass; norms stay in eval mode. Of a bag
    the voters are its members, who vote in eval mode too. Every T is measured on all separate groups of T voters.
    """
    size = training.spec.train.evaluation_batch
    inputs, labels = training.task.held_out.inputs[:SAMPLES], training.task.held_out.labels[:SAMPLES]
    calm = probabilities(model, inputs, size)  # (N, K)
    reference = accuracy(calm, labels)
    values = dict.fromkeys(("accuracy_1", "accuracy_16", "accuracy_64", "vote_gain", "gain", "loss_gain"), math.nan)
    values["eval_accuracy"] = reference
    bag = model if isinstance(model, BaggedCnn) else None
    votes = _sampled(model, inputs, size) if bag is None else members(bag, inputs, size)
    if votes is None:
        return Found(values, [level(reference, MOST, "eval()")])
    for count in (1, 16, 64):
        if count <= len(votes):
            values[f"accuracy_{count}"] = accuracy_of(count, votes, labels)
    values["vote_gain"] = values["accuracy_16"] - values["accuracy_1"]
    if bag is None:
        values["gain"] = values["accuracy_64"] - reference
        values["loss_gain"] = cross_entropy(calm, labels) - cross_entropy(votes.mean(0), labels)
    return Found(values, [vote_curve(votes, labels, "mean of T"), level(reference, len(votes), "eval()")])


def _sampled(model: nn.Module, inputs: Tensor, size: int) -> Tensor | None:
    """The probabilities of sub-networks, (T, N, K); None where nothing drops. The model stays in eval mode."""
    return sample(model, inputs, MOST, size) if dropping(model) else None


def dropping(model: nn.Module) -> list[nn.Module]:
    """The modules that leave a random part of the network out."""
    return [module for module in model.modules() if isinstance(module, DropoutLayer | DropBlockLayer | BranchLayer)]


@torch.no_grad()
def sample(model: nn.Module, inputs: Tensor, count: int, size: int) -> Tensor:
    """The probabilities of so many sampled sub-networks, (T, N, K), with the norms in eval mode.

    inputs  (N, ...), `size` of them a forward pass

    The model is in eval mode before and after.
    """
    drops = dropping(model)
    for module in drops:
        module.train()
    votes = torch.stack([probabilities(model, inputs, size) for _ in range(count)])
    for module in drops:
        module.eval()
    return votes


def members(bag: BaggedCnn, inputs: Tensor, size: int) -> Tensor:
    """The probabilities of the members, (M, N, K)."""
    return torch.cat([bag.each(part).softmax(2) for part in batches(inputs, size)]).transpose(0, 1)
