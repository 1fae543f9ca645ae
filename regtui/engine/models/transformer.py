"""Transformers for texts (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762); norms and dropouts by the stack."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.models.sites import Place, SiteModel
from regtui.engine.text import UNKNOWN, real

if TYPE_CHECKING:
    from regtui.engine.text import TextData

EMBEDDING_STD = 0.1
"""Of words and positions at the start. torch.nn.Embedding's own 1.0 drowns the branches of a small network."""
FEED_FORWARD = 4
"""The hidden layer of a block is so many times as wide as the block."""


class Transformer(SiteModel):
    """Embeddings of words and positions, `layers` blocks of attention and a hidden layer, one vector a text, a head.

    norm_place  where the norms stand that the stack puts there: "pre", at the start of each branch and once after the
                last block, or "post", after each branch was added (https://arxiv.org/abs/2002.04745)
    """

    causal = False
    """Whether a word sees only those before it."""

    def __init__(self, task: TextData, *, layers: int, width: int, heads: int, norm_place: str) -> None:
        """`heads` part the `width` features. Raises ValueError where they cannot do so evenly."""
        super().__init__()
        if width % heads:
            raise ValueError(f"model.width {width} cannot be parted evenly among {heads} heads")
        self.vocabulary = task.vocabulary
        self.known = task.vocabulary.known
        """Ids from here on stand for the unknown word; synonym replacement raises it."""
        self.tokens = nn.Embedding(task.vocabulary.learnable, width)
        self.positions = nn.Embedding(task.length, width)
        self.input = Place("input", "input", width)
        self.blocks = tuple(f"block{number}" for number in range(1, layers + 1))
        for name in self.blocks:
            self.add_module(name, Block(name, width, heads, pre=norm_place == "pre", causal=self.causal))
        self.final_norm = Place("norm", "final", width) if norm_place == "pre" else None
        self.head_in = Place("head", "head", width)
        self.head = nn.Linear(width, len(task.classes))

    def initial(self, module: nn.Module, name: str, generator: torch.Generator) -> Tensor:
        if isinstance(module, nn.Embedding):
            return torch.empty(module.weight.shape).normal_(0, EMBEDDING_STD, generator=generator)
        return super().initial(module, name, generator)

    def forward(self, ids: Tensor) -> Tensor:
        mask = real(ids)  # (B, L)
        logits: Tensor = self.head(self.head_in(self.summary(self.encoded(ids, mask), mask)))  # (B, K)
        return logits

    def encoded(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(B, L, D): each word in its context."""
        known = torch.where(ids < self.known, ids, UNKNOWN)
        positions = self.positions.weight[: ids.shape[1]]
        if (more := ids.shape[1] - len(positions)) > 0:  # padding beyond what it was built for has no place of its own
            positions = F.pad(positions, (0, 0, 0, more))
        x = self.input(self.tokens(known) + positions, mask)
        for name in self.blocks:
            x = getattr(self, name)(x, mask)
        return x if self.final_norm is None else self.final_norm(x, mask)  # type: ignore[no-any-return]

    def summary(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, D): the text in one vector."""
        raise NotImplementedError


class Bert(Transformer):
    """Every word sees every other; their mean stands for the text (Devlin et al. 2018, arXiv:1810.04805)."""

    def summary(self, x: Tensor, mask: Tensor) -> Tensor:
        share = mask.to(x.dtype) / mask.sum(1, keepdim=True)  # (B, L)
        return (x * share[:, :, None]).sum(1)


class Gpt(Transformer):
    """A word sees those before it; the last word stands for the text.

    Radford et al. 2018, "Improving language understanding by generative pre-training".
    """

    causal = True

    def summary(self, x: Tensor, mask: Tensor) -> Tensor:
        last = F.pad(mask[:, 1:], (0, 1)) != mask  # (B, L), true at the last word alone
        return (x * last[:, :, None]).sum(1)


class Block(nn.Module):
    """Attention and a hidden layer, each a branch that is added to what enters it."""

    def __init__(self, name: str, width: int, heads: int, *, pre: bool, causal: bool) -> None:
        super().__init__()
        self.heads, self.pre, self.causal = heads, pre, causal
        attention_norm, mlp_norm = (Place("norm", f"{name}.{branch}", width) for branch in ("attention", "mlp"))
        if pre:
            self.attention_norm = attention_norm
        self.qkv = nn.Linear(width, 3 * width)
        self.attention = Place("attention", name, heads)
        self.mixed = nn.Linear(width, width)
        self.attention_branch = Place("residual", f"{name}.attention", width)
        if not pre:
            self.attention_norm = attention_norm
        else:
            self.mlp_norm = mlp_norm
        self.up = nn.Linear(width, FEED_FORWARD * width)
        self.up_out = Place("linear", f"{name}.up", FEED_FORWARD * width)
        self.up_active = Place("activation", f"{name}.up", FEED_FORWARD * width)
        self.down = nn.Linear(FEED_FORWARD * width, width)
        self.mlp_branch = Place("residual", f"{name}.mlp", width)
        if not pre:
            self.mlp_norm = mlp_norm
        self.out = Place("block", name, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, L, D), mask (B, L) true where there are words."""
        if self.pre:
            x = x + self.attention_branch(self.attend(self.attention_norm(x, mask), mask), mask)
            x = x + self.mlp_branch(self.feed_forward(self.mlp_norm(x, mask), mask), mask)
        else:
            x = self.attention_norm(x + self.attention_branch(self.attend(x, mask), mask), mask)
            x = self.mlp_norm(x + self.mlp_branch(self.feed_forward(x, mask), mask), mask)
        return self.out(x, mask)  # type: ignore[no-any-return]

    def attend(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, L, D): for each word a blend of all words that it may see.

        Not scaled_dot_product_attention: its dropout takes no generator, and its weights cannot be looked at.
        """
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])  # (B, heads, L, L)
        seen = mask[:, None, None, :]
        if self.causal:
            place = torch.arange(length, device=x.device)
            seen = seen & (place <= place[:, None])
        weights = self.attention(scores.masked_fill(~seen, -math.inf).softmax(-1))
        mixed: Tensor = self.mixed((weights @ v).transpose(1, 2).flatten(2))
        return mixed

    def feed_forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, L, D)"""
        hidden: Tensor = self.down(self.up_active(F.gelu(self.up_out(self.up(x), mask)), mask))
        return hidden
