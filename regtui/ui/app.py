"""The explorer: owns the screens, the bindings, the sessions and the runner, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from textual.app import SystemCommand
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from regtui.aside import beside
from regtui.commands import Probe
from regtui.events import TERMINAL_EVENTS, Answer, Cost, Finished, RunEvent, Started, Stopped
from regtui.progress import Progress
from regtui.remembered import Remembered
from regtui.runner import Lost, Ready, Report
from regtui.scenario import Scenario
from regtui.spec import Precision, Threads
from regtui.store import Recorder
from regtui.ui import messages
from regtui.ui.curriculum import Curriculum
from regtui.ui.forgetting import forget_rows_of_closed_screens
from regtui.ui.keys import KEYS, bindings
from regtui.ui.leaving import leave_when_told
from regtui.ui.opening import settle
from regtui.ui.paging import turn_pages_with_room_only
from regtui.ui.panes.observed import cost_sentence
from regtui.ui.picking import step_layer
from regtui.ui.picture import save_picture
from regtui.ui.returning import put_back
from regtui.ui.runners import RunnerFactory
from regtui.ui.running import RunsApp
from regtui.ui.screens.explorer import ExplorerScreen
from regtui.ui.screens.themed import Themed
from regtui.ui.sparing import sparing
from regtui.ui.terminal import ASCII, INERT, charset
from regtui.ui.themes import DARK, LIGHT, OURS, ours_in
from regtui.ui.throttle import Throttle
from regtui.ui.unfinished import find_offer
from regtui.ui.view import View, place_name

TEXTS_EVERY, CHARTS_EVERY = 0.3, 0.5
"""Seconds between updates of the texts, of the charts."""

WARM_AFTER = 0.3
"""Seconds until the workers load torch: at once they would take the cores from the first picture."""


class RegtuiApp(RunsApp):
    """`runner` makes the runner, so that a test can hand in one that plays recorded events."""

    TITLE = "regtui"
    CSS_PATH = "app.tcss"
    BINDINGS = bindings("app")

    def __init__(
        self, scenario: Scenario, *, runner: RunnerFactory, recorder: Recorder | None = None, device: str = "auto",
        threads: Threads = 1, seeds: int = 1, ascii_only: bool | None = None, progress: Progress | None = None,
        precision: Precision = "fp32", remembered: Remembered | None = None, notice: str = "", is_new: bool = False,
    ) -> None:  # fmt: skip
        """`remembered` is put back; `notice` is said once; `is_new`: nothing was ever run on this machine."""
        super().__init__()
        forget_rows_of_closed_screens()
        turn_pages_with_room_only()
        self.ascii_only = charset() == "ascii" if ascii_only is None else ascii_only
        self.recorder, self._device, self.progress = recorder, device, progress or Progress()
        self.runner = runner(self._take)
        self.curriculum = Curriculum(self.runner, recorder=recorder, device=device, threads=threads, seeds=seeds,
                                     precision=precision)  # fmt: skip
        race = self.curriculum.race(scenario)
        self.view = View(race, race.session.arms[0].name, is_new=is_new)
        self.explorer = ExplorerScreen(self.view)
        self._texts = Throttle(self, TEXTS_EVERY, lambda: self.explorer.post_message(messages.StoreChanged()))
        self._charts = Throttle(self, CHARTS_EVERY, lambda: self.explorer.post_message(messages.CurvesGrew()))
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self._notice, state = notice, remembered or Remembered()
        self.theme = state.theme if state.theme in self.available_themes else DARK.name
        put_back(state, self.view, self.explorer)

    def get_default_screen(self) -> Screen[None]:
        return self.explorer

    def get_driver_class(self) -> type[Driver]:
        return sparing(super().get_driver_class())

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), INERT, *([ASCII] if self.ascii_only else [])]

    def get_css_variables(self) -> dict[str, str]:
        self.theme_variables = {**super().get_css_variables(), **ours_in(self.current_theme)}
        return self.theme_variables

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the table of keys that works on the screen, then Textual's own."""
        is_explorer = screen is self.explorer
        here = [key for key in KEYS if key.place == ("app" if is_explorer else screen.id)]
        here = [key for key in here if is_explorer or key.action.startswith(("screen.", "app."))]
        for key in here or [key for key in KEYS if key.action == "save_picture"]:
            if key.action and key.action not in ("command_palette", "quit"):
                yield SystemCommand(
                    f"{key.label[:1].upper()}{key.label[1:]}  ({key.short})",
                    key.help,
                    partial(self.run_action, key.action),
                )
        # Its list of keys is our help, a maximized pane is what the numbers show, its screenshot is our picture.
        ours = ("Keys", "Maximize", "Screenshot")
        others = [command for command in super().get_system_commands(screen) if command.title not in ours]
        # The first one is what enter takes: that must not end everything.
        yield from sorted(others, key=lambda command: command.title == "Quit")

    def on_mount(self) -> None:
        self.set_class(self.ascii_only, "-ascii")
        self.theme_changed_signal.subscribe(self, lambda _: self._set_look())
        self._set_look()
        self._silence = self.set_interval(1.0, self._notice_silence, pause=True)
        if not self.is_headless:
            leave_when_told(lambda code: self.exit(return_code=code), self.runner.terminate, self.runner.kill)
            self.set_timer(WARM_AFTER, settle)
        self.set_timer(WARM_AFTER, self.runner.warm)
        if self.recorder is not None:
            self.recorder.heartbeat.obey(self.runner.stop)
            self.run_worker(self._look_for_unfinished(self.recorder.root), exit_on_error=False)
        self.tell_of_progress()
        if self._notice:
            self.say(self._notice)

    async def on_unmount(self) -> None:
        await self.runner.close()
        if self.recorder is not None:
            self.recorder.close()

    def _take(self, report: Report) -> None:
        view = self.view
        if isinstance(report, Cost):
            view.cost = report.trouble or cost_sentence(report)
            self._texts.poke()
            return
        if isinstance(report, Answer):
            self.show_answer(report)
            return
        owner = (self.curriculum.owner(report.run) if isinstance(report, RunEvent) else None) or view.session
        if not (isinstance(report, Stopped) and owner.is_waiting(report.run)):
            view.heard = view.clock()  # a run that never began is ended by the runner itself, not by a worker
        owner.take(report)
        if isinstance(report, Started):
            view.offer = None  # the last session is no longer the latest
        if isinstance(report, TERMINAL_EVENTS):
            view.is_new = view.is_new and not isinstance(report, Finished)
            self.progress.ran(owner.scenario.id, owner.seeds_done)
            self.tell_of_progress()
        if isinstance(report, Ready):
            if view.session.is_own_work and not view.cost and not view.session.current:
                first = view.session.arms[0].name
                self.runner.probe(Probe(ask="cost", spec=view.session.spec(first, 0), kind="cost"))
            view.ready = place_name(report.hello, self._device)
        self._note_warning()
        self._count_silence()
        self._texts.poke()
        if isinstance(report, (RunEvent, Lost)):
            self._charts.poke()

    def _count_silence(self) -> None:
        is_behind = self.recorder is not None and self.recorder.is_behind
        waits = is_behind or (self.view.session.is_busy and not self.runner.is_paused)
        (self._silence.resume if waits else self._silence.pause)()

    def _notice_silence(self) -> None:
        before = self.view.warning
        self._note_warning()
        if self.view.is_silent or self.view.warning != before:
            self._texts.poke()
        self._count_silence()

    def _note_warning(self) -> None:
        if self.recorder is not None:
            self.view.warning = self.recorder.notice

    def on_sentence_said(self, message: messages.SentenceSaid) -> None:
        self.say(message.text, is_error=message.is_error)

    def on_scenario_chosen(self, message: messages.ScenarioChosen) -> None:
        self.open_scenario(message.scenario)

    async def on_action_picked(self, message: messages.ActionPicked) -> None:
        await self.run_action(message.action)

    async def _look_for_unfinished(self, root: Path) -> None:
        self.view.offer = await beside(partial(find_offer, root, self.view.session.scenario))
        self.explorer.show_texts()

    def action_pick_layer(self, by: int) -> None:
        if sentence := step_layer(self.view, by):
            self.say(sentence)
        self.explorer.show_charts()

    def action_statistic(self) -> None:
        self.view.statistic = "mean" if self.view.statistic == "variance" else "variance"
        self.explorer.show_charts()

    def action_inside(self) -> None:
        self.view.inside += 1
        self.explorer.show_charts()

    def action_dark(self) -> None:
        self.theme = OURS[not self.current_theme.dark]

    def key_d(self) -> None:
        """On a screen over this one, whose bindings end there; a line that is typed into keeps its letters."""
        self.action_dark()

    def key_e(self) -> None:
        """As `key_d`: a picture of whatever is on the screen."""
        self.action_save_picture()

    def action_help(self) -> None:
        from regtui.ui.screens.help import help_at  # not on the first screen, so it must not delay it

        self.push_screen(help_at(self.screen, self.focused))

    def action_save_picture(self) -> None:
        self.clear_notifications()  # what was said a moment ago is no part of the picture
        for screen in self.screen_stack[:-1]:  # Textual takes it from the screen on top alone
            screen.query("ToastHolder").remove()
        self.call_after_refresh(lambda: self.run_worker(self._save_picture(), group="picture"))

    async def _save_picture(self) -> None:
        sentence, is_error = await beside(partial(save_picture, self.export_screenshot(title="regtui")))
        self.say(sentence, is_error=is_error)

    def action_copy_run(self) -> None:
        from regtui.export.command import command_line  # not on the first screen, so it must not delay it

        copied = command_line(self.view.session, self.view.selected.name, self.view.race.seeds)
        if copied.line:
            self.copy_to_clipboard(copied.line)
        self.say(copied.sentence, is_error=not copied.line)

    def _set_look(self) -> None:
        self.view.dark, look = self.current_theme.dark, self.chart_look()
        self.explorer.set_look(look)
        self.explorer.show_all()
        for screen in self.screen_stack:
            if isinstance(screen, Themed):
                screen.set_look(look, dark=self.view.dark)

    def changed(self, sentence: str = "") -> None:
        self._count_silence()
        super().changed(sentence)
