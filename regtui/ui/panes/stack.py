"""The stack of the selected arm, and the settings around it: choose a row, switch it, change its number."""

from __future__ import annotations

from textual import events

from regtui.scenario import Arm
from regtui.ui.keys import bindings
from regtui.ui.messages import ActionPicked, EntryMoved, RegularizerToggled, SentenceSaid, ValueEdited, ValueNudged
from regtui.ui.panes.pane import Pane
from regtui.ui.panes.stack_lines import EXPLAINED, VALUE, explanation, heading_line, laid_out, row_line
from regtui.ui.settings import Row, is_numeric, parsed, stack_rows
from regtui.ui.text import Line, cut, line, width
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
        self._found: tuple[Arm, frozenset[str], list[Row]] | None = None
        """The rows, and what they were made of: an arm that is edited is another one."""
        self._drawn_at = -1
        """Line in which the selected row was drawn last."""

    @property
    def rows(self) -> list[Row]:
        arm = self._view.selected
        if self._found is None or self._found[0] is not arm or self._found[1] != self._expanded:
            self._found = arm, self._expanded, stack_rows(arm, self._expanded)
        return self._found[2]

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

    def about(self, room: int) -> list[Line]:
        """All that the catalog knows of the selected row, for the help."""
        from regtui.ui.entry_help import row_lines  # not on the first screen, so it must not delay it

        return row_lines(self.selected, self._view.selected, room)

    def show_view(self) -> None:
        """Follow the view; the selected row stays in sight wherever a change moves it."""
        key, room = self.selected.key, self.room
        laid = self._laid_out()
        self.show([
            heading_line(item, room) if isinstance(item, str)
            else row_line(item, room, selected=item.key == key, focused=self.has_focus, typed=self._typed)
            for item in laid
        ])  # fmt: skip
        at = next(i for i, item in enumerate(laid) if isinstance(item, Row) and item.key == key)
        if at != self._drawn_at:  # else the user's own scrolling would be undone by every update
            self._drawn_at = at
            self._scroll_to_cursor(has_heading=at > 0 and isinstance(laid[at - 1], str))

    def _scroll_to_cursor(self, *, has_heading: bool = False) -> None:
        at, top, height = self._drawn_at, self.scroll_offset.y, self.size.height
        first = at - has_heading
        if height and (first < top or at >= top + height):
            self.scroll_to(y=first if first < top else at - height + 1, animate=False)

    def _laid_out(self) -> list[Row | str]:
        return laid_out(self.rows, is_tall=self.size.height > 13)

    def _row_at(self, y: int) -> Row | None:
        """The row that is drawn at a height of the widget."""
        laid, at = self._laid_out(), self.row_at(y)
        item = laid[at] if 0 <= at < len(laid) else ""
        return item if isinstance(item, Row) else None

    def on_resize(self) -> None:
        self.show_view()
        self._scroll_to_cursor()

    def on_focus(self) -> None:
        self.show_view()

    def on_blur(self) -> None:
        self._typed = None
        self.show_view()

    def on_key(self, event: events.Key) -> None:
        """Digits begin a number; while one is typed its other characters belong to it as well."""
        char = event.character or ""
        if self._typed is None:
            if char and (char.isdigit() or char == "."):
                self._begin(char, event)
        elif event.key in ("up", "down", "tab", "shift+tab"):
            self._keep(self.selected)
        elif event.key == "space":
            # Both as messages, in this order: what starts has the number.
            _consume(event)
            self._keep(self.selected)
            self.post_message(ActionPicked("run_or_pause"))
        elif event.key == "escape":
            self._type(None, event)
        elif event.key == "backspace":
            self._type(self._typed[:-1] or None, event)
        elif char and (char.isdigit() or char in ".e-") and len(self._typed) < VALUE - 3:
            self._type(self._typed + char, event)
        elif char and event.key != "enter":
            _consume(event)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        row = self._row_at(offset.y) if offset is not None else None
        if offset is None or row is None:
            return
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
            self.post_message(SentenceSaid(f"{row.label} is off: press enter to switch it on."))
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

    def _begin(self, char: str, event: events.Key) -> None:
        """The first character of a number; a row that takes none says why, and nobody else gets the key."""
        row = self.selected
        if is_numeric(row.param) and row.set_key:
            self._type(char, event)
            return
        _consume(event)
        if row.kind == "group":
            sentence = f"{row.label} holds several settings: press enter to open the line."
        elif row.kind == "regularizer" and not row.is_on:
            sentence = f"{row.label} is off: press enter to switch it on."
        elif row.param is not None and row.param.kind == "text":
            sentence = f"{row.label} is a text: change it in the scenario file or with --set {row.set_key}=..."
        else:
            sentence = f"{row.label} takes no number: press ← or → to change it."
        self.post_message(SentenceSaid(sentence))

    def _type(self, text: str | None, event: events.Key) -> None:
        _consume(event)
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
        row = self._row_at(offset.y)
        if row is not None and row.key == self.selected.key:
            _consume(event)
            self.action_nudge(presses)


def _consume(event: events.InputEvent) -> None:
    event.stop()
    event.prevent_default()


class Explanation(Lines):
    """What the selected row is."""

    can_focus = False

    def on_resize(self) -> None:
        if isinstance(self.parent, StackPane):
            self.call_after_refresh(self.parent.show_explanation)  # its height may follow from the new width


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
        head = line(("Stack", "bold"), (f"  {view.sign(arm)} ", view.color(arm)))
        self.set_title(line(*head, cut(arm, self.title_room - width(head))))
        self._rows.show_view()
        self.show_explanation()

    def show_explanation(self) -> None:
        """Say what the selected row is."""
        if not self._about.room:
            return  # folded into no room it would be as high as it may be
        self._about.show(explanation(self._rows.selected, self._about.room, EXPLAINED))
