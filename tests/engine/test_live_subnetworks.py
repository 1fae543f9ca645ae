"""Sampled sub-networks of present weights: what is told of them is what they say."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch

from regtui import events
from regtui.commands import Probe
from regtui.engine import answers
from regtui.engine.live_subnetworks import COUNT, disagreement
from regtui.engine.metrics import evaluate
from regtui.events import Subnetworks
from regtui.spec import ModelSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec


def asked(made: MadeRun, draw: int = 0, *, store: Path | None = None) -> Subnetworks:
    probe = Probe(ask="?", kind="subnetworks", spec=made.spec, run="r", draw=draw)
    told = answers.answer(probe, None if store else made.training, store=store)
    assert isinstance(told, Subnetworks) and events.decode(events.encode(told)) == told
    return told


def test_eval_mode_is_beside_the_subnetworks_and_every_draw_has_its_own(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    made = make_run(tiny(entry("dropout", "block", p=0.4), entry("batchnorm")))
    told = asked(made)
    test = made.training.task.test
    (calm,) = evaluate(made.training.model.eval(), test.inputs, (test.labels,), 100)
    assert (told.eval_accuracy, told.eval_loss) == pytest.approx((calm.accuracy, calm.loss), rel=1e-4)
    assert len(told.accuracies) == COUNT and len(set(told.accuracies)) > 3 and told.disagreement > 5
    assert [count for count, _ in told.votes] == [1, 2, 4, 8, 16, 32]
    assert told.votes[0][1] == pytest.approx(sum(told.accuracies) / COUNT, rel=1e-4)
    assert told.loss_voted < told.loss_alone
    assert asked(made) == told and asked(made, draw=1).accuracies != told.accuracies


def test_at_p_0_there_is_one_network_only(tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    told = asked(make_run(tiny(entry("dropout", p=0.0))))
    assert set(told.accuracies) == {told.eval_accuracy} and told.disagreement == 0
    assert told.loss_alone == pytest.approx(told.eval_loss, rel=1e-4)


def test_a_finished_run_is_answered_for_by_its_checkpoint(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun, tmp_path: Path
) -> None:
    made = make_run(tiny(entry("dropout")), store=tmp_path)
    stored, live = asked(made, store=tmp_path), asked(made)
    assert (stored.weights, live.weights, stored.step) == ("stored", "run", 30)
    assert (stored.accuracies, stored.eval_loss) == (live.accuracies, live.eval_loss)


def test_of_a_bag_the_members_vote(tiny: MakeSpec, make_run: MakeRun) -> None:
    bag = ModelSpec(name="bagged_cnn", params={"members": 4, "width": 1, "bootstrap": True})
    told = asked(make_run(msgspec.structs.replace(tiny(), model=bag)))
    assert told.members and len(told.accuracies) == 4 and not told.trouble


def test_a_network_that_leaves_nothing_out_says_so(tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    told = asked(make_run(tiny(entry("batchnorm"))))
    assert told.trouble.endswith("it leaves nothing out while it trains; switch Dropout on in the stack")


def test_disagreement_is_the_mean_over_all_pairs() -> None:
    guesses = torch.randint(4, (7, 50), generator=torch.Generator().manual_seed(0))
    pairs = [(one != other).double().mean().item() * 100 for one, other in combinations(guesses, 2)]
    assert disagreement(guesses) == pytest.approx(sum(pairs) / len(pairs))
    assert disagreement(guesses[:1]) == 0 and disagreement(guesses[:1].expand(5, -1)) == 0
