"""Stored runs beside each other: a filter, overlaid curves with a cursor, figures, and the settings that differ."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input

from regtui.aside import beside
from regtui.compare.library import Entry, Library, StoredArm, entries
from regtui.compare.query import completions, last_word
from regtui.compare.results import Standing, standing_of
from regtui.store import RunHistory
from regtui.ui import messages
from regtui.ui.charts import Look
from regtui.ui.compared_lines import arms_lines, paired_metric, settings_lines
from regtui.ui.comparison import Comparison
from regtui.ui.figures.comparison import comparison_figure
from regtui.ui.keys import bindings
from regtui.ui.panes.keys_line import KeysLine
from regtui.ui.panes.pane import Pane
from regtui.ui.screens.themed import Themed
from regtui.ui.text import BAD, EMPTY, FAINT, MUTED, Line, join, line
from regtui.ui.widgets.chart_view import ChartView
from regtui.ui.widgets.lines import Lines

PLACEHOLDER = "Compare stored runs · / filters: arm=dropout lr=2e-3 seed=0"


class Completer(Suggester):
    """The first completion of the last word, shown dim behind the cursor; the right arrow takes it."""

    def __init__(self, comparison: Comparison) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._comparison = comparison

    async def get_suggestion(self, value: str) -> str | None:
        return next((text for text in completed(value, self._comparison.entries) if text.startswith(value)), None)


def completed(text: str, found: Sequence[Entry]) -> list[str]:
    """The filter line with its last word completed, in every way that the stored runs offer."""
    before = text.removesuffix(last_word(text))
    return [before + word for word in completions(text, found)]


class FilterLine(Input):
    """Tab completes, enter and escape go to the rows."""

    BINDINGS = bindings("filter")

    def __init__(self, comparison: Comparison) -> None:
        super().__init__(placeholder=PLACEHOLDER, suggester=Completer(comparison), id="compare-filter", compact=True,
                         select_on_focus=False)  # fmt: skip
        self._comparison = comparison

    def action_complete(self) -> None:
        """Take the first completion."""
        for text in completed(self.value, self._comparison.entries)[:1]:
            self.value = text
            self.cursor_position = len(text)


class Completions(Lines):
    """What the last word of the filter could become, or why the filter cannot be used."""

    can_focus = False


class ComparedChart(ChartView):
    """A click puts the cursor there."""

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        x = self.x_at(offset.x) if offset is not None else None
        if x is not None:
            self.post_message(messages.ActionPicked(f"screen.move_to({x!r})"))


class ComparedArms(Lines, can_focus=True):
    """The rows; what their keys do is the screen's."""

    BINDINGS = bindings("compare")

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self.row_at(offset.y) > 0:
            self.post_message(messages.ActionPicked(f"screen.toggle_row({self.row_at(offset.y) - 1})"))


class CompareScreen(Themed, ModalScreen[None]):
    """`scenario` is the one that is open in the explorer: its latest arms are picked at the beginning."""

    BINDINGS = bindings("compare")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    AUTO_FOCUS = "#compared-arms"

    def __init__(self, folder: Path, scenario: str, look: Look, *, dark: bool) -> None:
        super().__init__(id="compare")
        self._folder, self._scenario, self._dark = folder, scenario, dark
        self.comparison = Comparison()
        self._library = Library()
        self._is_reading = False
        self._filter = FilterLine(self.comparison)
        self._completions = Completions(id="compare-completions")
        self._chart = ComparedChart(look=look)
        self._chart_pane = Pane([self._chart], id="compare-chart")
        self._arms = ComparedArms(id="compared-arms")
        self._arms_pane = Pane([self._arms], id="compare-arms")
        self._settings = Lines(id="compared-settings")
        self._settings_pane = Pane([self._settings], id="compare-settings")

    def compose(self) -> ComposeResult:
        yield self._filter
        yield self._completions
        yield self._chart_pane
        with Horizontal(id="compare-below"):
            yield self._arms_pane
            yield self._settings_pane
        yield KeysLine("compare")

    async def on_mount(self) -> None:
        self.action_reload()

    def on_resize(self) -> None:
        self.call_after_refresh(self.show_all)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.comparison.filter(event.value)
        self.show_all()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._arms.focus()

    def on_descendant_focus(self) -> None:
        self._show_texts()

    def on_descendant_blur(self) -> None:
        self._show_texts()

    # -- reading -------------------------------------------------------------------------------------------------

    async def _load(self) -> None:
        found = await beside(lambda: list(entries(self._folder)))
        self.comparison.load(found, self._scenario)
        self.comparison.filter(self._filter.value)
        self.show_all()

    async def _read(self) -> None:
        """Read logs until all that is wanted is there; in a thread, an arm at a time."""
        while self.is_mounted and (arm := self.comparison.unread(self._rows_in_sight)) is not None:
            standing, runs = await beside(partial(self._read_arm, arm))
            self.comparison.take(standing, runs)
            self._show()
        self._is_reading = False

    def _read_arm(self, arm: StoredArm) -> tuple[Standing, dict[int, RunHistory]]:
        standing = standing_of(arm, self._library.history)
        return standing, {seed: self._library.history(entry) for seed, entry in arm.latest.items()}

    @property
    def _rows_in_sight(self) -> range:
        top = self._arms.scroll_offset.y
        return range(max(top - 1, 0), top + max(self._arms.size.height, 1))

    # -- showing -------------------------------------------------------------------------------------------------

    def set_look(self, look: Look, *, dark: bool) -> None:
        self._chart.look, self._dark = look, dark
        self._show()

    def show_all(self) -> None:
        """Show what is known, and read what is missing."""
        self._show()
        if not self._is_reading and self.comparison.is_loaded:
            self._is_reading = True
            self.run_worker(self._read(), group="read")

    def _show(self) -> None:
        figure = comparison_figure(self.comparison, dark=self._dark)
        self._chart_pane.set_title(figure.title)
        self._chart.show(figure.chart, subject=figure.subject)
        self._show_texts()

    def _show_texts(self) -> None:
        comparison = self.comparison
        self._completions.show([self._below_filter()])
        rows = arms_lines(comparison, self._arms.room, dark=self._dark, focused=self._arms.has_focus)
        self._arms.show(rows)
        self._settings.show(settings_lines(comparison, self._settings.room, dark=self._dark))
        count = f"  {len(comparison.shown)} shown, {len(comparison.picked)} picked" if comparison.arms else ""
        about = f"  paired: {paired_metric(comparison).replace('_', ' ')}"
        self._arms_pane.set_title(line(("Stored arms", "bold"), (count, MUTED), (about, FAINT)))
        self._settings_pane.set_title(line(("Only what differs", "bold")))

    def _below_filter(self) -> Line:
        if self.comparison.problem:
            return line((self.comparison.problem, BAD))
        if not self._filter.has_focus:
            return EMPTY
        words = completions(self._filter.value, self.comparison.entries)
        return line(("tab ", FAINT), *join((line((word, MUTED)) for word in words), ("  ", "")))

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        self._filter.focus()

    def action_rows(self) -> None:
        self._arms.focus()

    def action_choose(self, by: int) -> None:
        self.comparison.choose(by)
        at = self.comparison.row + 1
        if not self._arms.scroll_offset.y < at < self._arms.scroll_offset.y + self._arms.size.height:
            self._arms.scroll_to(y=max(0, at + 1 - self._arms.size.height // 2), animate=False)
        self.show_all()

    def action_pick(self) -> None:
        self._say(self.comparison.toggle())

    def action_toggle_row(self, row: int) -> None:
        self.comparison.choose(row - self.comparison.row)
        self._arms.focus()
        self._say(self.comparison.toggle())

    def action_pick_all(self) -> None:
        self._say(self.comparison.toggle_all())

    def action_refer(self) -> None:
        self._say(self.comparison.refer())

    def action_metric(self, by: int) -> None:
        self.comparison.next_metric(by)
        self.show_all()

    def action_axis(self) -> None:
        self.comparison.next_axis()
        self.show_all()

    def action_smooth(self) -> None:
        self.comparison.smooth()
        self.show_all()

    def action_y_axis(self) -> None:
        self.comparison.next_y_axis()
        self.show_all()

    def action_move(self, by: int) -> None:
        self.comparison.move(by)
        self.show_all()

    def action_move_to(self, x: float) -> None:
        self.comparison.move_to(x)
        self.show_all()

    def action_settings(self) -> None:
        """One table instead of two; where there is room for one only, the other one."""
        self.toggle_class("-settings")
        self.call_after_refresh(self.show_all)

    def action_reload(self) -> None:
        self.run_worker(self._load(), group="load", exclusive=True)

    def _say(self, sentence: str) -> None:
        self.show_all()
        if sentence:
            self.post_message(messages.SentenceSaid(sentence))
