"""Stored runs in the explorer's own charts, as of any time of theirs; live while another process writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.screen import ModalScreen
from textual.timer import Timer

from regtui.aside import beside
from regtui.ui import messages
from regtui.ui.charts import Look
from regtui.ui.figures import Figure, accuracy_figure, inside_figure, loss_figure, norms_figure
from regtui.ui.keys import bindings
from regtui.ui.panes.arms import ArmsPane
from regtui.ui.panes.figure import FigurePane
from regtui.ui.panes.keys_line import KeysLine
from regtui.ui.panes.pane import Pane
from regtui.ui.picking import pick_layer, step_layer
from regtui.ui.racing import Race
from regtui.ui.runners import RunnerLike
from regtui.ui.screens.themed import Themed
from regtui.ui.text import MUTED, cut, line, width
from regtui.ui.view import View
from regtui.ui.watch_lines import bar_line, cell_to_epoch, head_line, record_lines
from regtui.ui.widgets.lines import Lines
from regtui.watching import Watch

LOOK_EVERY = 1.0
"""Seconds between two looks at the logs."""
PLAY_EVERY = 0.5
"""Seconds between two evaluations while it plays."""
READING = "reading the stored runs…"
MOST_PIECES = 8
"""Pieces of each log that one look takes in, so that keys are answered while a long one is shown."""

TABS = ("accuracy", "loss", "norms", "inside")


def still(figure: Callable[[View], Figure], empty: Callable[[], str]) -> Callable[[View], Figure]:
    """A figure that asks nobody to press space: what is stored is not run from here. `empty` says why it is empty."""

    def shown(view: View) -> Figure:
        found = figure(view)
        if found.chart.series:
            return found
        text = empty()
        return replace(found, chart=replace(found.chart, empty_text=text), version=(*found.version, text))

    return shown


class Bar(Lines):
    """The training as a line with the cursor on it; a click puts it there."""

    can_focus = False

    def __init__(self, watch: Watch) -> None:
        super().__init__(id="watch-bar")
        self._watch = watch

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            epoch = cell_to_epoch(self._watch, offset.x, self.room)
            self.post_message(messages.ActionPicked(f"screen.seek({epoch!r})"))


class WatchScreen(Themed, ModalScreen[bool]):
    """Closes with True where the whole program is to end. `alone`: nothing but this was asked for."""

    BINDINGS = bindings("watch")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    AUTO_FOCUS = "#arm-rows"

    def __init__(self, watch: Watch, runner: RunnerLike, look: Look, *, dark: bool, alone: bool = False) -> None:
        super().__init__(id="watch")
        self.stored, self._look, self._alone = watch, look, alone
        self._view = View(Race(watch.session, runner), watch.session.arms[0].name, dark=dark)
        self._shown = 1
        self._playing: Timer | None = None
        self._looking: Timer | None = None
        self._is_read = self._is_looking = False
        figures = (accuracy_figure, loss_figure, norms_figure, inside_figure)
        self.figures = [
            FigurePane(i, name, still(figure, self._empty_text), self._view)
            for i, (name, figure) in enumerate(zip(TABS, figures, strict=True), 1)
        ]
        self._head, self._bar = Lines(id="header"), Bar(watch)
        self._arms = ArmsPane(self._view)
        self._record = Lines(id="record-rows")
        self._record_pane = Pane([self._record], id="record")

    def compose(self) -> ComposeResult:
        yield self._head
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield self._arms
                yield self._record_pane
            with Vertical(id="right"), Container(id="charts"):
                yield from self.figures
        yield self._bar
        yield KeysLine("watch")

    async def on_mount(self) -> None:
        self._head.can_focus = False
        self.set_look(self._look, dark=self._view.dark)
        self._place()
        self.run_worker(self._read(), group="watch")

    async def _read(self) -> None:
        await beside(self.stored.read)
        self._is_read = True
        self.stored.show()
        self.show_all()
        if self.stored.condition().pulse != "ended":
            self._looking = self.set_interval(LOOK_EVERY, self._look_again)

    def _look_again(self) -> None:
        if not self._is_looking:  # else a disk holds the look before
            self._is_looking = True
            self.run_worker(self._look_beside(), group="watch")

    async def _look_beside(self) -> None:
        seen = await beside(lambda: self.stored.look(MOST_PIECES))
        self._is_looking = False
        self.stored.take(seen)
        if self.stored.show():
            self.show_all()
        self._show_head()
        if self._looking is not None and self.stored.condition().pulse == "ended":
            self._looking.stop()
            self._looking = None

    def on_resize(self) -> None:
        self.call_after_refresh(self.show_all)

    def on_arm_selected(self, message: messages.ArmSelected) -> None:
        message.stop()
        self._view.arm = message.arm
        self.show_all()

    def on_arm_stepped(self, message: messages.ArmStepped) -> None:
        message.stop()
        names = [arm.name for arm in self._view.session.arms]
        at = names.index(self._view.selected.name) + message.by
        self._view.arm = names[min(max(at, 0), len(names) - 1)]
        self.show_all()

    def on_arm_dropped(self, message: messages.ArmDropped) -> None:
        message.stop()  # what is stored stays

    def on_layer_picked(self, message: messages.LayerPicked) -> None:
        message.stop()
        pick_layer(self._view, message.layer)
        self._show_charts()

    # -- showing -------------------------------------------------------------------------------------------------

    def set_look(self, look: Look, *, dark: bool) -> None:
        self._look, self._view.dark = look, dark
        for pane in self.figures:
            pane.set_look(look)
        self.show_all()

    def show_all(self) -> None:
        """Follow the cursor, the logs and the selection."""
        self._show_head()
        self._arms.show_view()
        self._bar.show([bar_line(self.stored, self._bar.room, charset=self._look.charset)] if self._is_read else [])
        arm = self._view.selected.name
        head = line(("On record", "bold"), (f"  {self._view.sign(arm)} ", self._view.color(arm)))
        self._record_pane.set_title(line(*head, (cut(arm, self._record_pane.title_room - width(head)), MUTED)))
        self._record.show(record_lines(self._view, self._record.room))
        self.call_after_refresh(self._show_charts)

    def _show_charts(self) -> None:
        for pane in self.figures:
            pane.show_view()

    def _show_head(self) -> None:
        if self._is_read:
            self._head.show([head_line(self.stored, self.stored.condition(), self._head.room)])
        else:
            self._head.show([line(("regtui", "bold $primary"), (f"  {READING}", MUTED))])

    def _empty_text(self) -> str:
        return "nothing was measured up to here" if self._is_read else READING

    def _place(self) -> None:
        for pane in self.figures:
            pane.set_class(pane.number == self._shown, "-shown")

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """By so many evaluations."""
        self._stop_playing()
        self.stored.move(by)
        self.show_all()

    def action_seek(self, epoch: float) -> None:
        self._stop_playing()
        self.stored.seek(epoch)
        self.show_all()

    def action_to_start(self) -> None:
        self.action_seek(0.0)

    def action_to_end(self) -> None:
        self.action_seek(self.stored.end)

    def action_play(self) -> None:
        """From the cursor on, from the beginning where it is at the end; again: hold."""
        if self._playing is not None:
            self._stop_playing()
            return
        if self.stored.position is None:
            self.stored.seek(0.0)
        self._playing = self.set_interval(PLAY_EVERY, self._play_on)
        self.show_all()

    def _play_on(self) -> None:
        self.stored.move(1)
        if self.stored.position is None:
            self._stop_playing()
        self.show_all()

    def _stop_playing(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None

    def action_look(self, what: str) -> None:
        """The next layer, statistic or look inside, as in the explorer."""
        view = self._view
        if what == "layer":
            step_layer(view, 1)
        elif what == "statistic":
            view.statistic = "mean" if view.statistic == "variance" else "variance"
        else:
            view.inside += 1
        self._show_charts()

    def action_show(self, number: int) -> None:
        """One chart, large; where all fit, the same number again brings them back."""
        one = self.has_class("-one") and self._shown == number
        self.set_class(not one, "-one")
        self._shown = number
        self._place()
        self.call_after_refresh(self.show_all)

    def action_close(self) -> None:
        self.dismiss(False)

    def action_quit(self) -> None:
        """Out of the program, where nothing else was asked for."""
        self.dismiss(self._alone)
