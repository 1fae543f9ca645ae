"""The stack of an arm: all its regularizers behind the hooks of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from torch import Tensor, nn

from regtui.catalog import REGULARIZERS
from regtui.engine import regularizers
from regtui.engine.models.sites import SiteModel
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Batch, Regularizer
from regtui.engine.regularizers.geometric import Geometric, move, rows
from regtui.events import Evaluated
from regtui.spec import StackEntry


class Stack:
    """Regularizers in the order of their entries, which is also their order within a place."""

    def __init__(self, entries: Sequence[StackEntry], randomness: Randomness) -> None:
        """Raises ValueError for an entry that cannot be built or that stands twice in the stack."""
        keys = [entry.key for entry in entries]
        if repeated := next((key for key in keys if keys.count(key) > 1), None):
            raise ValueError(f"the stack has {repeated} twice; give each entry a site of its own")
        self.regularizers = tuple(regularizers.build(entry, randomness) for entry in entries)
        self._on_batch = _batch_steps(self.regularizers)
        augmenting = [one for one in self.regularizers if REGULARIZERS[one.entry.name].group == "augmentation"]
        self._augment = _batch_steps(augmenting)
        # Three hooks are called in every step: only those entries are asked that have something to do there.
        self._penalizing = [one for one in self.regularizers if type(one).penalty is not Regularizer.penalty]
        self._decaying = [one for one in self.regularizers if type(one).on_gradients is not Regularizer.on_gradients]
        self._following = [one for one in self.regularizers if type(one).on_step is not Regularizer.on_step]

    def build(self, model: SiteModel) -> None:
        """Fill the places of the model. Raises ValueError for a site that the model does not have."""
        sites = {place.site: None for place in model.places()}
        for regularizer in self.regularizers:
            entry = regularizer.entry
            if entry.where and entry.where not in sites:
                raise ValueError(f"{entry.key} has no place in this model, whose sites are {', '.join(sites)}")
            regularizer.build(model)

    def on_batch(self, batch: Batch) -> Batch:
        """Change the training batch; neighbouring geometric entries resample its pictures only once."""
        for step in self._on_batch:
            batch = step(batch)
        return batch

    @property
    def augments(self) -> bool:
        """Whether an entry augments the samples."""
        return bool(self._augment)

    def augment(self, batch: Batch) -> Batch:
        """Augment the samples and no more: no mixing, no other targets."""
        for step in self._augment:
            batch = step(batch)
        return batch

    def penalty(self, model: SiteModel) -> Tensor | None:
        """The sum of all terms to add to the loss, 0-dim, or None where no entry has one."""
        total: Tensor | None = None
        for regularizer in self._penalizing:
            term = regularizer.penalty(model)
            if term is not None:
                total = term if total is None else total + term
        return total

    def on_gradients(self, model: SiteModel, lr: Tensor) -> None:
        """After the backward pass, before the optimizer's step; `lr` is 0-dim, of this step."""
        for regularizer in self._decaying:
            regularizer.on_gradients(model, lr)

    def on_step(self, model: SiteModel) -> None:
        """After the optimizer's step."""
        for regularizer in self._following:
            regularizer.on_step(model)

    def on_epoch(self, epoch: int, epochs: int) -> None:
        """Before the first step of an epoch; `epoch` counts from 0."""
        for regularizer in self.regularizers:
            regularizer.on_epoch(epoch, epochs)

    def evaluation_model(self, model: SiteModel, clean: Tensor) -> nn.Module:
        """The weights that are evaluated: those of the last entry that keeps other ones than the trained.

        clean  (N, ...) training samples without augmentation
        """
        chosen: nn.Module = model
        for regularizer in self.regularizers:
            candidate = regularizer.evaluation_model(model, clean)
            if candidate is not model:
                chosen = candidate
        return chosen

    @property
    def uncapturable(self) -> Iterator[str]:
        """Why no CUDA graph can hold a step of this stack: a sentence for each entry that stands in the way."""
        return (f"{r.entry.key} {r.uncapturable}" for r in self.regularizers if r.uncapturable)

    def on_evaluated(self, model: nn.Module, evaluated: Evaluated) -> None:
        """After an evaluation; `model` is the one that was evaluated, in eval mode."""
        for regularizer in self.regularizers:
            regularizer.on_evaluated(model, evaluated)

    @property
    def ending(self) -> str:
        """Why the run is to end before its last step, in a sentence; "" while it is not."""
        return next((regularizer.ending for regularizer in self.regularizers if regularizer.ending), "")

    def final_model(self, model: nn.Module) -> tuple[nn.Module, str]:
        """The weights that a run ends with, and which ones they are where they are not those of `model`."""
        for regularizer in self.regularizers:
            final = regularizer.final_model(model)
            if final is not model:
                return final, regularizer.kept
        return model, ""

    @property
    def numbers(self) -> Mapping[str, Tensor]:
        """Every steerable number, as the 0-dim tensor that the step reads, by its key: dropout@head.p."""
        return {
            f"{regularizer.entry.key}.{name}": number
            for regularizer in self.regularizers
            for name, number in regularizer.numbers.items()
        }

    def set(self, key: str, value: float) -> None:
        """Change a steerable number in place, so that nothing has to be built or captured again.

        `dropout@head.p` addresses one entry, `dropout.p` all entries of that name. Raises KeyError for a key
        that this stack does not have and ValueError for a value that the catalog does not allow.
        """
        address, _, name = key.rpartition(".")
        found = [r for r in self.regularizers if address in (r.entry.key, r.entry.name) and name in r.numbers]
        if not found:
            known = ", ".join(self.numbers) or "nothing"
            raise KeyError(f"{key!r} cannot be changed while this run trains; what can be is {known}")
        if problem := REGULARIZERS[found[0].entry.name].param(name).problem(value):
            raise ValueError(f"{key} {problem}")
        for regularizer in found:
            regularizer.numbers[name].fill_(value)

    def state(self) -> dict[str, Tensor]:
        """What an exact resume needs beyond parameters, buffers and generators."""
        state = {f"numbers/{key}": number.clone() for key, number in self.numbers.items()}
        for regularizer in self.regularizers:
            state |= {f"{regularizer.entry.key}/{key}": value for key, value in regularizer.state().items()}
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """The inverse of `state`. Raises KeyError where a number of this stack is missing."""
        for key, number in self.numbers.items():
            number.copy_(state[f"numbers/{key}"])
        for regularizer in self.regularizers:
            prefix = f"{regularizer.entry.key}/"
            own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            regularizer.load_state(own)


def _batch_steps(entries: Sequence[Regularizer]) -> list[Callable[[Batch], Batch]]:
    """One step for each entry that changes batches, and one for each row of geometric neighbours."""
    acting = [entry for entry in entries if type(entry).on_batch is not Regularizer.on_batch]
    steps: list[Callable[[Batch], Batch]] = []
    for row in rows(acting):
        moving = [entry for entry in row if isinstance(entry, Geometric)]
        steps.append(partial(move, entries=moving) if moving else row[0].on_batch)
    return steps
