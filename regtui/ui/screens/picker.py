"""Choose a scenario: the presets by section, each with its question."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from regtui.progress import Progress
from regtui.scenario import Scenario, read_presets
from regtui.ui.text import broken
from regtui.ui.widgets.choices import Choices
from regtui.ui.widgets.hints import hints


class PickerScreen(ModalScreen[Scenario | None]):
    """Gives the chosen scenario, or None."""

    BINDINGS = [Binding(key, "dismiss(None)", "close", show=False) for key in ("escape", "o", "q")]

    def __init__(self, present: str, progress: Progress) -> None:
        super().__init__()
        self._present = present
        """Id of the scenario that is open."""
        self._progress = progress
        self._scenarios: dict[str, Scenario] = {}

    def compose(self) -> ComposeResult:
        presets, bad = read_presets()
        self._scenarios = {scenario.id: scenario for _, scenario in presets}
        options: list[Option] = []
        section = ""
        for scenario in self._scenarios.values():
            if scenario.section != section:
                section = scenario.section
                options.append(Option(Content.assemble((section, "bold $primary")), disabled=True))
            options.append(Option(self._text(scenario, 80), id=scenario.id))
        options += [Option(Content.assemble((sentence, "$error")), disabled=True) for sentence in bad]
        with Vertical(id="picker", classes="dialog") as dialog:
            dialog.border_title = "Scenarios"
            dialog.border_subtitle = hints("enter opens", "escape closes")
            yield Choices(*options)

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """Fold the questions anew, each row of one below the other."""
        choices = self.query_one(Choices)
        for id, scenario in self._scenarios.items():
            choices.replace_option_prompt(id, self._text(scenario, choices.scrollable_content_region.width - 2))

    def _text(self, scenario: Scenario, room: int) -> Content:
        here = "● " if scenario.id == self._present else "  "
        return Content.assemble(
            here, (scenario.title, "bold"), (f"  {len(scenario.arms)} arms", "$text-muted"), self._score(scenario),
            *((f"\n    {row}", "$text-muted") for row in broken(scenario.question, max(room - 4, 20))),
        )  # fmt: skip

    def _score(self, scenario: Scenario) -> str | tuple[str, str]:
        score = self._progress.score(scenario.id, len(scenario.quiz))
        return (f"  quiz {score.right}/{score.of}", "$primary") if score is not None and score.of else ""

    def on_mount(self) -> None:
        if self._present in self._scenarios:
            options = self.query_one(OptionList)
            options.highlighted = options.get_option_index(self._present)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._scenarios[str(event.option.id)])
