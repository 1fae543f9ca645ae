"""The data of the script: which files lie beside it, and the function `load` that chooses the samples of each split."""

from __future__ import annotations

from regtui import data
from regtui.export.script import pieces
from regtui.export.script.batch import synonyms
from regtui.export.script.lift import Lifted
from regtui.export.script.load_own import own_pictures_load, own_texts_load
from regtui.export.script.samples import samples_of
from regtui.spec import RunSpec


def load(spec: RunSpec, lifted: Lifted) -> str:
    """The text of `load`; what it calls is lifted."""
    lifted.take("splits", "stratified_order")
    if spec.data.label_noise:
        lifted.take("splits", "redraw_labels")
    found = samples_of(spec.data)
    if found.is_own:
        if not found.is_text:
            return own_pictures_load(spec, found)
        return own_texts_load(spec, lifted, found, *_vocabulary(spec, lifted))
    return _texts(spec, lifted) if found.is_text else _pictures(spec, lifted)


def returned(spec: RunSpec) -> str:
    """What `load` gives."""
    is_text = samples_of(spec.data).is_text
    more = ", vocabulary" if is_text else ""
    return ("ids" if is_text else "images") + f", labels, splits{more}"


def is_pretrained(spec: RunSpec) -> bool:
    """Whether the model begins with weights that lie beside the script."""
    return spec.model.params.get("weights") == "pretrained"


def _labels(spec: RunSpec) -> str:
    if not spec.data.label_noise:
        return "labels[chosen]"
    return f'redraw_labels(labels, chosen, {spec.data.label_noise!r}, 10, generator("label-noise"))'


def _pictures(spec: RunSpec, lifted: Lifted) -> str:
    shift = spec.data.test_shift
    moved = ""
    if not shift.is_identity:
        lifted.take("warp", "warp", "compose", "mirror", "affine")
        moved = f'''

def as_in_the_world(images, chosen, purpose):
    """Evaluation pictures differ from training pictures: mirrored, turned and moved once, each by its own draw."""
    draws = torch.rand(({data.PER_SPLIT}, 4), generator=generator(purpose))[chosen]
    angle, right, down = (draws[:, 1:] * 2 - 1).unbind(1)
    side = images.shape[-1]
    x, y = right * {shift.translate!r} * side, down * {shift.translate!r} * side
    turned = affine(angle * {shift.degrees!r}, x, y, torch.ones(len(chosen)))
    return warp(images[chosen], compose(mirror(draws[:, 0] < {shift.mirror!r}), turned))
'''
    validation, test = (
        (f'as_in_the_world({images}, {chosen}, "{split}-shift")' if moved else f"{images}[{chosen}]")
        for images, chosen, split in (("images", "held_out", "validation"), ("test", "tested", "test"))
    )
    return f'''{moved}

def load():
    """The training pictures in [0, 1] with their labels, and the splits that are evaluated."""
    tensors = read_tensors(HERE / "data.safetensors")
    images, test = tensors["train_images"].float() / 255, tensors["test_images"].float() / 255
    labels, test_labels = tensors["train_labels"].long(), tensors["test_labels"].long()
    order = stratified_order(labels, generator("split"))
    chosen = order.flip(0)[:TRAIN]{_held(spec)}
    tested = stratified_order(test_labels)[:TEST]
    train_labels = {_labels(spec)}
    splits = {{"train": (images[chosen][:2000], train_labels[:2000])}}{_validation(spec, validation)}
    splits["test"] = ({test}, test_labels[tested])
    return images[chosen], train_labels, splits
'''


def _texts(spec: RunSpec, lifted: Lifted) -> str:
    lifted.take("text", "Vocabulary", "PAD", "UNKNOWN", "real")
    words, reader = _vocabulary(spec, lifted)
    return f'''{reader}

def load():
    """The training texts as ids with their labels, the splits that are evaluated, and the words."""
    rows = [line.split("\\t") for line in (HERE / "wordnet_definitions.tsv").read_text("utf-8").splitlines()]
    names = list(dict.fromkeys(name for name, _ in rows))
    everything = torch.tensor([names.index(name) for name, _ in rows])
    tested = torch.arange(len(rows)) % {data.TEXTS_PER_CLASS} >= {data.TEXTS_PER_CLASS - _tested()}  # the last of each class
    train, test = ([tuple(text.split()) for (_, text), t in zip(rows, tested) if t == kind] for kind in (False, True))
    labels, test_labels = everything[~tested], everything[tested]
    order = stratified_order(labels, generator("split"))
    chosen = order.flip(0)[:TRAIN]{_held(spec)}
    tested = stratified_order(test_labels)[:TEST]
    train_labels = {_labels(spec)}
{words}

    def ids(texts, rows):
        return vocabulary.encode((texts[i] for i in rows), LENGTH)

    trained = ids(train, chosen)
    splits = {{"train": (trained[:2000], train_labels[:2000])}}{_validation(spec, "ids(train, held_out)")}
    splits["test"] = (ids(test, tested), test_labels[tested])
    return trained, train_labels, splits, vocabulary
'''  # noqa: E501  # of the script that is written, the longest line has 120 characters


def _vocabulary(spec: RunSpec, lifted: Lifted) -> tuple[str, str]:
    """The lines that make the vocabulary, and the functions that they call."""
    reader = pieces.CHECKPOINT_WORDS if is_pretrained(spec) else ""
    if is_pretrained(spec):
        words = (
            '    words = checkpoint_words(HERE / "wordnet_bert.safetensors")\n'
            "    vocabulary = Vocabulary(words, known=len(words), learnable=len(words))"
        )
    else:
        lifted.take("text", "build_vocabulary")
        words = "    vocabulary = build_vocabulary((train[i] for i in chosen), read_synonyms())"
    if synonyms(spec) or not is_pretrained(spec):
        reader += pieces.SYNONYMS
    return words, reader


def _tested() -> int:
    from regtui.catalog.datasets import WORDNET_TEST_PER_CLASS

    return WORDNET_TEST_PER_CLASS


def _held(spec: RunSpec) -> str:
    return "\n    held_out = order[:VALIDATION]" if spec.data.validation else ""


def _validation(spec: RunSpec, samples: str) -> str:
    return f'\n    splits["validation"] = ({samples}, labels[held_out])' if spec.data.validation else ""
