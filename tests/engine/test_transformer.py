"""Transformers against torch's own encoder layer; what a word may see, and where norms and dropouts act."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from regtui.engine import models
from regtui.engine.models.transformer import EMBEDDING_STD, Block, Transformer
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.stack import Stack
from regtui.engine.text import UNKNOWN, TextData
from regtui.spec import ModelSpec, StackEntry

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry, MakeRun, MakeSpec


def build(texts: TextData, name: str = "bert", *stack: StackEntry, norm_place: str = "pre") -> Transformer:
    params = {"layers": 2, "width": 16, "heads": 2, "norm_place": norm_place}
    model = models.build(ModelSpec(name=name, params=dict(params)), texts)
    Stack(stack, Randomness(0, CPU)).build(model)
    models.initialize(model, 0)
    assert isinstance(model, Transformer)
    return model


@pytest.mark.parametrize("norm_place", ["pre", "post"])
@pytest.mark.parametrize("causal", [False, True])
def test_a_block_is_torchs_encoder_layer(norm_place: str, causal: bool) -> None:
    block = Block("block1", 16, 2, pre=norm_place == "pre", causal=causal)
    block.attention_norm.put("layernorm", nn.LayerNorm(16))
    block.mlp_norm.put("layernorm", nn.LayerNorm(16))
    torchs = nn.TransformerEncoderLayer(
        16, 2, 64, dropout=0.0, activation="gelu", batch_first=True, norm_first=norm_place == "pre"
    )
    pairs = [
        (torchs.self_attn.in_proj_weight, block.qkv.weight), (torchs.self_attn.in_proj_bias, block.qkv.bias),
        (torchs.self_attn.out_proj.weight, block.mixed.weight), (torchs.self_attn.out_proj.bias, block.mixed.bias),
        (torchs.linear1.weight, block.up.weight), (torchs.linear1.bias, block.up.bias),
        (torchs.linear2.weight, block.down.weight), (torchs.linear2.bias, block.down.bias),
    ]  # fmt: skip
    with torch.no_grad():
        for theirs, ours in pairs:
            theirs.copy_(ours)
    x = torch.randn(3, 6, 16, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(6) < torch.tensor([[6], [2], [4]])
    unseen = torch.ones(6, 6, dtype=torch.bool).triu(1) if causal else None
    expected = torchs(x, src_mask=unseen, src_key_padding_mask=~mask)
    assert_close(block(x, mask)[mask], expected[mask], rtol=1e-4, atol=1e-5)


def features(model: Transformer, ids: Tensor) -> Tensor:
    with torch.no_grad():
        return model.encoded(ids, ids != 0)


@pytest.mark.parametrize(("name", "sees_ahead"), [("bert", True), ("gpt", False)])
def test_a_word_of_gpt_sees_only_those_before_it(name: str, sees_ahead: bool, texts: TextData) -> None:
    model, ids = build(texts, name), texts.train.inputs[:4].clone()
    before = features(model, ids)[:, :2]
    ids[:, 2] = 7
    assert torch.allclose(features(model, ids)[:, :2], before, atol=1e-6) != sees_ahead


@pytest.mark.parametrize("name", ["bert", "gpt"])
def test_padding_changes_nothing_and_a_text_does_not_depend_on_its_batch(name: str, texts: TextData) -> None:
    model = build(replace(texts, length=40), name, norm_place="post")
    ids = texts.train.inputs[:6]
    together = model(ids)
    assert_close(model(nn.functional.pad(ids, (0, 16))), together, rtol=1e-4, atol=1e-5)
    alone = torch.cat([model(row[row != 0][None]) for row in ids])
    assert_close(alone, together, rtol=1e-4, atol=1e-5)


def test_the_last_word_stands_for_a_text_of_gpt_and_the_mean_for_one_of_bert(texts: TextData) -> None:
    x = torch.arange(12.0).view(2, 3, 2)
    mask = torch.tensor([[True, True, False], [True, True, True]])
    assert_close(build(texts, "gpt").summary(x, mask), torch.stack((x[0, 1], x[1, 2])))
    assert_close(build(texts, "bert").summary(x, mask), torch.stack((x[0, :2].mean(0), x[1].mean(0))))


def test_words_beyond_the_known_ones_are_the_unknown_word(texts: TextData) -> None:
    model = build(texts)
    rare, unknown = torch.full((1, 4), texts.vocabulary.known), torch.full((1, 4), UNKNOWN)
    assert torch.equal(model(rare), model(unknown))
    model.known = texts.vocabulary.learnable
    assert not torch.equal(model(rare), model(unknown))


def test_embeddings_begin_small(texts: TextData) -> None:
    weights = build(texts).tokens.weight
    assert float(weights.detach().std()) == pytest.approx(EMBEDDING_STD, rel=0.05)


def test_heads_that_do_not_divide_the_width_are_refused(texts: TextData) -> None:
    with pytest.raises(ValueError, match="width 16 cannot be parted evenly among 3 heads"):
        models.build(ModelSpec(name="bert", params={"layers": 1, "width": 16, "heads": 3, "norm_place": "pre"}), texts)


@pytest.mark.parametrize("norm_place", ["pre", "post"])
def test_every_branch_has_its_norm(norm_place: str, texts: TextData, entry: MakeEntry) -> None:
    model = build(texts, "bert", entry("layernorm", "norm"), norm_place=norm_place)
    layers = [place.layer for place in model.places("norm")]
    expected = [f"block{number}.{branch}" for number in (1, 2) for branch in ("attention", "mlp")]
    assert layers == expected + (["final"] if norm_place == "pre" else [])


@pytest.mark.parametrize("where", ["residual", "attention", "input", "head"])
def test_dropout_acts_at_every_place_in_training_only(where: str, texts: TextData, entry: MakeEntry) -> None:
    plain, model = build(texts), build(texts, "bert", entry("dropout", where, p=0.5))
    ids = texts.train.inputs[:8]
    assert not torch.allclose(model(ids), model(ids))  # other masks at each step
    assert torch.equal(model.eval()(ids), plain.eval()(ids))


@pytest.mark.parametrize("name", ["bert", "gpt"])
def test_a_run_trains_reports_its_inside_and_repeats(
    name: str, tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry
) -> None:
    from msgspec.structs import replace as changed

    from regtui.events import Evaluated, Inside, Norms, Started
    from regtui.spec import DataSpec

    stack = (entry("layernorm", "norm"), entry("dropout", "residual"), entry("token_masking"))
    spec = changed(
        tiny(*stack, data=DataSpec(name="wordnet", train=80, validation=20, test=40), epochs=10, lr=5e-3),
        model=ModelSpec(name=name, params={"layers": 1, "width": 16, "heads": 2, "norm_place": "pre"}),
    )
    made = make_run(spec)
    assert made.all(Started)[0].cut_texts == made.training.task.cut  # type: ignore[attr-defined]
    accuracies = [event.train.accuracy for event in made.all(Evaluated)]
    assert accuracies[-1] > max(30, accuracies[0])
    assert [layer.name for layer in made.all(Inside)[-1].layers] == ["block1.up"]
    norms = made.all(Norms)[-1].layers
    assert [layer.name for layer in norms] == ["block1.attention.norm", "block1.mlp.norm", "final.norm"]
    assert all(layer.running_mean == layer.set_mean == [] and layer.channels == 16 for layer in norms)
    again = make_run(spec)
    assert all(torch.equal(value, again.weights()[key]) for key, value in made.weights().items())
