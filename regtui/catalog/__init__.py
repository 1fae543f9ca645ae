"""The one declaration of every regularizer, model and data set, free of torch.

The stack pane, the scenario files, the command line, the help and the engine's builders all read these records; a test
pins them to the engine.
"""

from regtui.catalog.datasets import DATASETS
from regtui.catalog.models import MODELS
from regtui.catalog.records import Dataset, Model, Param, Regularizer, Site
from regtui.catalog.regularizers import REGULARIZERS

__all__ = ["DATASETS", "MODELS", "REGULARIZERS", "Dataset", "Model", "Param", "Regularizer", "Site"]
