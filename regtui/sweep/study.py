"""Optuna behind one small class: which values next, which trial is not worth going on with, what mattered.

Its journal file is the memory of a sweep: whatever was told is there after a kill.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Literal

from regtui.spec import Scalar
from regtui.sweep.space import Dimension

Sampler = Literal["tpe", "random", "grid"]
Pruner = Literal["none", "asha", "hyperband", "median"]
GRID_POINTS = 5
"""Values of a range in a grid."""
NAME = "sweep"
RUNNING_AGAIN = "again_of"
"""Attribute of a trial that was asked for again: the number of the one that was cut off."""


class MissingExtraError(Exception):
    """Optuna is not installed."""

    def __init__(self) -> None:
        super().__init__("a sweep needs Optuna: pip install 'regtui[sweep]'")


class Study:
    """Trials of one sweep. A trial counts once it is complete or pruned; one that was cut off is asked for again."""

    def __init__(
        self, journal: Path, dimensions: Sequence[Dimension], *, sampler: Sampler, pruner: Pruner, seed: int,
        evaluations: int,
    ) -> None:  # fmt: skip
        """`evaluations` is the number of points at which a trial can be pruned. Raises MissingExtraError."""
        try:
            import optuna
        except ImportError as error:
            raise MissingExtraError from error
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna, self._dimensions = optuna, tuple(dimensions)
        self._space = {d.key: _distribution(optuna, d) for d in dimensions}
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(journal))), study_name=NAME, direction="maximize",
            load_if_exists=True, sampler=_sampler(optuna, sampler, seed),
            pruner=_pruner(optuna, pruner, evaluations),
        )  # fmt: skip
        self.size = math.prod(len(d.grid(GRID_POINTS)) for d in dimensions) if sampler == "grid" else None
        """Trials of a grid, None for other samplers."""
        if sampler == "grid" and not self._study.get_trials(deepcopy=False):
            # Optuna's own grid sampler ends its loop by an exception that only its own loop expects.
            for values in product(*(d.grid(GRID_POINTS) for d in dimensions)):
                self._study.enqueue_trial({d.key: value for d, value in zip(dimensions, values, strict=True)})
        self._open: dict[int, Any] = {}
        """Trials that were asked for and not told."""

    def begin_with(self, params: Mapping[str, Scalar]) -> None:
        """Try these values first; a study that has trials, and a grid, stay as they are."""
        if self.size is None and not self._study.get_trials(deepcopy=False):
            self._study.enqueue_trial(dict(params))

    def recover(self) -> list[int]:
        """Ask again, later, for every trial that was running when the last process ended; gives their numbers."""
        state = self._optuna.trial.TrialState
        cut = self._study.get_trials(states=(state.RUNNING,))
        for trial in cut:
            self._study.enqueue_trial(trial.params, user_attrs={RUNNING_AGAIN: trial.number})
            self._study.tell(trial.number, state=state.FAIL)
        return [trial.number for trial in cut]

    @property
    def counted(self) -> int:
        """Trials that ended: complete or pruned."""
        state = self._optuna.trial.TrialState
        return len(self._study.get_trials(deepcopy=False, states=(state.COMPLETE, state.PRUNED)))

    def ask(self) -> tuple[int, dict[str, Scalar]]:
        """The next trial: its number and its values."""
        trial = self._study.ask(self._space)
        self._open[trial.number] = trial
        return trial.number, {d.key: _plain(d, trial.params[d.key]) for d in self._dimensions}

    def report(self, number: int, point: int, value: float) -> bool:
        """A value on the way, at evaluation `point` counted from 1; whether the trial should be given up."""
        trial = self._open[number]
        trial.report(value, point)
        return bool(trial.should_prune())

    def tell(self, number: int, value: float) -> None:
        """The trial is complete."""
        self._study.tell(self._open.pop(number), value)

    def prune(self, number: int) -> None:
        """The trial was given up on the way; it counts, with its last value."""
        self._study.tell(self._open.pop(number), state=self._optuna.trial.TrialState.PRUNED)

    def fail(self, number: int, *, again: bool) -> None:
        """The trial could not be made; `again`: its values are asked for once more."""
        trial = self._open.pop(number)
        if again:
            self._study.enqueue_trial(trial.params, user_attrs={RUNNING_AGAIN: number})
        self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)

    def was_tried_before(self, number: int) -> bool:
        """Whether this trial is the repetition of one that failed."""
        return RUNNING_AGAIN in self._open[number].user_attrs

    def best(self) -> tuple[int, dict[str, Scalar], float] | None:
        """Number, values and mean validation accuracy of the best complete trial."""
        complete = self._study.get_trials(deepcopy=False, states=(self._optuna.trial.TrialState.COMPLETE,))
        if not complete:
            return None
        best = max(complete, key=lambda trial: (trial.value, -trial.number))
        return best.number, {d.key: _plain(d, best.params[d.key]) for d in self._dimensions}, best.value

    def importance(self) -> dict[str, float]:
        """Share of each setting in the differences between good and other trials, the largest first, in sum 1.

        PED-ANOVA (Watanabe et al. 2023, arXiv:2304.10255). Empty for fewer than four complete trials, for one setting,
        and for trials that all came to the same.
        """
        state = self._optuna.trial.TrialState.COMPLETE
        complete = self._study.get_trials(deepcopy=False, states=(state,))
        if len(self._dimensions) < 2 or len(complete) < 4 or len({trial.value for trial in complete}) == 1:
            return {}
        with warnings.catch_warnings(action="ignore"):  # of few trials it says what nobody could act on
            evaluator = self._optuna.importance.PedAnovaImportanceEvaluator()
            return dict(self._optuna.importance.get_param_importances(self._study, evaluator=evaluator))


def _distribution(optuna: Any, dimension: Dimension) -> Any:
    make = optuna.distributions
    if dimension.kind == "choice":
        return make.CategoricalDistribution(dimension.choices)
    if dimension.kind == "int":
        return make.IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return make.FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _sampler(optuna: Any, name: Sampler, seed: int) -> Any:
    if name != "tpe":
        return optuna.samplers.RandomSampler(seed=seed)
    # Trials run side by side: without the liar several would be asked for at the same place.
    with warnings.catch_warnings(action="ignore"):  # before Optuna 5 it is called experimental
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)


def _pruner(optuna: Any, name: Pruner, evaluations: int) -> Any:
    # A one-cycle schedule warms up over 30 % of a run: before a third of it an arm has not shown what it can do.
    first = max(1, math.ceil(evaluations / 3))
    match name:
        case "asha":
            return optuna.pruners.SuccessiveHalvingPruner(min_resource=first, reduction_factor=3)
        case "hyperband":
            return optuna.pruners.HyperbandPruner(
                min_resource=first, max_resource=max(1, evaluations), reduction_factor=3
            )
        case "median":
            return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=first)
        case _:
            return optuna.pruners.NopPruner()


def _plain(dimension: Dimension, value: Any) -> Scalar:
    """A value as a setting; six significant digits, so that the scenario file of the winner is the winner."""
    if dimension.kind == "float":
        return float(f"{value:.6g}")
    return int(value) if dimension.kind == "int" else value


def plain_params(params: Mapping[str, Scalar]) -> str:
    """`dropout.p=0.31  randaugment.magnitude=9`."""
    shown = {key: f"{value:.4g}" if isinstance(value, float) else str(value) for key, value in params.items()}
    return "  ".join(f"{key}={value}" for key, value in shown.items())
