"""`load` of a script for data of the user's own: the samples beside it, parted as the run parted them.

The test part is not there: a script measures at every evaluation, and that part is for one look.
"""

from __future__ import annotations

from regtui.export.script.lift import Lifted
from regtui.export.script.samples import Samples
from regtui.spec import RunSpec


def own_pictures_load(spec: RunSpec, found: Samples) -> str:
    """The text of `load` for pictures."""
    if found.has_validation:
        held = "stratified_order(held_labels)[:VALIDATION]"
        read = (
            '    held_images = tensors["validation_images"].float() / 255\n'
            '    held_labels = tensors["validation_labels"].long()\n'
        )
    else:
        held, read = "order[:VALIDATION]", "    held_images, held_labels = images, labels\n"
    return f'''

def load():
    """The training pictures in [0, 1] with their labels, and the splits that are evaluated."""
    tensors = read_tensors(HERE / "data.safetensors")
    images, labels = tensors["train_images"].float() / 255, tensors["train_labels"].long()
{read}    order = stratified_order(labels, generator("split"))
    chosen = order.flip(0)[:TRAIN]
    held_out = {held}
    train_labels = {_labels(spec, found)}
    splits = {{"train": (images[chosen][:2000], train_labels[:2000])}}
    splits["validation"] = (held_images[held_out], held_labels[held_out])
    return images[chosen], train_labels, splits
'''


def own_texts_load(spec: RunSpec, lifted: Lifted, found: Samples, words: str, reader: str) -> str:
    """The text of `load` for texts; `words` makes the vocabulary, with what `reader` defines."""
    lifted.take("text", "Vocabulary", "PAD", "UNKNOWN", "real")
    if found.has_validation:
        held = "stratified_order(held_labels)[:VALIDATION]"
        read = (
            '    held = [tuple(text.split()) for part, _, text in rows if part == "validation"]\n'
            '    held_labels = torch.tensor([int(label) for part, label, _ in rows if part == "validation"])\n'
        )
    else:
        held, read = "order[:VALIDATION]", "    held, held_labels = train, labels\n"
    return f'''{reader}

def load():
    """The training texts as ids with their labels, the splits that are evaluated, and the words."""
    rows = [line.split("\\t") for line in (HERE / "data.tsv").read_text("utf-8").split("\\n")]
    train = [tuple(text.split()) for part, _, text in rows if part == "train"]
    labels = torch.tensor([int(label) for part, label, _ in rows if part == "train"])
{read}    order = stratified_order(labels, generator("split"))
    chosen = order.flip(0)[:TRAIN]
    held_out = {held}
    train_labels = {_labels(spec, found)}
{words}

    def ids(texts, rows):
        return vocabulary.encode((texts[i] for i in rows), LENGTH)

    trained = ids(train, chosen)
    splits = {{"train": (trained[:2000], train_labels[:2000])}}
    splits["validation"] = (ids(held, held_out), held_labels[held_out])
    return trained, train_labels, splits, vocabulary
'''


def _labels(spec: RunSpec, found: Samples) -> str:
    if not spec.data.label_noise:
        return "labels[chosen]"
    return f'redraw_labels(labels, chosen, {spec.data.label_noise!r}, {found.classes}, generator("label-noise"))'
