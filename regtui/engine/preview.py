"""What a stack makes of training samples, made visible: the arm's own entries on a few samples, before and after.

A preview has a stack and generators of its own, so that the run which it shows trains on bit for bit as without it.
"""

from __future__ import annotations

import msgspec
import torch
from torch import Tensor
from torch.nn import functional as F

from regtui.commands import Probe
from regtui.engine import datasets, models
from regtui.engine.models.sites import SiteModel
from regtui.engine.randomness import CPU, Randomness, derive
from regtui.engine.regularizers import BUILDERS, Batch, Regularizer
from regtui.engine.regularizers.label_smoothing import LabelSmoothing
from regtui.engine.regularizers.mixers import Mixer
from regtui.engine.splits import TaskData
from regtui.engine.stack import Stack
from regtui.engine.text import TextData
from regtui.engine.training import Training
from regtui.engine.word_fates import beginning, described, follow
from regtui.events import Preview
from regtui.preview import MOST_PIXELS, MOST_SAMPLES, Picture, Previewed
from regtui.spec import RunSpec, StackEntry

TRACE = 0.005
"""Shares of a target below this are left out."""


@torch.no_grad()
def preview(probe: Probe, training: Training | None = None) -> Preview:
    """The first training samples before and after the stack. Raises ValueError for a spec that cannot be built.

    From the spec alone it is made on the CPU, whatever the device of the runs is.
    """
    spec = training.spec if training else probe.spec
    task = training.task if training else _load(spec)
    batch = first_samples(task)
    stack = own_stack(spec, task, probe.draw, training)
    if isinstance(task, TextData):
        samples, after = _texts(batch, stack, task)
    else:
        after = stack.on_batch(batch)
        samples = _images(batch, after, task)
    if after.targets is not None:
        # The same draws once more, each sample a class of its own: the targets then say what was mixed from what.
        alone = Batch(batch.inputs, torch.arange(len(samples), device=batch.labels.device), classes=len(samples))
        mixed = own_stack(spec, task, probe.draw, training, smoothing=False).on_batch(alone)
        samples = _with_targets(samples, after.targets, mixed.soft_targets(), task)
    resting = [one.entry.key for one in stack.regularizers if isinstance(one, Mixer) and not one.state()["on"]]
    return Preview(ask=probe.ask, samples=samples, step=training.step if training else None, resting=resting)


def first_samples(task: TaskData) -> Batch:
    """The samples that a preview shows: the first of the training set, balanced over the classes."""
    inputs, labels = task.train.inputs[:MOST_SAMPLES], task.train.labels[:MOST_SAMPLES]
    places = torch.arange(len(labels), device=labels.device)
    return Batch(inputs, labels, classes=len(task.classes), samples=places)


def own_stack(
    spec: RunSpec, task: TaskData, draw: int, training: Training | None = None, *, smoothing: bool = True
) -> Stack:
    """The entries of a spec that change batches, with fresh generators, keyed by the number of the draw.

    training   gives the numbers that it has now and whether its epoch mixes
    smoothing  False leaves out label smoothing, which mixes in no sample
    """
    entries = [entry for entry in spec.stack if changes_batches(entry)]
    if not smoothing:
        entries = [entry for entry in entries if BUILDERS[entry.name] is not LabelSmoothing]
    stack = Stack(entries, Randomness(derive(spec.seed, f"preview/{draw}"), task.train.inputs.device))
    if any(type(one).build is not Regularizer.build for one in stack.regularizers):
        stack.build(training.model if training else _model(spec, task))
    if training:
        stack.load_state(training.stack.state())
    return stack


def changes_batches(entry: StackEntry) -> bool:
    """Whether an entry augments, mixes or smooths."""
    return entry.name in BUILDERS and BUILDERS[entry.name].on_batch is not Regularizer.on_batch


def pictures(images: Tensor) -> list[Picture]:
    """Images (B, C, H, W) of pixels in [0, 1], what lies outside cut off, no side longer than MOST_PIXELS."""
    height, width = images.shape[-2:]
    if (longest := max(height, width)) > MOST_PIXELS:
        size = [max(1, round(side * MOST_PIXELS / longest)) for side in (height, width)]
        images = F.interpolate(images, size=size, mode="area")
    images = images if images.shape[1] == 3 else images[:, :1]
    height, width = images.shape[-2:]
    rows = (images.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu()  # (B, H, W, C)
    return [
        Picture(
            width=width, height=height, channels=3 if row.shape[-1] == 3 else 1, pixels=bytes(row.flatten().tolist())
        )
        for row in rows
    ]


def _load(spec: RunSpec) -> TaskData:
    return datasets.load(spec.data, Randomness(spec.seed, CPU), models.vocabulary(spec.model))


def _model(spec: RunSpec, task: TaskData) -> SiteModel:
    with torch.random.fork_rng(devices=[]):  # modules draw weights, for nothing, from the generator of the process
        return models.build(spec.model, task)


def _images(batch: Batch, after: Batch, task: TaskData) -> list[Previewed]:
    rows = zip(batch.labels.tolist(), pictures(batch.inputs), pictures(after.inputs), strict=True)
    return [Previewed(label=task.classes[label], before=old, after=new) for label, old, new in rows]


def _texts(batch: Batch, stack: Stack, task: TextData) -> tuple[list[Previewed], Batch]:
    """The texts with the fate of each word, and the batch after the stack."""
    words = task.vocabulary.words
    originals = [beginning(row) for row in batch.inputs.tolist()]
    texts, after = originals, batch
    for one in stack.regularizers:
        after = one.on_batch(after)
        ids = after.inputs.tolist()
        texts = [follow(text, one.entry.name, row) for text, row in zip(texts, ids, strict=True)]
    rows = zip(batch.labels.tolist(), originals, texts, strict=True)
    return [
        Previewed(label=task.classes[label], original=[words[piece.id] for piece in old], words=described(new, words))
        for label, old, new in rows
    ], after


def _with_targets(samples: list[Previewed], targets: Tensor, mixed: Tensor, task: TaskData) -> list[Previewed]:
    """The samples with what the network is to say of them.

    targets  (B, K), rows sum to 1
    mixed    (B, B), the share of each sample of the batch in each one's target
    """
    told = []
    for place, (sample, target, shares) in enumerate(zip(samples, targets.tolist(), mixed.tolist(), strict=True)):
        others = [(share, other) for other, share in enumerate(shares) if other != place and share > 0]
        classes = sorted(zip(task.classes, target, strict=True), key=lambda pair: -pair[1])
        told.append(
            msgspec.structs.replace(
                sample,
                share=round(shares[place], 4),
                partner=max(others)[1] if others else -1,
                target=[(name, round(share, 4)) for name, share in classes if share >= TRACE],
            )
        )
    return told
