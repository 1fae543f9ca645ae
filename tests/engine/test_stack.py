"""The stack: order, one resampling, steering, resuming, and arms that stay paired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from regtui.catalog import REGULARIZERS
from regtui.catalog.records import Group
from regtui.engine import models, regularizers
from regtui.engine.datasets import TaskData
from regtui.engine.models import SiteModel
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers import Batch, Regularizer
from regtui.engine.stack import Stack
from regtui.spec import ModelSpec, StackEntry

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry


def build(task: TaskData, entries: Sequence[StackEntry], seed: int = 0) -> tuple[SiteModel, Stack, Randomness]:
    randomness = Randomness(seed, CPU)
    model, stack = models.build(ModelSpec(name="cnn", params={"width": 8}), task), Stack(entries, randomness)
    stack.build(model)
    models.initialize(model, seed)
    return model, stack, randomness


def test_every_regularizer_of_the_catalog_has_a_builder() -> None:
    assert regularizers.BUILDERS.keys() == REGULARIZERS.keys()


def test_the_catalog_lists_each_group_in_one_piece() -> None:
    groups = [record.group for record in REGULARIZERS.values()]
    assert groups == sorted(groups, key=get_args(Group).index)


def test_an_empty_stack_does_nothing(task: TaskData, batch: Batch) -> None:
    model, stack, _ = build(task, ())
    assert stack.on_batch(batch) is batch
    assert stack.penalty(model) is None
    assert stack.evaluation_model(model, task.train.inputs) is model
    assert dict(stack.numbers) == {}
    assert stack.state() == {}


@pytest.mark.parametrize("order", [("batchnorm", "dropout"), ("dropout", "batchnorm")])
def test_the_order_of_the_stack_is_the_order_within_a_place(
    order: tuple[str, str], task: TaskData, entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REGULARIZERS, "dropout", with_sites("dropout", "conv"))
    model, _, _ = build(task, [entry(name, "conv") for name in order])
    for place in model.places("conv"):
        assert tuple(dict(place.named_children())) == order


def with_sites(name: str, *sites: str) -> Any:
    record = REGULARIZERS[name]
    return type(record)(**{field: getattr(record, field) for field in record.__struct_fields__} | {"sites": sites})


def test_neighbouring_geometric_entries_resample_once(
    task: TaskData, batch: Batch, entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Tensor] = []
    sample = F.grid_sample

    def counted(images: Tensor, *rest: Any, **settings: Any) -> Tensor:
        calls.append(images)
        return sample(images, *rest, **settings)

    monkeypatch.setattr(F, "grid_sample", counted)
    # Dropout and BatchNorm stand between them, but they do not touch the batch.
    names = ("crop", "dropout", "flip", "batchnorm", "affine")
    _, stack, _ = build(task, [entry(name) for name in names])
    moved = stack.on_batch(batch)
    assert len(calls) == 1
    assert not torch.equal(moved.inputs, batch.inputs)


def test_crop_and_flip_together_are_exact(task: TaskData, batch: Batch, entry: MakeEntry) -> None:
    entries = [entry("crop"), entry("flip")]
    _, stack, _ = build(task, entries)
    together = stack.on_batch(batch)
    one_by_one = batch
    for regularizer in (regularizers.build(e, Randomness(0, CPU)) for e in entries):
        one_by_one = regularizer.on_batch(one_by_one)
    assert torch.equal(together.inputs, one_by_one.inputs)
    assert set(together.inputs.unique().tolist()) <= set(batch.inputs.unique().tolist()) | {0.0}


class Brighten(Regularizer):
    """Stands for any entry that changes the batch but moves nothing."""

    def on_batch(self, batch: Batch) -> Batch:
        return replace(batch, inputs=batch.inputs + 1)

    def penalty(self, model: SiteModel) -> Tensor | None:  # noqa: ARG002
        return torch.tensor(2.0)

    def state(self) -> dict[str, Tensor]:
        return {"seen": torch.tensor(3)}

    def load_state(self, state: dict[str, Tensor]) -> None:
        assert state == {"seen": torch.tensor(3)}

    def evaluation_model(self, model: SiteModel, clean: Tensor) -> nn.Module:  # noqa: ARG002
        return nn.Sequential(model)


def test_batches_pass_the_entries_in_the_order_of_the_stack(
    task: TaskData, batch: Batch, entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(regularizers.BUILDERS, "flip", Brighten)
    brightened_first = build(task, [entry("flip"), entry("crop", padding=4)])[1].on_batch(batch)
    brightened_last = build(task, [entry("crop", padding=4), entry("flip")])[1].on_batch(batch)
    assert brightened_first.inputs.min() == 0  # the crop's zeros came after
    assert brightened_last.inputs.min() == 1
    between = build(task, [entry("crop"), entry("flip"), entry("affine")])[1]
    assert torch.isfinite(between.on_batch(batch).inputs).all()


def test_penalties_add_up_and_states_and_models_pass_through(
    task: TaskData, entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("flip", "weight_decay"):
        monkeypatch.setitem(regularizers.BUILDERS, name, Brighten)
    model, stack, _ = build(task, [entry("flip"), entry("dropout"), entry("weight_decay")])
    assert_close(stack.penalty(model), torch.tensor(4.0))
    assert stack.state()["flip@input/seen"] == 3
    stack.load_state(stack.state())
    assert isinstance(stack.evaluation_model(model, task.train.inputs), nn.Sequential)


def test_steering_by_site_changes_one_entry_and_by_name_all(task: TaskData, entry: MakeEntry) -> None:
    _, stack, _ = build(task, [entry("dropout", "block"), entry("dropout", "head"), entry("weight_decay")])
    assert list(stack.numbers) == ["dropout@block.p", "dropout@head.p", "weight_decay.strength"]
    tensors = dict(stack.numbers)
    stack.set("dropout@head.p", 0.5)
    assert_close([float(number) for number in tensors.values()], [0.3, 0.5, 0.01])
    stack.set("dropout.p", 0.25)
    stack.set("weight_decay.strength", 1)
    assert [float(number) for number in tensors.values()] == [0.25, 0.25, 1.0]  # the tensors that the step reads


@pytest.mark.parametrize(
    "key", ["dropout.q", "mixup.beta", "dropout@head.p", "batchnorm.momentum", "weight_decay.norms_and_biases", "p"]
)
def test_what_cannot_be_steered_is_refused_with_what_can(
    key: str, task: TaskData, full: tuple[StackEntry, ...]
) -> None:
    _, stack, _ = build(task, full)
    with pytest.raises(KeyError, match=rf"{key}.*dropout@block.p, .*weight_decay.strength, .*crop@input.padding"):
        stack.set(key, 0.5)


@pytest.mark.parametrize(("key", "value"), [("dropout.p", 1.0), ("dropout.p", float("nan")), ("crop.padding", 1.5)])
def test_a_value_out_of_range_is_refused_and_changes_nothing(
    key: str, value: float, task: TaskData, full: tuple[StackEntry, ...]
) -> None:
    _, stack, _ = build(task, full)
    before = {name: float(number) for name, number in stack.numbers.items()}
    with pytest.raises(ValueError, match=rf"{key} is {value}; allowed is a"):
        stack.set(key, value)
    assert {name: float(number) for name, number in stack.numbers.items()} == before


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([("dropout", "block"), ("dropout", "block")], "dropout@block twice"),
        ([("batchnorm", "attention")], "batchnorm cannot act at 'attention'; allowed is conv or norm or linear"),
        ([("weight_decay", "conv")], "weight_decay cannot act at 'conv'.*whole run"),
        ([("batchnorm", "linear")], "batchnorm@linear has no place in this model.*input, conv"),
    ],
)
def test_a_stack_that_cannot_act_is_refused_in_a_sentence(
    entries: list[tuple[str, str]], said: str, task: TaskData, entry: MakeEntry
) -> None:
    with pytest.raises(ValueError, match=said):
        build(task, [entry(name, where) for name, where in entries])


def test_an_unknown_regularizer_is_refused(randomness: Randomness) -> None:
    with pytest.raises(ValueError, match=r"'dropuot'; there are dropout, batchnorm"):
        Stack([StackEntry(name="dropuot", where="", params={})], randomness)
