"""The progress of `regtui run` on stderr: a bar on a terminal, a line a run elsewhere."""

from __future__ import annotations

import contextlib
import re
from types import TracebackType
from typing import TextIO

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from regtui.catalog import samples_called
from regtui.cli.output import Aside
from regtui.events import TERMINAL_EVENTS, Marker, RunEvent, Started, Steps
from regtui.runner.reports import Garbled, Lost, Ready, Report
from regtui.scenario.errors import printable
from regtui.session import Session


class Progress:
    """Shows the reports of one session as they come."""

    def __init__(self, session: Session, stream: TextIO) -> None:
        self.session = session
        self.console = Aside(file=stream, highlight=False)
        self._bar: Bar | None = None
        self._unsaved: set[str] = set()
        """Why checkpoints were not written: each reason is told once."""
        self._told: set[str] = set()
        """What is said once, though each worker or run says it."""
        self._trouble = ""
        """Of the record, as it was told last."""

    def __enter__(self) -> Progress:
        if self.console.is_terminal:
            self._bar = Bar(
                TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
                TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
                console=self.console, refresh_per_second=4, transient=True,
            )  # fmt: skip
            self._bar.start()
            self._task = self._bar.add_task("loading PyTorch", total=None, rate="")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._bar is not None:
            with contextlib.suppress(OSError):  # as in `_say`
                self._bar.stop()

    def show(self, report: Report) -> None:
        """React to one report that the session has already taken."""
        match report:
            case Ready(hello=hello):
                together = f", {hello.ranks} processes a run" if hello.ranks > 1 else ""
                self._say_once(f"worker ready: torch {hello.torch} on {hello.devices[-1].label}{together}")
            case Lost(sentence=sentence) | Garbled(sentence=sentence):
                self._say(sentence)
            case Started(run=run, uncaptured=why) | Marker(run=run, kind="uncaptured", text=why) if why:
                self._say(f"{self._named(run)}  {why}")
            case Marker(run=run, kind="refused", key="checkpoint", text=why) if why not in self._unsaved:
                self._unsaved.add(why)
                self._say(f"{self._named(run)}  {why}; interrupted, it would go on from an older one or from its start")
            case Started(is_streamed=True):
                self._say_once("the training pictures do not fit into memory and come from disk, batch by batch")
            case Started(run=run, cut_texts=cut) if cut and run in self.session.runs:
                data = self.session.runs[run].spec.data
                self._say_once(
                    f"{cut:,} of {data.train:,} training texts have more than {data.length} words (data.length) and "
                    "lose the rest"
                )
            case RunEvent() if isinstance(report, TERMINAL_EVENTS):
                self._run_ended(report.run)
            case _:
                pass
        if isinstance(report, (Steps, *TERMINAL_EVENTS)):
            self._advance()
        self.tell_of_record()

    def tell_of_record(self) -> None:
        """What is wrong with the record of the runs: as soon as it is known, and once however long it lasts."""
        if self.session.recorder is None:
            return
        notice = self.session.recorder.left or self.session.recorder.notice
        trouble = re.sub(r"\d+", "", notice)  # the seconds that a disk has not answered for
        if trouble and trouble != self._trouble:
            self._say(notice)
        self._trouble = trouble

    def _run_ended(self, run: str) -> None:
        history = self.session.runs.get(run)
        if history is None:
            return
        last = history.last
        figures = ""
        if last is not None and last.held_out is not None:
            part = "test" if last.test else "validation"
            figures = f"  train {last.train.accuracy:.1f} %  {part} {last.held_out.accuracy:.1f} %  gap {last.gap:.1f}"
        if history.revealed is not None:
            figures = f"  test {history.revealed.test.accuracy:.1f} %, revealed {history.revealed.at}"
        state = history.state if history.state == "finished" else history.trouble
        self._say(f"{self._named(run)}  {state}{figures}")

    def _named(self, run: str) -> str:
        history = self.session.runs.get(run)
        return f"{history.spec.arm}  seed {history.spec.seed}" if history is not None else run

    def _advance(self) -> None:
        if self._bar is None:
            return
        runs = list(self.session.current.values())
        done = sum(run.step if run.is_live else run.total_steps for run in runs)
        ended = sum(not run.is_live for run in runs)
        rate = sum(run.samples_per_s for run in runs if run.state == "running")
        noun = samples_called(self.session.arms[0].data.name)
        self._bar.update(
            self._task, completed=done, total=sum(run.total_steps for run in runs),
            description=f"{ended}/{len(runs)} runs", rate=f"{rate:,.0f} {noun}/s",
        )  # fmt: skip

    def _say_once(self, sentence: str) -> None:
        """What each worker of a pool, or each run, says alike."""
        if sentence not in self._told:
            self._told.add(sentence)
            self._say(sentence)

    def _say(self, sentence: str) -> None:
        # A terminal may be gone, or whoever read a pipe: what trains goes on, and is recorded.
        with contextlib.suppress(OSError):
            self.console.print(printable(sentence), markup=False, soft_wrap=True)
