"""The one declaration of every regularizer, model, data set and study, free of torch.

The stack pane, the scenario files, the command line, the help and the engine's builders all read these records; a test
pins them to the engine.
"""

from regtui.catalog.datasets import DATASETS, samples_called
from regtui.catalog.models import MODELS
from regtui.catalog.records import Dataset, Model, Param, Regularizer, Site, Study
from regtui.catalog.regularizers import REGULARIZERS
from regtui.catalog.studies import STUDIES

__all__ = [
    "DATASETS",
    "MODELS",
    "REGULARIZERS",
    "STUDIES",
    "Dataset",
    "Model",
    "Param",
    "Regularizer",
    "Site",
    "Study",
    "samples_called",
]
