"""train() against eval() on the same weights: what is told is what the network does, and nothing is left changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch.nn import functional as F

from regtui import events
from regtui.commands import Probe
from regtui.engine import answers
from regtui.engine.both_modes import SAMPLES, SHOWN
from regtui.events import AnyRunEvent, Evaluated, Modes, Steps
from regtui.spec import RunSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec


def modes(
    spec: RunSpec, made: MadeRun | None = None, *, draw: int = 0, run: str = "r", store: Path | None = None
) -> Modes:
    probe = Probe(ask="?", kind="modes", spec=spec, run=run, draw=draw)
    told = answers.answer(probe, made.training if made else None, store=store)
    assert isinstance(told, Modes) and not told.trouble
    return told


def test_eval_mode_is_what_the_network_says_and_dropout_blanks_its_share_in_train_mode(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    made = make_run(tiny(entry("dropout", "block", p=0.4), entry("batchnorm")))
    told = modes(made.spec, made)
    assert told.train and told.eval and (told.step, told.weights, told.samples) == (30, "run", SAMPLES)
    train, model = made.training.task.train, made.training.model.eval()
    with torch.no_grad():
        logits = model(train.inputs[:SAMPLES])
    assert told.eval.loss == pytest.approx(F.cross_entropy(logits, train.labels[:SAMPLES]).item(), rel=1e-4)
    truths = logits.softmax(1).gather(1, train.labels[:SAMPLES, None])[:SHOWN, 0]
    assert told.eval.truths == pytest.approx(truths.tolist(), rel=1e-4)
    assert told.train.loss != told.eval.loss and len(told.labels) == len(told.train.guesses) == SHOWN
    assert told.dropped and all(share == pytest.approx(0.4, abs=0.1) for share in told.dropped.values())
    assert events.decode(events.encode(told)) == told


def test_without_dropout_and_batchnorm_both_modes_are_the_same(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    made = make_run(tiny(entry("groupnorm")))
    told = modes(made.spec, made)
    assert told.train == told.eval and not told.dropped
    for layer in told.layers:
        assert (layer.train_mean, layer.train_std) == (layer.eval_mean, layer.eval_std)


def test_another_draw_is_another_mask_and_only_train_mode_minds(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    made = make_run(tiny(entry("dropout", p=0.5)))
    first, again, other = (modes(made.spec, made, draw=draw) for draw in (0, 0, 1))
    assert first == again and first.eval == other.eval and first.train != other.train


def test_a_run_that_is_looked_at_trains_the_same_network(tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    spec = tiny(entry("dropout"), entry("batchnorm"), entry("ema"))
    probe = Probe(ask="?", kind="modes", spec=spec, run="r")

    def curious(made: MadeRun, _: AnyRunEvent) -> None:
        made.control.send(probe)

    def measured(made: MadeRun) -> list[object]:
        told = [bucket.mean for event in made.all(Steps) for bucket in event.loss]
        return [*told, *((e.step, e.train, e.test) for e in made.all(Evaluated))]

    alone, watched = make_run(spec), make_run(spec, curious, commands=[probe])
    assert measured(watched) == measured(alone)
    weights = watched.weights()
    assert all(torch.equal(value, weights[name]) for name, value in alone.weights().items())
    assert len({told.step for told in watched.answers if isinstance(told, Modes)}) > 1


def test_without_the_run_its_checkpoint_answers_and_without_one_the_weights_it_begins_with(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun, tmp_path: Path
) -> None:
    made = make_run(tiny(entry("dropout"), entry("batchnorm")), store=tmp_path)
    stored, live = modes(made.spec, store=tmp_path), modes(made.spec, made)
    assert (stored.weights, stored.step) == ("stored", 30)
    assert (stored.train, stored.eval, stored.layers) == (live.train, live.eval, live.layers)
    initial = modes(made.spec, store=tmp_path, run="unknown")
    assert (initial.weights, initial.step) == ("initial", 0) and initial.eval != stored.eval


def test_what_cannot_be_built_is_said_in_a_sentence(tiny: MakeSpec, entry: MakeEntry) -> None:
    told = answers.answer(Probe(ask="?", kind="modes", spec=tiny(entry("crop"), entry("crop"))))
    assert isinstance(told, Modes) and "twice" in told.trouble
