"""The words of a pretrained checkpoint: pieces of words, as its own tokenizer makes them.

The ids of a run keep the engine's order, padding 0 and the unknown word 1, which the augmentation of texts relies on;
those of the tokenizer may stand anywhere. Special tokens are no words: the model puts them around a text, where no
augmentation can move them and nothing cuts them off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from regtui.engine.text import Vocabulary


@dataclass(frozen=True, slots=True)
class WordPieces(Vocabulary):
    """All pieces of a tokenizer; every one is known."""

    tokenizer: Any
    """Of transformers."""
    native: tuple[int, ...]
    """The tokenizer's id of each piece, in the order of `words`."""
    before: tuple[int, ...]
    """The tokenizer's ids of the special tokens that begin a text, [CLS] for a BERT."""
    after: tuple[int, ...]
    """Those that end it, [SEP]."""
    mask: int | None
    """The tokenizer's id that stands for a hidden word; None where it has none."""
    most: int
    """Pieces that the network can read at once, special ones included."""

    def rows(self, texts: Iterable[Sequence[str]]) -> list[list[int]]:
        numbers = {native: number for number, native in enumerate(self.native)}
        lines = [" ".join(text) for text in texts]
        parted = self.tokenizer(lines, add_special_tokens=False)["input_ids"] if lines else []  # it fails on none
        return [[numbers[native] for native in row] for row in parted]


def read_word_pieces(tokenizer: Any, embeddings: int, most: int, where: str) -> WordPieces:
    """The words of a tokenizer of transformers.

    embeddings  ids that the network knows
    most        pieces that it can read at once
    where       the checkpoint, for errors

    Raises ValueError for a tokenizer without padding or unknown word, and for one that does not fit the network.
    """
    pad, unknown, count = tokenizer.pad_token_id, tokenizer.unk_token_id, len(tokenizer)
    if pad is None or unknown is None or pad == unknown:
        raise ValueError(f"the tokenizer in {where} lacks a padding token or an unknown one; both are needed")
    if count > embeddings:
        raise ValueError(f"the tokenizer in {where} has {count} words, its network only {embeddings}")
    native = (pad, unknown, *(number for number in range(count) if number not in (pad, unknown)))
    words = tuple(str(word) for word in tokenizer.convert_ids_to_tokens(list(native)))
    framed, bare = (tokenizer("a", add_special_tokens=special)["input_ids"] for special in (True, False))
    start = next(at for at in range(len(framed)) if framed[at : at + len(bare)] == bare)
    return WordPieces(
        words, known=count, learnable=count, tokenizer=tokenizer, native=native, before=tuple(framed[:start]),
        after=tuple(framed[start + len(bare) :]), mask=tokenizer.mask_token_id, most=most,
    )  # fmt: skip
