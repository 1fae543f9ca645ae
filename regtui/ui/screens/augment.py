"""Augmentation made visible: training samples above, what the stack of the selected arm makes of them below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from regtui.catalog import DATASETS, REGULARIZERS
from regtui.events import Preview
from regtui.scenario import Arm
from regtui.ui.charts import Look
from regtui.ui.keys import bindings
from regtui.ui.pixel_strips import PixelStrips
from regtui.ui.previews import Grid, Ground, grid_of, preview_lines
from regtui.ui.screens.themed import Themed
from regtui.ui.settings import Row, stack_rows
from regtui.ui.text import BAD, EMPTY, FAINT, MUTED, OPEN, Line, flowed, left, line, spread, width, wrapped
from regtui.ui.view import View
from regtui.ui.widgets.hints import hints
from regtui.ui.widgets.lines import Lines

GROUPS = ("augmentation", "targets")
"""Groups of the catalog whose entries change the samples of a batch or what is to be said of them."""
SUGGESTED = {"image": ("pictures", "crop"), "text": ("texts", "synonym_replacement")}
"""By kind of data: what an arm may leave unchanged, and the entry that would change it."""


def acting_rows(arm: Arm) -> list[Row]:
    """The rows of the entries that change samples, one for each of their parameters."""
    return [
        row for row in stack_rows(arm)
        if row.entry is not None and REGULARIZERS[row.entry.name].group in GROUPS
    ]  # fmt: skip


def steerable(arm: Arm) -> list[Row]:
    """Those whose number can be changed while an arm trains."""
    return [row for row in acting_rows(arm) if row.param is not None and row.param.steerable]


def settings_lines(arm: Arm, selected: str, room: int) -> list[Line]:
    """The entries that act with their numbers; `selected` is the key of the one that left and right change."""
    parts: list[Line] = []
    for row in acting_rows(arm):
        shown: Line = line((row.label, "bold")) if row.kind == "regularizer" else EMPTY
        if row.param is not None:
            style = "bold $accent on $cursor" if row.set_key == selected else ""
            name = row.param.symbol or row.param.title.lower()
            value = f" − {row.shown} + " if style else f" {row.shown}"
            shown = line(*shown, (f" {name}" if shown else name, MUTED), (value, style))
        if row.kind == "regularizer":
            parts.append(shown)
        else:
            parts[-1] = line(*parts[-1], "  ", *shown)
    return flowed(parts, room)


def about_lines(arm: Arm, room: int, height: int) -> list[Line]:
    """What each entry that acts does and what to watch, in at most `height` rows; less of it where these are few."""
    entries = [row.regularizer for row in acting_rows(arm) if row.kind == "regularizer" and row.regularizer]
    indent = max((cell_len(entry.title) for entry in entries), default=0) + 2
    for is_whole in (True, False):
        rows: list[Line] = []
        for entry in entries:
            rows += wrapped(entry.summary, room, MUTED, line((left(entry.title, indent), "bold")))
            if is_whole:
                rows += wrapped(entry.watch, room, MUTED, line((" " * indent, ""), ("Watch  ", FAINT)))
        if len(rows) <= height:
            return rows
    return []


def nothing_to_see(arm: Arm) -> str:
    """The sentence for an arm that changes no samples; "" for one that does."""
    if acting_rows(arm):
        return ""
    what, entry = SUGGESTED[DATASETS[arm.data.name].kind]
    return f"This arm changes no {what}: switch {REGULARIZERS[entry].title} on in the stack."


class AugmentView(Lines, can_focus=True):
    """The samples; asks for others, and changes the strength."""

    BINDINGS = bindings("augment")

    def __init__(
        self, view: View, ground: Ground, nudge: Callable[[str, int], None], pixels: PixelStrips | None = None
    ) -> None:
        """`nudge` changes a setting of the selected arm by some presses of less (negative) or more."""
        super().__init__(id="augment-rows")
        self._view, self._ground, self._nudge, self._pixels = view, ground, nudge, pixels
        self._preview: Preview | None = None
        """The latest that came."""
        self._asked = ""
        """Id of the latest question."""
        self._draw = 0
        self._selected = 0

    def on_mount(self) -> None:
        self._ask()

    def on_resize(self) -> None:
        self.show_view()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_again()

    def take(self, preview: Preview) -> None:
        """An answer has come; one to an earlier question is out of date."""
        if preview.ask == self._asked:
            self._preview = preview
            self.show_view()

    def set_dark(self, dark: bool) -> None:
        """Draw on another ground."""
        self._ground = replace(self._ground, dark=dark)
        self.show_view()

    def show_view(self) -> None:
        """Follow the arm and the latest answer."""
        arm, room = self._view.selected, self.room
        if sentence := nothing_to_see(arm):
            self.show(wrapped(sentence, room))
            self._show_pixels(None, 0)
            return
        rows = steerable(arm)
        selected = rows[self._selected % len(rows)].set_key if rows else ""
        preview, grid = self._preview, None
        state = self._state(preview)
        first, *others = settings_lines(arm, selected, room - width(state) - 1)
        head = [spread(first, state, room), *others]
        if preview is None:
            self.show([*head, EMPTY, *about_lines(arm, room, self.size.height - len(head) - 1)])
        elif preview.trouble:
            self.show([*head, EMPTY, *wrapped(preview.trouble, room, BAD)])
        else:
            head += [line((f"{key} rests in the last epochs.", OPEN)) for key in preview.resting]
            free = self.size.height - len(head)
            shown = preview_lines(preview.samples, room, free, self._ground)
            grid = grid_of(preview.samples, room, free, self._ground)
            about = about_lines(arm, room, free - len(shown) - 2)
            head += [EMPTY] if len(shown) < free else []
            self.show([*head, *shown, *([EMPTY, *about] if about else [])])
        self._show_pixels(grid, len(head) + 1)

    def _show_pixels(self, grid: Grid | None, y: int) -> None:
        if self._pixels is not None:
            self._pixels.show(grid, y)

    def action_again(self) -> None:
        """Other draws."""
        self._draw += 1
        self._ask()

    def action_choose(self, by: int) -> None:
        """Another number to change."""
        self._selected += by
        self.show_view()

    def action_nudge(self, presses: int) -> None:
        """More or less of it, with the same draws, so that only the strength differs."""
        rows = steerable(self._view.selected)
        if rows:
            self._nudge(rows[self._selected % len(rows)].set_key, presses)
            self._ask()

    def _ask(self) -> None:
        if not nothing_to_see(self._view.selected):
            self._asked = self._view.race.probe(self._view.selected.name, self._draw)
        self.show_view()

    def _state(self, preview: Preview | None) -> Line:
        """Where the samples come from, or what is waited for."""
        if preview is None or preview.ask != self._asked:
            return line(("asked the worker…" if self._view.ready else "loading PyTorch…", MUTED))
        origin = "from the settings" if preview.step is None else f"step {preview.step} of its run"
        return line((f"draws {self._draw + 1}", MUTED), (f" · {origin}", FAINT))


class AugmentScreen(Themed, ModalScreen[None]):
    """As large as the terminal: pictures need it."""

    BINDINGS = [Binding(key, "dismiss", "close", show=False) for key in ("escape", "a", "q")]

    def __init__(
        self, view: View, ground: Ground, nudge: Callable[[str, int], None], *, pixels: PixelStrips | None = None,
        hint: str = "",
    ) -> None:  # fmt: skip
        """`pixels` draws the pictures where the terminal can; `hint` says what would make it."""
        super().__init__()
        self._view, self._nudge, self._pixels, self._hint = view, nudge, pixels, hint
        self.samples = AugmentView(view, ground, self._nudged, pixels)

    def compose(self) -> ComposeResult:
        with Vertical(id="augment", classes="dialog pane") as dialog:
            dialog.border_subtitle = hints(
                "space other draws", "← less", "→ more", "↑ ↓ which number", "escape closes"
            )  # fmt: skip
            yield self.samples
            if self._pixels is not None:
                yield from self._pixels.widgets
        if self._hint:
            self.notify(self._hint, timeout=4, markup=False)

    def set_look(self, look: Look, *, dark: bool) -> None:
        if self._pixels is not None:
            self._pixels.background = look.palette.background
        self.samples.set_dark(dark)

    def on_unmount(self) -> None:
        if self._pixels is not None:
            self._pixels.forget()

    def on_mount(self) -> None:
        self._show_title()

    def _nudged(self, key: str, presses: int) -> None:
        self._nudge(key, presses)
        self._show_title()

    def _show_title(self) -> None:
        """The arm may have become another one: changing a preset arm makes an own one."""
        self.query_one("#augment").border_title = Content.assemble("Augmentation · ", self._view.selected.name)
