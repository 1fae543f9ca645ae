"""Runs that were interrupted are offered with a line and a key, and go on where they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from ui_streams import stream

from regtui.catalog import DATASETS
from regtui.events import Checkpoint, Evaluated, Stopped
from regtui.own import texts
from regtui.own.scenario import with_data
from regtui.runner import Lost
from regtui.scenario import Scenario, find, load, preset_files
from regtui.session import Session
from regtui.store import Recorder, RunHistory, replay
from regtui.ui.unfinished import find_offer


def leave(store: Path, scenario: Scenario, *, finished: int = 1, saved: bool = True, seeds: int = 1) -> list[str]:
    """What a session leaves that was quit: so many finished runs, one in the middle, the others waiting. Their ids."""
    session = Session(scenario, recorder=Recorder(store))
    requests = session.request([arm.name for arm in scenario.arms], range(seeds))
    for number, request in enumerate(requests):
        if number > finished:
            break
        for event in stream(request.run, request.spec):
            session.take(event)
            if number == finished and isinstance(event, Evaluated):
                if saved:
                    place = store / request.run / "checkpoint.safetensors"
                    place.write_bytes(b"weights")
                    session.take(Checkpoint(run=request.run, step=event.step, path=str(place)))
                session.take(Stopped(run=request.run, step=event.step, interrupted=True))
                break
    assert session.recorder is not None
    session.recorder.close()
    return [request.run for request in requests]


async def test_interrupted_runs_are_offered_and_f_goes_on_with_them(explore, ladder: Scenario, tmp_path: Path) -> None:
    finished, middle, waiting = leave(tmp_path, ladder)
    async with explore(recorder=Recorder(tmp_path)) as user:
        await user.sees("f finishes 2 interrupted runs of The ladder", "Press space to run")
        await user.press("f")
        assert [(request.run, request.resume) for request in user.runner.requests] == [(middle, True), (waiting, False)]
        await user.sees("60.0", "waiting")  # the figures of the run that had finished are back
        assert "Going on from the last checkpoint; 1 begin again." in user.toasts
        user.runner.play()
        await user.until(lambda: len(user.app.view.session.results()["+ BatchNorm"]) == 1)
        assert user.app.view.session.of_arm("baseline")[0].run == finished
        assert not user.app.view.session.missing(range(1))
    assert {replay(tmp_path / run).state for run in (finished, middle, waiting)} == {"finished"}


async def test_the_offer_goes_when_something_else_is_run(explore, ladder: Scenario, tmp_path: Path) -> None:
    leave(tmp_path, ladder)
    async with explore(recorder=Recorder(tmp_path)) as user:
        await user.sees("f finishes")
        await user.press("space")
        user.runner.play(3)
        await user.until(lambda: user.app.view.offer is None)
        await user.press("f")
        assert "Nothing was interrupted" in user.toasts and len(user.runner.requests) == 3


async def test_the_offer_of_another_scenario_opens_it(explore, tmp_path: Path) -> None:
    preset = load(preset_files()[1])
    leave(tmp_path, preset)
    async with explore(recorder=Recorder(tmp_path)) as user:
        await user.sees(f"of {preset.title}")
        await user.press("f")
        assert user.app.view.session.scenario.id == preset.id and user.runner.requests[0].resume


async def test_a_run_that_lost_its_worker_goes_on_with_f(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play(12)
        run = user.runner.present
        user.app._take(Checkpoint(run=run.run, step=10, path="there"))
        user.runner._queue.clear()
        user.app._take(Lost(0, tuple(request.run for request in user.runner.requests), "The worker was killed."))
        user.runner.present = user.runner._playing = None
        await user.sees("worker lost", "f finishes 3 interrupted runs", "space")
        await user.press("f")
        assert [request.resume for request in user.runner.requests[3:]] == [True, False, False]


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_the_offer_is_not_cut(explore, ladder: Scenario, tmp_path: Path, size: tuple[int, int]) -> None:
    leave(tmp_path, ladder)
    async with explore(size=size, recorder=Recorder(tmp_path)) as user:
        await user.until(lambda: "f finishes 2 interrupted runs" in " ".join(user.text.split()))


@pytest.mark.parametrize("spoil", [
    lambda store: (store / "spec.json").write_text("{}"),
    lambda store: (store / "events.jsonl").unlink(),
    lambda store: (store / "events.jsonl").write_bytes(b"\x00garbage\n\xff"),
])  # fmt: skip
def test_a_damaged_store_is_no_reason_to_fail(
    ladder: Scenario, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    runs = leave(tmp_path, ladder)
    spoil(tmp_path / runs[1])
    offer = find_offer(tmp_path, ladder)
    assert offer is not None and runs[2] in {run.run for run in offer.left.unfinished}


def test_nothing_is_offered_where_all_is_done_elsewhere_or_unknown(ladder: Scenario, tmp_path: Path) -> None:
    assert find_offer(tmp_path / "none", ladder) is None
    leave(tmp_path, ladder)
    other = load(preset_files()[0])
    assert find_offer(tmp_path, other) is None, "the file that the runs are of is not open"
    store = tmp_path / "again"
    leave(store, ladder)
    session = Session(ladder, recorder=Recorder(store))
    for request in session.request([arm.name for arm in ladder.arms], [0]):
        for event in stream(request.run, request.spec):
            session.take(event)
    assert find_offer(store, ladder) is None, "what was run again since is not unfinished"


def test_a_changed_arm_is_not_mixed_with_runs_of_other_settings(ladder: Scenario, tmp_path: Path) -> None:
    leave(tmp_path, ladder)
    faster = tuple(
        msgspec.structs.replace(arm, train=msgspec.structs.replace(arm.train, lr=0.5)) for arm in ladder.arms
    )
    assert find_offer(tmp_path, msgspec.structs.replace(ladder, arms=faster)) is None


def test_a_resumed_history_shows_what_it_had_until_it_says_where_it_goes_on(ladder: Scenario, tmp_path: Path) -> None:
    run = replay(tmp_path / leave(tmp_path, ladder)[1])
    assert isinstance(run, RunHistory) and run.started is not None and run.is_interrupted
    run.await_again()
    evaluations, points = len(run.evaluations), len(run.loss)
    assert run.state == "waiting" and evaluations == 1 and points
    run.apply(msgspec.structs.replace(run.started, start_step=4))
    assert run.evaluations == [] and len(run.loss) == 4


def test_code_goes_on_only_where_the_open_scenario_names_it(ladder: Scenario, tmp_path: Path) -> None:
    arms = tuple(
        msgspec.structs.replace(arm, model=msgspec.structs.replace(arm.model, name="nets:small")) for arm in ladder.arms
    )
    theirs = msgspec.structs.replace(ladder, arms=arms)
    leave(tmp_path, theirs, finished=0)
    offer = find_offer(tmp_path, theirs)
    assert offer is not None, "a folder of somebody else's runs could name any code"
    assert offer.command == "regtui resume --model nets:small" and "says what finishes" in offer.sentence
    named = msgspec.structs.replace(theirs, options=("--model", "nets:small"))
    found = find_offer(tmp_path, named)
    assert found is not None and found.left.codes == {"nets:small"}


def test_runs_on_own_data_are_offered_with_the_scenario_that_they_were_recorded_with(
    ladder: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    table = tmp_path / "reviews.tsv"
    table.write_text("\n".join(f"it was {word} {i}\t{word}" for i in range(40) for word in ("good", "bad")))
    mine = with_data(load(find("dropout/transformer")), f"text:{table}", tmp_path)
    store = tmp_path / "runs"
    runs = leave(store, msgspec.structs.replace(mine, options=(*mine.options, "--model", "evil:code")))
    offer = find_offer(store, ladder)
    assert offer is not None and not offer.command and offer.sentence.endswith("on reviews.tsv")
    assert [run.run for run in offer.left.unfinished] == runs[1:]
    assert offer.scenario.options == ("--data", f"text:{table}"), "a record names no code"
    del DATASETS[f"text:{table}"]
    table.unlink()
    texts.read.cache_clear()
    assert find_offer(store, ladder) is None, "the data are gone"
