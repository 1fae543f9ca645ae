"""The small pretrained BERT inside the package: its words, its weights, and what fine-tuning makes it forget.

`python -m regtui.engine.pretrain` makes it; regtui/data/README.md says of what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional as F

from regtui import data
from regtui.engine.models.sites import SiteModel
from regtui.engine.models.transformer import Bert, Transformer
from regtui.engine.randomness import derive
from regtui.engine.text import PAD, UNKNOWN, Vocabulary

if TYPE_CHECKING:
    from regtui.engine.text import TextData

MASKED = 0.15
"""Share of the words that are hidden (Devlin et al. 2018, section 3.1, https://arxiv.org/abs/1810.04805)."""

FORGETTING_SAMPLES = 500
"""Test texts at most on which the pretraining task is measured again."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network that was trained; the same names as the model's parameters."""

    layers: int
    width: int
    heads: int
    norm_place: str


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says of itself; one text, since the order of several would differ from file to file."""

    settings: Settings
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the file holds."""

    vocabulary: Vocabulary
    settings: Settings
    weights: dict[str, Tensor]
    """float32, by the name of the parameter; the classifying head is not among them."""


@cache
def checkpoint() -> Checkpoint:
    """Read the file; nothing in it can execute code."""
    with safe_open(data.bert_checkpoint(), framework="pt") as file:
        about = msgspec.json.decode(file.metadata()["about"], type=About)
        weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  # not iterable
    known = len(about.words)
    return Checkpoint(Vocabulary(about.words, known=known, learnable=known), about.settings, weights)


class PretrainedBert(Bert):
    """Begins with the checkpoint, but for its head. The task must have been encoded with the checkpoint's words."""

    def __init__(self, task: TextData, *, layers: int, width: int, heads: int, norm_place: str) -> None:
        """Raises ValueError for another network than the checkpoint's."""
        asked, there = Settings(layers, width, heads, norm_place), checkpoint().settings
        if asked != there:
            raise ValueError(f"the pretrained weights are of {_in_words(there)}; the model asks for {_in_words(asked)}")
        super().__init__(task, layers=layers, width=width, heads=heads, norm_place=norm_place)

    def checkpoint(self) -> Mapping[str, Tensor]:
        return checkpoint().weights

    def pretraining_loss(self, ids: Tensor, hidden: Tensor) -> Tensor:
        return guess_loss(self, ids, hidden)


def bert(task: TextData, *, weights: str = "random", **sizes: Any) -> Bert:
    """A BERT that begins at random or with the checkpoint. Raises ValueError for sizes that do not fit."""
    return PretrainedBert(task, **sizes) if weights == "pretrained" else Bert(task, **sizes)


def _in_words(settings: Settings) -> str:
    return f"{settings.layers} layers, width {settings.width}, {settings.heads} heads, norm_place {settings.norm_place}"


def hide_words(ids: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The ids with `MASKED` of the known words made unknown, and where that was done, both (B, L)."""
    hidden = (torch.rand(ids.shape, generator=generator).to(ids.device) < MASKED) & (ids != PAD) & (ids != UNKNOWN)
    return ids.masked_fill(hidden, UNKNOWN), hidden


def guess_loss(model: Transformer, ids: Tensor, hidden: Tensor) -> Tensor:
    """Mean cross-entropy in nats of guessing the hidden words from the others, by the embeddings of all words.

    ids     (B, L) long, nothing hidden
    hidden  (B, L) bool
    """
    features = model.encoded(ids.masked_fill(hidden, UNKNOWN), ids != PAD)[hidden]  # (M, D)
    return F.cross_entropy(features @ model.tokens.weight.T, ids[hidden])


class Memory:
    """How far fine-tuning has led a model away from where it began."""

    def __init__(self, model: SiteModel, texts: Tensor) -> None:
        """`model` still as it begins; `texts` (N, L) ids that it has not been trained on."""
        parameters = dict(model.named_parameters())  # without norms that the stack took out
        self._start = {name: parameters[name].detach().clone() for name in model.checkpoint() if name in parameters}
        self._texts = texts[:FORGETTING_SAMPLES]
        generator = torch.Generator().manual_seed(derive(0, "memory"))  # the same words in every run
        self._hidden = hide_words(self._texts, generator)[1]

    @torch.no_grad()
    def drift(self, model: nn.Module) -> float:
        """||w - w0|| / ||w0|| over the pretrained weights. Waits for the device."""
        parameters = dict(model.named_parameters())
        moved = torch.stack([(parameters[name] - start).square().sum() for name, start in self._start.items()]).sum()
        return float((moved / torch.stack([start.square().sum() for start in self._start.values()]).sum()).sqrt())

    @torch.no_grad()
    def loss(self, model: nn.Module) -> float | None:
        """The loss of the pretraining task on test texts, nats; None where the model cannot do it any more.

        `model` is in eval mode. Waits for the device.
        """
        assert isinstance(model, SiteModel)
        loss = model.pretraining_loss(self._texts, self._hidden)
        return None if loss is None else float(loss)
