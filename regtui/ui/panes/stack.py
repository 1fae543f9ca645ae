"""The stack of the selected arm, and the settings around it: choose a row, switch it, change its number."""

from __future__ import annotations

from textual import events

from regtui.ui.keys import bindings
from regtui.ui.messages import EntryMoved, RegularizerToggled, SentenceSaid, ValueEdited, ValueNudged
from regtui.ui.panes.pane import Pane
from regtui.ui.panes.stack_lines import VALUE, explanation, row_line
from regtui.ui.settings import Row, is_numeric, parsed, stack_rows
from regtui.ui.text import EMPTY, Line, line
from regtui.ui.view import View
from regtui.ui.widgets.lines import Lines


class StackRows(Lines, can_focus=True):
    """The rows, with a cursor."""

    BINDINGS = bindings("stack")

    def __init__(self, view: View) -> None:
        super().__init__(id="stack-rows")
        self._view = view
        self._expanded: frozenset[str] = frozenset()
        self._cursor = ""
        """Key of the selected row: rows come and go, so a number would point to another one."""
        self._typed: str | None = None

    @property
    def rows(self) -> list[Row]:
        return stack_rows(self._view.selected, self._expanded)

    @property
    def selected(self) -> Row:
        """The row under the cursor; at first that of the first regularizer."""
        rows = self.rows
        for row in rows:
            if row.key == self._cursor:
                return row
        # A regularizer that was switched on or off is now known by another key of the same name.
        name = self._cursor.split("@")[0].split(".")[0]
        found = [row for row in rows if row.regularizer is not None]
        return next((row for row in found if row.regularizer and row.regularizer.name == name), found[0])

    def show_view(self) -> None:
        """Follow the view."""
        self.show(self._drawn())

    def _drawn(self) -> list[Line]:
        rows, selected, room = self.rows, self.selected, self.room
        lines: list[Line] = []
        for i, row in enumerate(rows):
            if row.kind == "regularizer" and rows[i - 1].kind in ("group", "setting") and self.size.height > 13:
                lines.append(EMPTY)
            lines.append(
                row_line(row, room, selected=row.key == selected.key, focused=self.has_focus, typed=self._typed)
            )
        return lines

    def _number_at(self, drawn: int) -> int:
        """The row that is drawn in a line; -1 for the empty one."""
        lines = self._drawn()
        if not 0 <= drawn < len(lines) or lines[drawn] == EMPTY:
            return -1
        return drawn - (EMPTY in lines[:drawn])

    def on_resize(self) -> None:
        self.show_view()

    def on_focus(self) -> None:
        self.show_view()

    def on_blur(self) -> None:
        self._typed = None
        self.show_view()

    def on_key(self, event: events.Key) -> None:
        """Digits begin a number; while one is typed its other characters belong to it as well."""
        char = event.character or ""
        if self._typed is None:
            if (char.isdigit() or char == ".") and char and is_numeric(self.selected.param) and self.selected.set_key:
                self._type(char, event)
        elif event.key == "escape":
            self._type(None, event)
        elif event.key == "backspace":
            self._type(self._typed[:-1] or None, event)
        elif char and (char.isdigit() or char in ".e-") and len(self._typed) < VALUE - 3:
            self._type(self._typed + char, event)
        elif char and event.key not in ("enter", "space"):
            event.stop()
            event.prevent_default()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        number = self._number_at(self.row_at(offset.y)) if offset is not None else -1
        if offset is None or number < 0:
            return
        row = self.rows[number]
        was_selected = row.key == self.selected.key
        self._select(row)
        start = self.room - VALUE
        if row.kind == "group" or (row.kind == "regularizer" and offset.x < 2):
            self.action_use()
        elif was_selected and offset.x in (start, start + 1):
            self.action_nudge(-1)
        elif was_selected and offset.x >= self.room - 2:
            self.action_nudge(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll_value(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll_value(event, -1)

    def action_choose(self, by: int) -> None:
        """The row above or below."""
        rows = self.rows
        at = next(i for i, row in enumerate(rows) if row.key == self.selected.key)
        self._select(rows[min(max(at + by, 0), len(rows) - 1)])
        drawn = self._drawn_at(self._cursor)
        top = self.scroll_offset.y
        if drawn < top or drawn >= top + self.size.height:
            self.scroll_to(y=drawn if drawn < top else drawn - self.size.height + 1, animate=False)

    def action_use(self) -> None:
        """Keep what was typed, open a line, switch a regularizer or a choice."""
        row = self.selected
        if self._typed is not None:
            self._keep(row)
        elif row.kind == "group":
            self._expanded = self._expanded ^ {row.key}
            self._select(row)
        elif row.kind == "regularizer" and row.regularizer is not None:
            self._cursor = row.key
            self.post_message(RegularizerToggled(row.regularizer.name))
        elif row.param is not None and not is_numeric(row.param):
            self.action_nudge(1)

    def action_nudge(self, presses: int) -> None:
        """A larger or smaller value."""
        row = self.selected
        if row.param is None or row.value is None:
            return
        if not row.set_key:
            self.post_message(SentenceSaid(f"{row.label} is off in this arm: press enter to switch it on."))
            return
        self._cursor = row.key
        self.post_message(ValueNudged(row.set_key, presses))

    def action_reorder(self, by: int) -> None:
        """Move a layer up or down in the stack."""
        row = self.selected
        if row.entry is not None:
            self._cursor = row.key
            self.post_message(EntryMoved(row.entry.key, by))

    def _select(self, row: Row) -> None:
        self._cursor, self._typed = row.key, None
        self.show_view()
        self._explain()

    def _explain(self) -> None:
        if isinstance(self.parent, StackPane):
            self.parent.show_explanation()

    def _drawn_at(self, key: str) -> int:
        rows = self.rows
        at = next((i for i, row in enumerate(rows) if row.key == key), 0)
        empty = next((i for i, one in enumerate(self._drawn()) if one == EMPTY), len(rows) + 1)
        return at + (at >= empty)

    def _type(self, text: str | None, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self._cursor, self._typed = self.selected.key, text
        self.show_view()

    def _keep(self, row: Row) -> None:
        typed, self._typed = self._typed or "", None
        assert row.param is not None
        value = parsed(row.param, typed)
        if isinstance(value, str):
            self.post_message(SentenceSaid(value, is_error=True))
        elif value != row.value:
            self._cursor = row.key
            self.post_message(ValueEdited(row.set_key, value, row.param.steerable))
        self.show_view()

    def _scroll_value(self, event: events.MouseEvent, presses: int) -> None:
        """Over the selected row's value the wheel changes it; elsewhere it scrolls, as everywhere."""
        offset = event.get_content_offset(self)
        if offset is None or offset.x < self.room - VALUE:
            return
        number = self._number_at(self.row_at(offset.y))
        if number >= 0 and self.rows[number].key == self.selected.key:
            event.stop()
            event.prevent_default()
            self.action_nudge(presses)


class Explanation(Lines):
    """What the selected row is."""

    can_focus = False


class StackPane(Pane):
    """Rows above, the explanation of the selected one below."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._rows = StackRows(view)
        self._about = Explanation(id="about")
        super().__init__([self._rows, self._about], id="stack")

    def show_view(self) -> None:
        """Follow the view."""
        view = self._view
        arm = view.selected.name
        self.set_title(line(("Stack", "bold"), (f"  {view.sign(arm)} ", view.color(arm)), (arm, "")))
        self._rows.show_view()
        self.show_explanation()

    def show_explanation(self) -> None:
        """Say what the selected row is."""
        self._about.show(explanation(self._rows.selected, self._about.room, self._about.size.height))
