"""Models of the user's own for texts: what they are given, where a stack acts, and padding that counts nowhere."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from regtui.catalog import REGULARIZERS
from regtui.commands import Probe, RunRequest
from regtui.engine import loop
from regtui.engine.answers import answer
from regtui.engine.control import Control
from regtui.engine.models.adopted_texts import AdoptedTexts
from regtui.engine.models.adopting import build
from regtui.engine.models.initialize import initialize
from regtui.engine.models.norms import BatchNorm
from regtui.engine.norm_statistics import norm_modules
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.splits import Split
from regtui.engine.stack import Stack
from regtui.engine.studies import STUDIES
from regtui.engine.text import TextData, build_vocabulary
from regtui.engine.training import Training
from regtui.events import Evaluated, Event, Inspected
from regtui.own.models import adopt
from regtui.scenario.resolve import own_stack
from regtui.spec import ModelSpec, RunSpec, StackEntry, TrainSpec

pytestmark = pytest.mark.usefixtures("models_of_ours")
NETS = "tests.own.text_nets"
TEXTS = [("a", "dog", "barks"), ("the", "dog", "eats", "a", "bone"), ("a", "cat"), ("the", "cat", "eats")] * 2


def task(length: int = 6) -> TextData:
    words = build_vocabulary(TEXTS, {})
    split = Split(words.encode(TEXTS, length), torch.arange(8) % 3)
    return TextData(
        train=split, clean=split, validation=split, test=None, true_clean_labels=None, classes=("a", "b", "c"),
        vocabulary=words, length=length, cut=0,
    )  # fmt: skip


def stacked(name: str, *entries: StackEntry) -> AdoptedTexts:
    model = build(ModelSpec(name=f"{NETS}:{name}"), task())
    assert isinstance(model, AdoptedTexts)
    Stack(entries, Randomness(7, CPU)).build(model)
    initialize(model, 7)
    return model


def entry(name: str, where: str) -> StackEntry:
    return StackEntry(name=name, where=where, params={p.name: p.default for p in REGULARIZERS[name].params})


def test_a_transformer_of_pytorchs_own_layers_gives_its_norms_and_dropouts_to_the_stack() -> None:
    name = f"{NETS}:Encoder"
    model = build(ModelSpec(name=name), task())
    adopt(name, Inspected(ask="", sites=sorted({p.site for p in model.places()}), stack=model.own, kind="text"))
    assert [found.key for found in own_stack(ModelSpec(name=name))] == ["layernorm@norm", "dropout@activation"]
    ours = stacked("Encoder", *own_stack(ModelSpec(name=name))).eval()
    plain = build(ModelSpec(name=name), task())
    for one in (ours, plain):
        assert not [path for path, module in one.net.named_modules() if isinstance(module, torch.nn.LayerNorm)]
    with torch.no_grad():
        assert torch.isfinite(ours(task().train.inputs)).all()


@pytest.mark.parametrize("name", ["Encoder", "Recurrent"])
def test_padding_that_the_network_is_told_of_changes_nothing(name: str) -> None:
    model = stacked(name).eval()
    short = task().train.inputs[:3, :5]
    longer = torch.nn.functional.pad(short, (0, 1))
    with torch.no_grad():
        torch.testing.assert_close(model(short), model(longer))


def test_batchnorm_in_the_place_of_layernorm_leaves_padding_out() -> None:
    model = stacked("Encoder", entry("batchnorm", "norm")).train()
    ids = task().train.inputs[2:3].repeat(4, 1)  # two words and four of padding
    seen: list[torch.Tensor] = []
    norms = [norm for _, norm in norm_modules(model).values()]
    assert [type(norm) for norm in norms] == [BatchNorm, BatchNorm]
    norms[0].register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    model(ids)
    expected = seen[0][:, :2].flatten(0, 1).mean(0) * norms[0].momentum
    torch.testing.assert_close(norms[0].running_mean, expected)


def test_words_that_the_training_split_does_not_teach_are_the_unknown_one() -> None:
    model = stacked("Convolved").eval()
    ids = task().train.inputs.clone()
    ids[:, 0] = model.known + 3
    unknown = ids.clone()
    unknown[:, 0] = 1
    with torch.no_grad():
        assert torch.equal(model(ids), model(unknown))


def test_what_it_is_given_and_what_no_stack_reaches_is_said(scenario, table: Path) -> None:  # type: ignore[no-untyped-def]
    arm = scenario(f"text:{table}", model='name = "bert", layers = 1, width = 8, heads = 2').arms[0]
    notes = {}
    for name in ("Encoder", "Recurrent", "Convolved"):
        spec = RunSpec(scenario="s", arm="a", seed=0, data=arm.data, model=ModelSpec(name=f"{NETS}:{name}"), stack=())
        found = answer(Probe(ask="1", spec=spec, kind="model"))
        assert isinstance(found, Inspected) and not found.trouble and found.kind == "text"
        notes[name] = (" / ".join(found.notes), found.sites)
    assert "given src_key_padding_mask" in notes["Encoder"][0]
    assert "the dropout inside encoder.layers.0.self_attn" in notes["Encoder"][0]
    assert "given lengths" in notes["Recurrent"][0] and notes["Recurrent"][1] == ["input", "head"]
    assert "told nothing of padding but its id, 0" in notes["Convolved"][0] and notes["Convolved"][1] == [
        "input",
        "head",
    ]


def test_a_run_is_trained_probed_and_repeated(scenario, table: Path) -> None:  # type: ignore[no-untyped-def]
    arm = scenario(f"text:{table}", model='name = "bert", layers = 1, width = 8, heads = 2').arms[0]
    name = f"{NETS}:Encoder"
    stack = (entry("layernorm", "norm"), entry("dropout", "activation"), entry("synonym_replacement", "input"))
    train = TrainSpec(epochs=1, batch_size=40, evaluations=1, probes=1)
    spec = RunSpec(scenario="s", arm="a", seed=0, data=arm.data, model=ModelSpec(name=name), train=train, stack=stack)

    def last() -> Evaluated:
        events: list[Event] = []
        loop.train(RunRequest(run="r", spec=spec), events.append, Control(), None)
        return [event for event in events if isinstance(event, Evaluated)][-1]

    first, again = last(), last()
    assert first.validation is not None and first.test is None
    assert (first.train, first.validation) == (again.train, again.validation)


def test_what_does_not_fit_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"cannot take texts of 6 words, .* different ones: .* take vocab_size"):
        build(ModelSpec(name=f"{NETS}:too_small"), task())
    with pytest.raises(ValueError, match=r"torchvision:resnet18 takes pictures; texts take a factory of yours"):
        build(ModelSpec(name="torchvision:resnet18"), task())


def test_texts_get_no_more_padding_than_a_network_was_built_for(scenario, table: Path) -> None:  # type: ignore[no-untyped-def]
    data = scenario(f"text:{table}", model='name = "bert", layers = 1, width = 8, heads = 2').arms[0].data
    train = TrainSpec(epochs=1, batch_size=4, evaluations=1, probes=0)
    model = ModelSpec(name=f"{NETS}:Encoder")
    training = Training(RunSpec(scenario="s", arm="a", seed=0, data=data, model=model, train=train))
    found = STUDIES["padding"](training, training.model.eval()).values
    assert math.isfinite(found["mates"]) and math.isnan(found["padding"]) and math.isnan(found["eval_padding"])
