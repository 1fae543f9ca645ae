"""The learner's side of the explorer: predict before a run, answer questions, read where one stands, look closely.

Each dialog is imported when it is first opened: what is not on the first screen must not delay it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual import events
from textual.screen import ModalScreen

from regtui.aside import beside
from regtui.events import Answer, Preview
from regtui.progress import Progress
from regtui.scenario import Arm, Scenario, read_presets
from regtui.ui import messages
from regtui.ui.closing import ClosingApp
from regtui.ui.curriculum import Curriculum
from regtui.ui.screens.explorer import ExplorerScreen
from regtui.ui.terminal import colors
from regtui.ui.view import View

TOO_LATE = "Runs have begun: a prediction counts only before them. r forgets all runs, then g predicts."


class LearnerApp(ClosingApp):
    """The dialogs over the explorer. What they change is in the sessions and in the progress; they start no runs."""

    view: View
    explorer: ExplorerScreen
    curriculum: Curriculum
    progress: Progress
    ascii_only: bool
    told_of_pixels = False
    """Whether the user has been told what is missing for real pixels: once is enough."""

    def on_click(self, event: events.Click) -> None:
        """The mouse closes a dialog beside it, or on the rule below it, which says how the keys do."""
        screen = self.screen
        dialog = (
            screen.query(".dialog").first() if isinstance(screen, ModalScreen) and screen.query(".dialog") else None
        )
        if dialog is None:
            return
        is_beside = not dialog.region.contains_point(event.screen_offset)
        if is_beside or event.screen_y == dialog.region.bottom - 1:
            screen.dismiss(None)

    def action_press(self, key: str) -> None:
        """What a click on a hint does. From here, not from the dialog: Textual takes no event back to its sender."""
        self.call_later(self.simulate_key, key)

    def action_predict(self) -> None:
        session = self.view.session
        if not session.can_predict:
            self.post_message(messages.SentenceSaid(TOO_LATE))
        elif len(session.scenario.arms) < 2 and not session.scenario.claims:
            self.post_message(messages.SentenceSaid("This scenario has one arm and no claim: nothing to predict."))
        else:
            from regtui.ui.screens.predict import PredictScreen

            self.push_screen(PredictScreen(session), lambda _: self.explorer.show_texts())

    def action_quiz(self) -> None:
        scenario = self.view.session.scenario
        if scenario.section == "review":
            self.action_quiz_of_all()
        elif scenario.quiz:
            self._ask([scenario])
        else:
            self.post_message(messages.SentenceSaid("This scenario has no quiz; z on the lesson's page (h) asks all."))

    def action_quiz_of_all(self) -> None:
        self._ask([scenario for _, scenario in read_presets()[0]])

    def action_lesson(self) -> None:
        from regtui.ui.screens.lesson import LessonScreen

        scenarios = [scenario for _, scenario in read_presets()[0]]
        self.push_screen(LessonScreen(scenarios, self.progress, self.curriculum.visited), self._chosen)

    def action_open_scenario(self) -> None:
        from regtui.ui.screens.picker import PickerScreen

        self.push_screen(PickerScreen(self.view.session.scenario.id, self.progress), self._chosen)

    def action_export(self) -> None:
        from regtui.ui.screens.export import ExportScreen

        self.push_screen(ExportScreen(self.view.selected.name), self._export)

    def _export(self, kind: str | None) -> None:
        """Write what was chosen beside the event loop: a long run is read and drawn again."""
        if kind is None:
            return
        from regtui.ui.taking_home import Order, carry_out, order

        given, recorder = order(self.view.session, self.view.selected.name, kind), self.view.session.recorder
        if not isinstance(given, Order):
            self.post_message(messages.SentenceSaid(given, is_error=True))
            return

        async def write() -> None:
            if recorder is not None:
                await beside(recorder.catch_up)
            sentence, is_error = await beside(lambda: carry_out(given, Path.cwd()))
            self.post_message(messages.SentenceSaid(sentence, is_error=is_error))

        self.run_worker(write(), group="export")

    def action_augment(self) -> None:
        from regtui.ui import pixel_strips
        from regtui.ui.previews import Ground
        from regtui.ui.screens.augment import AugmentScreen, acting_rows

        self._select_one(acting_rows, "changes no samples", "does")
        few = self.ascii_only or colors(self.console.color_system) == "16"  # four greys show no picture, signs do
        background = self.theme_variables["background"]
        pixels, hint = (None, "") if self.ascii_only else pixel_strips.pixel_strips(background)
        hint, self.told_of_pixels = "" if self.told_of_pixels else hint, self.told_of_pixels or bool(hint)
        ground = Ground(few, self.current_theme.dark, pixels.cell if pixels is not None else None)
        self.push_screen(AugmentScreen(self.view, ground, self.explorer.nudge, pixels=pixels, hint=hint))

    def action_modes(self) -> None:
        from regtui.ui.screens.both_modes import ModesScreen

        self.push_screen(ModesScreen(self.view))

    def action_norm_truth(self) -> None:
        from regtui.ui.screens.norm_truth import NormTruthScreen, has_batchnorm

        self._select_one(has_batchnorm, "has no BatchNorm", "has one")
        self.push_screen(NormTruthScreen(self.view), lambda _: self.explorer.show_charts())

    def action_subnetworks(self) -> None:
        from regtui.ui.screens.subnetworks import SubnetworksScreen, has_subnetworks

        self._select_one(has_subnetworks, "has no sub-networks", "has some")
        self.push_screen(SubnetworksScreen(self.view))

    def _select_one(self, shows: Callable[[Arm], object], lacks: str, has: str) -> None:
        """Where the selected arm has nothing to look at: select the first one that has, if there is one, and say so."""
        selected = self.view.selected
        shown = next((arm for arm in (selected, *self.view.session.arms) if shows(arm)), selected)
        if shown.name != selected.name:
            self.view.arm = shown.name
            self.explorer.show_all()
            told = f"{selected.name} {lacks}: {shown.name} is selected, which {has}."
            self.post_message(messages.SentenceSaid(told))

    def show_answer(self, answer: Answer) -> None:
        """Hand an answer to the screen that asked; nobody else wants it."""
        from regtui.ui.screens.augment import AugmentScreen
        from regtui.ui.screens.look import LookScreen

        for screen in self.screen_stack:
            if isinstance(screen, AugmentScreen) and isinstance(answer, Preview):
                screen.samples.take(answer)
            elif isinstance(screen, LookScreen):
                screen.rows.take(answer)

    def tell_of_progress(self) -> None:
        """Say what went wrong with keeping the progress."""
        for sentence in self.progress.news():
            self.post_message(messages.SentenceSaid(sentence, is_error=True))

    def _ask(self, scenarios: list[Scenario]) -> None:
        from regtui.ui.screens.quiz import QuizScreen

        find, present = self.curriculum.visited, self.view.session.scenario.id
        self.push_screen(QuizScreen(scenarios, self.progress, find, present), self._chosen)

    def _chosen(self, scenario: Scenario | None) -> None:
        self.tell_of_progress()
        if scenario is not None and scenario.id != self.view.session.scenario.id:
            self.post_message(messages.ScenarioChosen(scenario))
