"""Text augmentation: other words, fewer, more, or in another order, each text by draws of its own.

The four operations of "easy data augmentation" (Wei & Zou 2019, https://arxiv.org/abs/1901.11196) and token masking.
All act on (B, L) word ids whose padding, id 0, stands at the right, and keep that shape.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from regtui.engine.models.adopted_texts import AdoptedTexts
from regtui.engine.models.sites import SiteModel
from regtui.engine.models.transformer import Transformer
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Batch, Regularizer
from regtui.engine.text import PAD, UNKNOWN, Vocabulary, real, wordnet_synonyms
from regtui.spec import StackEntry


def mask_tokens(ids: Tensor, p: Tensor, noise: Tensor) -> Tensor:
    """The unknown word in the place of each word whose noise lies below p (Devlin et al. 2018, arXiv:1810.04805).

    ids    (B, L) long
    p      0-dim, share of the words, [0, 1]
    noise  (B, L), uniform in [0, 1)
    """
    return torch.where((noise < p) & real(ids), UNKNOWN, ids)


def delete_words(ids: Tensor, p: Tensor, noise: Tensor) -> Tensor:
    """Drop each word whose noise lies below p; the others close up. A text keeps at least one: that of most noise."""
    noise = noise.where(real(ids), -1.0)
    kept = (noise >= p) & real(ids) | (noise == noise.amax(1, keepdim=True))
    order = (~kept).to(torch.uint8).argsort(dim=1, stable=True)  # kept words first, in their order
    return torch.where(kept, ids, PAD).gather(1, order)


def swap_words(ids: Tensor, p: Tensor, noise: Tensor, rank: Tensor) -> Tensor:
    """Put the words whose noise lies below p into each other's places, in a random order; no word is lost.

    rank  (B, L), uniform in [0, 1): the random order
    """
    moved = (noise < p) & real(ids)
    places = (~moved).to(torch.uint8).argsort(dim=1, stable=True)  # places of the moved words, then all others
    words = rank.where(moved, 1.0).argsort(dim=1, stable=True)  # the moved words in random order, then all others
    return ids.gather(1, words).gather(1, places.argsort(dim=1))


def pick_synonyms(ids: Tensor, table: Tensor, counts: Tensor, choice: Tensor) -> Tensor:
    """(B, L) long: for each word one of its synonyms at random, itself where it has none.

    table   (V, K) long, the synonyms of each word
    counts  (V,) long, how many of the K are synonyms
    choice  (B, L), uniform in [0, 1): which
    """
    number = (choice * counts[ids]).long()  # float32 draws are below 1 - 6e-8, so it stays below the count
    synonym = table[ids, number]
    return torch.where(counts[ids] > 0, synonym, ids)


def replace_synonyms(ids: Tensor, table: Tensor, counts: Tensor, p: Tensor, noise: Tensor, choice: Tensor) -> Tensor:
    """A synonym in the place of each word that has one and whose noise lies below p; see `pick_synonyms`."""
    return torch.where(noise < p, pick_synonyms(ids, table, counts, choice), ids)


def insert_words(ids: Tensor, words: Tensor, p: Tensor, noise: Tensor, where: Tensor) -> Tensor:
    """Put in each word of `words` whose noise lies below p, at a random place; what no longer fits at the end is lost.

    words  (B, L) long: candidates, PAD where there is none
    where  (B, L), uniform in [0, 1): the place, from before the first word to behind the last
    """
    length = ids.shape[1]
    place = torch.arange(length, device=ids.device, dtype=where.dtype).expand_as(where)
    there = real(ids)
    inserted = (noise < p) & real(words)
    new_place = where * (there.sum(1, keepdim=True) + 1) - 1  # (B, L), in [-1, words of the text)
    far = 2.0 * length
    order = torch.cat((place.where(there, far), new_place.where(inserted, far)), 1).argsort(dim=1, stable=True)
    both = torch.cat((ids, torch.where(inserted, words, PAD)), 1)  # (B, 2L); padding has PAD and sorts last
    return both.gather(1, order)[:, :length]


def synonym_table(
    vocabulary: Vocabulary, synonyms: Mapping[str, Sequence[str]], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Synonyms as ids, (V, K) long, and how many each word has, (V,) long; those that no run can know are left out."""
    ids = {word: number for number, word in enumerate(vocabulary.words[: vocabulary.learnable])}
    rows = [[ids[synonym] for synonym in synonyms.get(word, ()) if synonym in ids] for word in vocabulary.words]
    most = max(1, *map(len, rows))
    table = torch.tensor([row + [PAD] * (most - len(row)) for row in rows], dtype=torch.long, device=device)
    return table, torch.tensor([len(row) for row in rows], device=device)


class TextAugmentation(Regularizer, ABC):
    """Base: changes the ids of a batch with a share p of the words."""

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._draws = self.generator()  # made now, so that a CUDA graph can register it before the first batch

    @abstractmethod
    def changed(self, ids: Tensor) -> Tensor:
        """The texts of a batch, (B, L), after it."""

    def on_batch(self, batch: Batch) -> Batch:
        return replace(batch, inputs=self.changed(batch.inputs))

    def _uniform(self, ids: Tensor, numbers: int) -> Tensor:
        """Draws from [0, 1), (numbers, B, L); as many at any p, so that steering shifts no later draw."""
        return torch.rand((numbers, *ids.shape), generator=self._draws, device=ids.device)


class TokenMasking(TextAugmentation):
    def changed(self, ids: Tensor) -> Tensor:
        return mask_tokens(ids, self.numbers["p"], *self._uniform(ids, 1))


class WordDeletion(TextAugmentation):
    def changed(self, ids: Tensor) -> Tensor:
        return delete_words(ids, self.numbers["p"], *self._uniform(ids, 1))


class WordSwap(TextAugmentation):
    def changed(self, ids: Tensor) -> Tensor:
        return swap_words(ids, self.numbers["p"], *self._uniform(ids, 2))


class WithSynonyms(TextAugmentation):
    """Base of the entries that bring synonyms: words that occur in no training text thereby become known ones."""

    def build(self, model: SiteModel) -> None:
        """Raises ValueError for a model that knows pieces of words: a synonym takes the place of a whole one."""
        if not isinstance(model, (Transformer, AdoptedTexts)):
            raise ValueError(
                f"{self.entry.key} exchanges whole words, and this model reads pieces of them; use word_swap, "
                "word_deletion or token_masking"
            )
        model.known = model.vocabulary.learnable
        self.table, self.counts = synonym_table(model.vocabulary, wordnet_synonyms(), self.randomness.device)


class SynonymReplacement(WithSynonyms):
    def changed(self, ids: Tensor) -> Tensor:
        return replace_synonyms(ids, self.table, self.counts, self.numbers["p"], *self._uniform(ids, 2))


class SynonymInsertion(WithSynonyms):
    """A synonym of a word of the text goes to a random place of the text."""

    def changed(self, ids: Tensor) -> Tensor:
        noise, choice, where = self._uniform(ids, 3)
        words = torch.where(self.counts[ids] > 0, pick_synonyms(ids, self.table, self.counts, choice), PAD)
        return insert_words(ids, words, self.numbers["p"], noise, where)
