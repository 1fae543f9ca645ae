"""Trouble inside a network: units that die, gradients that explode or vanish, told once a kind and layer.

Free of torch: it reads what probes have measured. Gradients are judged by ||g|| / ||w|| of a layer, which has no unit
and is the same in a wide and a narrow layer: how far a step of plain SGD at rate 1 would move the weight, in lengths of
it. The limits lie between what presets that learn have shown (at most 5, and 80 in the first steps of fifty layers with
BatchNorm; the layers within a factor of 2,000; at most 44 % of units dead) and those that do not (from 300; 10^-5 and
less; from 50 %).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, Protocol

from regtui.event_parts import LayerInside

Kind = Literal["dying", "exploding", "vanishing"]

DEAD, DEAD_OVER = 0.5, 0.25
"""Share of a layer's units that are 0 for a whole batch: from where on it is trouble, below which it is over. With
half of its units gone a layer has lost half of its width (Lu et al. 2019, https://arxiv.org/abs/1903.06733)."""

EXPLODING, EXPLODING_OVER = 100.0, 10.0
"""||g|| / ||w||. At 100 a step of SGD at rate 0.01 replaces the weight by the gradient of one batch (Pascanu et al.
2013, https://arxiv.org/abs/1211.5063)."""

VANISHING, VANISHING_OVER = 1e-4, 1e-3
"""||g|| / ||w|| of a layer over the largest of all layers on the same batch: layers that learn ten thousand times
slower than others do not take part (Glorot & Bengio 2010, section 4.2). Against other layers, since all gradients go
to 0 together where a network has learned its batch."""

ROUNDED = 2.0**-24
"""||g|| / ||w|| that a layer has never exceeded: it vanishes whatever the others do, since w - g is w in float32."""

IN_A_ROW = {"dying": 2, "exploding": 1, "vanishing": 2}
"""Probes that must agree. A batch may happen to miss units or a gradient; one that explodes may do so only once."""


class Found(NamedTuple):
    """Something that began or ended at the latest probe."""

    kind: Kind
    layer: str
    value: float
    """dying: share of dead units, [0, 1]. Else ||g|| / ||w||, for vanishing over the largest of all layers'."""
    over: bool


class Watch:
    """Looks at one probe after the other. A kind of trouble of a layer begins once and is over once, then is known.

    Between its two limits nothing changes, so that a number that wavers about one of them makes no noise.
    """

    def __init__(self) -> None:
        self._beyond: dict[tuple[Kind, str], int] = defaultdict(int)
        """Latest probes in a row that were beyond the limit."""
        self._lasting: dict[tuple[Kind, str], bool] = {}
        """Whether a trouble that was told lasts."""
        self._largest: dict[str, float] = defaultdict(float)
        """||g|| / ||w|| of each layer, the largest so far."""

    def see(self, layers: Sequence[LayerInside]) -> list[Found]:
        """What the next probe changes; the layers in the order of the forward pass."""
        steps = {layer.name: layer.grad / layer.weight if layer.weight > 0 else math.nan for layer in layers}
        widest = max((step for step in steps.values() if math.isfinite(step)), default=0.0)
        for name, step in steps.items():
            self._largest[name] = max(self._largest[name], step)
        found: list[Found] = []
        for layer in layers:
            step = steps[layer.name]
            share = step / widest if widest > 0 else math.nan
            is_rounded = math.isfinite(step) and self._largest[layer.name] < ROUNDED
            found += self._judged("dying", layer.name, layer.dead, layer.dead >= DEAD, layer.dead < DEAD_OVER)
            found += self._judged("exploding", layer.name, step, step >= EXPLODING, step < EXPLODING_OVER)
            has_gone = share < VANISHING or is_rounded
            found += self._judged("vanishing", layer.name, share, has_gone, share >= VANISHING_OVER and not is_rounded)
        return found

    def _judged(self, kind: Kind, layer: str, value: float, is_beyond: bool, is_back: bool) -> Iterator[Found]:
        """`is_beyond` and `is_back` are both false between the limits, and for a value that is not a number."""
        key = (kind, layer)
        self._beyond[key] = self._beyond[key] + 1 if is_beyond else 0
        if key not in self._lasting and self._beyond[key] >= IN_A_ROW[kind]:
            self._lasting[key] = True
            yield Found(kind, layer, value, over=False)
        elif self._lasting.get(key) and is_back:
            self._lasting[key] = False
            yield Found(kind, layer, value, over=True)


_SAID: dict[Kind, tuple[str, Callable[[float], str]]] = {
    "dying": ("units die", lambda value: f"{100 * value:.0f} % are 0"),
    "exploding": ("gradients explode", lambda value: f"{value:.3g} times the weight"),
    "vanishing": ("gradients vanish", lambda value: f"{value:.1g} of the largest"),
}


def sentence(kind: Kind, layers: Sequence[str], value: float, step: int) -> str:
    """One kind of trouble in one or more layers; value and step are those of the first one that had it."""
    what, amount = _SAID[kind]
    where = layers[0] if len(layers) == 1 else f"{len(layers)} layers, first {layers[0]}"
    return f"{what} in {where} at step {step} ({amount(value)})"


class Lasting(Protocol):
    """A trouble that was told: the event of that name, which this module must not know."""

    @property
    def kind(self) -> Kind: ...
    @property
    def layer(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def step(self) -> int: ...


def summary(troubles: Sequence[Lasting]) -> str:
    """All troubles of a run, those of a kind together, in the order in which they were told; "" without any."""
    said = []
    for kind in dict.fromkeys(trouble.kind for trouble in troubles):
        own = [trouble for trouble in troubles if trouble.kind == kind]
        said.append(sentence(kind, [trouble.layer for trouble in own], own[0].value, own[0].step))
    return "; ".join(said)


def label(kind: Kind) -> str:
    """A word or two, for a mark in a chart."""
    return _SAID[kind][0]
