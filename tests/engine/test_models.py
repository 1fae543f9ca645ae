"""Models: what they publish, in which order it runs, and how their parameters begin."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from regtui.catalog import MODELS
from regtui.engine import datasets, models
from regtui.engine.datasets import TaskData
from regtui.engine.models import Place, SiteModel
from regtui.engine.randomness import CPU, Randomness
from regtui.spec import DataSpec, ModelSpec, Scalar


def build(task: TaskData, name: str, **params: Scalar) -> SiteModel:
    defaults = {param.name: param.default for param in MODELS[name].params}
    return models.build(ModelSpec(name=name, params=defaults | params), task)


def test_every_model_of_the_catalog_has_a_builder() -> None:
    assert list(models.BUILDERS) == list(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_activations_stand_between_the_layer_and_the_place_after_it(name: str, task: TaskData) -> None:
    model, lowest = build(task, name), {}
    for place in model.places():
        place.register_forward_hook(lambda at, _, output: lowest.update({(at.site, at.layer): float(output.min())}))
    with torch.no_grad():
        model(task.train.inputs[:20])
    for (site, layer), low in lowest.items():
        if site in ("conv", "linear"):
            assert low < 0
            assert lowest["activation", layer] == 0


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_the_catalog_gives_logits_and_publishes_its_sites(name: str, task: TaskData) -> None:
    model = build(task, name)
    assert model(task.train.inputs[:5]).shape == (5, len(task.classes))
    assert {place.site for place in model.places()} == set(MODELS[name].sites)


@pytest.mark.parametrize("name", MODELS)
def test_places_come_in_the_order_of_the_forward_pass(name: str, task: TaskData) -> None:
    model, ran, channels = build(task, name), [], []

    def note(place: Place, _: object, output: Tensor) -> None:
        ran.append(place)
        channels.append(output.shape[1])

    for place in model.places():
        place.register_forward_hook(note)
    model(task.train.inputs[:2])
    assert ran == list(model.places())
    assert channels == [place.channels for place in ran]


@pytest.mark.parametrize(("name", "site"), [("cnn", "conv"), ("mlp", "linear")])
def test_layers_answer_to_the_names_of_their_places(name: str, site: str, task: TaskData) -> None:
    model = build(task, name)
    for place in [*model.places(site), *model.places("head")]:
        assert isinstance(getattr(model, place.layer), (nn.Conv2d, nn.Linear))


def test_the_cnn_doubles_its_channels_and_halves_its_sides(task: TaskData) -> None:
    model = build(task, "cnn", width=4)
    convs = {place.layer: getattr(model, place.layer) for place in model.places("conv")}
    assert {name: conv.out_channels for name, conv in convs.items()} == {
        "conv1": 4, "conv2": 4, "conv3": 8, "conv4": 8, "conv5": 16, "conv6": 16,
    }  # fmt: skip
    assert all(conv.bias is not None for conv in convs.values())
    assert [place.layer for place in model.places("block")] == ["block1", "block2", "block3"]
    assert [place.channels for place in model.places("head")] == [16 * 3 * 3]


def test_the_mlp_has_as_many_hidden_layers_as_asked(task: TaskData) -> None:
    model = build(task, "mlp", width=6, depth=3)
    assert [place.layer for place in model.places("linear")] == ["linear1", "linear2", "linear3"]
    assert model.get_submodule("linear3").weight.shape == (6, 6)


@pytest.mark.parametrize(("name", "layer"), [("cnn", "conv1"), ("mlp", "linear1")])
def test_the_first_layer_sees_standardized_pixels(name: str, layer: str) -> None:
    task = datasets.load(DataSpec(train=1000), Randomness(0, CPU))
    model, seen = build(task, name), []
    getattr(model, layer).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        model(task.train.inputs)
    assert float(seen[0].mean()) == pytest.approx(0, abs=0.05)
    assert float(seen[0].std()) == pytest.approx(1, abs=0.05)


def test_an_unknown_model_is_refused(task: TaskData) -> None:
    with pytest.raises(ValueError, match=r"'resnet'.*mlp, cnn"):
        models.build(ModelSpec(name="resnet"), task)


def test_a_misspelt_parameter_is_refused(task: TaskData) -> None:
    with pytest.raises(TypeError, match="widht"):
        models.build(ModelSpec(name="cnn", params={"widht": 8}), task)


def test_pictures_too_small_for_three_poolings_are_refused(task: TaskData) -> None:
    tiny = TaskData(
        train=task.train, clean=task.clean, validation=None, test=task.test, true_clean_labels=None,
        classes=task.classes, shape=(1, 7, 28), mean=task.mean, std=task.std,
    )  # fmt: skip
    with pytest.raises(ValueError, match="8x8 pixels, got 7x28"):
        build(tiny, "cnn")


@pytest.mark.parametrize("name", MODELS)
def test_parameters_have_the_distribution_of_torch(name: str, task: TaskData) -> None:
    model, torchs = build(task, name), build(task, name)  # the second keeps what its layers drew when they were made
    models.initialize(model, 0)
    for (key, ours), theirs in zip(model.named_parameters(), torchs.parameters(), strict=True):
        if ours.numel() >= 1000:
            assert_close(ours.std(), theirs.std(), rtol=0.1, atol=0, msg=key)
            assert_close(ours.abs().max(), theirs.abs().max(), rtol=0.02, atol=0, msg=key)
            assert abs(ours.mean()) < 4 * theirs.std() / ours.numel() ** 0.5
        assert not torch.equal(ours, theirs)


def test_biases_are_bounded_by_the_fan_in_of_their_layer(task: TaskData) -> None:
    model = build(task, "mlp", width=512)
    models.initialize(model, 0)
    bound = (28 * 28) ** -0.5
    assert 0.9 * bound < float(model.get_parameter("linear1.bias").detach().abs().max()) <= bound


def test_initialization_is_keyed_by_the_seed_alone(task: TaskData) -> None:
    one, again, other = (build(task, "cnn") for _ in range(3))
    models.initialize(one, 5)
    torch.manual_seed(1)
    models.initialize(again, 5)
    models.initialize(other, 6)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), again.parameters(), strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_layers_of_the_same_shape_begin_with_different_weights(task: TaskData) -> None:
    model = build(task, "mlp", width=8, depth=3)
    models.initialize(model, 0)
    assert not torch.equal(model.get_parameter("linear2.weight"), model.get_parameter("linear3.weight"))


@pytest.mark.parametrize("name", MODELS)
def test_a_module_in_a_place_leaves_the_other_initial_weights_as_they_were(name: str, task: TaskData) -> None:
    plain, filled = build(task, name), build(task, name)
    for place in filled.places():
        place.put("extra", nn.LayerNorm(28) if place.site == "input" else nn.GroupNorm(1, place.channels))
    models.initialize(plain, 0)
    models.initialize(filled, 0)
    parameters = dict(filled.named_parameters())
    for key, parameter in plain.named_parameters():
        assert torch.equal(parameters[key], parameter), key


def test_norms_begin_as_the_identity(task: TaskData) -> None:
    model = build(task, "cnn")
    norm = nn.BatchNorm2d(8)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    norm(torch.randn(4, 8, 3, 3))
    next(model.places("conv")).put("batchnorm", norm)
    models.initialize(model, 0)
    assert torch.equal(norm.weight, torch.ones(8))
    assert torch.equal(norm.bias, torch.zeros(8))
    assert torch.equal(norm.running_mean, torch.zeros(8))  # type: ignore[arg-type]
    assert torch.equal(norm.running_var, torch.ones(8))  # type: ignore[arg-type]


def test_a_module_without_a_known_initialization_is_refused(task: TaskData) -> None:
    model = build(task, "cnn")
    next(model.places("conv")).put("prelu", nn.PReLU())
    with pytest.raises(TypeError, match=r"conv1_out\.prelu is a PReLU"):
        models.initialize(model, 0)


@pytest.mark.gpu
def test_initial_weights_are_the_same_on_a_gpu(cuda: torch.device) -> None:
    here, there = (build(datasets.load(DataSpec(train=50, test=50), Randomness(0, d)), "cnn") for d in (CPU, cuda))
    models.initialize(here, 0)
    models.initialize(there, 0)
    assert all(torch.equal(a, b.cpu()) for a, b in zip(here.parameters(), there.parameters(), strict=True))
