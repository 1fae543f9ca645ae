"""Make the small pretrained BERT: `python -m regtui.engine.pretrain [FILE]`, four minutes on one CPU core.

It learns to guess hidden words of the definitions that are not in the test set; no label is used. The same machine
makes the same file, another one may differ in the last bits.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from pathlib import Path

import msgspec
import torch
from safetensors.torch import save_file

from regtui import data
from regtui.engine import devices, models
from regtui.engine.models.pretrained import About, Settings, guess_loss, hide_words
from regtui.engine.models.transformer import Bert
from regtui.engine.optim import schedule_factor
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers import build as build_regularizer
from regtui.engine.splits import Split
from regtui.engine.text import TextData, Vocabulary, wordnet
from regtui.spec import StackEntry

SETTINGS = Settings(layers=2, width=64, heads=4, norm_place="pre")
MIN_COUNT = 3
"""Times a word must occur in the 8,000 definitions."""
LENGTH, BATCH, EPOCHS, LR = 24, 64, 40, 3e-3


def main(path: Path) -> None:
    """Train and write the checkpoint; prints the loss on the test definitions now and then."""
    devices.prepare(threads=1)
    source, randomness = wordnet(), Randomness(0, CPU)
    counts = Counter(word for text in source.train for word in text)
    words = [word for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if count >= MIN_COUNT]
    vocabulary = Vocabulary(("<pad>", "<unknown>", *words), known=2 + len(words), learnable=2 + len(words))
    train = Split(vocabulary.encode(source.train, LENGTH), source.train_labels)
    test = Split(vocabulary.encode(source.test, LENGTH), source.test_labels)
    task = TextData(
        train=train, clean=train, validation=None, test=test, true_clean_labels=None,
        classes=data.WORDNET_CLASSES, vocabulary=vocabulary, length=LENGTH, cut=0,
    )  # fmt: skip
    model = Bert(task, **msgspec.to_builtins(SETTINGS))
    build_regularizer(StackEntry(name="layernorm", where="norm", params={"eps": 1e-5}), randomness).build(model)
    models.initialize(model, seed=0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=0.01, fused=True)
    draws, order = randomness.generator("masking"), randomness.generator("order")
    heldout = hide_words(test.inputs, randomness.generator("held out"))[1]
    steps_per_epoch = len(train.inputs) // BATCH
    for epoch in range(EPOCHS):
        shuffled = train.inputs[torch.randperm(len(train.inputs), generator=order)]
        for number, ids in enumerate(torch.split(shuffled[: steps_per_epoch * BATCH], BATCH)):
            step = epoch * steps_per_epoch + number
            for group in optimizer.param_groups:
                group["lr"] = LR * schedule_factor("onecycle", step, EPOCHS * steps_per_epoch)
            loss = guess_loss(model, ids, hide_words(ids, draws)[1])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if (epoch + 1) % 4 == 0:
            with torch.no_grad():
                unseen = guess_loss(model, test.inputs, heldout)
            print(f"epoch {epoch + 1}: train {loss.item():.3f}, test {unseen.item():.3f} nats", flush=True)
    weights = {name: value.detach().half() for name, value in model.named_parameters() if not name.startswith("head.")}
    about = msgspec.json.encode(About(SETTINGS, vocabulary.words)).decode()
    save_file(weights, path, metadata={"about": about})
    print(f"{path}: {path.stat().st_size:,} bytes, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else data.bert_checkpoint())
