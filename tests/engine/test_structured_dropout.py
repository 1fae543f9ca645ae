"""Spatial dropout, DropBlock and stochastic depth: what each blanks together, and what it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close
from torchvision.models import efficientnet_b0
from torchvision.models.efficientnet import MBConv
from torchvision.ops import drop_block2d, stochastic_depth

from regtui.engine import models, regularizers
from regtui.engine.datasets import TaskData
from regtui.engine.models import Place, SiteModel
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.dropblock import DropBlockLayer, drop_blocks
from regtui.engine.regularizers.spatial_dropout import ChannelDropoutLayer
from regtui.engine.regularizers.stochastic_depth import BranchLayer
from regtui.scenario.resolve import own_stack
from regtui.spec import ModelSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

KINDS = ("dropout2d", "dropblock", "stochastic_depth")


def layer(kind: str, p: float, seed: int = 0) -> nn.Module:
    generator, probability = torch.Generator().manual_seed(seed), torch.tensor(p)
    if kind == "dropout2d":
        return ChannelDropoutLayer(probability, generator)
    if kind == "dropblock":
        return DropBlockLayer(probability, 3, generator)
    return BranchLayer(probability, 1.0, generator)


def maps(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(7)) + 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_probability_zero_is_the_identity_and_evaluation_the_very_tensor(kind: str) -> None:
    x = maps(4, 3, 9, 7)
    assert torch.equal(layer(kind, 0.0)(x), x)
    assert layer(kind, 0.5).eval()(x) is x


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_shape_dtype_and_memory_layout_are_kept(
    kind: str, dtype: torch.dtype, memory_format: torch.memory_format
) -> None:
    x = maps(2, 3, 6, 5).to(dtype).to(memory_format=memory_format)
    y = layer(kind, 0.5)(x)
    assert (y.shape, y.dtype, y.stride()) == (x.shape, x.dtype, x.stride())


@pytest.mark.parametrize("kind", KINDS)
def test_the_expectation_is_kept(kind: str) -> None:
    assert float(layer(kind, 0.3)(torch.ones(4000, 4, 8, 8)).mean()) == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_blanks_the_same_and_the_next_batch_another(kind: str) -> None:
    x = maps(40, 4, 8, 8)
    one, again, other = layer(kind, 0.5, 1), layer(kind, 0.5, 1), layer(kind, 0.5, 2)
    first = one(x)
    assert torch.equal(again(x), first)
    assert not torch.equal(other(x), first)
    assert not torch.equal(one(x), first)


@pytest.mark.parametrize(("kind", "together"), [("dropout2d", (2, 3)), ("stochastic_depth", (1, 2, 3))])
def test_channels_or_samples_are_blanked_as_a_whole(kind: str, together: tuple[int, ...]) -> None:
    blank = layer(kind, 0.3)(torch.ones(3000, 4, 5, 5)) == 0
    share = blank.float().mean(together)
    assert set(share.unique().tolist()) == {0.0, 1.0}
    decisions = share.numel()
    assert float(share.mean()) == pytest.approx(0.3, abs=4 * (0.3 * 0.7 / decisions) ** 0.5)
    assert share.flatten(1 if share.ndim > 1 else 0).std() > 0  # each sample decides for itself


def test_channels_of_one_sample_decide_for_themselves() -> None:
    blank = (layer("dropout2d", 0.5)(torch.ones(200, 8, 2, 2)) == 0)[:, :, 0, 0].sum(1)
    assert len(blank.unique()) > 4


def test_blocks_are_whole_squares_about_the_low_noise() -> None:
    noise = torch.ones(1, 1, 6, 8)  # blocks of 3 on a map of 8 x 10
    noise[0, 0, 2, 4] = 0.0
    blank = drop_blocks(torch.ones(1, 1, 8, 10), torch.tensor(0.2), noise)[0, 0] == 0
    assert blank.nonzero().tolist() == [[y, x] for y in range(2, 5) for x in range(4, 7)]


@pytest.mark.parametrize("size", [1, 3, 5])
def test_blocks_are_those_of_torchvision(size: int) -> None:
    """torchvision draws with bernoulli_, whose threshold is not ours to set: the shares agree."""
    x, p = torch.ones(400, 4, 12, 12), 0.2
    generator = torch.Generator().manual_seed(0)
    ours = DropBlockLayer(torch.tensor(p), size, generator)(x)
    torch.manual_seed(0)
    theirs = drop_block2d(x, p, size)
    assert float((ours == 0).float().mean()) == pytest.approx(float((theirs == 0).float().mean()), rel=0.03)
    assert_close(ours.max(), theirs.max(), rtol=0.02, atol=0)


def test_a_block_is_at_most_the_map() -> None:
    y = DropBlockLayer(torch.tensor(0.9), 50, torch.Generator().manual_seed(0))(torch.ones(64, 2, 3, 4))
    assert y.shape == (64, 2, 3, 4)
    assert 0 < int((y == 0).sum()) < y.numel()


@pytest.mark.parametrize("kind", ["dropout2d", "dropblock"])
def test_what_is_no_feature_map_is_refused_in_a_sentence(kind: str) -> None:
    with pytest.raises(ValueError, match=rf"{kind} got a tensor of shape \(4, 10\).*use dropout"):
        layer(kind, 0.1)(torch.ones(4, 10))


def test_kept_branches_are_scaled_as_in_torchvision() -> None:
    x = maps(500, 6)
    torch.manual_seed(0)
    for y in (layer("stochastic_depth", 0.4)(x), stochastic_depth(x, 0.4, "row")):
        kept = y[:, 0] != 0
        assert_close(y[kept], x[kept] / 0.6)
        assert float(kept.float().mean()) == pytest.approx(0.6, abs=0.09)


class Residual(SiteModel):
    """Four residual branches of one linear layer each."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(6, 6) for _ in range(4))
        self.ends = nn.ModuleList(Place("residual", f"branch{i}", 6) for i in range(4))

    def forward(self, x: Tensor) -> Tensor:
        for branch, end in zip(self.branches, self.ends, strict=True):
            x = x + end(branch(x))
        return x


@pytest.mark.parametrize(("rule", "shares"), [("linear", [0.2, 0.4, 0.6, 0.8]), ("constant", [0.8] * 4)])
def test_deeper_branches_are_left_out_more_often(
    rule: str, shares: list[float], randomness: Randomness, entry: MakeEntry
) -> None:
    model = Residual()
    regularizer = regularizers.build(entry("stochastic_depth", p=0.8, depth_rule=rule), randomness)
    regularizer.build(model)
    for end, share in zip(model.ends, shares, strict=True):
        out = end(torch.ones(2000, 6))
        assert float((out == 0).float().mean()) == pytest.approx(share, abs=0.05)
    regularizer.numbers["p"].fill_(0.0)  # steering reaches all of them
    x = torch.ones(5, 6)
    assert torch.equal(model(x), model.eval()(x))


def test_efficientnet_leaves_out_its_branches_as_often_as_torchvisions_does(
    task: TaskData, randomness: Randomness
) -> None:
    spec = ModelSpec(name="efficientnet_b0")
    model = models.build(spec, task)
    for stacked in own_stack(spec):
        regularizers.build(stacked, randomness).build(model)
    oracle = {
        name: block.stochastic_depth.p
        for name, block in efficientnet_b0().named_modules()
        if isinstance(block, MBConv) and block.use_res_connect
    }
    ours = {
        place.layer: float(layer.p * layer.share)
        for place in model.places("residual")
        for layer in place.children()
        if isinstance(layer, BranchLayer)
    }
    assert len(oracle) == 9
    assert ours == pytest.approx(oracle)


@pytest.mark.parametrize(("name", "where", "places"), [("dropout2d", "block", 3), ("dropblock", "activation", 6)])
def test_they_act_at_every_place_of_their_site(
    name: str, where: str, places: int, task: TaskData, randomness: Randomness, entry: MakeEntry
) -> None:
    model = models.build(ModelSpec(name="cnn", params={"width": 2}), task)
    regularizers.build(entry(name, where, p=0.5), randomness).build(model)
    models.initialize(model, 0)
    generators = {id(m.generator) for m in model.modules() if isinstance(m, (ChannelDropoutLayer, DropBlockLayer))}
    assert len(generators) == places
    images = task.train.inputs[:8]
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))
