"""The model of the script: every layer by name, the layers of the stack where the run had them."""

from __future__ import annotations

from dataclasses import dataclass, field

from regtui.data import FASHION_CLASSES, TILE
from regtui.spec import RunSpec

MEAN, STD = 0.2860, 0.3530
"""Of all 60,000 training pictures, as the engine standardizes with them."""


@dataclass
class Network:
    """Two growing columns of lines: what __init__ makes and what forward does."""

    spec: RunSpec
    made: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def layer(self, name: str, module: str) -> str:
        """Make a module; its name in forward."""
        self.made.append(f"self.{name} = {module}")
        return f"self.{name}"

    def place(self, site: str, layer: str, channels: int, value: str, *, flat: bool = False) -> str:
        """The expression `value` after everything that the stack puts at a place, in its order.

        flat  units, (B, C), and not maps, (B, C, H, W)
        """
        # A layer has one place before its activation, which takes its plain name, and one behind it.
        prefix = f"{layer}_active" if site == "activation" else layer
        for entry in self.spec.stack:
            if entry.where != site:
                continue
            if entry.name == "dropout":
                module = f'Dropout({float(entry.params["p"])!r}, "{entry.key}/{layer}")'
                value = f"{self.layer(f'{prefix}_drop', module)}({value})"
            elif entry.name == "batchnorm":
                value = f"{self.layer(f'{prefix}_norm', _norm(entry.params, channels, flat))}({value})"
        return value

    def step(self, value: str) -> None:
        """One line of forward."""
        if value != "x":
            self.done.append(f"x = {value}")

    def text(self) -> str:
        """The class."""
        body = "\n".join(f"        {line}" for line in self.made)
        forward = "\n".join(f"        {line}" for line in self.done)
        return (
            f"\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n{body}\n\n"
            f"    def forward(self, images):\n{forward}\n"
        )


def network(spec: RunSpec) -> str:
    """The text of class Net."""
    net = Network(spec)
    net.done.append(f"x = (images - {MEAN:.4f}) / {STD:.4f}")
    net.step(net.place("input", "input", 1, "x"))
    features = _cnn(net) if spec.model.name == "cnn" else _mlp(net)
    head_in = net.place("head", "head", features, "x", flat=True)
    head = net.layer("head", f"nn.Linear({features}, {len(FASHION_CLASSES)})")
    net.done.append(f"return {head}({head_in})")
    return net.text()


def _cnn(net: Network) -> int:
    """Three stages of two convolutions and a max-pool; gives the features that are left."""
    width, channels, side = int(net.spec.model.params["width"]), 1, TILE
    for stage in range(3):
        outputs = width << stage
        for layer in (f"conv{2 * stage + 1}", f"conv{2 * stage + 2}"):
            x = net.layer(layer, f"nn.Conv2d({channels}, {outputs}, 3, padding=1)") + "(x)"
            x = net.place("conv", layer, outputs, x)
            net.step(net.place("activation", layer, outputs, f"F.relu({x})"))
            channels = outputs
        block, side = f"block{stage + 1}", side // 2
        net.step(net.place("block", block, channels, "F.max_pool2d(x, 2)"))
    net.step("x.flatten(1)")
    return channels * side * side


def _mlp(net: Network) -> int:
    """Hidden layers of the same width; gives the features of the last one."""
    width, features = int(net.spec.model.params["width"]), TILE * TILE
    net.step("x.flatten(1)")
    for number in range(1, int(net.spec.model.params["depth"]) + 1):
        layer = f"linear{number}"
        x = net.layer(layer, f"nn.Linear({features}, {width})") + "(x)"
        x = net.place("linear", layer, width, x, flat=True)
        net.step(net.place("activation", layer, width, f"F.relu({x})", flat=True))
        features = width
    return features


def _norm(params: dict[str, bool | int | float | str], channels: int, flat: bool) -> str:
    """A BatchNorm of torch; what is torch's default goes unsaid."""
    said = [str(channels)]
    if (eps := float(params["eps"])) != 1e-5:
        said.append(f"eps={eps!r}")
    if (momentum := float(params["momentum"])) != 0.1:
        said.append(f"momentum={momentum!r}")
    if params["statistics"] == "batch":
        said.append("track_running_stats=False")
    return f"nn.BatchNorm{1 if flat else 2}d({', '.join(said)})"
