"""The inside of the network, one look of several at a time: what a study of the scenario found, or the layers."""

from __future__ import annotations

from regtui.ui.figures.figure import Figure
from regtui.ui.figures.layers import LOOKS, layers_figure
from regtui.ui.figures.spread import spread_figure
from regtui.ui.figures.study import study_figure
from regtui.ui.text import FAINT
from regtui.ui.view import View


def inside_figure(view: View) -> Figure:
    """What `view.inside` counts to: the studies of the scenario first, then numbers of the layers, then histograms."""
    studies = view.studies
    count = len(studies) + len(LOOKS) + 1
    at = view.inside % count
    place = (f" {at + 1}/{count}", FAINT)
    if at < len(studies):
        return study_figure(view, studies[at], place)
    if at < count - 1:
        return layers_figure(view, LOOKS[at - len(studies)], place)
    return spread_figure(view, place)
