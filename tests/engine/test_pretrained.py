"""Fine-tuning the small pretrained BERT: what it begins with, how far it drifts, what it forgets."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
import torch
from msgspec.structs import replace
from torch.nn import functional as F

from regtui import data
from regtui.catalog import MODELS
from regtui.engine.models.pretrained import MASKED, Memory, checkpoint, guess_loss, hide_words
from regtui.engine.models.transformer import Transformer
from regtui.engine.origin import layer_weights
from regtui.engine.text import PAD, UNKNOWN, TextData, wordnet
from regtui.engine.training import Training
from regtui.events import Evaluated
from regtui.spec import DataSpec, ModelSpec, RunSpec, Scalar

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry, MakeRun, MakeSpec


@pytest.fixture
def spec(tiny: MakeSpec, entry: MakeEntry) -> RunSpec:
    return fine_tuning(tiny, entry)


def fine_tuning(tiny: MakeSpec, entry: MakeEntry, norm: str = "layernorm", **params: Scalar) -> RunSpec:
    defaults = {param.name: param.default for param in MODELS["bert"].params}
    made = tiny(entry(norm, "norm"), data=DataSpec(name="wordnet", train=80, validation=20, test=200), lr=1e-3)
    return replace(made, model=ModelSpec(name="bert", params=defaults | {"weights": "pretrained"} | params))


def test_the_checkpoint_is_small_and_knows_no_word_of_test_texts_alone() -> None:
    assert data.bert_checkpoint().stat().st_size < 2_000_000
    readme = (data.DIRECTORY / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(data.bert_checkpoint().read_bytes()).hexdigest() in readme
    words = set(checkpoint().vocabulary.words[2:])
    assert words <= {word for text in wordnet().train for word in text}


def test_it_begins_with_the_weights_and_words_of_the_checkpoint(spec: RunSpec) -> None:
    training = Training(spec)
    parameters = dict(training.model.named_parameters())
    assert set(parameters) - set(checkpoint().weights) == {"head.weight", "head.bias"}
    assert all(torch.equal(parameters[name], value) for name, value in checkpoint().weights.items())
    assert isinstance(training.task, TextData)
    assert training.task.vocabulary == checkpoint().vocabulary


def test_it_guesses_hidden_words_far_better_than_by_their_frequency(spec: RunSpec) -> None:
    training = Training(spec)
    assert training.memory is not None
    ids = training.task.train.inputs
    counts = F.one_hot(ids[ids > UNKNOWN], len(checkpoint().vocabulary.words)).sum(0).float()
    by_frequency = -(counts / counts.sum() * (counts / counts.sum()).clamp(min=1e-9).log()).sum()
    assert training.memory.loss(training.model.eval()) < float(by_frequency)
    assert training.memory.drift(training.model) == 0


def test_a_run_tells_drift_and_forgetting(spec: RunSpec, make_run: MakeRun, tiny: MakeSpec) -> None:
    found = make_run(spec).all(Evaluated)
    drifts = [event.drift for event in found]
    assert None not in drifts and 0 < float(drifts[0] or 0) < float(drifts[-1] or 0) < 1
    assert all(event.pretraining_loss and 0 < event.pretraining_loss < 20 for event in found)
    assert make_run(tiny()).all(Evaluated)[-1].drift is None


def test_drift_is_the_relative_distance(spec: RunSpec) -> None:
    training = Training(spec)
    memory = Memory(training.model, training.task.test.inputs)
    with torch.no_grad():
        for name in checkpoint().weights:
            training.model.get_parameter(name).mul_(1.25)
    assert memory.drift(training.model) == pytest.approx(0.25, rel=1e-4)


def test_the_drift_of_a_layer_is_that_from_its_pretrained_weight(spec: RunSpec) -> None:
    training = Training(spec)
    assert training.origin is not None
    weights = layer_weights(training.model)
    assert weights
    for layer, weight in weights.items():
        pretrained = checkpoint().weights[f"{layer}.weight"]
        assert training.origin.drift(layer, pretrained) == 0
        assert training.origin.drift(layer, 1.5 * weight) == pytest.approx(0.5, rel=1e-4)


def test_another_norm_takes_the_place_of_the_pretrained_one(tiny: MakeSpec, entry: MakeEntry) -> None:
    training = Training(fine_tuning(tiny, entry, "rmsnorm"))
    assert training.memory is not None
    assert torch.equal(training.model.get_parameter("final_norm.rmsnorm.weight"), torch.ones(64))


def test_another_size_is_refused_with_both(tiny: MakeSpec, entry: MakeEntry) -> None:
    with pytest.raises(ValueError, match=r"are of 2 layers, width 64.*asks for 6 layers, width 64"):
        Training(fine_tuning(tiny, entry, layers=6))


def test_longer_texts_than_the_checkpoints_can_be_read(spec: RunSpec) -> None:
    training = Training(replace(spec, data=replace(spec.data, length=40)))
    positions = training.model.get_parameter("positions.weight")
    assert torch.equal(positions[:24], checkpoint().weights["positions.weight"])
    assert positions[24:].abs().sum() > 0


def test_a_share_of_the_known_words_is_hidden() -> None:
    ids = torch.tensor([[5] * 8 + [UNKNOWN, PAD]]).expand(2000, -1)
    changed, hidden = hide_words(ids, torch.Generator().manual_seed(0))
    assert not hidden[:, 8:].any()
    assert hidden[:, :8].float().mean() == pytest.approx(MASKED, abs=0.01)
    assert torch.equal(changed == UNKNOWN, hidden | (ids == UNKNOWN))


def test_the_loss_is_that_of_the_hidden_words_alone(spec: RunSpec) -> None:
    model = Training(spec).model.eval()
    assert isinstance(model, Transformer)
    ids = torch.tensor([[7, 8, 9, 10]])
    hidden = torch.tensor([[False, True, False, False]])
    features = model.encoded(torch.tensor([[7, UNKNOWN, 9, 10]]), ids != PAD)[0, 1]
    expected = F.cross_entropy((features @ model.tokens.weight.T)[None], torch.tensor([8]))
    assert torch.equal(guess_loss(model, ids, hidden), expected)
