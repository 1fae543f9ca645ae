"""How a monitor measures a model it knows nothing about: loss and accuracy of a classifier in eval mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.events import Measured


class UnmeasurableError(TypeError):
    """What the monitor cannot measure; the message says what was found and what to do."""


IGNORED = -100
"""Labels of this value count for nothing, as in torch.nn.functional.cross_entropy."""

Predict = Callable[[nn.Module, Any], tuple[Tensor, Tensor]]
"""(model, batch) to logits and labels."""


def predict(model: nn.Module, batch: Any) -> tuple[Tensor, Tensor]:
    """Logits and labels of a batch in the shapes that are usual.

    (inputs, labels) goes to `model(inputs)`, a mapping with "labels" to `model(**batch)`. The result is the logits or
    has them, as `.logits` or under that key. Those of a causal language model are shifted by one place, as its own loss
    does.

    Raises UnmeasurableError, saying what to hand over, for other batches.
    """
    if isinstance(batch, Mapping) and "labels" in batch:
        logits, labels = logits_of(model(**batch)), batch["labels"]
        if type(model).__name__.endswith(("ForCausalLM", "LMHeadModel")):
            return logits[:, :-1], labels[:, 1:]
        return logits, labels
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        return logits_of(model(batch[0])), batch[1]
    parts = f" of {len(batch)}" if isinstance(batch, (tuple, list)) else ""
    raise UnmeasurableError(
        f"a batch is a {type(batch).__name__}{parts}; Monitor knows (inputs, labels) and mappings with labels. For "
        "others hand it predict=function, which gets the model and a batch and gives logits and labels"
    )


def logits_of(found: Any) -> Any:
    """The logits in what a model gave; what it gave where they have no name there."""
    if isinstance(found, Mapping):
        return found.get("logits", found)
    return getattr(found, "logits", found)


def measure(model: nn.Module, batches: Iterable[Any], predicted: Predict, device: torch.device) -> Measured:
    """Mean cross-entropy (nats) and accuracy (percent) over all labels that count.

    The model must be in eval mode. Raises TypeError for what is no classifier, ValueError where no label counts.
    """
    found = []
    with torch.no_grad():
        for batch in batches:
            logits, labels = rows(*predicted(model, moved(batch, device)))
            counts = labels != IGNORED  # (N,)
            lost = F.cross_entropy(logits.float(), labels, reduction="sum", ignore_index=IGNORED)
            right = ((logits.argmax(1) == labels) & counts).sum()
            found.append(torch.stack((lost, right.float(), counts.sum().float())))
    # Added up in Python's numbers: Apple's GPUs have no double precision.
    loss, hits, count = (sum(column) for column in zip(*torch.stack(found).tolist(), strict=True))
    if not count:
        raise ValueError(f"no label counts: all are {IGNORED}")
    return Measured(loss=loss / count, accuracy=100.0 * hits / count)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode; each module is afterwards in the mode it was in, which need not be the same for all."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with _rounded_anew(model):
            yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def _rounded_anew(model: nn.Module) -> Iterator[None]:
    """In a loop that is inside autocast, without the rounded weights that it keeps there: those are of before the step.
    Nor are any put there, which a training pass would then take."""
    kind = next((parameter.device.type for parameter in model.parameters()), "cpu")
    if not torch.amp.is_autocast_available(kind) or not torch.is_autocast_enabled(kind):
        yield
        return
    with torch.autocast(kind, torch.get_autocast_dtype(kind), cache_enabled=False):
        yield


def moved(batch: Any, device: torch.device) -> Any:
    """The same batch with its tensors on a device."""
    if isinstance(batch, Mapping):
        return {key: moved(value, device) for key, value in batch.items()}
    if callable(to := getattr(batch, "to", None)):  # a tensor, a packed sequence, a graph
        return to(device)
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):  # named, and made of its parts one by one
        return type(batch)(*(moved(value, device) for value in batch))
    if isinstance(batch, (tuple, list)):
        return type(batch)(moved(value, device) for value in batch)
    return batch


def rows(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """(N, K) logits and (N,) long labels from (B, K), (B, L, K) or (B, K, H, W) logits; soft labels count by argmax.

    One output a sample, (B, 1) or (B,), is the logit of class 1 against 0, as in BCEWithLogitsLoss: with a 0 beside it
    cross-entropy is the same number.
    """
    if is_of_two_classes(logits, labels):
        one = logits.flatten()
        return torch.stack((torch.zeros_like(one), one), dim=1), labels.flatten().long()
    if labels.is_floating_point() and labels.shape == logits.shape:
        labels = labels.argmax(1)
    if logits.ndim >= 2 and not labels.is_floating_point():
        if logits.shape[:-1] == labels.shape:
            return logits.flatten(0, -2), labels.flatten().long()
        if logits.shape[:1] + logits.shape[2:] == labels.shape:
            return logits.movedim(1, -1).flatten(0, -2), labels.flatten().long()
    raise UnmeasurableError(
        f"logits are {tuple(logits.shape)}, labels {tuple(labels.shape)} of {labels.dtype}; Monitor measures "
        "classifiers: (B, K) with (B,), (B, L, K) with (B, L), (B, K, H, W) with (B, H, W), or (B, 1) with 0 and 1"
    )


def is_of_two_classes(logits: Tensor, labels: Tensor) -> bool:
    """Whether there is one output a sample, (B, 1) or (B,), and one label."""
    single = logits.ndim == 1 or (logits.ndim == 2 and logits.shape[1] == 1)
    return single and labels.ndim <= 2 and logits.numel() == labels.numel()
