"""Encoders of Hugging Face, their dropouts taken out and places put in; their norms stay as they were pretrained.

The network computes as it does in transformers: only the modules that dropped are exchanged, and its attention is ours,
whose dropout takes a generator. Its parameters are called embeddings..., block1..., block2... here, so that charts of
all encoders look alike.
"""

from __future__ import annotations

import copy
import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.models import hub
from regtui.engine.models.sites import Place, SiteModel
from regtui.engine.models.word_pieces import WordPieces
from regtui.engine.text import PAD, TextData, real

HIDDEN = (("intermediate", "dense", "intermediate_act_fn"), ("ffn", "lin1", "activation"))
"""Where a block keeps its hidden layer and the activation after it: as BERT does it, and as DistilBERT."""
TEXTS_AT_ONCE = 50
"""When hidden words are guessed: (50, 26, 30522) float32 logits are 160 MB."""


class Mask:
    """Where the texts of the current forward pass have words; the network itself does not hand it to its layers."""

    value: Tensor | None = None


class Spot(nn.Module):
    """A place inside the network, called with what enters it alone, as the dropout was that stood there."""

    p = 0.0
    """Attention asks its dropout for its probability; ours does not use the answer."""

    def __init__(self, place: Place, mask: Mask | None = None) -> None:
        super().__init__()
        self.place = place
        self._mask = mask

    def forward(self, x: Tensor) -> Tensor:
        seen: Tensor = self.place(x, self._mask.value) if self._mask else self.place(x)
        return seen


def attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scaling: float, **_: Any
) -> tuple[Tensor, Tensor]:
    """Attention as transformers asks for it, the module's dropout being a place.

    query, key, value  (B, heads, L, D / heads)
    mask               (B, 1, 1, L) bool, true where there are words; None: all are

    Gives (B, L, heads, D / heads) and the weights (B, heads, L, L).
    """
    scores = query @ key.transpose(-1, -2) * scaling
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights: Tensor = module.dropout(scores.softmax(-1))  # type: ignore[operator]
    return (weights @ value).transpose(1, 2).contiguous(), weights


class HfEncoder(SiteModel):
    """The mean of the words' vectors, special tokens left out, stands for the text, as in our own BERT."""

    native: Tensor
    before: Tensor
    after: Tensor

    def __init__(self, task: TextData, *, checkpoint: str, weights: str) -> None:
        """The task must have been encoded with the checkpoint's words.

        Raises ValueError for a checkpoint that cannot be had, and for texts that are too long for it.
        """
        super().__init__()
        assert isinstance(task.vocabulary, WordPieces)
        words = task.vocabulary
        special = len(words.before) + len(words.after)
        if task.length + special > words.most:
            raise ValueError(
                f"data.length is {task.length}; with {special} special tokens that is more than the {words.most} "
                f"which the checkpoint {checkpoint} can read at once"
            )
        self._loaded = _Shared(hub.pretrained(checkpoint))
        self._begins_pretrained = weights == "pretrained"
        network = copy.deepcopy(self._loaded.value.network)
        # In a tuple, so that only the encoder is trained and not the head that guesses words.
        self._network = (network,)
        self._mask = Mask()
        for name, ids in (("native", words.native), ("before", words.before), ("after", words.after)):
            self.register_buffer(name, torch.tensor(ids, dtype=torch.long), persistent=False)
        for name, part in _parts(network.base_model).items():
            self.add_module(name, part)
            if name == "embeddings":
                place = Place("input", "input", part.word_embeddings.embedding_dim)
                _exchange(part, "dropout", Spot(place, self._mask))
            elif name.startswith("block"):
                _put_places(name, part, network.config.hidden_size, network.config.num_attention_heads, self._mask)
        self.head_in = Place("head", "head", network.config.hidden_size)
        self.head = nn.Linear(network.config.hidden_size, len(task.classes))

    def initial(self, module: nn.Module, name: str, generator: torch.Generator) -> Tensor:
        """As the encoder was itself begun: normal weights of its config's size, biases 0."""
        if isinstance(module, (nn.Linear, nn.Embedding)):
            std = self._network[0].config.initializer_range
            parameter = torch.zeros(module.get_parameter(name).shape)
            return parameter if name == "bias" else parameter.normal_(0, std, generator=generator)
        return super().initial(module, name, generator)

    def checkpoint(self) -> Mapping[str, Tensor]:
        if not self._begins_pretrained:
            return {}
        parts = _parts(self._loaded.value.network.base_model)
        return {f"{part}.{name}": p.detach() for part, module in parts.items() for name, p in module.named_parameters()}

    def forward(self, ids: Tensor) -> Tensor:
        texts, mask = self._framed(ids)
        x = self._network[0].base_model(input_ids=texts, attention_mask=mask[:, None, None]).last_hidden_state
        begin = len(self.before)
        share = real(ids).to(x.dtype)  # (B, L)
        mean = (x[:, begin : begin + ids.shape[1]] * share[:, :, None]).sum(1) / share.sum(1, keepdim=True)  # (B, D)
        logits: Tensor = self.head(self.head_in(mean))
        return logits

    def pretraining_loss(self, ids: Tensor, hidden: Tensor) -> Tensor | None:
        network, mask_id = self._network[0].to(ids.device), self._loaded.value.words.mask
        if mask_id is None or not self._loaded.value.can_guess:
            return None
        total = torch.zeros((), device=ids.device)
        for start in range(0, len(ids), TEXTS_AT_ONCE):
            some, theirs = (part[start : start + TEXTS_AT_ONCE] for part in (ids, hidden))
            texts, mask = self._framed(some)
            where = F.pad(theirs, (len(self.before), len(self.after)))
            shown = texts.masked_fill(where, mask_id)
            guesses = network(input_ids=shown, attention_mask=mask[:, None, None]).logits[where]  # (M, V)
            total += F.cross_entropy(guesses, texts[where], reduction="sum")
        return total / hidden.sum()

    def _framed(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """The tokenizer's ids with special tokens around each text, and where those and words are, both (B, L')."""
        begin, more = len(self.before), len(self.after)
        padding = self._loaded.value.words.native[PAD]
        texts = F.pad(self.native[ids], (begin, more), value=padding)
        texts[:, :begin] = self.before
        ends = begin + real(ids).sum(1, keepdim=True)  # (B, 1)
        texts.scatter_(1, ends + torch.arange(more, device=ids.device), self.after.expand(len(ids), -1))
        mask = torch.arange(texts.shape[1], device=ids.device) < ends + more
        self._mask.value = mask
        return texts, mask


class _Shared:
    """Keeps copies of a model, an average of its weights say, from copying the checkpoint as well."""

    def __init__(self, value: hub.Pretrained) -> None:
        self.value = value

    def __deepcopy__(self, memo: dict[int, Any]) -> _Shared:
        return self


def _parts(encoder: Any) -> dict[str, Any]:
    """The modules of an encoder of transformers in the order of the forward pass, by our names; no pooler."""
    parts = {"embeddings": encoder.embeddings}
    if hasattr(encoder, "embeddings_project"):  # of an ELECTRA whose embeddings are narrower than its blocks
        parts["embeddings_project"] = encoder.embeddings_project
    layers = encoder.transformer.layer if hasattr(encoder, "transformer") else encoder.encoder.layer
    return parts | {f"block{number}": layer for number, layer in enumerate(layers, 1)}


def _put_places(name: str, block: nn.Module, width: int, heads: int, mask: Mask) -> None:
    """Exchange the dropouts of a block, and put places on both sides of its activation."""
    for path, module in list(block.named_modules()):
        if isinstance(module, nn.Dropout):
            parent = block.get_submodule(path.rpartition(".")[0])
            if hasattr(parent, "query") or hasattr(parent, "q_lin"):
                spot = Spot(Place("attention", name, heads))
            else:
                branch = "attention" if path.startswith("attention") else "mlp"
                spot = Spot(Place("residual", f"{name}.{branch}", width), mask)
            _exchange(parent, path.rpartition(".")[2], spot)
    holder, linear, activation = next(names for names in HIDDEN if hasattr(block, names[0]))
    parent, layer = block.get_submodule(holder), f"{name}.{holder}.{linear}"
    units = block.get_submodule(f"{holder}.{linear}").get_parameter("weight").shape[0]
    parts = OrderedDict(
        out=Spot(Place("linear", layer, units), mask),
        function=getattr(parent, activation),
        active=Spot(Place("activation", layer, units), mask),
    )
    _exchange(parent, activation, nn.Sequential(parts))
    if "dropout" in dict(parent.named_children()):  # DistilBERT keeps it here, before the activation that runs first
        _exchange(parent, "dropout", parent.get_submodule("dropout"))


def _exchange(parent: nn.Module, name: str, module: nn.Module) -> None:
    """Put a module in the place of another, behind all others of its parent, which run before it."""
    delattr(parent, name)
    parent.add_module(name, module)
