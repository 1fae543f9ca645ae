"""What stored arms came to: who counts, who pairs with whom, and which settings are told."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from regtui.claims import interval
from regtui.cli.compare import compare
from regtui.compare.library import entries, grouped
from regtui.compare.results import SEALED, by_one_part, columns, differences, outline, pair, standing_of
from regtui.store import replay


def test_final_best_and_gap_are_means_over_seeds_with_intervals(put, standings) -> None:
    put(seed=0, tests=(70.0, 60.0))
    put(seed=1, tests=(50.0, 64.0))
    (one,) = standings()
    assert one.final["test_accuracy"] == interval([60.0, 64.0]) and one.final["gap"] == interval([30.0, 26.0])
    assert one.best == interval([70.0, 64.0]) and one.best_epoch == 3.0
    assert one.left_out == [] and one.against is None


def test_arms_pair_by_seed_with_the_first_one_of_their_scenario(put, standings) -> None:
    for seed, (plain, dropped) in enumerate([(60.0, 65.0), (50.0, 57.0), (70.0, 74.0)]):
        put("baseline", seed, (plain,))
        put("+ dropout", seed, (dropped,))
    put("+ dropout", 7, (99.0,))
    base, other = standings()
    assert (base.arm.name, other.arm.name) == ("baseline", "+ dropout")
    assert other.against is base.arm and base.paired == {}
    assert other.paired["test_accuracy"] == interval([5.0, 7.0, 4.0])
    pair([base, other], other.arm.key)
    assert base.paired["test_accuracy"] == interval([-5.0, -7.0, -4.0]) and other.against is None


def test_steered_diverged_and_unfinished_runs_are_told_and_left_out(put, standings) -> None:
    put("baseline", 0, (60.0,))
    put("baseline", 1, (90.0,), steered=True)
    put("baseline", 2, (91.0,), end="diverged")
    put("baseline", 3, (92.0,), end="")
    put("+ dropout", 1, (50.0,))
    base, other = standings()
    assert base.left_out == ["1 steered", "1 diverged", "1 unfinished"]
    assert base.final["test_accuracy"] == interval([60.0])
    assert other.against is not None and other.paired["test_accuracy"] is None


def test_of_two_runs_of_one_seed_the_latest_counts(put, standings) -> None:
    for test in (10.0, 30.0, 20.0):
        put(seed=0, tests=(test,))
    (one,) = standings()
    assert one.final["test_accuracy"] == interval([20.0])
    assert [run.counted for run in one.runs] == [False, False, True]


def test_other_settings_make_another_arm_and_only_they_are_told(put, found) -> None:
    put("+ dropout", 0)
    put("+ dropout", 1, train_lr=0.5)
    put("baseline", 0)
    arms = grouped(found())
    assert sorted(arm.name for arm in arms) == ["+ dropout", "+ dropout (2)", "baseline"]
    told = dict(differences(arms))
    assert set(told) == {"train.lr", "dropout@block.p"}
    assert told["dropout@block.p"][[arm.name for arm in arms].index("baseline")] is None


def test_a_norm_that_others_lack_is_one_row(put, found) -> None:
    put("+ dropout")
    put("+ BatchNorm")
    told = dict(outline(grouped(found())))
    assert told == {"batchnorm@conv": [None, "on"]}


def test_equal_arms_of_two_folders_are_paired_with_each_other(put, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for arm in ("baseline", "+ dropout"):
        for seed in (0, 1):
            put(arm, seed, (50.0 + seed,), root=before)
            put(arm, seed, (53.0 + 2 * seed,), root=after)
    found = [*entries(before, "before"), *entries(after, "after")]
    arms = sorted(grouped(found), key=lambda arm: arm.place == "after")
    reckoned = [standing_of(arm, lambda entry: replay(entry.folder)) for arm in arms]
    pair(reckoned)
    pairs = {(one.arm.name, one.arm.place): one.against and (one.against.name, one.against.place) for one in reckoned}
    assert pairs == {
        ("baseline", "before"): None, ("+ dropout", "before"): ("baseline", "before"),
        ("baseline", "after"): ("baseline", "before"), ("+ dropout", "after"): ("+ dropout", "before"),
    }  # fmt: skip
    assert reckoned[-1].paired["test_accuracy"] == interval([3.0, 4.0])


def options(root: Path, **given: object) -> Namespace:
    return Namespace(**({"runs": [], "where": None, "against": None, "out": root, "json": True} | given))


def test_the_command_prints_one_object(put, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in (0, 1):
        put("baseline", seed, (60.0,))
        put("+ dropout", seed, (62.0 + 2 * seed,))
    assert compare(options(tmp_path)) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["differing"] == ["dropout@block.p"]
    base, other = told["arms"]
    assert (base["test_acc"], base["gap"], base["against"]) == (60.0, 30.0, None)
    assert other["paired"]["test_acc"]["effect"] == 3.0 and other["paired"]["test_acc"]["seeds"] == 2
    assert base["settings"] == {"dropout@block.p": None} and other["settings"]["dropout@block.p"] > 0
    assert {run["counted"] for arm in told["arms"] for run in arm["runs"]} == {True}


def test_the_command_prints_tables_with_the_filter_applied(put, tmp_path: Path, capsys) -> None:
    put("baseline", 0, (60.0,))
    put("+ dropout", 0, (62.0,), steered=True)
    assert compare(options(tmp_path, json=False)) == 0
    out = capsys.readouterr().out
    assert "1 steered" in out and "dropout@block.p" in out and "reference" in out and "no pair" in out
    assert compare(options(tmp_path, json=False, where="arm=baseline")) == 0
    assert "+ dropout" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"runs": ["2001"]}, "neither a directory, nor a scenario, nor the beginning of one"),
        ({"runs": ["lader"]}, 'did you mean "ladder"?'),
        ({"where": "lrr=3"}, 'did you mean "lr"?'),
        ({"where": "lr<big"}, "takes a number"),
        ({"where": "arm=nobody"}, "none of 1 run is arm=nobody"),
        ({"against": "basline"}, 'did you mean "baseline"?'),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(put, tmp_path: Path, capsys, given, told) -> None:
    put("baseline")
    assert compare(options(tmp_path, **given)) == 2
    captured = capsys.readouterr()
    assert told in captured.err and captured.out == ""


def test_arms_without_a_test_figure_are_compared_by_validation_all_of_them(put, standings) -> None:
    for arm, validations in (("baseline", (60.0, 50.0)), ("+ dropout", (66.0, 58.0))):
        for seed, validation in enumerate(validations):
            put(arm, seed, (validation,), part="validation", revealed=40.0 if arm == "baseline" else None)
    raw = standings()
    base, other = both = by_one_part(raw)
    pair(both)
    assert columns(both) == SEALED and {one.best_part for one in both} == {"validation"}
    assert base.final["test_accuracy"] is None and base.final["validation_accuracy"] == interval([60.0, 50.0])
    assert base.final["gap"] == interval([30.0, 40.0]), "to the part that the column beside it shows"
    assert other.paired["test_accuracy"] is None and other.paired["validation_accuracy"] == interval([6.0, 8.0])
    assert other.paired["gap"] == interval([-6.0, -8.0])
