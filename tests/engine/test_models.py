"""Models: what they publish, in which order it runs, and how their parameters begin."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from regtui.catalog import MODELS as ALL_MODELS
from regtui.engine import datasets, models
from regtui.engine.datasets import ImageData, TaskData
from regtui.engine.models import Place, SiteModel
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.text import TextData
from regtui.spec import DataSpec, ModelSpec, Scalar

MODELS = {name: record for name, record in ALL_MODELS.items() if name != "hf_encoder"}
"""Those that need nothing but regtui; test_huggingface.py states the same of the other."""


def build(task: TaskData, name: str, **params: Scalar) -> SiteModel:
    defaults = {param.name: param.default for param in MODELS[name].params}
    return models.build(ModelSpec(name=name, params=defaults | params), task)


@pytest.fixture(scope="module")
def tasks(task: ImageData, texts: TextData) -> dict[str, TaskData]:
    """By the kind of their inputs."""
    return {"image": task, "text": texts}


def test_every_model_of_the_catalog_has_a_builder() -> None:
    assert list(models.BUILDERS) == list(ALL_MODELS)


@pytest.mark.parametrize("name", ["mlp", "cnn", "plain_deep", "resnet"])
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
def test_a_model_of_the_catalog_gives_logits_and_publishes_its_sites(name: str, tasks: dict[str, TaskData]) -> None:
    task = tasks[MODELS[name].inputs[0]]
    model = build(task, name)
    assert model(task.train.inputs[:5]).shape == (5, len(task.classes))
    assert {place.site for place in model.places()} == set(MODELS[name].sites)


@pytest.mark.parametrize("name", MODELS)
def test_places_come_in_the_order_of_the_forward_pass(name: str, tasks: dict[str, TaskData]) -> None:
    task = tasks[MODELS[name].inputs[0]]
    model, ran, channels = build(task, name), [], []

    def note(place: Place, _: object, output: Tensor) -> None:
        ran.append(place)
        channels.append(output.shape[2 if output.ndim == 3 else 1])

    for place in model.places():
        place.register_forward_hook(note)
    model(task.train.inputs[:2])
    assert ran == list(model.places())
    assert channels == [place.channels for place in ran]


@pytest.mark.parametrize("name", MODELS)
def test_layers_answer_to_the_names_of_their_places(name: str, tasks: dict[str, TaskData]) -> None:
    model = build(tasks[MODELS[name].inputs[0]], name)
    named = [(place.site, place.layer) for place in model.places()]
    assert len(set(named)) == len(named)  # a generator and a chart for each
    for site, layer in named:
        if site in ("conv", "linear", "head"):
            assert isinstance(model.get_submodule(layer), (nn.Conv2d, nn.Linear))


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
    with pytest.raises(ValueError, match=r"'resnte'.*mlp, cnn"):
        models.build(ModelSpec(name="resnte"), task)


@pytest.mark.parametrize(("name", "kind"), [("bert", "image"), ("cnn", "text")])
def test_a_model_refuses_data_of_another_kind(name: str, kind: str, tasks: dict[str, TaskData]) -> None:
    with pytest.raises(ValueError, match=rf"the model {name} takes .*, the data are {kind}"):
        build(tasks[kind], name)


def test_a_misspelt_parameter_is_refused(task: TaskData) -> None:
    with pytest.raises(TypeError, match="widht"):
        models.build(ModelSpec(name="cnn", params={"widht": 8}), task)


@pytest.mark.parametrize(
    ("name", "least"), [("cnn", "8x8"), ("mbconv", "8x8"), ("resnet", "4x4"), ("plain_deep", "4x4")]
)
def test_pictures_too_small_for_a_model_are_refused(name: str, least: str, task: ImageData) -> None:
    tiny = replace(task, shape=(1, 3, 28))
    with pytest.raises(ValueError, match=f"{least} pixels, got 3x28"):
        build(tiny, name)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
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


@pytest.mark.parametrize("name", [name for name in MODELS if name != "resnet50"])
def test_a_module_in_a_place_leaves_the_other_initial_weights_as_they_were(
    name: str, tasks: dict[str, TaskData]
) -> None:
    task = tasks[MODELS[name].inputs[0]]
    plain, filled = build(task, name), build(task, name)
    for place in filled.places():
        place.put("extra", nn.GroupNorm(1, place.channels))
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


def test_a_plain_network_multiplies_its_signal_by_the_gain_in_every_layer(task: ImageData) -> None:
    """What it is for: at 1.41 the signal keeps its size, below it vanishes, above it explodes."""
    shares = {}
    for gain in (1.0, 2**0.5, 2.0):
        model, seen = build(task, "plain_deep", depth=12, width=64, gain=gain), []
        models.initialize(model, 0)
        for place in model.places("conv"):
            place.register_forward_hook(lambda _, inputs, __, seen=seen: seen.append(float(inputs[0].square().mean())))
        with torch.no_grad():
            model(task.train.inputs[:32])
        shares[gain] = (seen[-1] / seen[1]) ** (0.5 / (len(seen) - 2))
    # Zeros around the 7x7 pixels take a little away at every layer.
    assert shares[1.0] == pytest.approx(2**-0.5, rel=0.15)
    assert shares[2**0.5] == pytest.approx(1, rel=0.15)
    assert shares[2.0] == pytest.approx(2**0.5, rel=0.15)


@pytest.mark.parametrize(("blocks", "layers"), [(1, 8), (3, 20)])
def test_a_resnet_has_six_layers_a_block_and_two_more(blocks: int, layers: int, task: ImageData) -> None:
    model = build(task, "resnet", blocks=blocks)
    assert len(list(model.places("conv"))) + 1 == layers
    assert len(list(model.places("residual"))) == 3 * blocks


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "efficientnet_b0"])
def test_with_batchnorm_put_back_torchvisions_networks_compute_what_they_do_there(name: str, task: ImageData) -> None:
    from torchvision import models as theirs

    rgb = replace(task, shape=(3, 28, 28), mean=torch.zeros(3), std=torch.ones(3))
    model = build(rgb, name)
    for place in model.places("conv"):
        place.put("batchnorm", nn.BatchNorm2d(place.channels))
    oracle = getattr(theirs, name)(num_classes=10)
    with torch.no_grad():
        for ours, their in zip(model.parameters(), oracle.parameters(), strict=True):
            ours.copy_(their)
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert_close(model.eval()(images), oracle.eval()(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0"])
def test_torchvisions_networks_begin_as_they_do_there(name: str, task: ImageData) -> None:
    from torchvision import models as theirs

    model, oracle = build(replace(task, shape=(3, 28, 28)), name), getattr(theirs, name)(num_classes=10)
    models.initialize(model, 0)
    parameters = dict(model.named_parameters())
    for key, module in oracle.named_modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() >= 10_000 and module.groups == 1:
            assert_close(parameters[f"{key}.weight"].std(), module.weight.std(), rtol=0.05, atol=0, msg=key)


def test_no_network_of_torchvision_keeps_a_norm_or_a_dropout_of_its_own(task: ImageData) -> None:
    for name in ("resnet18", "efficientnet_b0"):
        kinds = {type(module).__name__ for module in build(task, name).modules()}
        assert not kinds & {"BatchNorm2d", "Dropout", "StochasticDepth"}


@pytest.mark.parametrize(
    ("name", "params"),
    [("cnn", {"width": 4}), ("cnn", {"width": 8}), ("resnet", {"blocks": 1}), ("bagged_cnn", {"members": 2})],
)
def test_a_sample_has_the_same_logits_in_a_piece_and_in_the_whole_batch(name: str, params: dict[str, int]) -> None:
    task = datasets.load(DataSpec(train=100, validation=0, test=500), Randomness(0, CPU))
    model = build(task, name, **params).eval()
    models.initialize(model, seed=0)
    model.to(memory_format=torch.channels_last)
    assert model.evaluation_piece is not None
    with torch.no_grad():
        whole = model(task.test.inputs)
        pieces = torch.cat([model(piece) for piece in task.test.inputs.split(model.evaluation_piece)])
    assert torch.equal(whole, pieces)
