"""Where the user was: put back at a start, taken down at the end."""

from __future__ import annotations

from regtui.remembered import Remembered
from regtui.scenario import preset_files
from regtui.scenario.presets import preset_id
from regtui.ui.screens.explorer import ExplorerScreen
from regtui.ui.view import View


def put_back(state: Remembered, view: View, explorer: ExplorerScreen) -> None:
    """Show what was shown; the scenario has been opened with it by now."""
    view.statistic, view.layer, view.inside = state.statistic, state.layer, state.inside
    if state.pane is not None:
        explorer.begin_with(state.pane, large=state.large)


def taken_down(view: View, explorer: ExplorerScreen, theme: str) -> Remembered:
    """What the next start shows."""
    scenario = view.session.scenario
    is_preset = any(preset_id(path) == scenario.id for path in preset_files())
    return Remembered(
        scenario=scenario.id if is_preset else scenario.file, theme=theme, pane=explorer.only_pane,
        large=explorer.has_class("-one"),
        statistic=view.statistic, layer=view.layer, inside=view.inside,
    )  # fmt: skip
