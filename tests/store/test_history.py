"""One run in columns: what its events said, and what they did not say."""

from __future__ import annotations

from regtui.events import Bucket, Measured, Revealed, Started, Steps
from regtui.spec import RunSpec
from regtui.store import RunHistory


def history(total_steps: int) -> RunHistory:
    run = RunHistory("r", RunSpec(scenario="s", arm="a", seed=0))
    run.apply(
        Started(
            run="r", device="cpu", device_label="2 cores", threads=1, precision="fp32", parameters=1,
            total_steps=total_steps, steps_per_epoch=10, train_samples=8, clean_samples=8,
        )
    )  # fmt: skip
    run.apply(
        Steps(run="r", loss=[Bucket(1, 5, 1.0, 1.0, 1.0)], accuracy=[], step=5, seconds=2.0, samples_per_s=1.0, lr=0.1)
    )
    return run


def test_a_loop_that_did_not_say_how_long_it_is_has_the_steps_that_it_took() -> None:
    assert (history(20).total_steps, history(0).total_steps) == (20, 5)


def test_the_first_look_at_the_test_part_is_the_one_that_counts() -> None:
    run = history(20)
    looks = [Revealed(run="r", step=5, test=Measured(loss=1.0, accuracy=a), samples=9, at="") for a in (60.0, 70.0)]
    for look in looks:
        run.apply(look)
    assert run.revealed == looks[0]


def test_a_run_that_begins_again_forgets_what_it_told_before() -> None:
    run = history(20)
    assert run.started is not None
    version = run.version
    run.apply(run.started)
    assert (run.state, run.step, run.seconds, len(run.loss.steps)) == ("running", 0, 0.0, 0)
    assert run.version > version, "a chart must see that something changed"
    run.apply(
        Steps(run="r", loss=[Bucket(1, 5, 2.0, 2.0, 2.0)], accuracy=[], step=5, seconds=2.0, samples_per_s=1.0, lr=0.1)
    )
    assert sum(run.loss.counts) == 5 and run.loss.means == [2.0]
