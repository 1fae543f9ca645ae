"""Early stopping on the validation split (Prechelt 1998, https://doi.org/10.1007/3-540-49430-8_3)."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Regularizer
from regtui.events import Evaluated
from regtui.spec import StackEntry


class EarlyStopping(Regularizer):
    """Ends the run when the validation loss has had no new minimum for `patience` evaluations.

    Every evaluation on the way is of the weights that the run has there; the last one is of the weights with the
    lowest validation loss, whether the run ends early or not. With `min_delta` a loss is only then lower where it is so
    by more than that, so the weights that are kept are those before a fall that is too small to count. Together with an
    average of the weights it is the average that is watched and kept.
    """

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._lowest = math.inf
        self._step = 0
        """Of the evaluation with the lowest loss; 0: there is none yet."""
        self._waited = 0
        """Evaluations since then."""
        self._best: dict[str, Tensor] = {}

    def on_evaluated(self, model: nn.Module, evaluated: Evaluated) -> None:
        assert evaluated.validation is not None  # a run without that split is refused when it is built
        loss = evaluated.validation.loss
        if loss < self._lowest - float(self.entry.params["min_delta"]):
            self._lowest, self._step, self._waited = loss, evaluated.step, 0
            self._best = {name: value.clone() for name, value in model.state_dict().items()}
        else:
            self._waited += 1

    @property
    def ending(self) -> str:
        if self._waited < int(self.entry.params["patience"]):
            return ""
        return f"the validation loss has not fallen for {self._waited} evaluations"

    def final_model(self, model: nn.Module) -> nn.Module:
        if not self._best or not self._waited:
            return model
        best = copy.deepcopy(model)
        best.load_state_dict(self._best)
        return best

    @property
    def kept(self) -> str:
        smallest = float(self.entry.params["min_delta"])
        than = f"; no later one was lower by more than {smallest:g}" if smallest else " is the lowest"
        return f"the weights of step {self._step} are kept: their validation loss of {self._lowest:.4g}{than}"

    def state(self) -> dict[str, Tensor]:
        best = {f"best/{name}": value.clone() for name, value in self._best.items()}
        return best | {"progress": torch.tensor([self._lowest, self._step, self._waited], dtype=torch.float64)}

    def load_state(self, state: dict[str, Tensor]) -> None:
        lowest, step, waited = state["progress"].tolist()
        self._lowest, self._step, self._waited = lowest, int(step), int(waited)
        self._best = {k.removeprefix("best/"): v.clone() for k, v in state.items() if k.startswith("best/")}
