"""What `regtui run` says on the way: of all that concerns every run alike one line."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from regtui.cli.progress import Progress
from regtui.events import Started
from regtui.own.adopted import can_erase
from regtui.runner.reports import Garbled
from regtui.scenario import find, load
from regtui.session import Session
from regtui.store import Recorder


@pytest.mark.parametrize(("facts", "says"), [
    ({"cut_texts": 12}, "12 of 1,000 training texts have more than 16 words (data.length) and lose the rest\n"),
    ({"is_streamed": True}, "the training pictures do not fit into memory and come from disk, batch by batch\n"),
    ({}, ""),
])  # fmt: skip
def test_what_holds_for_every_run_is_said_once(facts: dict[str, object], says: str) -> None:
    session, told = Session(load(find("dropout/transformer"))), io.StringIO()
    requests = session.request([session.arms[0].name], range(2))
    progress = Progress(session, told)
    for request in requests:
        progress.show(
            Started(
                run=request.run, device="cpu", device_label="", threads=1, precision="fp32", parameters=1,
                total_steps=9, steps_per_epoch=3, train_samples=1000, clean_samples=500, **facts,  # type: ignore[arg-type]
            )
        )  # fmt: skip
    assert told.getvalue() == says


class Gone(io.StringIO):
    """A terminal that was closed, or a pipe that nobody reads any more."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, _: str) -> int:
        raise self._error


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), BrokenPipeError()])
def test_whoever_does_not_read_what_is_said_does_not_stop_the_runs(error: OSError) -> None:
    with Progress(Session(load(find("ladder"))), Gone(error)) as progress:
        progress.show(Garbled(0, "The worker wrote a line that is no event; it was skipped."))


def test_what_is_wrong_with_the_record_is_told_at_once_and_once(tmp_path: Path) -> None:
    recorder, told = Recorder(tmp_path), io.StringIO()
    progress = Progress(Session(load(find("ladder")), recorder=recorder), told)
    for warning in ("", "No answer for 5 s.", "No answer for 6 s.", "", "No answer for 5 s.", "Recording stopped."):
        recorder.warning = warning
        progress.tell_of_record()
    assert told.getvalue() == "No answer for 5 s.\nNo answer for 5 s.\nRecording stopped.\n"


@pytest.mark.parametrize(("is_terminal", "term", "can"), [
    (True, "xterm-256color", True), (True, "dumb", False), (False, "xterm-256color", False)
])  # fmt: skip
def test_a_line_is_written_over_only_where_that_can_be(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, term: str, can: bool
) -> None:
    monkeypatch.setenv("TERM", term)
    assert can_erase(SimpleNamespace(isatty=lambda: is_terminal)) is can  # type: ignore[arg-type]
