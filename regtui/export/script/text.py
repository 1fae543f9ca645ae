"""The script itself, put together: helpers, data, model, loop, from top to bottom on one page."""

from __future__ import annotations

from regtui.data import PER_SPLIT
from regtui.export.script import batch, pieces
from regtui.export.script.network import network
from regtui.export.stored import StoredRun
from regtui.scenario.errors import printable
from regtui.spec import RunSpec


def script(stored: StoredRun) -> str:
    """train.py of a run that `refusal` let through."""
    spec = stored.spec
    has_mixup = any(entry.name == "mixup" for entry in spec.stack)
    has_dropout = any(entry.name == "dropout" for entry in spec.stack)
    parts = [
        _head(stored),
        pieces.HELPERS,
        *batch.motion_helpers(spec),
        pieces.STRATIFIED,
        pieces.REDRAW if spec.data.label_noise else "",
        _load(spec),
        pieces.BETA if has_mixup else "",
        _draws(spec),
        batch.augment(spec),
        pieces.DROPOUT if has_dropout else "",
        network(spec),
        pieces.INITIALIZE,
        pieces.SCHEDULES[spec.train.schedule],
        pieces.EVALUATE,
        _main(spec),
    ]
    return "\n".join(part for part in parts if part)


def spoken(text: str) -> str:
    """A text of a file as it may stand in a docstring: one line, no escapes, nothing that could end it."""
    return printable(text).replace("\\", "/").replace('"', "'")


def recorded(stored: StoredRun) -> str:
    """What the run itself ended with, in full digits, or "" before its first evaluation."""
    last = stored.history.last
    if last is None:
        return ""
    splits = {"train": last.train, "validation": last.validation, "test": last.test}
    figures = [f"{name} {found.loss!r} {found.accuracy!r}" for name, found in splits.items() if found is not None]
    return f"step {last.step}  " + "  ".join(figures)


def _head(stored: StoredRun) -> str:
    spec, train = stored.spec, stored.spec.train
    title = spoken(f"{spec.scenario}: {spec.arm}, seed {spec.seed}")
    last = recorded(stored)
    ending = f"\nThe run it was exported from ({spoken(stored.run)}) said:\n\n    {last}\n" if last else ""
    points = min(train.evaluations, spec.total_steps)
    return f'''"""{title}

Plain PyTorch: trains the network and prints loss (nats) and accuracy (percent) of each split, in full digits, so that
they can be compared. On the same CPU with the same torch they are those of the run, bit for bit.
{ending}"""

import hashlib
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

SEED = {spec.seed}  # keys every draw; pictures, batches and first weights are the same for every stack
TRAIN, VALIDATION, TEST = {spec.data.train}, {spec.data.validation}, {spec.data.test}  # pictures
EPOCHS, BATCH, EVALUATION_BATCH = {train.epochs}, {train.batch_size}, {train.evaluation_batch}
LR = {train.lr!r}  # the peak of the schedule
STEPS_PER_EPOCH = TRAIN // BATCH  # an incomplete last batch is dropped
STEPS = STEPS_PER_EPOCH * EPOCHS
EVALUATIONS = {{round(STEPS * i / {points}) for i in range(1, {points + 1})}}
'''


def _load(spec: RunSpec) -> str:
    data, shift = spec.data, spec.data.test_shift
    labels = f"redraw(labels, chosen, {data.label_noise!r})" if data.label_noise else "labels[chosen]"
    moved = (
        ""
        if shift.is_identity
        else f'''
def as_in_the_world(images, chosen, purpose):
    """Evaluation pictures differ from training pictures: mirrored, turned and moved once, each by its own draw."""
    draws = torch.rand(({PER_SPLIT}, 4), generator=generator(purpose))[chosen]
    angle, right, down = (draws[:, 1:] * 2 - 1).unbind(1)
    side = images.shape[-1]
    turned = affine(angle * {shift.degrees!r}, right * {shift.translate!r} * side, down * {shift.translate!r} * side, \
torch.ones(len(chosen)))
    return warp(images[chosen], compose(mirror(draws[:, 0] < {shift.mirror!r}), turned))

'''
    )
    validation, test = (
        (f'as_in_the_world({images}, {chosen}, "{split}-shift")' if moved else f"{images}[{chosen}]")
        for images, chosen, split in (("images", "held_out", "validation"), ("test", "tested", "test"))
    )
    splits = '{"train": (images[chosen][:2000], train_labels[:2000])'
    held_out = f'\n    splits["validation"] = ({validation}, labels[held_out])' if data.validation else ""
    order = 'order = stratified(labels, shuffle=generator("split"))'
    held = "\n    held_out = order[:VALIDATION]" if data.validation else ""
    return f'''{moved}
def load():
    """The training pictures in [0, 1] with their labels, and the splits that are evaluated."""
    tensors = read_tensors(Path(__file__).with_name("data.safetensors"))
    images, test = tensors["train_images"].float() / 255, tensors["test_images"].float() / 255
    labels, test_labels = tensors["train_labels"].long(), tensors["test_labels"].long()
    {order}
    chosen = order.flip(0)[:TRAIN]{held}
    tested = stratified(test_labels)[:TEST]
    train_labels = {labels}
    splits = {splits}}}{held_out}
    splits["test"] = ({test}, test_labels[tested])
    return images[chosen], train_labels, splits
'''


def _draws(spec: RunSpec) -> str:
    lines = batch.draws(spec)
    return f"\n{lines}\n" if lines else ""


def _main(spec: RunSpec) -> str:
    train = spec.train
    optimizer = {
        "adamw": "torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.0, fused=True)",
        "sgd": f"torch.optim.SGD(model.parameters(), lr=lr, momentum={train.momentum!r}, fused=True)",
    }[train.optimizer]
    fed = "*augment(images[chosen], labels[chosen])" if batch.acting(spec) else "images[chosen], labels[chosen]"
    fed = f"x, y = {fed.removeprefix('*')}"
    lines, prepared = _after_backward(spec)
    after = "".join(f"\n            {line}" for line in lines)
    before = "".join(f"\n    {line}" for line in prepared)
    return f"""
def main():
    torch.set_num_threads({spec.threads})  # another number may change the last bits
    torch.use_deterministic_algorithms(True, warn_only=True)
    images, labels, splits = load()
    model = Net()
    initialize(model)
    model.to(memory_format=torch.channels_last)  # faster on a CPU
    lr = torch.tensor(LR)
    optimizer = {optimizer}{before}
    orders = generator("order")
    step = 0
    for _ in range(EPOCHS):
        order = torch.randperm(TRAIN, generator=orders)
        for chosen in order[: STEPS_PER_EPOCH * BATCH].split(BATCH):
            lr.fill_(learning_rate(step))
            {fed}
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward(){after}
            optimizer.step()
            step += 1
            if step in EVALUATIONS:
                found = {{split: evaluate(model, *samples) for split, samples in splits.items()}}
                print(f"step {{step}}", *(f"{{split}} {{a}} {{b}}" for split, (a, b) in found.items()), sep="  ", \
flush=True)


if __name__ == "__main__":
    main()
"""


def _after_backward(spec: RunSpec) -> tuple[list[str], list[str]]:
    """Lines between the backward pass and the optimizer's step, and lines that prepare them."""
    after, before = [], []
    for entry in spec.stack:
        if entry.name == "gradient_clipping":
            after.append(f"nn.utils.clip_grad_norm_(model.parameters(), {float(entry.params['limit'])!r})")
        elif entry.name == "weight_decay":
            everything = bool(entry.params["norms_and_biases"])
            spared = "" if everything else " if weight.ndim > 1"
            note = "norms and biases too" if everything else "norms and biases are spared"
            before.append(f"decayed = [weight for weight in model.parameters(){spared}]  # {note}")
            strength = float(entry.params["strength"])
            after += [
                "with torch.no_grad():  # decay apart from the gradient, as in AdamW (arXiv:1711.05101)",
                f"    torch._foreach_mul_(decayed, 1 - lr * {strength!r})",
            ]
    return after, before
