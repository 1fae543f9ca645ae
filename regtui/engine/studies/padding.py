"""Batch mates and padding: what a text's output owes to the texts beside it and to the padding behind it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.models.adopted_texts import AdoptedTexts
from regtui.engine.studies.base import Found, curve, generator, normalize_by_batch, probabilities
from regtui.engine.text import PAD
from regtui.engine.training import Training
from regtui.events import StudyCurve

BATCHES = 8
"""Batches of the size that is trained with."""
COLUMNS = 16
"""Columns of padding that are put behind a batch."""
SHOWN = 60
"""Texts in the picture."""


@torch.no_grad()
def padding(training: Training, model: nn.Module) -> Found:
    """Change of the probabilities of test texts when only their mates in the batch change, or only the padding.

    In train mode without Dropout: BatchNorm takes the batch's statistics, the others know no modes. The change of a
    text is the total variation distance of its probabilities. NaN where the test set has no two batches, and for more
    padding than a network of somebody else's was built for.
    """
    values, curves = dict.fromkeys(("mates", "padding", "eval_padding"), math.nan), list[StudyCurve]()
    size, texts = training.spec.train.batch_size, training.task.held_out.inputs
    kept = min(BATCHES, len(texts) // size) * size
    if kept < 2 * size:
        return Found(values)
    draws = generator(training, "padding")
    texts = texts[torch.randperm(len(texts), generator=draws)[:kept].to(texts.device)]
    others = torch.randperm(kept, generator=draws).to(texts.device)  # the same texts, parted into batches anew
    padded = None if isinstance(training.model, AdoptedTexts) else F.pad(texts, (0, COLUMNS), value=PAD)
    if padded is not None:
        values["eval_padding"] = float(distance(*(probabilities(model, ids, size) for ids in (texts, padded))).mean())
    normalize_by_batch(model)
    seen = probabilities(model, texts, size)
    if padded is not None:
        by_padding = distance(seen, probabilities(model, padded, size))
        values["padding"], curves = float(by_padding.mean()), [_sorted(by_padding, "more padding")]
    by_mates = distance(seen[others], probabilities(model, texts[others], size))
    values["mates"] = float(by_mates.mean())
    return Found(values, [_sorted(by_mates, "other mates"), *curves])


def distance(one: Tensor, other: Tensor) -> Tensor:
    """Total variation distance in points, (N,), of (N, K) probabilities: 0 alike, 100 nothing in common."""
    return (one.double() - other.double()).abs().sum(1) * 50


def _sorted(changes: Tensor, name: str) -> StudyCurve:
    rank = torch.linspace(0, len(changes) - 1, min(SHOWN, len(changes))).round().long()
    return curve(rank + 1, changes.sort().values.cpu()[rank], name)
