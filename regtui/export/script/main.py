"""The loop of the script: what the stack does to losses, gradients and weights stands where the run did it."""

from __future__ import annotations

from dataclasses import dataclass, field

from regtui.export.script import batch, pieces
from regtui.export.script.lift import Lifted
from regtui.export.script.load import returned
from regtui.export.script.network import built
from regtui.spec import RunSpec, StackEntry

AVERAGES = ("ema", "swa")
LOOP_ENTRIES = ("weight_decay", "gradient_clipping", "l1", "l2", "max_norm", *AVERAGES)


@dataclass
class _Lines:
    """Lines of the loop by the place where they stand."""

    before: list[str] = field(default_factory=list)
    """Once, before the first step."""
    penalties: list[str] = field(default_factory=list)
    """Terms of the loss."""
    gradients: list[str] = field(default_factory=list)
    """Between the backward pass and the optimizer's step."""
    weights: list[str] = field(default_factory=list)
    """After the optimizer's step."""
    epoch: list[str] = field(default_factory=list)
    """At the start of an epoch."""


def main(spec: RunSpec, lifted: Lifted) -> str:
    """The text of `main`, and of what it needs that nothing else does."""
    train, lines = spec.train, _Lines()
    for entry in spec.stack:
        _add(entry, lines, lifted)
    optimizer = {
        "adamw": "torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.0, fused=True)",
        "sgd": f"torch.optim.SGD(model.parameters(), lr=lr, momentum={train.momentum!r}, fused=True)",
    }[train.optimizer]
    samples = returned(spec).partition(",")[0]
    if batch.synonyms(spec):
        lifted.take("regularizers.text_augment", "synonym_table")
        lines.before.append('table, counts = synonym_table(vocabulary, read_synonyms(), torch.device("cpu"))')
    more = ", table, counts" if batch.synonyms(spec) else ""
    chosen = f"{samples}[chosen], labels[chosen]"
    fed = f"x, y = augment({chosen}{more})" if batch.acting(spec) else f"x, y = {chosen}"
    loss = ["loss = F.cross_entropy(model(x), y)"]
    if spec.model.name == "bagged_cnn":
        labels = "labels=labels[chosen], targets=y" if batch.softens(spec) else "labels=y, targets=None"
        loss = [
            f"samples = SimpleNamespace(inputs=x, {labels}, samples=chosen)",
            "loss, _ = model.loss(samples)",
        ]
    if lines.penalties:
        loss.append(f"loss = loss + ({' + '.join(lines.penalties)})" if len(lines.penalties) > 1
                    else f"loss = loss + {lines.penalties[0]}")  # fmt: skip
    averaged = any(entry.name in AVERAGES for entry in spec.stack)
    evaluated = "averaged" if averaged else "model"
    average = ['averaged = average.model(model, splits["train"][0])'] if averaged else []
    return f"""{_average(spec, lifted) if averaged else ""}

def main():
    torch.set_num_threads({spec.threads})  # another number may change the last bits
    torch.use_deterministic_algorithms(True, warn_only=True)
    {returned(spec)} = load()
{_indented(built(spec).splitlines(), 4)}    model.to(memory_format=torch.channels_last)  # faster on a CPU
    lr = torch.tensor(LR)
    optimizer = {optimizer}
{_indented(lines.before, 4)}    orders = generator("order")
    step = 0
    for {"epoch" if lines.epoch else "_"} in range(EPOCHS):
        order = torch.randperm(TRAIN, generator=orders)
{_indented(lines.epoch, 8)}        for chosen in order[: STEPS_PER_EPOCH * BATCH].split(BATCH):
            model.train()
            lr.fill_(learning_rate(step))
            {fed}
{_indented(loss, 12)}            optimizer.zero_grad()
            loss.backward()
{_indented(lines.gradients, 12)}            optimizer.step()
{_indented(lines.weights, 12)}            step += 1
            if step in EVALUATIONS:
{_indented(average, 16)}                line = [f"step {{step}}"]
                for split, samples in splits.items():
                    found = evaluate({evaluated}, *samples)
                    line.append(f"{{split}} {{found[0]}} {{found[1]}}")
                print(*line, sep="  ", flush=True)


if __name__ == "__main__":
    main()
"""


def _indented(lines: list[str], by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in lines)


def _add(entry: StackEntry, lines: _Lines, lifted: Lifted) -> None:
    params = entry.params
    held = f"{entry.name}_weights"
    if "norms_and_biases" in params:
        everything = bool(params["norms_and_biases"])
        note = "norms and biases too" if everything else "norms and biases are spared"
        spared = "" if everything else " if weight.ndim > 1"
        lines.before.append(f"{held} = [weight for weight in model.parameters(){spared}]  # {note}")
    strength = f"torch.tensor({float(params['strength'])!r})" if "strength" in params else ""
    match entry.name:
        case "weight_decay":
            lifted.take("regularizers.weight_decay", "shrink")
            lines.gradients.append(f"shrink({held}, lr, {strength})  # as AdamW decays (arXiv:1711.05101)")
        case "gradient_clipping":
            # nn.utils.clip_grad_norm_ multiplies by a reciprocal, which is another last bit for most limits.
            lifted.take("regularizers.gradient_clipping", "clip")
            limit = f"torch.tensor({float(params['limit'])!r})"
            lines.gradients.append(f"clip([weight.grad for weight in model.parameters()], {limit})")
        case "l2":
            lifted.take("regularizers.penalties", "half_squares")
            lines.penalties.append(f"{strength} * half_squares({held})")
        case "l1" if params["exact_zeros"]:
            lifted.take("regularizers.penalties", "shrink_to_zero")
            lines.weights.append(f"shrink_to_zero({held}, lr * {strength})")
        case "l1":
            lifted.take("regularizers.penalties", "absolute_sum")
            lines.penalties.append(f"{strength} * absolute_sum({held})")
        case "max_norm":
            lifted.take("regularizers.max_norm", "limit_rows")
            lines.before.append("limited = [weight for weight in model.parameters() if weight.ndim > 1]")
            lines.weights.append(f"limit_rows(limited, torch.tensor({float(params['limit'])!r}))")
        case "ema":
            lines.before.append("average = Average(model)")
            share = f"torch.where(average.count == 0, 1, 1 - torch.tensor({float(params['decay'])!r}))"
            lines.weights += [f"average.take_in({share})", "average.count += 1"]
        case "swa":
            lines.before.append("average = Average(model)")
            start = float(params["start"])
            lines.epoch.append(f"on = torch.tensor(float(epoch >= min(round(EPOCHS * {start!r}), EPOCHS - 1)))")
            lines.weights += ["average.count += on", "average.take_in(on / average.count.clamp(min=1))"]
        case _:
            pass


def _average(spec: RunSpec, lifted: Lifted) -> str:
    """The class Average of a run with one of them."""
    lifted.take("regularizers.averaging", "pull")
    (entry,) = (entry for entry in spec.stack if entry.name in AVERAGES)
    if entry.params.get("statistics") == "averaged":
        return pieces.AVERAGE.replace("; BatchNorm's statistics are measured anew on clean training samples", "") \
            .replace("        MEASURED_ANEW\n", "")  # fmt: skip
    lifted.take("recalibrate", "recalibrate")
    return pieces.AVERAGE.replace("MEASURED_ANEW", "recalibrate(holder, clean)")
