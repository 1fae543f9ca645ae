"""Text augmentation: what each operation keeps, what it changes, and that every text draws for itself."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from regtui.catalog import MODELS, REGULARIZERS
from regtui.engine import models
from regtui.engine.models.transformer import Transformer
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers import Batch
from regtui.engine.regularizers import text_augment as ops
from regtui.engine.stack import Stack
from regtui.engine.text import PAD, UNKNOWN, TextData, Vocabulary, real
from regtui.spec import ModelSpec, StackEntry

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

NAMES = [name for name, record in REGULARIZERS.items() if record.kinds == ("text",)]
TABLE = torch.tensor([[PAD, PAD], [PAD, PAD], [3, PAD], [2, 4], [PAD, PAD], [6, PAD], [PAD, PAD], [PAD, PAD]])
COUNTS = torch.tensor([0, 0, 1, 2, 0, 1, 0, 0])


@st.composite
def batches(draw: st.DrawFn) -> tuple[Tensor, torch.Generator]:
    """(B, L) ids of texts of 1 to L words, and a generator."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    count, length = draw(st.integers(1, 5)), draw(st.integers(1, 9))
    ids = torch.randint(1, 8, (count, length), generator=generator)
    words = torch.randint(1, length + 1, (count, 1), generator=generator)
    return ids.where(torch.arange(length) < words, PAD), generator


def changed(name: str, ids: Tensor, p: float, generator: torch.Generator) -> Tensor:
    def noise() -> Tensor:
        return torch.rand(ids.shape, generator=generator)

    share = torch.tensor(p)
    if name == "token_masking":
        return ops.mask_tokens(ids, share, noise())
    if name == "word_deletion":
        return ops.delete_words(ids, share, noise())
    if name == "word_swap":
        return ops.swap_words(ids, share, noise(), noise())
    if name == "synonym_replacement":
        return ops.replace_synonyms(ids, TABLE, COUNTS, share, noise(), noise())
    words = torch.where(COUNTS[ids] > 0, ops.pick_synonyms(ids, TABLE, COUNTS, noise()), PAD)
    return ops.insert_words(ids, words, share, noise(), noise())


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(batches(), st.sampled_from([0.0, 0.3, 1.0]))
def test_shape_is_kept_padding_stays_at_the_right_and_no_text_is_emptied(
    name: str, batch: tuple[Tensor, torch.Generator], p: float
) -> None:
    ids, generator = batch
    before = ids.clone()
    found = changed(name, ids, p, generator)
    assert found.shape == ids.shape and found.dtype == torch.long
    assert torch.equal(ids, before)
    words = real(found)
    assert bool((words[:, :-1] >= words[:, 1:]).all()) and bool(words[:, 0].all())
    if p == 0:
        assert torch.equal(found, ids)


@settings(max_examples=60, deadline=None)
@given(batches(), st.floats(0, 1))
def test_what_each_operation_keeps(batch: tuple[Tensor, torch.Generator], p: float) -> None:
    ids, generator = batch
    swapped, deleted = changed("word_swap", ids, p, generator), changed("word_deletion", ids, p, generator)
    masked, inserted = changed("token_masking", ids, p, generator), changed("synonym_insertion", ids, p, generator)
    for row, swap, deletion, mask, insertion in zip(ids, swapped, deleted, masked, inserted, strict=True):
        words = row[row != PAD].tolist()
        assert Counter(words) == Counter(swap[swap != PAD].tolist())
        assert is_subsequence(deletion[deletion != PAD].tolist(), words)
        assert all(new in (old, UNKNOWN) for old, new in zip(row.tolist(), mask.tolist(), strict=True))
        if len(words) * 2 <= len(row):  # nothing had to be cut
            assert is_subsequence(words, insertion[insertion != PAD].tolist())


def is_subsequence(part: list[int], whole: list[int]) -> bool:
    rest = iter(whole)
    return all(word in rest for word in part)


def test_every_word_is_replaced_by_one_of_its_synonyms_and_each_equally_often() -> None:
    ids = torch.full((1000, 3), 3)
    ids[:, 1], ids[:, 2] = 2, 7
    found = changed("synonym_replacement", ids, 1.0, torch.Generator().manual_seed(0))
    assert found[:, 1].tolist() == [3] * 1000
    assert found[:, 2].tolist() == [7] * 1000  # has none
    assert set(found[:, 0].tolist()) == {2, 4}
    assert (found[:, 0] == 2).float().mean() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(("name", "share"), [("token_masking", 0.25), ("word_deletion", 0.25)])
def test_the_share_p_of_the_words_is_taken(name: str, share: float) -> None:
    ids = torch.full((500, 20), 7)
    found = changed(name, ids, share, torch.Generator().manual_seed(0))
    gone = (found != 7).float()
    assert gone.mean() == pytest.approx(share, abs=0.02)
    assert gone.sum(1).unique().numel() > 5  # every text draws for itself


def test_insertions_go_to_every_place() -> None:
    ids = torch.tensor([[7, 7, 7, 7, PAD, PAD, PAD, PAD]]).expand(2000, -1)
    words = torch.full_like(ids, PAD)
    words[:, 0] = 5
    noise = torch.rand(2, *ids.shape, generator=torch.Generator().manual_seed(0))
    found = ops.insert_words(ids, words, torch.tensor(1.0), noise[0], noise[1])
    places = (found == 5).float().mean(0)
    assert places[:5].tolist() == pytest.approx([0.2] * 5, abs=0.04)
    assert not places[5:].any()


def test_synonyms_that_no_run_can_know_are_left_out() -> None:
    vocabulary = Vocabulary(("<pad>", "<unknown>", "cat", "dog", "feline", "rare"), known=4, learnable=5)
    table, counts = ops.synonym_table(vocabulary, {"cat": ("feline", "rare", "moggy"), "dog": ("hound",)}, CPU)
    assert counts.tolist() == [0, 0, 1, 0, 0, 0]
    assert table[2].tolist() == [4]


def build(texts: TextData, *stack: StackEntry) -> tuple[Transformer, Stack, Randomness]:
    params = {param.name: param.default for param in MODELS["bert"].params} | {"layers": 1, "width": 8, "heads": 2}
    model, randomness = models.build(ModelSpec(name="bert", params=params), texts), Randomness(0, CPU)
    made = Stack(stack, randomness)
    made.build(model)
    models.initialize(model, 0)
    assert isinstance(model, Transformer)
    return model, made, randomness


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_texts_and_labels_stay(name: str, texts: TextData, entry: MakeEntry) -> None:
    batch = Batch(texts.train.inputs, texts.train.labels)
    one, other = (build(texts, entry(name, p=0.5))[1].on_batch(batch) for _ in range(2))
    assert torch.equal(one.inputs, other.inputs)
    assert not torch.equal(one.inputs, batch.inputs)
    assert torch.equal(one.labels, batch.labels)


@pytest.mark.parametrize("name", NAMES)
def test_switching_one_on_leaves_weights_and_other_draws_as_they_were(
    name: str, texts: TextData, entry: MakeEntry
) -> None:
    others = [entry(other) for other in NAMES if other != name] + [entry("dropout", "residual")]
    batch = Batch(texts.train.inputs[:8], texts.train.labels[:8])
    without, with_it = build(texts, *others), build(texts, entry(name), *others)
    assert all(torch.equal(a, b) for a, b in zip(without[0].parameters(), with_it[0].parameters(), strict=True))
    for model, stack, _ in (without, with_it):
        model(stack.on_batch(batch).inputs)
    state = with_it[2].state()
    assert all(torch.equal(state[purpose], value) for purpose, value in without[2].state().items())


def test_synonyms_make_words_of_no_training_text_known(texts: TextData, entry: MakeEntry) -> None:
    plain, with_synonyms = build(texts)[0], build(texts, entry("synonym_replacement"))[0]
    assert plain.known < with_synonyms.known == texts.vocabulary.learnable
    assert plain.tokens.weight.shape == with_synonyms.tokens.weight.shape
