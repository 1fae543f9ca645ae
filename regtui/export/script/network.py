"""The model of the script: the engine's own, with the layers of the stack where the run had them."""

from __future__ import annotations

from regtui.export.script import pieces
from regtui.export.script.layers import DROPS, TEXT_MODELS, Layer, layers_of
from regtui.export.script.lift import Lifted
from regtui.export.script.places import Emptied
from regtui.export.script.samples import samples_of
from regtui.spec import RunSpec, Scalar

CLASSES = {
    "mlp": ("models.mlp", "Mlp"),
    "cnn": ("models.cnn", "Cnn"),
    "bagged_cnn": ("models.bagged_cnn", "BaggedCnn"),
    "plain_deep": ("models.plain_deep", "PlainDeep"),
    "resnet": ("models.resnet", "ResNet"),
    "mbconv": ("models.mbconv", "MbConv"),
    "bert": ("models.transformer", "Bert"),
    "gpt": ("models.transformer", "Gpt"),
}
"""Models of the catalog that a script can have."""


def network(spec: RunSpec) -> str:
    """The layers of the stack, the class of the model, and how its weights begin."""
    is_text = spec.model.name in TEXT_MODELS
    sites = list(dict.fromkeys(entry.where for entry in spec.stack if entry.where))
    stacked = Lifted()
    rows = {site: found for site in sites if (found := layers_of(spec, site, stacked))}
    masked = {site for site, row in rows.items() if any(layer.takes_mask for layer in row)}
    specialize = Emptied(
        filled=rows.keys(), masked=masked, values=_text_values(spec) if is_text else _picture_values(spec),
        task="vocabulary" if is_text else "",
        gone={"begin", "checkpoint", "pretraining_loss", *(() if spec.model.name == "bagged_cnn" else ("loss",))},
    )  # fmt: skip
    lifted = Lifted(given=("Place", "SiteModel", "PAD", "UNKNOWN", "real", "derive", "Vocabulary"),
                    specialize=specialize)  # fmt: skip
    if spec.model.params.get("bootstrap"):
        lifted.take("models.bagged_cnn", "bootstrap")
    lifted.take(*CLASSES[spec.model.name])
    placed = "".join(_placed(site, row) for site, row in rows.items())
    joined = pieces.MASKED if masked else ""
    return f"{stacked.text()}{joined}{placed}\n{pieces.MODEL}{lifted.text()}\n{pieces.INITIALIZE}"


def built(spec: RunSpec) -> str:
    """The lines of `main` that build the model, without indentation."""
    name = CLASSES[spec.model.name][1]
    sizes = [f"{key}={_written(value)}" for key, value in spec.model.params.items() if key != "weights"]
    words = ["vocabulary"] if spec.model.name in TEXT_MODELS else []
    lines = [f"model = {name}({', '.join([*words, *sizes])})"]
    if any(entry.name == "stochastic_depth" for entry in spec.stack):
        rule = next(entry.params["depth_rule"] for entry in spec.stack if entry.name == "stochastic_depth")
        if rule == "linear":
            lines += [
                f"branches = [layer for layer in model.modules() if isinstance(layer, {DROPS['stochastic_depth'][1]})]",
                "for number, branch in enumerate(branches, start=1):",
                "    branch.share = number / len(branches)  # deeper branches are left out more often",
            ]
    lines.append("initialize(model)")
    if spec.model.params.get("bootstrap"):
        lines += [
            "for member, row in enumerate(model.counts):",
            '    row.copy_(bootstrap(TRAIN, generator(f"bootstrap/{member}")))',
        ]
    if spec.model.params.get("weights") == "pretrained":
        lines += [
            "weights = dict(model.named_parameters())",
            "with torch.no_grad():",
            '    for name, weight in read_tensors(HERE / "wordnet_bert.safetensors").items():',
            "        if name in weights:  # the head is not there, nor a norm that was exchanged",
            "            rows = min(len(weight), len(weights[name]))",
            "            weights[name][:rows].copy_(weight[:rows])",
        ]
    return "\n".join(lines)


def _placed(site: str, row: list[Layer]) -> str:
    told = f'"""The layers of the stack in a place of the site {site}."""'
    return f"\n\ndef at_{site}(layer, channels):\n    {told}\n    return {_joined(row)}\n"


def _written(value: Scalar) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _joined(row: list[Layer]) -> str:
    if len(row) == 1 and not row[0].takes_mask:
        return row[0].text
    kind = "Masked" if any(layer.takes_mask for layer in row) else "nn.Sequential"
    return f"{kind}({', '.join(layer.text for layer in row)})"


def _picture_values(spec: RunSpec) -> dict[str, str]:
    found = samples_of(spec.data)
    return {
        "task.shape": f"({found.channels}, {found.side}, {found.side})", "task.mean": f"torch.tensor({found.mean})",
        "task.std": f"torch.tensor({found.std})", "len(task.classes)": str(found.classes),
        "len(task.train.labels)": "TRAIN",
    }  # fmt: skip


def _text_values(spec: RunSpec) -> dict[str, str]:
    has_synonyms = any(entry.name.startswith("synonym") for entry in spec.stack)
    return {
        "task.vocabulary.known": "vocabulary.learnable" if has_synonyms else "vocabulary.known",
        "task.vocabulary.learnable": "vocabulary.learnable", "task.vocabulary": "vocabulary",
        "task.length": "LENGTH", "len(task.classes)": str(samples_of(spec.data).classes),
    }  # fmt: skip
