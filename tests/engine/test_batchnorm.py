"""BatchNorm: whose statistics normalize, what the running averages store, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from regtui.engine import models, regularizers
from regtui.engine.datasets import TaskData
from regtui.engine.models import SiteModel
from regtui.engine.models.norms import BatchNorm
from regtui.engine.randomness import Randomness
from regtui.spec import ModelSpec, Scalar

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry


def build(
    task: TaskData, randomness: Randomness, entry: MakeEntry, model: str, where: str, **params: Scalar
) -> SiteModel:
    sizes = {"cnn": {"width": 2}, "mlp": {"width": 4, "depth": 2}}
    built = models.build(ModelSpec(name=model, params=dict(sizes[model])), task)
    regularizers.build(entry("batchnorm", where, **params), randomness).build(built)
    models.initialize(built, 0)
    return built


def norms(model: SiteModel) -> list[BatchNorm]:
    return [module for module in model.modules() if isinstance(module, BatchNorm)]


@pytest.mark.parametrize(
    ("model", "where", "count"),
    [("cnn", "conv", 6), ("mlp", "linear", 2)],
)
def test_there_is_one_norm_after_each_layer(
    model: str, where: str, count: int,
    task: TaskData, randomness: Randomness, entry: MakeEntry,
) -> None:  # fmt: skip
    built = build(task, randomness, entry, model, where, momentum=0.25, eps=1e-3)
    found = norms(built)
    assert len(found) == count
    assert {(norm.momentum, norm.eps) for norm in found} == {(0.25, 1e-3)}
    assert built(task.train.inputs[:4]).shape == (4, 10)


@pytest.fixture
def seen(task: TaskData, randomness: Randomness, entry: MakeEntry) -> tuple[BatchNorm, Tensor, Tensor, SiteModel]:
    """The first norm of a CNN, and what went in and came out in its first training step."""
    model = build(task, randomness, entry, "cnn", "conv", momentum=0.1)
    norm = norms(model)[0]
    passed: list[Tensor] = []
    handle = norm.register_forward_hook(lambda _, inputs, output: passed.extend((inputs[0], output)))
    with torch.no_grad():
        model(task.train.inputs[:16])
    handle.remove()
    return norm, passed[0], passed[1], model


def test_training_normalizes_each_channel_with_the_biased_variance_of_the_batch(
    seen: tuple[BatchNorm, Tensor, Tensor, SiteModel],
) -> None:
    norm, x, y, _ = seen
    mean = x.mean((0, 2, 3), keepdim=True)
    variance = x.var((0, 2, 3), correction=0, keepdim=True)
    assert_close(y, (x - mean) / (variance + norm.eps).sqrt())


def test_running_averages_take_the_share_momentum_of_the_unbiased_statistics(
    seen: tuple[BatchNorm, Tensor, Tensor, SiteModel],
) -> None:
    norm, x, _, _ = seen
    assert_close(norm.running_mean, 0.9 * torch.zeros(2) + 0.1 * x.mean((0, 2, 3)))
    assert_close(norm.running_var, 0.9 * torch.ones(2) + 0.1 * x.var((0, 2, 3), correction=1))


def test_evaluation_uses_the_running_averages_and_leaves_them(
    seen: tuple[BatchNorm, Tensor, Tensor, SiteModel], task: TaskData
) -> None:
    norm, _, _, model = seen
    before = {name: buffer.clone() for name, buffer in norm.named_buffers()}
    model.eval()
    together = model(task.test.inputs[:8])
    alone = torch.cat([model(image[None]) for image in task.test.inputs[:8]])
    assert_close(alone, together, rtol=1e-4, atol=1e-5)  # no sample's output depends on the others
    assert all(torch.equal(buffer, before[name]) for name, buffer in norm.named_buffers())


def test_in_training_a_sample_depends_on_its_batch(task: TaskData, randomness: Randomness, entry: MakeEntry) -> None:
    model = build(task, randomness, entry, "cnn", "conv")
    assert not torch.allclose(model(task.train.inputs[:4])[0], model(task.train.inputs[[0, 5, 6, 7]])[0], atol=1e-3)


def test_one_value_a_channel_is_refused_in_training_with_the_reason(
    task: TaskData, randomness: Randomness, entry: MakeEntry
) -> None:
    model = build(task, randomness, entry, "mlp", "linear")
    with pytest.raises(ValueError, match=r"\(1, 4\).*one value a channel.*at least 2"):
        model(task.train.inputs[:1])
    assert model.eval()(task.train.inputs[:1]).shape == (1, 10)


def test_one_picture_with_many_pixels_is_not_refused(task: TaskData, randomness: Randomness, entry: MakeEntry) -> None:
    model = build(task, randomness, entry, "cnn", "conv")
    assert model(task.train.inputs[:1]).shape == (1, 10)


def test_it_makes_the_outputs_of_a_layer_independent_of_the_scale_of_its_weights(
    task: TaskData, randomness: Randomness, entry: MakeEntry
) -> None:
    """What it is for: a layer can neither blow up nor starve the next one, so higher learning rates are borne."""
    model = build(task, randomness, entry, "cnn", "conv")
    images = task.train.inputs[:16]
    with torch.no_grad():
        before = model(images)
        model.get_parameter("conv3.weight").mul_(10)
        model.get_parameter("conv3.bias").mul_(10)
        assert_close(model(images), before, rtol=1e-3, atol=1e-3)
