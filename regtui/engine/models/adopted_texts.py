"""A network of somebody else's for texts: it is given word ids, and where it asks for that, what of them is padding.

The ids are (B, L) long: 0 fills a text up, 1 is every word that the training split does not teach. A network says by a
parameter of its `forward` that it wants to know more, and is given it by that name:

* attention_mask: (B, L) long, 1 where there are words, as Hugging Face's models take it
* src_key_padding_mask, key_padding_mask, padding_mask: (B, L) bool, true where there is padding, as PyTorch's take it
* lengths: (B,) long on the CPU, words a text, as torch.nn.utils.rnn.pack_padded_sequence takes it
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from regtui.engine.models.adopted import Adopted
from regtui.engine.models.factories import VOCABULARY, Words
from regtui.engine.models.sites import Place
from regtui.engine.models.traced import Call, Trace, trace
from regtui.engine.text import UNKNOWN, TextData, real
from regtui.spec import Scalar

TOLD: dict[str, Callable[[Tensor], Tensor]] = {
    "attention_mask": lambda words: words.long(),
    "src_key_padding_mask": lambda words: ~words,
    "key_padding_mask": lambda words: ~words,
    "padding_mask": lambda words: ~words,
    "lengths": lambda words: words.sum(1).cpu(),
}
"""By parameter of `forward`: what it is given, of a mask (B, L) that is true where there are words."""


class Mask:
    """Where the texts of the current forward pass have words; the network does not hand it to its layers."""

    value: Tensor | None = None


class Worded(nn.Module):
    """A place that is passed by words, padding among them: norms there can leave it out."""

    def __init__(self, place: Place, mask: Mask, *, turned: bool) -> None:
        """`turned`: what passes is (L, B, D)."""
        super().__init__()
        self.place, self._mask, self._turned = place, mask, turned

    def forward(self, x: Tensor) -> Tensor:
        mask = self._mask.value
        passed: Tensor = self.place(x, mask.T if mask is not None and self._turned else mask)
        return passed


class AdoptedTexts(Adopted):
    """The network behind the words that its training split teaches."""

    def __init__(self, task: TextData, name: str, params: Mapping[str, Scalar]) -> None:
        self.known = task.vocabulary.known
        """Ids from here on stand for the unknown word; synonym replacement raises it."""
        self.vocabulary = task.vocabulary
        self._mask, self._told = Mask(), ""
        super().__init__(task, name, params, Words(task.vocabulary.learnable, task.length))

    def forward(self, ids: Tensor) -> Tensor:
        words = real(ids)  # (B, L)
        known = torch.where(ids < self.known, ids, UNKNOWN)
        more = {self._told: TOLD[self._told](words)} if self._told else {}
        self._mask.value = words
        try:
            with _layer_by_layer():
                logits: Tensor = self.net(known, **more)  # (B, K)
        finally:
            self._mask.value = None
        return logits

    def _enter(self, _: TextData) -> None:  # type: ignore[override]
        """Nothing stands before the network: its own embedding is the first thing that texts pass."""

    def _traced(self, task: TextData) -> Trace:  # type: ignore[override]
        accepted = inspect.signature(self.net.forward).parameters
        self._told = next((name for name in TOLD if name in accepted), "")
        ids = task.clean.inputs[:1].cpu()
        ids = torch.where(ids < self.known, ids, UNKNOWN).expand(2, -1)
        more = {self._told: TOLD[self._told](real(ids))} if self._told else {}
        with _layer_by_layer():
            found = self._checked(
                lambda: trace(self.net, ids, **more),
                f"texts of {task.length} words, {task.vocabulary.learnable:,} different ones",
                "text", f"let its factory take {VOCABULARY[0]}",
            )  # fmt: skip
        if self._told:
            self.notes.append(f"its forward is given {self._told}")
        else:
            self.notes.append(
                "it is told nothing of padding but its id, 0; a forward that takes "
                f"{', '.join(list(TOLD)[:-1])} or lengths is given that"
            )
        return found

    def _put_places(self, found: Trace) -> None:
        embeddings = found.once(nn.Embedding)
        if embeddings:
            first = embeddings[0]
            self._wrap(first.path, Place("input", "input", first.width), first)
        else:
            self.notes.append("it has no nn.Embedding that is called once, so no entry acts at its input")
        super()._put_places(found)

    def _spot(self, place: Place, call: Call) -> nn.Module:
        return Worded(place, self._mask, turned=call.first != 2) if call.ndim == 3 else place


@contextmanager
def _layer_by_layer() -> Iterator[None]:
    """PyTorch's transformer layers call the modules that they are made of, in evaluation as well."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
