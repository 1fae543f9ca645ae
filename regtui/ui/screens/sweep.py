"""A sweep while it runs, or as it was left: the best so far, a slice through each setting, the trials."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import ModalScreen

from regtui.aside import beside
from regtui.scenario import ScenarioError, load
from regtui.sweep.following import Following
from regtui.sweep.record import ask_to_stop
from regtui.ui import messages
from regtui.ui.charts import Look
from regtui.ui.figures.figure import Figure
from regtui.ui.figures.sweep import best_figure, slice_figure
from regtui.ui.figures.sweep_paths import paths_figure
from regtui.ui.keys import bindings
from regtui.ui.panes.keys_line import KeysLine
from regtui.ui.panes.pane import Pane
from regtui.ui.screens.themed import Themed
from regtui.ui.sweep_lines import head_line, outcome_line, trial_lines
from regtui.ui.text import MUTED, STRONG, fitted, line
from regtui.ui.widgets.chart_view import ChartView
from regtui.ui.widgets.lines import Lines

POLL = 1.0
"""Seconds between two looks into the folder; nothing is drawn where nothing is new."""
MOST_SLICES = 5
PATHS = 9
"""Number of the chart of all settings."""
OVER = "This sweep is not running."
STOPPING = "Stopping. What was found stays; the same search goes on with it later."
ONE_SETTING = "One setting is searched, and its slice is shown."
NO_WINNER = "There is no winner yet: it is written when the search is done."


class SweepChart(Pane):
    """A chart of the sweep."""

    def __init__(self, number: int, look: Look, figure: Callable[[], Figure]) -> None:
        self._chart = ChartView(look=look)
        super().__init__([self._chart], id=f"sweep-{number}")
        self._figure = figure
        self._drawn: tuple[object, ...] = ()

    def set_look(self, look: Look) -> None:
        """Another look, in which it is drawn when it is shown next."""
        self._chart.look, self._drawn = look, ()

    def show_sweep(self) -> None:
        """Follow the sweep, if there is anything new."""
        figure = self._figure()
        drawn = (figure.version, figure.subject)
        if drawn != self._drawn:
            self._drawn = drawn
            self.set_title(figure.title)
            self._chart.show(figure.chart, subject=figure.subject)


class Trials(Lines, can_focus=True):
    """The table; scrolls."""

    BINDINGS = bindings("sweep")


class SweepScreen(Themed, ModalScreen[bool]):
    """Gives whether the program is to end. `alone`: nothing but this was asked for, by `regtui watch`."""

    BINDINGS = bindings("sweep")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    AUTO_FOCUS = "#sweep-trials-rows"

    def __init__(self, sweep: Following, look: Look, *, dark: bool, alone: bool = False) -> None:
        super().__init__(id="sweep")
        self.sweep = sweep
        self._dark, self._alone = dark, alone
        self._is_looking = False
        self._first = 0
        """Which setting the first slice shows."""
        self._paths = SweepChart(PATHS, look, lambda: paths_figure(sweep, dark=self._dark))
        slices = min(len(sweep.plan.space), MOST_SLICES)
        self._head, self._outcome = Lines(id="sweep-head"), Lines(id="sweep-outcome")
        self._head.can_focus = self._outcome.can_focus = False
        figures: list[Callable[[], Figure]] = [lambda: best_figure(sweep, dark=self._dark)]
        figures += [partial(self._slice, i) for i in range(slices)]
        self.charts = [SweepChart(i, look, figure) for i, figure in enumerate(figures)]
        self._rows = Trials(id="sweep-trials-rows")
        self._trials = Pane([self._rows], id="sweep-trials")

    def compose(self) -> ComposeResult:
        yield self._head
        with Container(id="sweep-charts", classes=f"-of-{len(self.charts)}"):
            yield from self.charts
        yield self._paths
        yield self._outcome
        yield self._trials
        yield KeysLine("sweep")

    def on_mount(self) -> None:
        self.set_interval(POLL, self._poll)

    def on_resize(self) -> None:
        self.call_after_refresh(self.show_all)

    def set_look(self, look: Look, *, dark: bool) -> None:
        self._dark = dark
        for chart in (self._paths, *self.charts):
            chart.set_look(look)
        self.show_all()

    def show_all(self) -> None:
        """Follow the sweep."""
        self._head.show([head_line(self.sweep, self._head.room)])
        self._outcome.show([fitted(outcome_line(self.sweep), self._outcome.room)])
        self._trials.set_title(line(("Trials", STRONG), ("  best first", MUTED)))
        self._rows.show(trial_lines(self.sweep, self._rows.room, dark=self._dark))
        for chart in (self._paths, *self.charts):
            if chart.display:
                chart.show_sweep()

    def action_setting(self, by: int) -> None:
        """Slices through the next settings, or those before."""
        if len(self.sweep.plan.space) == 1:
            self._say(ONE_SETTING)
        self._first = (self._first + by) % len(self.sweep.plan.space)
        self.show_all()

    def action_paths(self) -> None:
        """All settings in one picture, or a slice through each again."""
        self.set_class(not self.has_class("-paths"), "-paths")
        self.call_after_refresh(self.show_all)

    def action_stop(self) -> None:
        """End the search, whoever began it."""
        if not self.sweep.is_alive:
            self._say(OVER)
            return
        try:
            ask_to_stop(self.sweep.folder)
        except OSError as error:
            self._say(f"{self.sweep.folder} cannot be written: {error.strerror}.")
        else:
            self._say(STOPPING)

    def action_open_winner(self) -> None:
        """The winner beside the unswept arm, as a scenario in the explorer."""
        path = self.sweep.folder / "winner.toml"
        if not path.is_file():
            self._say(NO_WINNER)
            return
        try:
            scenario = load(path)
        except ScenarioError as error:  # a model that is code, say, which this process was not told of
            self._say(f"{path.name}: {error.problems[0].message}.")
            return
        self.post_message(messages.ScenarioChosen(scenario))
        self.dismiss(False)

    def action_close(self) -> None:
        self.dismiss(False)

    def action_quit(self) -> None:
        self.dismiss(self._alone)

    def _poll(self) -> None:
        if not self._is_looking:  # else a disk holds the look before
            self._is_looking = True
            self.run_worker(self._look(), group="look")

    async def _look(self) -> None:
        seen = await beside(self.sweep.look)
        self._is_looking = False
        if self.sweep.take(seen):
            self.show_all()

    def _slice(self, number: int) -> Figure:
        space = self.sweep.plan.space
        return slice_figure(self.sweep, space[(self._first + number) % len(space)], dark=self._dark)

    def _say(self, sentence: str) -> None:
        self.post_message(messages.SentenceSaid(sentence))
