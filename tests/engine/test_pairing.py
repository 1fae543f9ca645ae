"""Arms that differ in one switch stay paired, a stopped run resumes exactly, and a step never waits for the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from regtui.catalog import REGULARIZERS
from regtui.catalog.norms import NORMS
from regtui.engine import models
from regtui.engine.datasets import TaskData
from regtui.engine.models import SiteModel
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers import Batch
from regtui.engine.stack import Stack
from regtui.engine.text import TextData
from regtui.spec import ModelSpec, StackEntry

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

CNN = ModelSpec(name="cnn", params={"width": 8})
GPT = ModelSpec(name="gpt", params={"layers": 1, "width": 8, "heads": 2, "norm_place": "post"})


def build(
    task: TaskData, entries: Sequence[StackEntry], seed: int = 0, spec: ModelSpec = CNN
) -> tuple[SiteModel, Stack, Randomness]:
    randomness = Randomness(seed, CPU)
    model, stack = models.build(spec, task), Stack(entries, randomness)
    stack.build(model)
    models.initialize(model, seed)
    return model, stack, randomness


def take_step(model: SiteModel, stack: Stack, batch: Batch, lr: Tensor) -> Tensor:
    changed = stack.on_batch(batch)
    loss = F.cross_entropy(model(changed.inputs), changed.labels if changed.targets is None else changed.targets)
    penalty = stack.penalty(model)
    loss = loss if penalty is None else loss + penalty
    model.zero_grad()
    loss.backward()
    stack.on_gradients(model, lr)
    stack.on_step(model)
    return loss


@pytest.mark.parametrize("name", REGULARIZERS)
def test_switching_an_entry_on_leaves_all_else_as_it_was(
    name: str, task: TaskData, batch: Batch, full: tuple[StackEntry, ...]
) -> None:
    """Arms that differ in one switch are paired: the same weights, batches and draws of the other entries."""
    lr = torch.tensor(0.0)
    without, stack, draws = build(task, [e for e in full if e.name != name])
    within, full_stack, full_draws = build(task, full)
    parameters = dict(within.named_parameters())
    assert all(torch.equal(parameters[key], value) for key, value in without.named_parameters())
    for _ in range(2):
        take_step(without, stack, batch, lr)
        take_step(within, full_stack, batch, lr)
    state = full_draws.state()
    assert all(torch.equal(state[purpose], value) for purpose, value in draws.state().items())
    orders = [torch.randperm(99, generator=r.generator("order", on_cpu=True)) for r in (draws, full_draws)]
    assert torch.equal(*orders)


def test_a_resumed_stack_goes_on_bit_for_bit(task: TaskData, batch: Batch, full: tuple[StackEntry, ...]) -> None:
    lr = torch.tensor(0.1)
    model, stack, randomness = build(task, full)
    stack.set("dropout.p", 0.6)
    take_step(model, stack, batch, lr)
    saved = stack.state(), randomness.state(), {key: value.clone() for key, value in model.state_dict().items()}
    expected = take_step(model, stack, batch, lr)

    resumed, resumed_stack, resumed_randomness = build(task, full)
    resumed_stack.load_state(saved[0])
    resumed_randomness.load_state(saved[1])
    resumed.load_state_dict(saved[2])
    assert torch.equal(take_step(resumed, resumed_stack, batch, lr), expected)


class HostReads(TorchDispatchMode):
    """Notes every operation that would make a GPU wait for the host, or that a CUDA graph cannot hold."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name in {"_local_scalar_dense", "nonzero", "masked_select", "is_nonzero"} or (
            name in {"index", "index_put", "index_put_"}
            and any(i is not None and i.dtype == torch.bool for i in args[1])
        ):
            self.found.append(str(func))
        return func(*args, **(kwargs or {}))


def test_a_step_reads_nothing_back_to_the_host(task: TaskData, batch: Batch, full: tuple[StackEntry, ...]) -> None:
    model, stack, _ = build(task, full)
    lr = torch.tensor(0.1)
    with HostReads() as reads:
        take_step(model, stack, batch, lr)
        assert reads.found == []
        float(lr)
        batch.inputs[batch.labels > 4]
    assert reads.found == ["aten._local_scalar_dense.default", "aten.index.Tensor"]  # it does see such reads


@pytest.mark.parametrize("statistics", ["running", "cumulative", "batch"])
def test_a_step_on_texts_reads_nothing_back_to_the_host(statistics: str, texts: TextData, entry: MakeEntry) -> None:
    augmentation = [entry(name) for name, record in REGULARIZERS.items() if record.kinds == ("text",)]
    layers = [entry("batchnorm", "norm", statistics=statistics, frozen_after=0.5), entry("dropout", "attention")]
    model, stack, _ = build(texts, [*augmentation, *layers], spec=GPT)
    batch = Batch(texts.train.inputs[:8], texts.train.labels[:8])
    stack.on_epoch(0, 10)
    with HostReads() as reads:
        take_step(model, stack, batch, torch.tensor(0.1))
    assert reads.found == []


def test_evaluation_is_untouched_by_everything_but_norms(task: TaskData, full: tuple[StackEntry, ...]) -> None:
    plain, _, _ = build(task, ())
    stacked, _, _ = build(task, [e for e in full if e.name not in {norm.name for norm in NORMS}])
    images = task.test.inputs[:20]
    assert torch.equal(stacked.eval()(images), plain.eval()(images))
