"""One batch of each part is tried before a training begins: what would fail in its middle is refused now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from regtui.monitor.evaluation import IGNORED, Predict, UnmeasurableError, is_of_two_classes, measure, moved, rows
from regtui.monitor.samples import Samples


def must_be_measurable(model: Any) -> None:
    """Raises TypeError for what is no module, and for one whose parameters do not exist yet or are not all here."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is a {type(model).__name__}; Monitor watches a torch.nn.Module")
    if any(is_lazy(parameter) for parameter in model.parameters()):
        raise TypeError(
            "the model has lazy layers that no batch has passed yet; pass one through it, before the optimizer is "
            "made, and then make the Monitor"
        )
    if any(parameter.is_meta for parameter in model.parameters()):
        raise TypeError(
            "parameters of the model are on the device meta, where they have no numbers; give them some "
            "(model.to_empty(device=...), then its weights), before the optimizer is made, and then make the Monitor"
        )
    names = {type(part).__name__ for part in (*model.modules(), *model.parameters())}
    if names & {"DTensor", "FullyShardedDataParallel"}:
        raise TypeError(
            "the model is sharded over several processes (FSDP), so that none can evaluate it alone; Monitor knows "
            "single processes, DataParallel and DistributedDataParallel"
        )


def tried(model: nn.Module, samples: Samples, predicted: Predict, device: torch.device, what: str) -> float:
    """Evaluate the first batch of a part; gives the seconds that takes once everything is warm.

    what  the part's name in messages: train, test

    The model must be in eval mode. Raises TypeError or ValueError, in a sentence, for what cannot be measured.
    """
    batch = moved(samples.batches[0], device)
    try:
        with torch.no_grad():
            found = predicted(model, batch)
    except UnmeasurableError as error:
        raise UnmeasurableError(f"{what}: {error}") from None
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"{what}: the model cannot take a batch of it, {shape_of(batch)} ({type(error).__name__}: {said}). "
            "predict=function, which gets the model and a batch and gives logits and labels, may prepare it"
        ) from error
    is_pair = isinstance(found, (tuple, list)) and len(found) == 2
    if not is_pair or not all(isinstance(part, Tensor) for part in found):
        kinds = ", ".join(type(part).__name__ for part in found) if is_pair else type(found).__name__
        raise TypeError(
            f"{what}: logits and labels are two tensors, and there is {kinds}; predict=function gets the model and a "
            "batch and gives both"
        )
    try:
        _check_labels(*found)
        began = time.perf_counter()
        measure(model, [samples.batches[0]], predicted, device)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what}: {error}") from None
    return time.perf_counter() - began


def shape_of(batch: Any) -> str:
    """What a batch is, for a sentence: (32, 3, 28, 28) float32, (32,) int64."""
    if isinstance(batch, Tensor):
        return f"{tuple(batch.shape)} {batch.dtype}".replace("torch.", "")
    if isinstance(batch, Mapping):
        return ", ".join(f"{key} {shape_of(value)}" for key, value in batch.items())
    if isinstance(batch, (tuple, list)):
        return " and ".join(map(shape_of, batch))
    return f"a {type(batch).__name__}"


def _check_labels(logits: Tensor, labels: Tensor) -> None:
    """Raises UnmeasurableError for labels that are no classes of these logits; on a GPU they would end the process."""
    if is_of_two_classes(logits, labels):
        if not bool(((labels == 0) | (labels == 1)).all()):
            raise UnmeasurableError(
                "the model has one output a sample, and labels are not all 0 or 1; Monitor measures classifiers"
            )
        return
    if labels.is_floating_point() and labels.shape == logits.shape:
        if not torch.allclose(labels.sum(1), torch.ones_like(labels.sum(1)), atol=1e-3):
            raise UnmeasurableError(
                "a sample's labels are shares of the classes that do not sum to 1; Monitor measures classifiers with "
                "one class a sample"
            )
        return
    scores, classes = rows(logits, labels)
    counted = classes[classes != IGNORED]
    low, high = (int(counted.min()), int(counted.max())) if len(counted) else (0, 0)
    if low < 0 or high >= scores.shape[1]:
        raise UnmeasurableError(
            f"labels go from {low} to {high}, and the model has {scores.shape[1]} outputs; allowed are 0 to "
            f"{scores.shape[1] - 1}, and {IGNORED} for labels that count for nothing"
        )
