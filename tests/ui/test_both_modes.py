"""train() against eval() on the screen; the answers of the worker are recorded ones."""

from __future__ import annotations

import pytest

from regtui.events import Checkpoint, Modes
from regtui.modes import LayerModes, NormModes, Reading
from regtui.ui.both_modes import conclusion, modes_lines
from regtui.ui.text import plain, width

TRAIN = Reading(loss=1.5, accuracy=50.0, truths=[0.25, 0.9], guesses=["Coat", "Shoe"])
EVAL = Reading(loss=0.75, accuracy=75.0, truths=[0.75, 1.0], guesses=["Bag", "Shoe"])
LAYERS = [LayerModes(name="conv1", train_mean=0.1, train_std=1.25, eval_mean=-0.1, eval_std=0.5)]

NORMS = [
    NormModes(name="conv1.norm", batch_mean=0.02, batch_std=1.5, running_mean=0.05, running_std=1.4, apart=0.12),
    NormModes(name="conv2.norm", batch_mean=0.02, batch_std=1.5, running_mean=None, running_std=None, apart=None),
]


def told(ask: str = "?", **more: object) -> Modes:
    given = {"step": 40, "weights": "run", "samples": 64, "train": TRAIN, "eval": EVAL, "labels": ["Bag", "Shoe"],
             "layers": LAYERS, "norms": NORMS, "dropped": {"block1": 0.301}}  # fmt: skip
    return Modes(ask=ask, **(given | more))  # type: ignore[arg-type]


async def test_the_run_that_trains_is_asked_then_what_it_kept_then_the_beginning(explore) -> None:
    async with explore() as user:
        await user.press("t")
        await user.sees("train() against eval() · baseline", "asked the worker")
        probe = user.runner.probes[-1]
        assert (probe.kind, probe.run, probe.draw, probe.spec.arm) == ("modes", "", 0, "baseline")
        user.runner.deliver(told(probe.ask, weights="initial", step=0))
        await user.sees("weights that a run begins with", "25.0 points less", "block1", "30.1 %")
        await user.press("escape", "space")
        user.runner.play(4)
        await user.press("t", "space")
        run = user.runner.present
        assert [(probe.run, probe.draw) for probe in user.runner.probes[-2:]] == [(run.run, 0), (run.run, 1)]
        user.runner.deliver(told(user.runner.probes[-2].ask, trouble="out of date"))
        user.runner.deliver(told(user.runner.probes[-1].ask))
        await user.sees("weights of its run, after step 40")
        user.runner.deliver(Checkpoint(run=run.run, step=50, path="/x"))
        user.runner.play()
        await user.press("space")
        assert user.runner.probes[-1].run == run.run and user.runner.probes[-1].spec == run.spec
        user.runner.deliver(told(user.runner.probes[-1].ask, train=None, eval=None, trouble="It cannot be shown."))
        await user.sees("It cannot be shown.")


@pytest.mark.parametrize("room", [74, 96, 118, 150])
def test_the_figures_of_both_modes_stand_beside_each_other(room: int) -> None:
    rows = [plain(row) for row in modes_lines(told(), room)]
    assert max(map(width, modes_lines(told(), room))) <= max(room, 52)
    text = "\n".join(rows)
    assert "1.500             0.750" in text and "50.0              75.0" in text
    assert "0.10 ± 1.25   -0.10 ± 0.50" in text and "0.02 ± 1.50    0.05 ± 1.40  0.12 σ" in text
    assert any("Bag" in row and "0.25 ✘" in row and "0.75 ✔" in row for row in rows)


def test_the_sentence_follows_the_numbers() -> None:
    assert "train() has 25.0 points less accuracy than eval()" in conclusion(TRAIN, EVAL, 64)
    assert "25.0 points more" in conclusion(EVAL, TRAIN, 64)
    assert "nothing in this stack looks at the mode" in conclusion(EVAL, EVAL, 64)
    other = Reading(loss=0.8, accuracy=75.0, truths=[], guesses=[])
    assert "equally many of 64 samples right" in conclusion(other, EVAL, 64)
