"""The main screen: stack and arms on the left, charts and the lesson on the right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.screen import Screen

from regtui.scenario import ScenarioError
from regtui.ui import messages
from regtui.ui.charts import Look
from regtui.ui.figures import accuracy_figure, inside_figure, loss_figure, norms_figure
from regtui.ui.messages import ActionPicked, CurvesGrew, StoreChanged
from regtui.ui.panes.arms import ArmsPane
from regtui.ui.panes.figure import FigurePane
from regtui.ui.panes.footer import Footer
from regtui.ui.panes.header import Header
from regtui.ui.panes.lesson import LessonPane, NextStep
from regtui.ui.panes.stack import StackPane
from regtui.ui.picking import pick_layer
from regtui.ui.settings import nudged, setting_row
from regtui.ui.text import MUTED, Line, line
from regtui.ui.view import View
from regtui.ui.widgets.lines import Lines

TABS = ("accuracy", "loss", "norms", "inside", "lesson")
LESSON = len(TABS)
EDITS_REST = 0.6
"""Seconds without a further edit before the runs of an edited arm start."""


def tabs_line(shown: int) -> Line:
    """1 accuracy  2 loss  ..., the shown one marked."""
    parts: list[tuple[str, str]] = []
    for i, name in enumerate(TABS, 1):
        style = "bold $primary on $cursor" if i == shown else MUTED
        parts += [(" " if i > 1 else "", ""), (f"{i} {name}", style)]
    return line(*parts)


class Tabs(Lines):
    """What can be shown where there is room for one chart only."""

    can_focus = False

    def on_click(self, event: events.Click) -> None:
        offset, start = event.get_content_offset(self), 0
        for i, name in enumerate(TABS, 1):
            end = start + len(name) + 3
            if offset is not None and start <= offset.x < end:
                self.post_message(ActionPicked(f"screen.show({i})"))
            start = end


class ExplorerScreen(Screen[None]):
    """Everything about one scenario."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (38, "-tall")]
    AUTO_FOCUS = "#arm-rows"

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self._shown = LESSON
        """The tab that is shown where only one is."""
        self._was_chosen = False
        self._edited = 0
        """Counts the edits of arms."""
        self._owes_rest = False
        """Whether a part of the screen is still to follow the view."""
        figures = (accuracy_figure, loss_figure, norms_figure, inside_figure)
        self.figures = [
            FigurePane(i, name, figure, view) for i, (name, figure) in enumerate(zip(TABS, figures, strict=False), 1)
        ]
        # Where the lesson is not shown, what to press is told below the one chart that is.
        step = NextStep(view, id="step-below", most=2)
        self._texts = (Header(view), StackPane(view), ArmsPane(view), LessonPane(view), step, Footer(view))
        self._beside = self._texts[1:3]
        """The stack and the arms: what most keys change."""
        self._tabs = Tabs(id="tabs")

    def compose(self) -> ComposeResult:
        header, stack, arms, lesson, step, footer = self._texts
        yield header
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield stack
                yield arms
            with Vertical(id="right"):
                with Container(id="charts"):
                    yield from self.figures
                yield lesson
                yield step
                yield self._tabs
        yield footer

    def on_mount(self) -> None:
        self._place()

    def on_store_changed(self, message: StoreChanged) -> None:
        message.stop()
        self.show_texts()

    def on_curves_grew(self, message: CurvesGrew) -> None:
        message.stop()
        self.show_charts()

    def on_resize(self) -> None:
        self.call_after_refresh(self.show_all)

    def on_arm_selected(self, message: messages.ArmSelected) -> None:
        self._view.arm = message.arm
        self.show_all()

    def on_arm_stepped(self, message: messages.ArmStepped) -> None:
        names = [arm.name for arm in self._view.session.arms]
        at = names.index(self._view.selected.name) + message.by
        self._view.arm = names[min(max(at, 0), len(names) - 1)]
        self.show_all()

    def on_layer_picked(self, message: messages.LayerPicked) -> None:
        pick_layer(self._view, message.layer)
        self.show_charts()

    def on_arm_dropped(self, message: messages.ArmDropped) -> None:
        self._say(self._view.race.drop(message.arm))

    def on_value_edited(self, message: messages.ValueEdited) -> None:
        edit = self._view.race.edit
        self._edit(lambda arm: edit(arm, message.key, message.value, steerable=message.steerable))

    def on_value_nudged(self, message: messages.ValueNudged) -> None:
        self.nudge(message.key, message.presses)

    def on_regularizer_toggled(self, message: messages.RegularizerToggled) -> None:
        self._edit(lambda arm: self._view.race.toggle(arm, message.name))

    def on_entry_moved(self, message: messages.EntryMoved) -> None:
        self._edit(lambda arm: self._view.race.move(arm, message.key, message.by))

    def nudge(self, key: str, presses: int) -> None:
        """Make a setting of the selected arm larger or (negative) smaller by so many presses."""
        try:
            row = setting_row(self._view.selected, key)
        except KeyError:  # a quicker key has taken its regularizer away
            return
        if row.param is not None and row.value is not None:
            value, steerable = nudged(row.param, row.value, presses), row.param.steerable
            if value != row.value:
                self._edit(lambda arm: self._view.race.edit(arm, key, value, steerable=steerable))

    def show_all(self) -> None:
        """Follow the view, all of it: what stands beside the keys at once, the rest when that is painted.

        A small part of the screen is painted in a third of the time, so that a key answers quickly.
        """
        for pane in self._beside:
            pane.show_view()
        if not self._owes_rest:
            self._owes_rest = True
            # In the next turn of the event loop: by then the panes have told that they changed. A screen that
            # knows of nothing to paint has no refresh to wait for, and goes on at once.
            asyncio.get_running_loop().call_soon(self.call_after_refresh, self._show_rest)

    def show_texts(self) -> None:
        """Follow the view in everything that is not a chart."""
        for pane in self._texts:
            pane.show_view()

    def _show_rest(self) -> None:
        self._owes_rest = False
        for pane in self._texts:
            if pane not in self._beside:
                pane.show_view()
        self.show_charts()

    def show_charts(self) -> None:
        """Follow the view in the charts."""
        if self._shown == LESSON and not self._was_chosen and self._view.session.is_busy:
            self._choose(1)
        for pane in self.figures:
            pane.show_view()

    def set_look(self, look: Look) -> None:
        """Draw the charts in another look."""
        for pane in self.figures:
            pane.set_look(look)

    @property
    def only_pane(self) -> int | None:
        """The tab that was asked for, where only one is shown; None where all are, or none was asked for."""
        is_one = self.has_class("-one") or self.has_class("-narrow")
        return self._shown if is_one and self._was_chosen else None

    def begin_with(self, number: int, *, large: bool) -> None:
        """Show a tab from the first picture on: where there is room for one only, or `large` everywhere."""
        if 1 <= number <= len(TABS):
            self._was_chosen, self._shown = True, number
            self.set_class(large, "-one")

    def action_show(self, number: int) -> None:
        """One tab, large; where all fit, the same number again brings them back."""
        self._was_chosen = True
        if self.has_class("-narrow"):
            self._choose(number)
        elif self.has_class("-one") and self._shown == number:
            self.remove_class("-one")
        else:
            self.add_class("-one")
            self._choose(number)
        self.call_after_refresh(self.show_all)

    def action_show_all_charts(self) -> None:
        """Leave the one large chart, else the picked layer."""
        if self.has_class("-one"):
            self.remove_class("-one")
            self.call_after_refresh(self.show_all)
        elif self._view.picked:
            pick_layer(self._view, "")
            self.show_charts()

    def _edit(self, change: Callable[[str], tuple[str, str]]) -> None:
        try:
            self._view.arm, sentence = change(self._view.selected.name)
        except ScenarioError as error:
            self._say("; ".join(str(problem) for problem in error.problems), is_error=True)
            return
        # A key that is held down edits many times; only the last one starts runs.
        self._edited += 1
        self.set_timer(EDITS_REST, partial(self._start_edited, self._edited))
        self._say(sentence)

    def _start_edited(self, edit: int) -> None:
        if edit == self._edited:
            self._view.race.start_edited()
            self.show_texts()

    def _say(self, sentence: str, *, is_error: bool = False) -> None:
        """Show what an edit changed, and tell what it means."""
        self.show_all()
        if sentence:
            self.post_message(messages.SentenceSaid(sentence, is_error=is_error))

    def _choose(self, number: int) -> None:
        self._shown = number
        self._place()
        self.call_after_refresh(self.show_all)

    def _place(self) -> None:
        for pane in self.figures:
            pane.set_class(pane.number == self._shown, "-shown")
        self.set_class(self._shown == LESSON, "-lesson")
        self._tabs.show([tabs_line(self._shown)])
