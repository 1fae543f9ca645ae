"""All regularizers, in the order in which the stack pane offers them: by group, dropouts and norms first."""

from __future__ import annotations

from regtui.catalog.augmentation import AUGMENTATION
from regtui.catalog.layers import LAYERS
from regtui.catalog.norms import NORMS
from regtui.catalog.optimization import OPTIMIZATION
from regtui.catalog.records import Regularizer
from regtui.catalog.targets import TARGETS
from regtui.catalog.text_augmentation import TEXT_AUGMENTATION
from regtui.catalog.weights import WEIGHTS

REGULARIZERS: dict[str, Regularizer] = {
    record.name: record
    for group in (LAYERS, NORMS, WEIGHTS, AUGMENTATION, TEXT_AUGMENTATION, TARGETS, OPTIMIZATION)
    for record in group
}
