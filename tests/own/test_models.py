"""Models of the user's own: as written with their own stack, changed where a stack says so, refused in sentences."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch
from torch import nn

from regtui.catalog import MODELS
from regtui.commands import Probe, RunRequest, Stop
from regtui.engine import loop
from regtui.engine.answers import answer
from regtui.engine.control import Control
from regtui.engine.models import factories
from regtui.engine.models.adopted import Adopted
from regtui.engine.models.adopting import build
from regtui.engine.models.initialize import initialize
from regtui.engine.models.norms import BatchNorm, GroupNorm
from regtui.engine.norm_statistics import norm_modules
from regtui.engine.randomness import CPU, Randomness, derive
from regtui.engine.regularizers.dropout import DropoutLayer
from regtui.engine.splits import Split
from regtui.engine.stack import Stack
from regtui.engine.studies import STUDIES
from regtui.engine.tasks import ImageData
from regtui.engine.training import Training
from regtui.events import Cost, Evaluated, Event, Inside, Inspected, Norms, Trouble
from regtui.own.models import adopt, with_model
from regtui.scenario import Scenario, ScenarioError, find, load, run_spec
from regtui.scenario.resolve import own_stack
from regtui.spec import DataSpec, ModelSpec, RunSpec, Scalar, StackEntry, TrainSpec, spec_hash

if TYPE_CHECKING:
    from tests.own.conftest import MakeScenario

pytestmark = pytest.mark.usefixtures("models_of_ours")
NETS = "tests.own.nets"
PIXELS = 32


def task(channels: int = 3, pixels: int = PIXELS) -> ImageData:
    images = torch.rand(6, channels, pixels, pixels, generator=torch.Generator().manual_seed(0))
    split = Split(images, torch.arange(6) % 5)
    return ImageData(
        train=split, clean=split, validation=split, test=None, true_clean_labels=None, classes=tuple("abcde"),
        shape=(channels, pixels, pixels), mean=torch.full((channels,), 0.5), std=torch.full((channels,), 0.25),
    )  # fmt: skip


def adopted(name: str, data: ImageData | None = None, **params: Scalar) -> tuple[Adopted, ModelSpec]:
    """A model with empty places, known to the catalog."""
    spec = ModelSpec(name=name, params=params)
    model = build(spec, data or task())
    sites = sorted({place.site for place in model.places()})
    adopt(name, Inspected(ask="", sites=sites, stack=model.own))
    return model, spec


def stacked(model: Adopted, entries: Sequence[StackEntry], seed: int = 7) -> Adopted:
    Stack(entries, Randomness(seed, CPU)).build(model)
    initialize(model, seed)
    return model


def as_written(name: str, seed: int = 7, **params: Scalar) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "init/model"))
        return factories.make(name, params, 5, (3, PIXELS, PIXELS))


@pytest.mark.parametrize(
    ("name", "params"),
    [("torchvision:resnet18", {"zero_init_residual": True}), ("torchvision:mobilenet_v3_small", {}),
     (f"{NETS}:small", {})],
)  # fmt: skip
def test_with_its_own_stack_a_model_is_as_its_author_wrote_it(name: str, params: dict[str, Scalar]) -> None:
    model, spec = adopted(name, **params)
    images = task().train.inputs[:]
    ours, theirs = stacked(model, own_stack(spec)), as_written(name, **params)
    standardized = (images - 0.5) / 0.25
    with torch.no_grad():
        assert torch.equal(ours.eval()(images), theirs.eval()(standardized))
        for module in (ours, theirs):
            for dropout in module.modules():
                if isinstance(dropout, (nn.Dropout, DropoutLayer)):
                    dropout.p = torch.zeros(()) if isinstance(dropout, DropoutLayer) else 0.0
        torch.testing.assert_close(ours.train()(images), theirs.train()(standardized), rtol=1e-5, atol=1e-5)


def test_norms_are_exchanged_and_taken_out() -> None:
    model, spec = adopted("torchvision:resnet18")
    (own,) = own_stack(spec)
    assert (own.key, own.params["momentum"]) == ("batchnorm@conv", 0.1)
    group = StackEntry(name="groupnorm", where="conv", params={"groups": 2, "eps": 1e-5})
    exchanged = stacked(model, [group])
    assert Counter(type(norm) for _, norm in norm_modules(exchanged).values()) == {GroupNorm: 20}
    assert not any(isinstance(module, nn.BatchNorm2d) for module in exchanged.modules())
    bare = stacked(adopted("torchvision:resnet18")[0], [])
    assert not norm_modules(bare) and bare(task().train.inputs[:]).shape == (6, 5)


def test_norms_are_inserted_behind_convolutions_that_have_none() -> None:
    model, _ = adopted(f"{NETS}:small")
    params: dict[str, Scalar] = {"momentum": 0.1, "eps": 1e-5, "statistics": "running", "frozen_after": 1.0,
                                 "mask": True}  # fmt: skip
    normed = stacked(model, [StackEntry(name="batchnorm", where="conv", params=params)])
    assert [type(norm) for _, norm in norm_modules(normed).values()] == [BatchNorm, BatchNorm]
    assert list(norm_modules(normed)) == ["0.norm", "3.norm"]


def test_the_first_weights_are_those_of_the_seed_whatever_the_stack_is() -> None:
    bare = stacked(adopted(f"{NETS}:small")[0], [])
    own, spec = adopted(f"{NETS}:small")
    stacked(own, own_stack(spec))
    other = stacked(adopted(f"{NETS}:small")[0], [], seed=8)
    weights = [model.get_submodule("0").weight for model in (bare, own, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_a_copy_of_the_model_has_places_of_its_own() -> None:
    model, spec = adopted(f"{NETS}:small")
    twin = copy.deepcopy(stacked(model, own_stack(spec)))
    ours = {id(module) for module in model.modules()}
    seen: list[int] = []
    for place in twin.places():
        place.register_forward_pre_hook(lambda module, _: seen.append(id(module)))
    twin(task().train.inputs[:])
    assert len(seen) == len(list(twin.places())) and not set(seen) & ours


def test_gray_pictures_go_in_thrice() -> None:
    gray = task(channels=1)
    model, _ = adopted("torchvision:mobilenet_v3_small", gray)
    assert model(gray.train.inputs[:]).shape == (6, 5)
    assert "three equal channels" in model.notes[0]
    assert not build(ModelSpec(name=f"{NETS}:small"), gray).notes  # its factory takes the channels


def test_what_a_stack_cannot_reach_is_said_by_the_name_of_the_layer() -> None:
    spec = run_spec_of(f"{NETS}:Odd", DataSpec(train=20, validation=10, test=10))
    found = answer(Probe(ask="1", spec=spec, kind="model"))
    assert isinstance(found, Inspected) and not found.trouble
    said = " / ".join(found.notes)
    assert "norm stays as written" in said
    assert "shared works several times in one pass" in said
    assert "random numbers that no stack controls" in said


def run_spec_of(name: str, data: DataSpec, *stack: StackEntry) -> RunSpec:
    train = TrainSpec(epochs=1, batch_size=10, evaluations=1, probes=2)
    return RunSpec(scenario="s", arm="a", seed=0, data=data, model=ModelSpec(name=name), train=train, stack=stack)


@pytest.mark.parametrize("name", ["torchvision:resnet18", f"{NETS}:Odd"])
def test_two_steps_are_taken_probed_and_repeated(name: str) -> None:
    data = DataSpec(train=20, validation=10, test=10)
    adopted(name)
    spec = run_spec_of(name, data, *own_stack(ModelSpec(name=name)))

    def made() -> list[Event]:
        events: list[Event] = []
        loop.train(RunRequest(run="r", spec=spec), events.append, Control(), None)
        return events

    events = made()
    last = [event for event in events if isinstance(event, Evaluated)][-1]
    assert last.step == 2
    inside = [event for event in events if isinstance(event, Inside)][-1]
    assert inside.layers and all(layer.std > 0 for layer in inside.layers)
    if name.endswith("resnet18"):
        assert inside.layers[0].name == "conv1" and len(inside.layers) == 20
        assert [event.layers[0].name for event in events if isinstance(event, Norms)] == ["conv1.norm"] * 2
    again = [event for event in made() if isinstance(event, Evaluated)][-1]
    assert (again.train, again.test) == (last.train, last.test)


def test_a_probe_tells_of_the_layers_that_its_step_passed_and_no_trouble_of_one_that_is_held_fast() -> None:
    name = f"{NETS}:Skipping"
    adopted(name)
    spec = run_spec_of(name, DataSpec(train=40, validation=10, test=10), *own_stack(ModelSpec(name=name)))
    spec = msgspec.structs.replace(spec, train=msgspec.structs.replace(spec.train, probes=4))
    events: list[Event] = []
    loop.train(RunRequest(run="r", spec=spec), events.append, Control(), None)
    layers = [[layer.name for layer in event.layers] for event in events if isinstance(event, Inside)]
    norms = [[norm.name for norm in event.layers] for event in events if isinstance(event, Norms)]
    assert layers == [["stem", "branch"], ["stem"]] * 2
    assert norms == [["stem.norm", "branch.norm"], ["stem.norm"]] * 2
    assert [event for event in events if isinstance(event, Trouble)] == []


def test_what_a_model_draws_by_itself_survives_a_look_and_a_resume(tmp_path: Path) -> None:
    adopted(f"{NETS}:Odd")
    spec = run_spec_of(f"{NETS}:Odd", DataSpec(train=40, validation=10, test=10))
    spec = msgspec.structs.replace(spec, train=msgspec.structs.replace(spec.train, evaluations=4))

    def made(*told: Probe | Stop, resume: bool = False) -> Evaluated:
        """The last evaluation; what is told is told at the first one, after the first of four steps."""
        events: list[Event] = []
        control = Control()

        def emit(event: Event) -> None:
            if isinstance(event, Evaluated) and event.step == 1:
                for command in told:
                    control.send(command)
            events.append(event)

        torch.rand(1)  # whatever else the process draws
        loop.train(RunRequest(run="r", spec=spec, resume=resume), emit, control, tmp_path)
        return [event for event in events if isinstance(event, Evaluated)][-1]

    whole = made()
    looked_at = made(Probe(ask="1", spec=spec, kind="modes", run="r"))
    assert made(Stop(run="r")).step == 1
    resumed = made(resume=True)
    assert whole.step == looked_at.step == resumed.step == 4
    assert whole.train == looked_at.train
    assert whole.train == resumed.train


def test_what_cannot_be_had_or_does_not_fit_is_refused_in_a_sentence() -> None:
    refused: dict[str, str] = {
        "torchvision:resnet19": r"torchvision has no model 'resnet19'.*did you mean",
        "nowhere.at_all:make": "the module nowhere.at_all could not be imported from",
        f"{NETS}:smal": "has no 'smal'; did you mean \"small\"",
        f"{NETS}:three_outputs": "gives .3,. for each picture, the data have 5 classes; .* take num_classes",
        f"{NETS}:not_a_module": "gave a Tensor; a factory must give a torch.nn.Module",
        f"{NETS}:failing": "could not be built: RuntimeError: no 5 today",
        "torchvision:vgg11_no": "torchvision has no model",
    }
    for name, sentence in refused.items():
        with pytest.raises(ValueError, match=sentence):
            build(ModelSpec(name=name), task())
    with pytest.raises(ValueError, match=r"model.depth is no parameter"):
        build(ModelSpec(name=f"{NETS}:small", params={"depth": 3}), task())
    with pytest.raises(ValueError, match="begins with random weights here"):
        build(ModelSpec(name="torchvision:resnet18", params={"weights": "DEFAULT"}), task())
    with pytest.raises(ValueError, match="cannot take pictures of 8x8"):
        build(ModelSpec(name="torchvision:alexnet"), task(pixels=8))
    with pytest.raises(ValueError, match=r"the code of .* is not what it was"):
        build(ModelSpec(name=f"{NETS}:small", content="other"), task())


@pytest.mark.parametrize(("kind", "sentence"), [
    ("tuple", r"gives a tuple of 2, tensors of \(2, 5\), \(2, 3, 32, 32\); a run takes one tensor of logits, \(B, 5\)"),
    ("dict", r"gives a dict of logits, loss; .* let its forward, or a factory that wraps it, return that alone"),
    ("nothing", r"gives nothing \(None\); a run takes one tensor"),
    ("nowhere", r"cannot take pictures of 32x32: AttributeError: .*'missing' \(nets.py, line \d+\)$"),
])  # fmt: skip
def test_what_a_forward_gives_in_the_place_of_logits_is_told(kind: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        build(ModelSpec(name=f"{NETS}:Gives", params={"kind": kind}), task())


@pytest.mark.parametrize(("kind", "sentence"), [
    ("probabilities", "it gives probabilities, as it seems: each row sums to 1"),
    ("two in training", "in train mode the model gives a tuple of 2, tensors of (2, 10), (2, 1, 28, 28); a run takes "
                        "one tensor of logits: let its forward return that alone in train mode too"),
    ("frozen", "the model has no parameter that takes a gradient; there is nothing to train"),
])  # fmt: skip
def test_what_would_not_learn_is_told_before_it_is_trained(kind: str, sentence: str) -> None:
    spec = run_spec_of(f"{NETS}:Gives", DataSpec(train=10, validation=10, test=10))
    spec = msgspec.structs.replace(spec, model=ModelSpec(name=spec.model.name, params={"kind": kind}))
    found = answer(Probe(ask="1", spec=spec, kind="model"))
    assert isinstance(found, Inspected)
    assert sentence in found.trouble or any(sentence in note for note in found.notes)


def test_a_size_that_does_not_fit_is_told_with_what_could() -> None:
    with pytest.raises(ValueError, match=r"cannot take .* let its factory take image_size, or .* --set data.size=N$"):
        build(ModelSpec(name="torchvision:alexnet"), task(pixels=8))


def test_a_factory_may_be_a_part_of_another_one_but_no_network_that_is_made() -> None:
    spec = ModelSpec(name=f"{NETS}:halved")
    assert build(spec, task()).get_submodule("0").out_channels == 2
    assert factories.digest(spec.name) == factories.digest(f"{NETS}:small")
    assert factories.digest("builtins:dict") == "", "what is written in C has no source"
    with pytest.raises(ValueError, match=r"is a network that is made already \(Linear\); name its class, or a"):
        build(ModelSpec(name=f"{NETS}:made"), task())


def test_a_module_that_is_a_script_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "its_own_script.py").write_text("raise SystemExit(2)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"ends the program when it is imported \(SystemExit: 2\); put what it does"):
        build(ModelSpec(name="its_own_script:Net"), task())


def test_timm_says_what_to_install() -> None:
    try:
        import timm  # noqa: F401
    except ImportError:
        with pytest.raises(ValueError, match=r"pip install 'regtui\[timm\]'"):
            build(ModelSpec(name="timm:resnet18"), task())
        return
    images = task().train.inputs[:]
    model, spec = adopted("timm:resnet18")
    with torch.no_grad():
        assert torch.equal(
            stacked(model, own_stack(spec)).eval()(images), as_written("timm:resnet18").eval()((images - 0.5) / 0.25)
        )


def test_a_scenario_file_names_no_code(scenario: MakeScenario) -> None:
    with pytest.raises(
        ScenarioError, match=r"own.toml: base.model.name: is 'os:system', which is code; a file alone has none run"
    ):
        scenario("fashion-mnist", model='name = "os:system"')


def ladder_on(name: str) -> Scenario:
    model, _ = adopted(name)
    inspected = Inspected(ask="", sites=list(MODELS[name].sites), stack=model.own, notes=model.notes, content="1")
    return with_model(load(find("ladder")), name, {}, inspected)


def test_the_arms_of_a_scenario_build_on_the_models_own_stack() -> None:
    scenario = ladder_on("torchvision:resnet18")
    stacks = {arm.name: [entry.key for entry in arm.stack] for arm in scenario.arms}
    assert stacks["baseline"] == ["batchnorm@conv"]
    assert stacks["+ dropout"] == ["batchnorm@conv", "dropout@residual"]
    assert stacks["+ augment"][-2:] == ["flip@input", "affine@input"]
    assert any("the arms + dropout and + BatchNorm are the same" in note for note in scenario.notes)
    assert scenario.options == ("--model", "torchvision:resnet18")
    assert len({spec_hash(run_spec("s", arm, 0)) for arm in scenario.arms}) == 3


def test_an_entry_without_a_place_is_refused_by_arm() -> None:
    adopted(f"{NETS}:small")
    branch = StackEntry(name="stochastic_depth", where="residual", params={"p": 0.2, "depth_rule": "linear"})
    ladder = load(find("ladder"))
    arms = [msgspec.structs.replace(arm, stack=(*arm.stack, branch)) for arm in ladder.arms[:1]]
    deep = msgspec.structs.replace(ladder, arms=tuple(arms))
    found = Inspected(ask="", sites=list(MODELS[f"{NETS}:small"].sites))
    with pytest.raises(ScenarioError, match=r"baseline.stack: has stochastic_depth@residual, which has no place"):
        with_model(deep, f"{NETS}:small", {}, found)
    mixed = msgspec.structs.replace(ladder, arms=(*arms, *ladder.arms[1:]))
    alone = with_model(mixed, f"{NETS}:small", {}, found, wanted=["+ dropout", "+ BatchNorm"])
    assert [arm.name for arm in alone.arms] == [arm.name for arm in ladder.arms[1:]], "baseline is not to be run"
    assert len(alone.claims) == len([c for c in ladder.claims if "baseline" not in (c.check.of, c.check.against)])
    with pytest.raises(ScenarioError, match="which has no place"):
        with_model(deep, f"{NETS}:small", {}, found, wanted=["no such arm"])


def test_the_cost_of_a_run_is_measured_before_it_starts() -> None:
    spec = run_spec_of(f"{NETS}:small", DataSpec(train=100, validation=10, test=10))
    found = answer(Probe(ask="1", spec=spec, kind="cost"))
    assert isinstance(found, Cost) and not found.trouble
    assert found.seconds > 0 and found.free > 0
    assert found.data == 120 * 28 * 28 * 4


def test_the_study_of_gradients_leaves_out_layers_that_are_held_fast() -> None:
    training = Training(run_spec_of(f"{NETS}:Skipping", DataSpec(train=20, validation=10, test=10)))
    found = STUDIES["gradients"](training, training.model.eval())
    assert found.values["ratio"] == 1.0 and found.values["last"] > 0, "of the branch alone"
