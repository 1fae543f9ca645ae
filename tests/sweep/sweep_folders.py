"""Folders of sweeps that nobody made, for those that read them."""

from __future__ import annotations

import math
import random
from pathlib import Path

from regtui.scenario import find, load
from regtui.sweep.record import Folder, Plan, Standing, Trial
from regtui.sweep.space import parse_space

FOUR = ["dropout.p=0:0.7", "train.lr=1e-4:1e-1:log", "randaugment.magnitude=0:15", "train.schedule=cosine,onecycle"]


def write_folder(
    root: Path, *, over: list[str] = FOUR, trials: int = 24, wanted: int = 30, phase: str = "search"
) -> Folder:
    """A folder of complete trials, every fifth one pruned; the last two still run."""
    scenario = load(find("overfitting/ladder"))
    arm, space = parse_space(over, scenario.arm("+ dropout"))
    plan = Plan(scenario=scenario.id, arm=arm, space=space, sampler="tpe", pruner="asha", seeds=1, seed=0)
    folder, draws = Folder(root, plan), random.Random(0)
    with folder:
        for number in range(trials + 2):
            params: dict[str, bool | int | float | str] = {}
            worth = 60.0
            for dimension in space:
                if dimension.kind == "choice":
                    params[dimension.key] = draws.choice(dimension.choices)
                    continue
                share = draws.random()
                value = (
                    math.exp(math.log(dimension.low) + share * math.log(dimension.high / dimension.low))
                    if dimension.log
                    else dimension.low + share * (dimension.high - dimension.low)
                )
                params[dimension.key] = round(value) if dimension.kind == "int" else float(f"{value:.6g}")
                worth -= 40 * (share - 0.6) ** 2
            trial = Trial(number=number, params=params, state="running", runs=(f"run-{number}",), point=0)
            folder.write(trial)
            if number >= trials:
                folder.write(Trial(number=number, params=params, state="running", validation=40.0, point=9))
                continue
            pruned = number % 5 == 4
            folder.write(
                Trial(
                    number=number,
                    params=params,
                    state="pruned" if pruned else "complete",
                    validation=round(worth - 15 * pruned, 1),
                    point=7 if pruned else 20,
                )
            )
        shares = {dimension.key: 0.5 ** (i + 1) for i, dimension in enumerate(space)} if len(space) > 1 else {}
        folder.stand(Standing(wanted=wanted, phase=phase, importance=shares))  # type: ignore[arg-type]
    return folder
