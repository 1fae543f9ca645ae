"""What the charts show: pure functions from the view to a chart and its title."""

from regtui.ui.figures.accuracy import accuracy_figure
from regtui.ui.figures.figure import Figure
from regtui.ui.figures.inside import inside_figure
from regtui.ui.figures.loss import loss_figure
from regtui.ui.figures.norms import norm_layers, norms_figure

__all__ = ["Figure", "accuracy_figure", "inside_figure", "loss_figure", "norm_layers", "norms_figure"]
