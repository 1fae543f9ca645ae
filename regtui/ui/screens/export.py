"""Choose the format in which runs are taken home."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from regtui.ui.taking_home import FORMATS
from regtui.ui.widgets.choices import Choices
from regtui.ui.widgets.hints import hints


class ExportScreen(ModalScreen[str | None]):
    """Gives the chosen format, or None."""

    BINDINGS = [Binding(key, "dismiss(None)", "close", show=False) for key in ("escape", "E", "shift+e", "q")]

    def __init__(self, arm: str) -> None:
        super().__init__()
        self._arm = arm

    def compose(self) -> ComposeResult:
        options = [
            Option(Content.assemble((name, "bold"), "\n  ", (what, "$text-muted")), id=kind)
            for kind, (name, what) in FORMATS.items()
        ]
        with Vertical(id="export", classes="dialog") as dialog:
            dialog.border_title = Content.assemble("Export · ", self._arm)
            dialog.border_subtitle = hints("enter writes into the current directory", "escape closes")
            yield Choices(*options)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)
