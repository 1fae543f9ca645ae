"""Choose stored runs to look at: what was asked for together is one entry, the latest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from regtui.aside import beside
from regtui.compare.library import Entry
from regtui.store.presence import is_being_written
from regtui.ui.widgets.choices import Choices
from regtui.ui.widgets.hints import hints
from regtui.watching import Batch, batches

ASKED_ABOUT = 12
"""Batches at the top of the list of which it is told whether somebody writes them."""


class StoredScreen(ModalScreen[Batch | None]):
    """Gives the chosen batch, or None."""

    BINDINGS = [Binding(key, "dismiss(None)", "close", show=False) for key in ("escape", "w", "q")]

    def __init__(self, find: Callable[[], Sequence[Entry]]) -> None:
        """`find` reads what there is, beside the event loop."""
        super().__init__()
        self._find = find
        self._batches: list[Batch] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="picker", classes="dialog") as dialog:
            dialog.border_title = "Stored runs"
            dialog.border_subtitle = hints("enter opens", "escape closes")
            yield Choices(Option(Content.assemble(("reading the run store…", "$text-muted")), disabled=True))

    def on_mount(self) -> None:
        self.run_worker(self._read(), group="read")

    async def _read(self) -> None:
        self._batches = await beside(lambda: batches(self._find()))
        live = await beside(lambda: [_is_written(batch) for batch in self._batches[:ASKED_ABOUT]])
        options = self.query_one(OptionList)
        options.clear_options()
        for i, batch in enumerate(self._batches):
            options.add_option(Option(_text(batch, is_live=i < len(live) and live[i]), id=str(i)))
        if self._batches:
            options.highlighted = 0
        else:
            told = "No run is stored yet: escape, then space, makes some."
            options.add_option(Option(Content.assemble((told, "$text-muted")), disabled=True))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._batches[int(str(event.option.id))])


def _is_written(batch: Batch) -> bool:
    return any(is_being_written(entry.folder) for entry in batch.entries)


def _text(batch: Batch, *, is_live: bool) -> Content:
    when = f"{batch.when[:4]}-{batch.when[4:6]}-{batch.when[6:8]} {batch.when[9:11]}:{batch.when[11:13]}"
    arms, seeds = len(batch.arms), len(batch.seeds)
    count = f"  {arms} arm{'s' * (arms > 1)}, {seeds} seed{'s' * (seeds > 1)}"
    return Content.assemble(
        (when, "$text-muted"), "  ", (batch.scenario, "bold"), (count, "$text-muted"),
        ("  ● being written" if is_live else "", "$success"),
        "\n    ", (" · ".join(batch.arms), "$text-muted"),
    )  # fmt: skip
