"""What screens over the explorer share that make colours themselves: they are told of another theme."""

from __future__ import annotations

from regtui.ui.charts import Look


class Themed:
    """A screen with charts, hues of arms or pictures; texts in the theme's own colours follow it by themselves."""

    def set_look(self, look: Look, *, dark: bool) -> None:
        """Show everything in another look, on a dark ground or a light one."""
        raise NotImplementedError
