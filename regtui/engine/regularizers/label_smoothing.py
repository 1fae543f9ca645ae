"""Label smoothing (Szegedy et al. 2016, section 7, https://arxiv.org/abs/1512.00567)."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from regtui.engine.regularizers.base import Batch, Regularizer


def smooth(targets: Tensor, epsilon: Tensor) -> Tensor:
    """Give the share epsilon of each target evenly to all classes, its own included.

    targets  (B, K) float, rows sum to 1; so do the rows of the result
    epsilon  0-dim, [0, 1]; 0 changes nothing

    The cross-entropy against it is that of torch.nn.CrossEntropyLoss(label_smoothing=epsilon).
    """
    return targets * (1 - epsilon) + epsilon / targets.shape[1]


class LabelSmoothing(Regularizer):
    """Smooths the targets as earlier entries of the stack left them."""

    def on_batch(self, batch: Batch) -> Batch:
        return replace(batch, targets=smooth(batch.soft_targets(), self.numbers["epsilon"]))
