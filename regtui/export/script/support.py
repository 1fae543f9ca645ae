"""Which runs a plain script can reproduce. What it cannot say is named; nothing is approximated."""

from __future__ import annotations

from collections.abc import Iterator

from regtui.catalog import DATASETS, MODELS, REGULARIZERS
from regtui.catalog.records import Param
from regtui.export.errors import ExportError
from regtui.export.script.batch import BATCH_ENTRIES, MIXES
from regtui.export.script.layers import LAYERS
from regtui.export.script.main import AVERAGES, LOOP_ENTRIES
from regtui.export.script.network import CLASSES
from regtui.export.script.samples import samples_of
from regtui.export.stored import StoredRun
from regtui.own import OwnDataError, adopt, is_own
from regtui.own.named import is_code
from regtui.scenario.errors import printable
from regtui.spec import ENGINE_VERSION, RunSpec, Scalar, StackEntry, spec_hash

DATA = ("fashion-mnist", "wordnet")
ENTRIES = (*LAYERS, *BATCH_ENTRIES, *LOOP_ENTRIES)
"""Regularizers of the catalog that the script has words for."""


def refusal(stored: StoredRun) -> str:
    """One sentence with everything of the run that a script cannot say, "" where it can say all of it."""
    reasons = list(_reasons(stored))
    if not reasons:
        return ""
    missing = [name for name in REGULARIZERS if name not in ENTRIES]
    return (
        f"{stored.run} cannot become a plain script: {'; '.join(reasons)}. Nothing was written; what can be is "
        f"{', '.join(DATA)}, folder:, text: with {', '.join(CLASSES)}, stacks without {', '.join(missing)}, trained "
        "unsteered on a CPU"
    )


def _reasons(stored: StoredRun) -> Iterator[str]:
    spec, history = stored.spec, stored.history
    if history.is_steered:
        yield "its settings were changed while it trained"
    device = history.started.device if history.started else spec.device
    if device not in ("auto", "cpu"):
        yield f"it was trained on {printable(device)}, whose numbers a CPU does not repeat"
    if spec.precision != "fp32":
        yield f"it was trained in {spec.precision}"
    if is_own(spec.data.name):
        yield from _of_own_data(spec)
    elif spec.data.name not in DATA:
        yield f"its data are {printable(spec.data.name)}"
    elif spec.model.name in CLASSES and stored.info.spec_hash != spec_hash(spec):
        yield f"its settings, its data or its engine are not those of this version (engine {ENGINE_VERSION})"
    if spec.total_steps < 1:
        yield "its batches are larger than its training set"
    yield from _of_model(spec)
    if sum(entry.name in AVERAGES for entry in spec.stack) > 1:
        yield "it has two averages of the weights"
    for entry in spec.stack:
        yield from _of_entry(entry, spec)


def _of_own_data(spec: RunSpec) -> Iterator[str]:
    try:
        adopt(spec.data.name, size=spec.data.size, fit=spec.data.fit)
        samples_of(spec.data)
    except (ExportError, OwnDataError) as error:
        yield f"its {error}" if isinstance(error, ExportError) else str(error)


def _of_model(spec: RunSpec) -> Iterator[str]:
    if spec.model.name not in CLASSES:
        told = ", code that is yours already; `regtui run` with --model repeats it" if is_code(spec.model.name) else ""
        yield f"its model is {printable(spec.model.name)}{told}"
        return
    kind = DATASETS[spec.data.name].kind if spec.data.name in DATASETS else ""
    if kind and kind not in MODELS[spec.model.name].inputs:
        yield f"the model {spec.model.name} does not read {spec.data.name}"
    yield from _of_params(spec.model.name, MODELS[spec.model.name].params, spec.model.params)


def _of_entry(entry: StackEntry, spec: RunSpec) -> Iterator[str]:
    if entry.name not in ENTRIES:
        yield f"its stack has {printable(entry.key)}"
        return
    record = REGULARIZERS[entry.name]
    sites = set(record.sites) & set(MODELS[spec.model.name].sites) if spec.model.name in CLASSES else record.sites
    if entry.where not in (sites or ("",)) or [other.key for other in spec.stack].count(entry.key) > 1:
        yield f"{printable(entry.key)} has no place of its own in its model"
    yield from _of_params(entry.key, record.params, entry.params)
    if entry.params.get("statistics") == "cumulative":
        yield f"{entry.key} averages cumulatively"
    if entry.name == "batchnorm" and entry.params.get("frozen_after") != 1.0:
        yield f"{entry.key} is frozen before the end"
    if entry.name in MIXES and entry.params.get("off_last") != 0.0:
        yield f"{entry.key} is off for the last epochs"


def _of_params(owner: str, params: tuple[Param, ...], given: dict[str, Scalar]) -> Iterator[str]:
    """A shared record may have been tampered with, and these values become code."""
    if {param.name for param in params} != given.keys():
        yield f"{printable(owner)} has other parameters than this version knows"
        return
    for param in params:
        if problem := param.problem(given[param.name]):
            yield printable(f"{owner}.{param.name} {problem}")
