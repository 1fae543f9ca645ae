"""The layers of the stack as expressions of the script, for one place of the model each."""

from __future__ import annotations

from dataclasses import dataclass

from regtui.export.script.lift import Lifted
from regtui.spec import RunSpec, StackEntry

DROPS = {
    "dropout": ("regularizers.dropout", "DropoutLayer"),
    "dropout2d": ("regularizers.spatial_dropout", "ChannelDropoutLayer"),
    "dropblock": ("regularizers.dropblock", "DropBlockLayer"),
    "stochastic_depth": ("regularizers.stochastic_depth", "BranchLayer"),
}
"""Entries that draw masks: the layer of each."""
NORMS = ("batchnorm", "ghost_batchnorm", "sync_batchnorm", "layernorm", "rmsnorm", "groupnorm", "instancenorm")
LAYERS = (*DROPS, *NORMS)
"""Entries that put a layer into every place of their site."""
TEXT_MODELS = ("bert", "gpt")


@dataclass(frozen=True, slots=True)
class Layer:
    """One expression of `channels` and `layer`, the name of the layer that the place belongs to."""

    text: str
    takes_mask: bool = False
    """Whether padding must be told to it."""


def layers_of(spec: RunSpec, site: str, lifted: Lifted) -> list[Layer]:
    """What the stack puts into each place of a site, in its order; what that needs is lifted."""
    return [_layer(spec, entry, lifted) for entry in spec.stack if entry.where == site and entry.name in LAYERS]


def _layer(spec: RunSpec, entry: StackEntry, lifted: Lifted) -> Layer:
    if entry.name in DROPS:
        module, name = DROPS[entry.name]
        lifted.take(module, name)
        more = {"dropblock": f", {entry.params.get('size')}", "stochastic_depth": ", 1.0"}.get(entry.name, "")
        drawn = f'generator(f"{entry.key}/{{layer}}")'
        return Layer(f"{name}(torch.tensor({float(entry.params['p'])!r}){more}, {drawn})")
    return _norm(entry, _dimensions(spec, entry.where), lifted)


def _dimensions(spec: RunSpec, site: str) -> int:
    """Of what passes a place: (B, C), (B, L, D) texts, (B, C, H, W) pictures."""
    if site == "head" or (spec.model.name == "mlp" and site != "input"):
        return 2
    return 3 if spec.model.name in TEXT_MODELS else 4


def _norm(entry: StackEntry, dimensions: int, lifted: Lifted) -> Layer:
    """torch's own module where it has one for the shape, else the engine's."""
    params = entry.params
    eps = float(params["eps"])
    said = f", eps={eps!r}" if eps != 1e-5 else ""
    match entry.name, dimensions:
        case "batchnorm", 3:
            lifted.take("models.norms", "BatchNorm")
            running, masked = params["statistics"] != "batch", bool(params["mask"])
            settings = f"{eps!r}, {float(params['momentum'])!r}, device=None, running={running}, masked={masked}"
            return Layer(f"BatchNorm(channels, {settings})", takes_mask=True)
        case "batchnorm", _:
            momentum = float(params["momentum"])
            said += f", momentum={momentum!r}" if momentum != 0.1 else ""
            said += ", track_running_stats=False" if params["statistics"] == "batch" else ""
            return Layer(f"nn.BatchNorm{1 if dimensions == 2 else 2}d(channels{said})")
        case "sync_batchnorm", _:  # of one process
            alike = {**params, "statistics": "running", "mask": True}
            return _norm(StackEntry(name="batchnorm", where=entry.where, params=alike), dimensions, lifted)
        case "ghost_batchnorm", _:
            lifted.take("models.split_norms", "GhostBatchNorm")
            settings = f"{eps!r}, {float(params['momentum'])!r}, parts={params['parts']}, device=None"
            return Layer(f"GhostBatchNorm(channels, {settings})", takes_mask=dimensions == 3)
        case "layernorm", 4:
            return Layer(f"nn.GroupNorm(1, channels{said})")
        case "layernorm", _:
            return Layer(f"nn.LayerNorm(channels{said})")
        case "rmsnorm", 2 | 3:
            return Layer(f"nn.RMSNorm(channels, eps={eps!r})")  # torch's default eps is another one
        case "rmsnorm", _:
            lifted.take("models.norms", "RmsNorm")
            return Layer(f"RmsNorm(channels, {eps!r}, device=None)")
        case "groupnorm", 3:
            lifted.take("models.norms", "GroupNorm")
            return Layer(f"GroupNorm(channels, {params['groups']}, {eps!r}, device=None)")
        case "groupnorm", _:
            return Layer(f"nn.GroupNorm({params['groups']}, channels{said})")
        case _:
            return Layer(f"nn.InstanceNorm2d(channels, affine=True{said})")
