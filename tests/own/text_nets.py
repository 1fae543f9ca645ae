"""Factories for texts as a user might write them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    """PyTorch's own transformer layers; padding counts nowhere."""

    def __init__(self, num_classes: int, vocab_size: int, max_len: int, width: int = 8) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab_size, width)
        self.positions = nn.Parameter(torch.zeros(max_len, width))
        layer = nn.TransformerEncoderLayer(width, 2, width, dropout=0.2, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(width, num_classes)

    def forward(self, ids: Tensor, src_key_padding_mask: Tensor) -> Tensor:
        x = self.words(ids) + self.positions[: ids.shape[1]]
        x = self.encoder(x, src_key_padding_mask=src_key_padding_mask)
        x = x.masked_fill(src_key_padding_mask[:, :, None], 0)
        return self.head(x.sum(1) / (~src_key_padding_mask).sum(1, keepdim=True))  # type: ignore[no-any-return]


class Recurrent(nn.Module):
    """Takes the lengths of its texts."""

    def __init__(self, num_classes: int, vocab_size: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab_size, 4)
        self.gru = nn.GRU(4, 4, batch_first=True)
        self.head = nn.Linear(4, num_classes)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(self.words(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.head(self.gru(packed)[1][0])  # type: ignore[no-any-return]


class Convolved(nn.Module):
    """Told nothing of padding; its features are (B, C, L)."""

    def __init__(self, num_classes: int, vocab_size: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab_size, 4)
        self.convolution, self.active = nn.Conv1d(4, 6, 3), nn.ReLU()
        self.head = nn.Linear(6, num_classes)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.active(self.convolution(self.words(ids).transpose(1, 2)))
        return self.head(x.amax(2))  # type: ignore[no-any-return]


def too_small(num_classes: int) -> nn.Module:
    return nn.Sequential(nn.Embedding(3, 4), nn.Flatten(), nn.LazyLinear(num_classes))
