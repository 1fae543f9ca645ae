"""What can only be seen when all settings of an arm are known."""

from __future__ import annotations

from regtui import own
from regtui.catalog import DATASETS, MODELS, REGULARIZERS, Dataset
from regtui.scenario.errors import Problems, nearest, shown
from regtui.scenario.schema import Arm
from regtui.spec import DataSpec


def check_arm(arm: Arm, key: str, problems: Problems) -> None:
    """Note what does not go together in an arm, each under `key`."""
    dataset = DATASETS.get(arm.data.name)
    if dataset is None:
        hint = "; name data of your own with --data, or in a scenario file" if own.is_own(arm.data.name) else nearest(
            arm.data.name, DATASETS)  # fmt: skip
        problems.add(f"{key}.data.name", f"is {shown(arm.data.name)}, which is not in the catalog{hint}")
        return
    _check_own(arm, dataset, key, problems)
    wanted = arm.data.train + arm.data.validation
    if dataset.validation_samples:
        most = dataset.validation_samples
        if arm.data.validation > most:
            problems.add(f"{key}.data.validation", f"is {arm.data.validation}; allowed is at most {most}")
        if arm.data.train > dataset.train_samples:
            problems.add(f"{key}.data.train", f"is {arm.data.train}; allowed is at most {dataset.train_samples}")
    elif wanted > dataset.train_samples:
        problems.add(f"{key}.data", f"train + validation is {wanted}; allowed is at most {dataset.train_samples}, "
                     f"which is all that {dataset.name} has for training")  # fmt: skip
    if arm.data.test > dataset.test_samples:
        problems.add(f"{key}.data.test", f"is {arm.data.test}; allowed is at most {dataset.test_samples}")
    if arm.data.train < len(dataset.classes):
        problems.add(f"{key}.data.train", f"is {arm.data.train}; allowed is at least {len(dataset.classes)}, "
                     "one sample a class")  # fmt: skip
    if arm.train.batch_size > arm.data.train:
        problems.add(f"{key}.train.batch_size", f"is {arm.train.batch_size}, more than the {arm.data.train} training "
                     "samples; incomplete batches are dropped, so no step would be left")  # fmt: skip
    if arm.train.batch_size == 1 and any(e.name == "batchnorm" and e.where in _single(arm, dataset) for e in arm.stack):
        problems.add(f"{key}.train.batch_size", "is 1, which leaves BatchNorm one value a channel and no variance; "
                     "allowed is at least 2")  # fmt: skip
    for entry in arm.stack:
        parts = int(entry.params.get("parts", 1))  # refused values are not among the parameters
        if entry.name == "ghost_batchnorm" and arm.train.batch_size % parts:
            problems.add(f"{key}.stack.{entry.key}.parts", f"is {parts}, which a train.batch_size of "
                         f"{arm.train.batch_size} cannot be parted into; allowed is a divisor of it")  # fmt: skip
    if dataset.kind == "text" and not arm.data.test_shift.is_identity:
        problems.add(f"{key}.data.test_shift", f"mirrors, turns and moves pictures; {dataset.name} is text")
    if dataset.kind == "image" and arm.data.length != DataSpec().length:
        problems.add(f"{key}.data.length", f"is in words; {dataset.name} is images")
    for entry in arm.stack:
        if REGULARIZERS[entry.name].needs_validation and not arm.data.validation:
            problems.add(f"{key}.stack.{entry.key}", "reads the validation split; data.validation is 0, allowed is at "
                         "least 1")  # fmt: skip
    model = MODELS.get(arm.model.name)
    if model is None:
        return
    if dataset.kind not in model.inputs:
        problems.add(f"{key}.model.name", f"is {model.name}, which takes {' or '.join(model.inputs)}; "
                     f"{dataset.name} is {dataset.kind}")  # fmt: skip
    for entry in arm.stack:
        if entry.where and entry.where not in model.sites:
            problems.add(f"{key}.stack", f"has {entry.key}, which has no place in the model {model.name}; "
                         f"it has {', '.join(model.sites)}")  # fmt: skip


def _check_own(arm: Arm, dataset: Dataset, key: str, problems: Problems) -> None:
    """What own data need, and what no other data take."""
    if dataset.is_sealed and not arm.data.validation:
        problems.add(f"{key}.data.validation", "is 0, but data of your own show validation while they train, and test "
                     "only when it is revealed; allowed is at least 1")  # fmt: skip
    if arm.data.size and not (dataset.is_sealed and dataset.kind == "image"):
        problems.add(f"{key}.data.size", f"is {arm.data.size}; only pictures of your own are resized, "
                     f"{dataset.name} is as it is")  # fmt: skip
    if not arm.data.size and dataset.is_sealed and dataset.kind == "image":
        problems.add(f"{key}.data.size", f"is 0; allowed is a whole number from {own.SIZES[0]} to {own.SIZES[1]}")


def _single(arm: Arm, dataset: Dataset) -> set[str]:
    """Sites where one sample has one value a channel: no pixels or words that BatchNorm could average over."""
    units = dataset.kind == "image" and "linear" in MODELS[arm.model.name].sites  # behind a linear layer
    return {"head", "linear", "activation"} if units else {"head"}
