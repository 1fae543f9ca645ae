"""What the stack does to a training batch, as lines of the script's `augment`."""

from __future__ import annotations

from collections.abc import Iterator

from regtui.export.script.lift import Lifted
from regtui.export.script.samples import Samples, samples_of
from regtui.spec import RunSpec, StackEntry

MOTIONS = ("crop", "flip", "vertical_flip", "rotation", "affine")
POLICIES = {"randaugment": "RANDAUGMENT", "trivialaugment": "TRIVIALAUGMENT"}
"""Motions that also repaint, with the strengths of their operations."""
PAINTS = ("color_jitter", "random_erasing", "gaussian_noise")
MIXES = ("mixup", "cutmix", "mixup_cutmix")
TEXTS = ("token_masking", "word_deletion", "word_swap", "synonym_replacement", "synonym_insertion")
TARGETS = (*MIXES, "label_smoothing")
BATCH_ENTRIES = (*MOTIONS, *POLICIES, *PAINTS, *TEXTS, *TARGETS)


def acting(spec: RunSpec) -> list[StackEntry]:
    """The entries that change batches, in the order of the stack."""
    return [entry for entry in spec.stack if entry.name in BATCH_ENTRIES]


def softens(spec: RunSpec) -> bool:
    """Whether targets are shares of classes."""
    return any(entry.name in TARGETS for entry in spec.stack)


def synonyms(spec: RunSpec) -> bool:
    """Whether words are exchanged for synonyms."""
    return any(entry.name.startswith("synonym") for entry in spec.stack)


def draws(spec: RunSpec) -> str:
    """One line for each generator that `augment` draws from."""
    lines = [f'{_name(entry)} = generator("{entry.key}")' for entry in acting(spec) if entry.name != "label_smoothing"]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def augment(spec: RunSpec, lifted: Lifted) -> str:
    """The function `augment`, or "" where the stack leaves batches as they are; what it calls is lifted."""
    entries = acting(spec)
    if not entries:
        return ""
    found = samples_of(spec.data)
    samples = "ids" if found.is_text else "images"
    more = ", table, counts" if synonyms(spec) else ""
    sample = "text" if found.is_text else "picture"
    lines = [f'"""What only training batches go through: each {sample} by draws of its own."""']
    if any(entry.name not in ("label_smoothing", "gaussian_noise", *TEXTS) for entry in entries):
        lines.append("count = len(images)")
    if softens(spec):
        lines.append(f"targets = F.one_hot(labels, {found.classes}).float()")
    for row in _rows(entries):
        is_moved = row[0].name in (*MOTIONS, *POLICIES)
        lines += _moved(row, lifted, found.side) if is_moved else _LINES[row[0].name](row[0], lifted, found)
    body = "\n".join(
        f"    {line}" for line in [*lines, f"return {samples}, {'targets' if softens(spec) else 'labels'}"]
    )
    return f"\n\ndef augment({samples}, labels{more}):\n{body}\n"


def _rows(entries: list[StackEntry]) -> Iterator[list[StackEntry]]:
    """Neighbouring motions, which are resampled once and which a policy ends, in one row; all others alone."""
    row: list[StackEntry] = []
    for entry in entries:
        if row and not (entry.name in (*MOTIONS, *POLICIES) and row[-1].name in MOTIONS):
            yield row
            row = []
        row.append(entry)
    if row:
        yield row


def _name(entry: StackEntry) -> str:
    return f"{entry.name}_draws"


def _numbers(entry: StackEntry) -> dict[str, str]:
    """The parameters as they are written: numbers as floats, which is what the run computes with."""
    return {
        key: repr(float(value)) if isinstance(value, int | float) else repr(value)
        for key, value in entry.params.items()
    }


def _moved(row: list[StackEntry], lifted: Lifted, side: int) -> list[str]:
    lifted.take("warp", "warp")
    if len(row) > 1:
        lifted.take("warp", "compose")
    lines: list[str] = []
    for i, entry in enumerate(row):
        drawn, motion = (_policy if entry.name in POLICIES else _motion)(entry, lifted, side)
        lines += drawn
        lines.append(f"moved = compose(moved, {motion})" if i else f"moved = {motion}")
    lines.append("images = warp(images, moved)")
    if (space := POLICIES.get(row[-1].name)) is not None:
        lines += ["for choice in chosen:", f"    images = colour({space}, choice, images)"]
    return lines


def _motion(entry: StackEntry, lifted: Lifted, side: int) -> tuple[list[str], str]:
    """The lines that draw, and the expression of the (B, 2, 3) motion."""
    said, source = _numbers(entry), f"generator={_name(entry)}"
    match entry.name:
        case "crop":
            lifted.take("warp", "translation")
            reach = int(entry.params["padding"])
            return [f"right, down = (torch.rand((2, count), {source}) * {2 * reach + 1}).floor() - {reach}"], \
                "translation(right, down)"  # fmt: skip
        case "flip":
            lifted.take("warp", "mirror")
            return [], f"mirror(torch.rand(count, {source}) < {said['p']})"
        case "vertical_flip":
            lifted.take("lattice", "turned")
            return [], f"turned(torch.rand(count, {source}) < {said['p']}, axis=1).motion()"
        case "rotation":
            lifted.take("warp", "affine")
            still = "torch.zeros(count), torch.zeros(count), torch.ones(count)"
            return [f"angle = torch.rand(count, {source}) * 2 - 1"], f"affine(angle * {said['degrees']}, {still})"
        case _:
            lifted.take("warp", "affine")
            drawn = f"angle, right, down, size = torch.rand((4, count), {source}) * 2 - 1"
            moved = f"right * {said['translate']} * {side}, down * {said['translate']} * {side}"
            return [drawn], f"affine(angle * {said['degrees']}, {moved}, 1 + size * {said['scale']})"


def _policy(entry: StackEntry, lifted: Lifted, side: int) -> tuple[list[str], str]:
    """Draw operations for each picture: a list of choices, and the motions among them."""
    space, said = POLICIES[entry.name], _numbers(entry)
    lifted.take("regularizers.policies", "Choice", "motion", "colour", space)
    lifted.take("regularizers.auto_augment", "STEPS", "_drawn", "_either")
    lifted.take("warp", "translation", "compose")
    if entry.name == "randaugment":
        number = int(entry.params["number"])
        lines = [
            f"draws = torch.rand(({1 + 2 * number}, count), generator={_name(entry)})",
            f"changed = draws[0] < {said['p']}",
            f"strength = (torch.tensor({said['magnitude']}) / MAGNITUDES).expand(count)",
            f"pairs = draws[1:].view({number}, 2, count)",
            "chosen = [Choice(_drawn(which, changed), strength, _either(sign)) for which, sign in pairs]",
        ]
    else:
        lines = [
            f"draws = torch.rand((4, count), generator={_name(entry)})",
            "strength = (draws[2] * (MAGNITUDES + 1)).floor() / MAGNITUDES",
            f"chosen = [Choice(_drawn(draws[1], draws[0] < {said['p']}), strength, _either(draws[3]))]",
        ]
    motions = f"[motion({space}, choice, {side}, {side}) for choice in chosen]"
    lines.append("still = translation(torch.zeros(count), torch.zeros(count))")
    return lines, f"reduce(compose, {motions}, still)"


def _mix(entry: StackEntry, lifted: Lifted, _: Samples) -> list[str]:
    lifted.take("regularizers.mixing", "ring", "symmetric_beta")
    said, parts = _numbers(entry), []
    begin = [
        f"draws = torch.rand((9, count), generator={_name(entry)})",
        f"mixed, partner = draws[0] < {said['p']}, ring(draws[1])",
    ]
    if entry.name != "cutmix":
        lifted.take("regularizers.mixing", "mixup")
        lifted.take("regularizers.mixers", "_larger")
        alpha = said.get("mixup_alpha", said.get("alpha"))
        parts.append((f"_larger(symmetric_beta(torch.tensor({alpha}), draws[2:4]))", "mixup", ""))
    if entry.name != "mixup":
        lifted.take("regularizers.mixing", "cutmix")
        alpha, first = said.get("cutmix_alpha", said.get("alpha")), 6 if entry.name == "mixup_cutmix" else 2
        parts.append((f"symmetric_beta(torch.tensor({alpha}), draws[{first}:{first + 2}])", "cutmix", ", draws[4:6]"))
    lines, by_turns = begin, len(parts) > 1
    for share, mix, more in parts:
        target = f"{mix}_images, {mix}_targets" if by_turns else "images, targets"
        lines += [
            f"share = torch.where(mixed, {share}, 1)",
            f"{target} = {mix}(images, targets, partner, share{more})",
        ]
    if by_turns:
        lines += [
            f"cut = draws[8] < {said['cut']}",
            "images = torch.where(cut[:, None, None, None], cutmix_images, mixup_images)",
            "targets = torch.where(cut[:, None], cutmix_targets, mixup_targets)",
        ]
    return lines


def _smoothed(entry: StackEntry, _: Lifted, found: Samples) -> list[str]:
    return [
        f"epsilon = torch.tensor({_numbers(entry)['epsilon']})  # label smoothing",
        f"targets = targets * (1 - epsilon) + epsilon / {found.classes}",
    ]


def _erased(entry: StackEntry, lifted: Lifted, found: Samples) -> list[str]:
    lifted.take("regularizers.erasing", "boxes", "TRIES")
    said = _numbers(entry)
    is_noise = entry.params["fill"] == "noise"
    fill = f"torch.rand(images.shape, generator={_name(entry)})" if is_noise else "torch.zeros(())"
    return [
        f"draws = torch.rand((2 * TRIES + 3, count), generator={_name(entry)})",
        f"erased = (draws[0] < {said['p']})[:, None, None]",
        f"box = boxes(draws[1:], torch.tensor({said['largest']}), {found.side}, {found.side}) & erased",
        f"images = torch.where(box[:, None], {fill}, images)",
    ]


def _jittered(entry: StackEntry, lifted: Lifted, found: Samples) -> list[str]:
    """Saturation and hue change nothing of gray pictures."""
    lifted.take("paint", "brightness", "contrast")
    said = _numbers(entry)
    coloured = [
        f"images = saturation(images, 1 + draws[2] * {said['saturation']})",
        f"images = hue(images, draws[3] * {said['hue']})",
    ]
    if found.channels > 1:
        lifted.take("paint", "saturation", "hue")
    return [
        f"draws = torch.rand((4, count), generator={_name(entry)}) * 2 - 1",
        f"images = brightness(images, 1 + draws[0] * {said['brightness']})",
        f"images = contrast(images, 1 + draws[1] * {said['contrast']})",
        *(coloured if found.channels > 1 else ()),
    ]


def _noisy(entry: StackEntry, _: Lifted, __: Samples) -> list[str]:
    return [f"images = images + torch.randn(images.shape, generator={_name(entry)}) * {_numbers(entry)['std']}"]


def _reworded(entry: StackEntry, lifted: Lifted, _: Samples) -> list[str]:
    source, p = f"generator={_name(entry)}", f"torch.tensor({_numbers(entry)['p']})"
    function, numbers, given = {
        "token_masking": ("mask_tokens", 1, ""),
        "word_deletion": ("delete_words", 1, ""),
        "word_swap": ("swap_words", 2, ""),
        "synonym_replacement": ("replace_synonyms", 2, "table, counts, "),
        "synonym_insertion": ("insert_words", 3, "words, "),
    }[entry.name]
    lifted.take("regularizers.text_augment", function)
    lines = [f"draws = torch.rand(({numbers}, *ids.shape), {source})"]
    if entry.name != "synonym_insertion":
        return [*lines, f"ids = {function}(ids, {given}{p}, *draws)"]
    lifted.take("regularizers.text_augment", "pick_synonyms")
    return [
        *lines,
        "noise, choice, where = draws",
        "words = torch.where(counts[ids] > 0, pick_synonyms(ids, table, counts, choice), PAD)",
        f"ids = {function}(ids, {given}{p}, noise, where)",
    ]


_LINES = {
    **dict.fromkeys(MIXES, _mix), **dict.fromkeys(TEXTS, _reworded), "label_smoothing": _smoothed,
    "random_erasing": _erased, "color_jitter": _jittered, "gaussian_noise": _noisy,
}  # fmt: skip
