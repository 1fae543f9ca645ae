"""Stored runs on the screen: as of any time of theirs, live while they grow, inert whatever they hold."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import msgspec
import pytest
from ui_streams import stream

from regtui import events
from regtui.cli.watch import chosen
from regtui.compare.library import entries
from regtui.events import Diverged, Evaluated, Inside, LayerInside, Marker, Measured, NormLayer, Norms, Studied
from regtui.scenario import apply_setting, run_spec
from regtui.store import Recorder
from regtui.store.reading import ReadingError
from regtui.ui.screens.stored import StoredScreen
from regtui.ui.screens.watch import WatchScreen
from regtui.ui.text import plain, width
from regtui.ui.watch_lines import bar_line, cell_to_epoch
from regtui.watching import Watch, batches

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


def write(root: Path, scenario, arm: str, seed: int, *, upto: float = 1.0, name: str = "", extra=()) -> Path:
    """A run of the recorded streams, its first part or all of it; `extra` comes before the end."""
    spec = run_spec(scenario.id, scenario.arm(arm), seed)
    run = name or f"20260102-030405-{arm[-5:].strip().lower().replace('+', 'x')}{seed}".ljust(22, "a")[:22]
    recorder = Recorder(root)
    recorder.open(run, spec)
    told = list(stream(run, spec))
    told = told[: int(upto * len(told))]
    for event in [*told[:-1], *extra, *told[-1:]]:
        recorder.append(event)
    recorder.close()
    return root / run


def watch_of(root: Path) -> Watch:
    watch = Watch(list(entries(root)))
    watch.read()
    watch.show()
    return watch


def watched(user) -> WatchScreen:
    (screen,) = [screen for screen in user.app.screen_stack if isinstance(screen, WatchScreen)]
    return screen


async def opened(user, root: Path) -> WatchScreen:
    user.app.watch_runs(list(entries(root)))
    await user.until(lambda: any(isinstance(s, WatchScreen) and s._is_read for s in user.app.screen_stack))
    await user.settle()
    return watched(user)


def test_as_of_an_epoch_the_session_is_what_it_was_then(tmp_path: Path, ladder) -> None:
    for arm in ("baseline", "+ BatchNorm"):
        write(tmp_path, ladder, arm, 0)
    watch = watch_of(tmp_path)
    assert [arm.name for arm in watch.session.arms] == ["baseline", "+ BatchNorm"]
    assert {run.state for run in watch.session.current.values()} == {"finished"}
    watch.seek(4.0)
    run = watch.session.current["+ BatchNorm", 0]
    assert run.state == "running" and run.epoch == 4.0 and [event.epoch for event in run.evaluations] == [2.0, 4.0]
    assert all(event.step <= run.step for event in (*run.norms, *run.insides)) and run.norms and run.insides
    watch.move(-1)
    assert watch.now == 2.0
    watch.move(-1)
    assert watch.now == 0.0 and watch.session.current["baseline", 0].last is None
    for now in (2.0, 4.0, 6.0, 8.0, 10.0):
        watch.move(1)
        assert watch.now == now
    assert watch.position is None and watch.session.current["baseline", 0].state == "finished"


def test_a_run_is_as_long_as_it_was_planned(tmp_path: Path, ladder) -> None:
    arm = apply_setting(ladder.arm("baseline"), "train.epochs", 12)
    write(tmp_path, msgspec.structs.replace(ladder, arms=(arm,)), "baseline", 0)
    assert watch_of(tmp_path).planned == 12.0


def test_at_the_end_it_follows_and_elsewhere_it_stays(tmp_path: Path, ladder) -> None:
    spec = run_spec(ladder.id, ladder.arm("baseline"), 0)
    folder = write(tmp_path, ladder, "baseline", 0, upto=0.5)
    watch = watch_of(tmp_path)
    end = watch.end
    assert 0 < end < 10 and watch.condition().pulse == "live"
    rest = list(stream(folder.name, spec))[int(0.5 * len(list(stream(folder.name, spec)))) :]
    with (folder / "events.jsonl").open("ab") as file:
        for event in rest[: len(rest) // 2]:
            file.write(events.encode(event))
    assert watch.take(watch.look()) and watch.show() and watch.now == watch.end > end
    watch.seek(2.0)
    with (folder / "events.jsonl").open("ab") as file:
        for event in rest[len(rest) // 2 :]:
            file.write(events.encode(event))
    watch.take(watch.look())
    watch.show()
    assert watch.now == 2.0 and watch.end == 10.0 and watch.condition().pulse == "ended"


async def test_the_explorers_charts_scrub_through_stored_runs(explore, recorder, tmp_path: Path, ladder) -> None:
    write(tmp_path, ladder, "baseline", 0)
    write(tmp_path, ladder, "+ BatchNorm", 0)
    async with explore(recorder=recorder) as user:
        await user.press("w")
        await user.sees("Stored runs", "2026-01-02 03:04", "overfitting/test", "2 arms, 1 seed")
        await user.press("enter")
        await user.sees("■ ended", "epoch 10 of 10", "100/60.0", "Accuracy", "Loss", "BatchNorm", "Activations")
        assert "press space to run" not in user.text
        await user.press("left", "left")
        await user.sees("epoch 6 of 10", "running")
        assert "100/60.0" not in user.text
        await user.press("home")
        await user.sees("epoch 0 of 10", "nothing was measured up to here")
        await user.press("space")
        await user.until(lambda: watched(user).stored.now >= 2.0, "playing")
        await user.press("space", "end")
        await user.sees("100/60.0")
        await user.press("i", "l", "v", "1", "1", "down", "question_mark")
        await user.sees("Arms")
        await user.press("escape", "escape")
        await user.sees("Which technique closes most of the gap?")
        assert not user.runner.requests


async def test_steering_comes_back_with_the_replay(explore, recorder, tmp_path: Path, ladder) -> None:
    steer = Marker(run="20260102-030405-linea0", step=20, kind="set", key="train.lr", value=0.5)
    folder = write(tmp_path, ladder, "baseline", 0, name="20260102-030405-linea0", extra=[steer])
    assert (folder / "events.jsonl").read_bytes().count(b'"set"') == 1
    async with explore(recorder=recorder) as user:
        screen = await opened(user, tmp_path)
        await user.sees("step 20: train.lr = 0.5", "in no verdict and in no pair", "~")
        row = plain(bar_line(screen.stored, 80))
        assert row.index("╎") < row.index("●")
        screen.action_seek(2.0)
        await user.until(lambda: "step 20" not in user.text)


async def test_a_run_that_grows_is_followed_and_its_silence_is_told(explore, recorder, tmp_path, ladder) -> None:
    folder = write(tmp_path, ladder, "baseline", 0, upto=0.4)
    spec = run_spec(ladder.id, ladder.arm("baseline"), 0)
    async with explore(recorder=recorder) as user:
        screen = await opened(user, tmp_path)
        await user.sees("● live")
        os.utime(folder / "events.jsonl", (1e9, 1e9))
        os.utime(folder / "spec.json", (1e9, 1e9))
        await user.until(lambda: "✘ crashed: no word for" in user.text and "worker lost" not in user.text)
        screen._look_again()
        await user.until(lambda: "lost" in user.text)
        told = list(stream(folder.name, spec))
        with (folder / "events.jsonl").open("ab") as file:
            for event in told[int(0.4 * len(told)) :]:
                file.write(events.encode(event))
        screen._look_again()
        await user.sees("■ ended", "100/60.0")
        assert screen._looking is None  # nothing is left that could say more


async def test_charts_say_that_the_logs_are_read_and_follow_once_they_are(
    explore, recorder, tmp_path: Path, ladder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arm in ("baseline", "+ BatchNorm"):
        write(tmp_path, ladder, arm, 0)
    may_read, read = threading.Event(), Watch.read

    def read_when_told(watch: Watch) -> None:
        assert may_read.wait(30)
        read(watch)

    monkeypatch.setattr(Watch, "read", read_when_told)
    async with explore(recorder=recorder) as user:
        user.app.watch_runs(list(entries(tmp_path)))
        await user.until(lambda: user.text.count("reading the stored runs") == 5, "the head and four charts")
        assert "nothing was measured" not in user.text
        may_read.set()
        await user.sees("■ ended", "● gap", "conv1 variance", "whole set", "conv1  2")
        await user.until(lambda: "reading" not in user.text, "all charts are drawn")
        assert "nothing was measured" not in user.text


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_every_line_fits(explore, recorder, tmp_path: Path, ladder, size) -> None:
    for seed in (0, 1):
        write(tmp_path, ladder, "+ dropout", seed)
    async with explore(size, recorder=recorder) as user:
        screen = await opened(user, tmp_path)
        for lines in (screen._head, screen._bar, screen._record):
            assert max((width(row) for row in lines._lines), default=0) <= lines.room
        assert cell_to_epoch(screen.stored, 0, 80) == 0.0 and cell_to_epoch(screen.stored, 999, 80) == 10.0
        await user.pilot.click("#watch-bar", offset=(size[0] // 3, 0))
        await user.until(lambda: screen.stored.position is not None)


async def test_somebody_elses_loop_shows_the_norms_and_the_length_that_only_its_log_knows(
    explore, recorder, tmp_path: Path, ladder
) -> None:
    spec, run = run_spec(ladder.id, ladder.arm("+ BatchNorm"), 0), "20260102-030405-aaaaaa"
    train = msgspec.structs.replace(spec.train, epochs=1)
    recorder.open(run, msgspec.structs.replace(spec, scenario="own/mine", stack=(), train=train))
    note = Marker(run=run, step=9, kind="note", text="a lower rate")
    *told, end = stream(run, spec)
    for event in [*told, note, end]:
        recorder.append(event)
    async with explore(recorder=recorder) as user:
        screen = await opened(user, tmp_path)
        assert screen.stored.planned == 10.0
        await user.sees("own › mine", "BatchNorm", "conv1 variance", "epoch 10 of 10", "step 9: a lower rate")


def hostile(run: str) -> list[events.AnyRunEvent]:
    nan, inf = float("nan"), float("inf")
    measured = Measured(loss=nan, accuracy=nan)
    layer = LayerInside(name=EVIL, mean=inf, std=-inf, dead=nan, grad=1e308, weight=-1.0)
    norm = NormLayer(name=EVIL, kind=EVIL, channels=3, batch_mean=[inf, -inf, nan], batch_var=[], count=0)
    return [
        Evaluated(run=run, step=0, epoch=0.0, seconds=-5.0, train=measured),
        Evaluated(run=run, step=10**14, epoch=1e90, seconds=1e90, train=measured, test=measured),
        Inside(run=run, step=1, layers=[layer]), Inside(run=run, step=2, layers=[]),
        Norms(run=run, step=1, layers=[norm]), Norms(run=run, step=2, layers=[]),
        Studied(run=run, step=1, study=EVIL, values={}), Studied(run=run, step=1, study="mode_switch", values={}),
        Marker(run=run, step=3, kind="set", key=EVIL, value=EVIL, text=EVIL),
        Marker(run=run, step=4, kind=EVIL), Diverged(run=run, step=5, layer=EVIL, value=nan),
    ]  # fmt: skip


async def test_a_hostile_directory_is_inert_on_both_screens(explore, recorder, tmp_path: Path, ladder) -> None:
    folder = write(tmp_path, ladder, "+ BatchNorm", 0, upto=0.9)
    with (folder / "events.jsonl").open("ab") as file:
        for event in hostile(folder.name):
            file.write(events.encode(event))
    raw = json.loads((folder / "spec.json").read_text())
    raw["spec"] |= {"arm": EVIL, "scenario": EVIL, "studies": [EVIL, "mode_switch"]}
    raw["spec"]["stack"].append({"name": EVIL, "where": EVIL, "params": {EVIL: EVIL}})
    (folder / "spec.json").write_text(json.dumps(raw))
    (folder / "scenario.json").write_text(json.dumps({"title": EVIL, "question": EVIL}))
    async with explore(recorder=recorder) as user:
        await opened(user, tmp_path)
        for key in ("left", "left", "home", "end", "i", "i", "i", "i", "i", "i", "l", "1", "4", "down"):
            await user.press(key)
            assert not any(mark in user.text for mark in ("\x1b", "\x07", "\x9b", "\u202e"))
        await user.press("escape", "c")
        await user.sees("shown, 1 picked")
        for key in ("m", "m", "x", "x", "s", "y", "left", "v", "a", "a", "b"):
            await user.press(key)
            assert not any(mark in user.text for mark in ("\x1b", "\x07", "\x9b", "\u202e"))


async def test_an_empty_store_is_said(explore, recorder) -> None:
    async with explore(recorder=recorder) as user:
        await user.press("w")
        await user.sees("No run is stored yet")
        await user.press("escape")
        assert not any(isinstance(screen, StoredScreen) for screen in user.app.screen_stack)


def test_runs_that_were_asked_for_together_are_one_batch(tmp_path: Path, ladder) -> None:
    for name in ("20260102-030405-aaaaaa", "20260102-030406-bbbbbb", "20260102-041500-cccccc"):
        write(tmp_path, ladder, "baseline", 0, name=name)
    assert [[entry.run[9:15] for entry in batch.entries] for batch in batches(entries(tmp_path))] == [
        ["041500"], ["030405", "030406"],
    ]  # fmt: skip


def test_what_is_named_is_what_is_opened(tmp_path: Path, ladder) -> None:
    names = ("20260102-030405-aaaaaa", "20260102-030406-bbbbbb", "20260102-041500-cccccc")
    for name in names:
        write(tmp_path, ladder, "baseline", 0, name=name)

    def runs(*asked: str) -> tuple[list[str], bool]:
        found, is_choice = chosen(asked, tmp_path)
        return sorted(entry.run for entry in found), is_choice

    assert runs() == ([names[2]], False)
    assert runs("20260102-0304") == ([*names[:2]], False)
    assert runs(str(tmp_path / names[1])) == ([names[1]], False)
    assert runs(str(tmp_path)) == ([*names], True)
    assert runs(ladder.id) == runs(ladder.id.rpartition("/")[2]) == ([names[2]], False), "its latest ones"
    with pytest.raises(ReadingError, match="no runs in"):
        chosen([], tmp_path / "none")
    other = json.loads((tmp_path / names[0] / "spec.json").read_text())
    other["spec"]["scenario"] = "other/one"
    (tmp_path / names[0] / "spec.json").write_text(json.dumps(other))
    with pytest.raises(ReadingError, match="runs of 2 scenarios"):
        chosen(["2026"], tmp_path)


async def test_keys_are_answered_while_a_disk_holds_the_logs(
    explore, recorder, tmp_path: Path, ladder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regtui.ui.screens.watch.LOOK_EVERY", 0.01)
    answers, looks, look = threading.Event(), [0], Watch.look

    def held(watch: Watch, pieces: int) -> object:
        looks[0] += 1
        assert answers.wait(30)
        return look(watch, pieces)

    write(tmp_path, ladder, "baseline", 0, upto=0.5)
    monkeypatch.setattr(Watch, "look", held)
    async with explore(recorder=recorder) as user:
        await user.press("w")
        await user.sees("Stored runs", "1 arm, 1 seed")
        await user.press("enter")
        await user.until(lambda: looks[0])
        await user.press("2")
        await user.until(lambda: user.app.screen.has_class("-one"))
        assert looks[0] == 1, "one look at a time"
        answers.set()
        await user.until(lambda: looks[0] > 2)
