"""The verdict on an arm: there is always one, it follows its numbers, and it quotes those and no others."""

from __future__ import annotations

import math
import re
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtui.catalog import MODELS, REGULARIZERS
from regtui.diagnosis import FALL, GAP, LATER, MISSED, RISE, Figures, diagnose, diagnose_runs, figures_of, judged
from regtui.events import Diverged, Evaluated, Finished, Marker, Measured, Revealed, Started
from regtui.remedies import MOST, Matter, can_take, remedy
from regtui.scenario import Arm
from regtui.scenario.errors import Problems
from regtui.scenario.resolve import own_stack, resolve_entry, run_spec
from regtui.spec import DataSpec, ModelSpec, Shift, StackEntry, TrainSpec
from regtui.store import RunHistory

PLAIN = Arm(name="plain", data=DataSpec(), model=ModelSpec(), train=TrainSpec())
LEVEL = ((1.0, 1.0), (2.0, 1.0))


def figures(train: float, held_out: float, losses: tuple[tuple[float, float], ...] = LEVEL, **more: object) -> Figures:
    return Figures(train=train, held_out=held_out, losses=losses, chance=10.0, **more)  # type: ignore[arg-type]


def course(*losses: float) -> tuple[tuple[float, float], ...]:
    return tuple((float(i), loss) for i, loss in enumerate(losses, 1))


@pytest.mark.parametrize(
    ("train", "held_out", "verdict"),
    [
        (100.0, 63.6, "overfitting"),
        (91.2, 79.6, "overfitting"),
        (72.0, 71.0, "underfitting"),
        (10.0, 10.0, "underfitting"),
        (96.0, 93.0, "fine"),
        (93.0, 97.0, "fine"),
    ],
)
def test_verdicts_of_plain_cases(train: float, held_out: float, verdict: str) -> None:
    assert judged(figures(train, held_out)) == verdict


def test_the_larger_part_of_the_error_decides() -> None:
    assert judged(figures(80.0, 65.0)) == "overfitting"  # three times the gap, twice the miss
    assert judged(figures(60.0, 45.0)) == "underfitting"  # three times the gap, four times the miss


def test_parts_that_are_nearly_alike_are_both_told_with_the_same_advice_on_both_sides_of_a_tie() -> None:
    near = [diagnose(figures(train, held_out), PLAIN) for train, held_out in ((69, 55), (70, 56), (71, 57), (72.5, 58))]
    assert {found.verdict for found in near} == {"over- and underfitting"}
    assert len({found.cure.sentence for found in near}) == 1
    assert near[0].cure.sentence == "Try a larger model or BatchNorm. Against the gap: Random crop."
    assert judged(figures(94.0, 90.0)) == "fine", "alike, and both of them tolerable"


def test_a_rising_loss_is_overfitting_even_with_a_small_gap() -> None:
    assert judged(figures(97.0, 95.0, course(0.5, 0.2, 0.3, 0.3, 0.4))) == "overfitting"
    assert judged(figures(97.0, 95.0, course(0.5, 0.4, 0.3, 0.3, 0.2))) == "fine"
    assert judged(figures(94.0, 95.0, course(0.5, 0.2, 0.3, 0.3, 0.4))) == "fine", "no gap, nothing memorized"


def test_trends() -> None:
    assert figures(90, 80, course(1.0, 0.5, 0.6, 0.7, 0.5 * RISE + 0.01)).trend == "rising"
    assert figures(90, 80, course(1.0, 0.5, 0.6, 0.7, 0.5 * RISE)).trend == "level"
    assert figures(90, 80, course(1.0, 0.9, 0.5, 0.7, 0.9)).trend == "level", "the lowest is not LATER evaluations ago"
    assert figures(90, 80, course(2.0, 1.0, 0.995, 0.99, FALL)).trend == "falling"
    assert figures(90, 80, course(2.0, 1.0, 0.995, 0.99, FALL + 0.001)).trend == "level"
    assert figures(90, 80, course(*[0.5] * LATER)).trend == "level"
    assert figures(90, 80, course(1.0, 0.5, 0.6, 0.7, math.nan)).trend == "level"


def test_labels_that_were_redrawn_are_nothing_that_must_be_fitted() -> None:
    assert judged(figures(73.0, 70.0)) == "underfitting"
    assert judged(figures(73.0, 70.0, ceiling=73.0)) == "fine"
    assert judged(figures(99.0, 60.0, ceiling=73.0)) == "overfitting"
    assert "true labels alone give 73.0 % train" in diagnose(figures(73.0, 70.0, ceiling=73.0), PLAIN).why


percent = st.floats(0, 100)
losses = st.lists(st.floats(0, 50) | st.sampled_from([math.nan, math.inf]), max_size=12).map(lambda y: course(*y))
some_figures = st.builds(
    Figures, train=percent, held_out=percent, split=st.sampled_from(["test", "validation"]), losses=losses,
    chance=st.floats(0.1, 50), ceiling=percent, finished=st.integers(1, 9), diverged=st.integers(0, 9),
)  # fmt: skip


@given(some_figures)
def test_there_is_always_one_verdict_with_its_reason_and_what_to_try(given: Figures) -> None:
    found = diagnose(given, PLAIN)
    assert found.verdict in get_args(Matter)
    assert found.sentence.startswith(f"{found.verdict}: ") and found.cure.sentence.endswith(".")
    assert 0 <= len(found.cure.entries) <= MOST


@given(some_figures)
def test_it_quotes_exactly_the_numbers_it_was_given(given: Figures) -> None:
    why = diagnose(given, PLAIN).why
    assert (
        f"{given.train:.1f} % train, {given.held_out:.1f} % {given.split}, gap {round(given.gap, 1) + 0.0:.1f}" in why
    )
    epoch, lowest = given.lowest
    known = {f"{value:.1f}" for value in (given.train, given.held_out, given.chance, given.ceiling)}
    known |= {f"{round(given.gap, 1) + 0.0:.1f}"}
    known |= {f"{loss:.2f}" for loss in (lowest, *([given.losses[-1][1]] if given.losses else []))}
    known |= {f"{epoch:.3g}", str(given.diverged), str(given.diverged + given.finished)}
    assert set(re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", why)) <= known
    if given.trend == "rising":
        assert f"{lowest:.2f} at epoch {epoch:.3g}, {given.losses[-1][1]:.2f} at the end" in why


ORDER: dict[str, int] = {"underfitting": 0, "over- and underfitting": 1, "fine": 1, "overfitting": 2}


@given(some_figures, percent)
def test_a_lower_held_out_accuracy_never_makes_it_less_overfitted(given: Figures, lower: float) -> None:
    given = msgspec.structs.replace(given, diverged=0)
    worse = msgspec.structs.replace(given, held_out=min(given.held_out, lower))
    assert ORDER[judged(worse)] >= ORDER[judged(given)]


@given(some_figures, percent)
def test_fitting_less_of_the_training_set_with_the_same_gap_never_makes_it_more_overfitted(
    given: Figures, less: float
) -> None:
    given = msgspec.structs.replace(given, diverged=0)
    worse = msgspec.structs.replace(given, train=given.train - less, held_out=given.held_out - less)
    assert ORDER[judged(worse)] <= ORDER[judged(given)] or math.isclose(worse.gap, given.gap, abs_tol=1e-9)
    if worse.gap == given.gap:
        assert ORDER[judged(worse)] <= ORDER[judged(given)]


@given(some_figures, st.integers(0, 9))
def test_more_diverged_seeds_never_undo_that_it_diverged(given: Figures, more: int) -> None:
    worse = msgspec.structs.replace(given, diverged=given.diverged + more)
    assert judged(worse) == "diverged" or judged(given) != "diverged"
    assert (judged(given) == "diverged") == (given.diverged >= given.finished)


@given(percent, percent)
def test_fine_is_within_both_tolerances(train: float, held_out: float) -> None:
    is_fine = judged(figures(train, held_out)) == "fine"
    assert is_fine == (train - held_out < GAP and 100 - train < MISSED)


arms = st.builds(
    lambda model, names, data, batch: (model, names, data, batch),
    st.sampled_from(sorted(MODELS)),
    st.sets(st.sampled_from(sorted(REGULARIZERS)), max_size=6),
    st.sampled_from(
        [DataSpec(), DataSpec(validation=0), DataSpec(label_noise=0.3), DataSpec(test_shift=Shift(mirror=0.5))]
    ),
    st.sampled_from([1, 32]),
)  # fmt: skip


def made(model: str, names: set[str], data: DataSpec, batch: int) -> Arm:
    """An arm with the entries that the model can take."""
    spec = ModelSpec(name=model)
    entries = (resolve_entry({name: {}}, spec, "", Problems()) for name in sorted(names))
    return Arm(name="made", data=data, model=spec, train=TrainSpec(batch_size=batch),
               stack=tuple(entry for entry in entries if entry is not None))  # fmt: skip


@given(arms, st.sampled_from(get_args(Matter)), st.booleans(), st.booleans())
def test_what_is_to_be_tried_is_new_to_the_arm_and_can_be_added_to_it(
    given: tuple[str, set[str], DataSpec, int], matter: Matter, is_falling: bool, is_guessing: bool
) -> None:
    arm = made(*given)
    cure = remedy(matter, arm, is_falling=is_falling, is_guessing=is_guessing)
    assert len(set(cure.entries)) == len(cure.entries) <= MOST
    for name in cure.entries:
        assert all(entry.name != name for entry in arm.stack)
        problems = Problems()
        assert isinstance(resolve_entry({name: {}}, arm.model, "", problems), StackEntry) and not problems
        assert REGULARIZERS[name].title in cure.sentence
        assert arm.data.validation or not REGULARIZERS[name].needs_validation


def test_what_is_tried_fits_the_matter() -> None:
    mirrored = msgspec.structs.replace(PLAIN, data=DataSpec(test_shift=Shift(mirror=0.5)))
    assert (
        remedy("overfitting", mirrored, is_falling=False, is_guessing=False).sentence
        == "Try Horizontal flip or Dropout."
    )
    assert remedy("underfitting", PLAIN, is_falling=True, is_guessing=False).sentence == "Try more epochs or BatchNorm."
    assert "lower learning rate" in remedy("diverged", PLAIN, is_falling=False, is_guessing=False).sentence
    strong = made("cnn", {"dropout", "batchnorm", "randaugment"}, DataSpec(), 32)
    assert remedy("underfitting", strong, is_falling=False, is_guessing=False).sentence == "Try less RandAugment."
    assert not can_take(strong, "trivialaugment") and not can_take(strong, "layernorm")
    text = msgspec.structs.replace(PLAIN, model=ModelSpec(name="bert"), stack=own_stack(ModelSpec(name="bert")))
    assert remedy("overfitting", text, is_falling=False, is_guessing=False).entries[0] == "token_masking"


def test_a_model_that_the_catalog_does_not_know_gets_advice_for_any_model() -> None:
    """As a monitored loop records it: what is inside stands among the parameters."""
    spec = run_spec("own/x", PLAIN, 0)
    foreign = msgspec.structs.replace(spec, model=ModelSpec(name="MyNet", params={"dropouts": "2 p=0.1"}))
    cure = remedy("overfitting", foreign, is_falling=False, is_guessing=False)
    assert cure.entries == ("weight_decay", "label_smoothing")
    assert diagnose_runs(foreign, [ended(PLAIN, 0, train=100, test=60)]) is not None
    normed = msgspec.structs.replace(spec, model=ModelSpec(name="MyNet", params={"norms": "3 LayerNorm"}))
    assert remedy("underfitting", normed, is_falling=True, is_guessing=False).sentence == "Try more epochs."


def ended(arm: Arm, seed: int, *, train: float, test: float | None, validation: float = 50.0) -> RunHistory:
    """A run that finished with these accuracies."""
    run = RunHistory(f"r{seed}", run_spec("s", arm, seed))
    run.apply(Started(run=run.run, device="cpu", device_label="", threads=1, precision="fp32", parameters=1,
                      total_steps=10, steps_per_epoch=5, train_samples=1, clean_samples=1,
                      classes=[str(i) for i in range(10)]))  # fmt: skip
    for step in (5, 10):
        run.apply(Evaluated(
            run=run.run, step=step, epoch=step / 5, seconds=1.0, train=Measured(loss=0.1, accuracy=train),
            test=None if test is None else Measured(loss=1.0 + seed, accuracy=test),
            validation=Measured(loss=3.0, accuracy=validation),
        ))  # fmt: skip
    run.apply(Finished(run=run.run, step=10, seconds=1.0, wall_seconds=1.0, samples_per_s=1.0))
    return run


def lost_its_way(arm: Arm, seed: int, step: int, layer: str = "") -> RunHistory:
    run = RunHistory(f"r{seed}", run_spec("s", arm, seed))
    run.apply(Diverged(run=run.run, step=step, layer=layer, value=math.nan))
    return run


def test_several_seeds_are_judged_by_their_means() -> None:
    found = diagnose_runs(PLAIN, [ended(PLAIN, 0, train=100, test=60), ended(PLAIN, 1, train=98, test=70)])
    assert found is not None and found.verdict == "overfitting"
    assert found.why == "99.0 % train, 65.0 % test, gap 34.0; test loss 1.50"


def test_validation_stands_in_where_no_test_split_was_measured() -> None:
    found = diagnose_runs(PLAIN, [ended(PLAIN, 0, train=100, test=None, validation=80)])
    assert found is not None and "80.0 % validation" in found.why


def test_once_the_test_part_is_revealed_it_is_judged_by_it_with_the_course_of_validation() -> None:
    run = ended(PLAIN, 0, train=100, test=None, validation=80)
    run.apply(Revealed(run=run.run, step=10, test=Measured(loss=9.0, accuracy=70.0), samples=9, at=""))
    found = diagnose_runs(PLAIN, [run])
    assert found is not None and found.why == "100.0 % train, 70.0 % test, gap 30.0; validation loss 3.00"


def test_steered_and_unfinished_runs_are_left_out() -> None:
    steered = ended(PLAIN, 0, train=10, test=10)
    steered.apply(Marker(run="r0", step=3, kind="set", key="train.lr", value=1.0))
    waiting = RunHistory("r2", run_spec("s", PLAIN, 2))
    assert diagnose_runs(PLAIN, [steered, waiting]) is None
    found = diagnose_runs(PLAIN, [steered, ended(PLAIN, 1, train=96, test=94), waiting])
    assert found is not None and found.verdict == "fine"


def test_half_of_the_seeds_diverged_is_diverged_and_fewer_are_mentioned() -> None:
    good = [ended(PLAIN, seed, train=96, test=94) for seed in range(2)]
    found = diagnose_runs(PLAIN, [*good, lost_its_way(PLAIN, 2, 31)])
    assert found is not None and found.verdict == "fine" and found.why.endswith("1 of 3 seeds diverged")
    found = diagnose_runs(PLAIN, [*good, lost_its_way(PLAIN, 2, 31, "conv2"), lost_its_way(PLAIN, 3, 90)])
    assert found is not None
    assert (found.verdict, found.why) == (
        "diverged", "the loss is no longer finite in 2 of 4 seeds, first at step 31, layer conv2",
    )  # fmt: skip


def test_chance_is_told_as_chance() -> None:
    found = diagnose_runs(PLAIN, [ended(PLAIN, 0, train=10, test=10)])
    assert found is not None and "10.0 % is chance" in found.why and "another learning rate" in found.cure.sentence


@pytest.mark.parametrize("train", [10.0, 12.9])  # at most GUESS times chance
def test_little_more_than_chance_is_chance_still(train: float) -> None:
    found = diagnose_runs(PLAIN, [ended(PLAIN, 0, train=train, test=10)])
    assert found is not None and "10.0 % is chance" in found.why
    better = diagnose_runs(PLAIN, [ended(PLAIN, 0, train=13.1, test=10)])
    assert better is not None and "chance" not in better.why


def test_of_redrawn_labels_one_in_ten_is_right_again() -> None:
    noisy = msgspec.structs.replace(PLAIN, data=DataSpec(label_noise=0.3))
    found = diagnose_runs(noisy, [ended(noisy, 0, train=73, test=70)])
    assert found is not None and (found.verdict, "true labels alone give 73.0 % train" in found.why) == ("fine", True)


def test_the_course_of_several_seeds_has_only_the_points_of_all() -> None:
    short, long = ended(PLAIN, 0, train=96, test=94), ended(PLAIN, 1, train=96, test=94)
    long.evaluations.append(msgspec.structs.replace(long.evaluations[-1], step=15, epoch=3.0))
    given = figures_of(PLAIN, [short, long])
    assert given is not None and [epoch for epoch, _ in given.losses] == [1.0, 2.0]


def test_naming_the_largest_class_every_time_is_no_learning() -> None:
    lost = figures(65.0, 64.0, largest=63.7)
    assert lost.is_guessing and not figures(66.0, 64.0, largest=63.7).is_guessing
    assert "naming the largest class every time gives 63.7 %" in diagnose(lost, PLAIN).why
    assert not figures(20.0, 20.0, largest=10.0).is_guessing, "ten classes of one size"
