"""A network of somebody else's with places for a stack, put in by what one forward pass through it shows.

Its norms and dropouts come out where they can and stand in the stack instead, as those of regtui's own models do: an
arm with the model's own stack is the network as its author wrote it. What cannot be reached stays as it is, by name.

* conv, linear: behind each convolution that a norm follows, in the place of that norm; where no convolution has a norm,
  behind each of them. The same for hidden linear layers.
* norm: in the place of norms that follow something else. head: before the last linear layer.
* activation: in the place of other dropouts; where there are none, behind the activations.
* residual: in the place of stochastic depth, and at the end of the branch in ResNet blocks.

Only modules that are called once in a forward pass get a place: behind one that is shared nothing could differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from regtui.catalog import Site
from regtui.engine.models import factories
from regtui.engine.models.exchange import NORMS, Then, layer_before, listed, norm_entry, share
from regtui.engine.models.factories import Shape, Words
from regtui.engine.models.sites import Place, SiteModel
from regtui.engine.models.traced import Call, Trace
from regtui.engine.randomness import Randomness, derive, drawing_from
from regtui.engine.splits import TaskData
from regtui.engine.told import OF_SIZES, told, what
from regtui.spec import Scalar

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Mish, nn.Hardswish, nn.Tanh)
RANDOM = (nn.modules.dropout._DropoutNd,)
BRANCHES = ("StochasticDepth", "DropPath")
"""torchvision's and timm's stochastic depth, by the name of the class: timm may not be installed."""
BLOCK_ENDS = {"BasicBlock": "bn2", "Bottleneck": "bn3"}
"""The norm that ends the branch of a ResNet block."""

Entry = dict[str, dict[str, Scalar]]


class Adopted(SiteModel):
    """The network, with what stands before it in the subclass for pictures or texts."""

    uncapturable = "the network is not ours, and a graph would freeze whatever its code decides step by step"

    def __init__(self, task: TaskData, name: str, params: Mapping[str, Scalar], given: Shape | Words) -> None:
        """`given` is what one sample is, as the factory may want to know it."""
        super().__init__()
        self.own: list[Entry] = []
        """Its norms and dropouts, as a scenario file would write them."""
        self.notes: list[str] = []
        """What a stack cannot reach, and what was done to fit the data."""
        self._exchanged: list[str] = []
        """Names of its norms that are places now."""
        self._recipe = name, dict(params), len(task.classes), given
        self._enter(task)
        with torch.random.fork_rng(devices=[]):  # modules draw weights, for nothing, from the generator of the process
            self.net = factories.make(*self._recipe)
        self._put_places(self._traced(task))

    def _enter(self, task: TaskData) -> None:
        """Make what stands before the network."""
        raise NotImplementedError

    def _traced(self, task: TaskData) -> Trace:
        """One pass through the network. Raises ValueError where it does not fit the data."""
        raise NotImplementedError

    def _spot(self, place: Place, call: Call) -> nn.Module:  # noqa: ARG002
        """What stands in the network for a place that the output of a call passes."""
        return place

    def initial(self, module: nn.Module, name: str, generator: torch.Generator) -> Tensor:  # noqa: ARG002
        """As it is: `begin` copies what the author's own code begins with."""
        return module.get_parameter(name)

    @torch.no_grad()
    def begin(self, seed: int) -> None:
        """The weights that the author's code draws, from a generator of this seed: equal for all stacks."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, "init/model"))
            fresh = factories.make(*self._recipe)
        first = {**dict(fresh.named_parameters()), **dict(fresh.named_buffers())}
        for name, value in [*self.net.named_parameters(), *self.net.named_buffers()]:
            if (known := name.replace("regtui_layer.", "")) in first:
                value.copy_(first[known])
        for path in self._exchanged:
            self._begin_norm(path, first)

    _draws: tuple[torch.Generator, ...] = ()
    """What its own code draws from where that takes no generator: a functional dropout, say. Empty: the process's."""

    def draw_from(self, randomness: Randomness) -> None:
        """Generators of the run, so that its own draws repeat, resume, and are no others for being looked at."""
        self._draws = (randomness.generator("model/draws"),)
        if randomness.device.type != "cpu":  # code for a GPU may toss a coin on the host
            self._draws += (randomness.generator("model/draws/host", on_cpu=True),)

    def __call__(self, *given: Any, **more: Any) -> Any:
        with drawing_from(self._draws):
            return super().__call__(*given, **more)

    def _begin_norm(self, path: str, first: Mapping[str, Tensor]) -> None:
        """The norm in an author's norm's place begins with its weights: some begin at 0, to keep branches silent."""
        place = self.net.get_submodule(path)
        place = place.regtui_layer if isinstance(place, Then) else place
        norms = [module for module in place.modules() if hasattr(module, "reset_parameters")]
        for name in ("weight", "bias"):
            value = getattr(norms[0], name, None) if len(norms) == 1 else None
            if isinstance(value, nn.Parameter) and first[f"{path}.{name}"].shape == value.shape:
                value.copy_(first[f"{path}.{name}"])

    def get_submodule(self, target: str) -> nn.Module:
        """Layers go by their names in the author's code."""
        inner = target.partition(".")[0] not in self._modules
        return self.net.get_submodule(target) if inner and target else super().get_submodule(target)

    def _checked(self, pass_through: Callable[[], Trace], samples: str, noun: str, fitting: str) -> Trace:
        """The trace of a pass. Raises ValueError where it fails or gives no logits of the classes.

        samples  what went in, and `noun` one of them, in words for people
        fitting  what could make samples of another size fit
        """
        name, _, classes, _ = self._recipe
        try:
            with torch.random.fork_rng(devices=[]):
                found = pass_through()
        except Exception as error:  # what the network of somebody else raises
            advice = f"; {fitting}" if isinstance(error, OF_SIZES) else ""
            raise ValueError(f"the model {name} cannot take {samples}: {told(error)}{advice}") from error
        if not isinstance(found.output, Tensor):
            raise ValueError(
                f"the model {name} gives {what(found.output)}; a run takes one tensor of logits, (B, {classes}): let "
                "its forward, or a factory that wraps it, return that alone"
            )
        if found.output.shape != (2, classes):
            raise ValueError(
                f"the model {name} gives {tuple(found.output.shape[1:])} for each {noun}, the data have {classes} "
                f"classes; let its factory take {factories.CLASSES[0]}"
            )
        return found

    # -- places --------------------------------------------------------------------------------------------------

    def _put_places(self, found: Trace) -> None:
        normed = self._exchange_norms(found)
        self._follow_layers(found, normed)
        self._exchange_branches(found)
        self._exchange_dropouts(found)
        stay = {path: type(m).__name__ for path, m in self.net.named_modules() if isinstance(m, (*NORMS, *RANDOM))}
        for noun, kinds in (("norm", NORMS), ("dropout", RANDOM)):
            names = [path for path in stay if isinstance(self.net.get_submodule(path), kinds)]
            if names:
                self.notes.append(f"{listed(names)} stay{'s' if len(names) == 1 else ''} as written: no {noun} "
                                  "of the catalog is the same there")  # fmt: skip
        kept = [path for path, module in self.net.named_modules() if type(module).__name__ in BRANCHES]
        if kept:
            self.notes.append(f"the stochastic depth of {listed(kept)} stays as written: it serves more than one "
                              "branch, or whole batches")  # fmt: skip
        shared = [call.path for call in found.calls.values() if call.calls > 1 and isinstance(call.module, nn.Conv2d)]
        if shared:
            self.notes.append(f"{listed(shared)} works several times in one pass, so no entry acts behind it")

    def _exchange_norms(self, found: Trace) -> set[str]:
        """Places for the norms of the most frequent kind of each site; gives the layers that have one now."""
        at: dict[Site, list[tuple[Call, str, str, dict[str, Scalar]]]] = {}
        for call in found.once(NORMS):
            feeder = found.calls.get(call.fed_by)
            entry = norm_entry(call)
            if entry is None:
                continue
            site: Site = "norm"
            if feeder is not None and feeder.calls == 1 and isinstance(feeder.module, (nn.Conv2d, nn.Linear)):
                site = "conv" if isinstance(feeder.module, nn.Conv2d) else "linear"
            layer = feeder.path if feeder is not None and site != "norm" else call.path
            at.setdefault(site, []).append((call, layer, *entry))
        normed = set()
        for site, norms in at.items():
            (name, settings), _ = Counter((name, tuple(p.items())) for *_, name, p in norms).most_common(1)[0]
            self.own.append({name: {**dict(settings), "where": site}})
            for call, layer, kind, params in norms:
                if (kind, tuple(params.items())) == (name, settings):
                    self._replace(call.path, self._spot(Place(site, layer, call.width), call))
                    normed.add(layer)
                    self._exchanged.append(call.path)
        return normed

    def _follow_layers(self, found: Trace, normed: set[str]) -> None:
        """Places behind layers, of sites where no layer has a norm."""
        kinds: tuple[tuple[Site, type[nn.Module]], ...] = (("conv", nn.Conv2d), ("linear", nn.Linear))
        for site, kind in kinds:
            if any(isinstance(found.calls[path].module, kind) for path in normed if path in found.calls):
                continue
            for call in found.once(kind):
                if call.path != found.last:
                    self._wrap(call.path, Place(site, call.path, call.width), call)

    def _exchange_branches(self, found: Trace) -> None:
        drops = [call for call in found.calls.values() if call.calls == 1 and type(call.module).__name__ in BRANCHES
                 and getattr(call.module, "mode", "row") == "row"]  # fmt: skip
        shares: list[float] = [getattr(c.module, "p", 0.0) or getattr(c.module, "drop_prob", 0.0) or 0.0 for c in drops]
        most = max(shares, default=0.0)
        for call, rate in zip(drops, shares, strict=True):
            place = Place("residual", call.path.rpartition(".")[0], call.width)
            place.depth = rate / most if most else None
            self._replace(call.path, self._spot(place, call))
        if most:
            self.own.append({"stochastic_depth": {"p": most, "where": "residual"}})
        for path, block in list(self.net.named_modules()):
            norm = getattr(block, BLOCK_ENDS.get(type(block).__name__, ""), None)
            if isinstance(norm, Place) and not drops:
                end = f"{path}.{BLOCK_ENDS[type(block).__name__]}"
                self._replace(end, Then(norm, Place("residual", path, norm.channels)))

    def _exchange_dropouts(self, found: Trace) -> None:
        dropouts = [call for call in found.once(nn.Dropout) if type(call.module) is nn.Dropout]
        last = found.calls.get(found.last)
        feeds_head = last.fed_by if last is not None and isinstance(last.module, nn.Linear) else ""
        for site in ("head", "activation"):
            here = [call for call in dropouts if (call.path == feeds_head) == (site == "head")]
            if not here:
                continue
            p = Counter(share(call) for call in here).most_common(1)[0][0]
            for call in here:
                if share(call) == p:
                    place = Place("head" if site == "head" else "activation", call.path, call.width)
                    self._replace(call.path, self._spot(place, call))
            if p:
                self.own.append({"dropout": {"p": p, "where": site}})
        if last is None or last.calls != 1 or not isinstance(last.module, nn.Linear):
            self.notes.append("it does not end in a linear layer, so no entry acts at its head")
        elif all(call.path != feeds_head for call in dropouts):
            place = Place("head", last.path, last.module.in_features)
            self._wrap(last.path, place, before=True)
        if all(call.path == feeds_head for call in dropouts):
            for call in found.once(ACTIVATIONS):
                if not call.is_sequence:
                    self._wrap(call.path, Place("activation", layer_before(call, found), call.width), call)

    def _wrap(self, path: str, place: Place, call: Call | None = None, *, before: bool = False) -> None:
        spot = place if call is None else self._spot(place, call)
        self._replace(path, Then(self.net.get_submodule(path), spot, before=before))

    def _replace(self, path: str, module: nn.Module) -> None:
        if not path:
            self.net = module
            return
        parent, _, name = path.rpartition(".")
        self.net.get_submodule(parent)._modules[name] = module
