"""Networks of somebody else's as models: behind standardized pictures, or behind the words of texts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regtui.engine.models import factories
from regtui.engine.models.adopted import Adopted
from regtui.engine.models.adopted_texts import AdoptedTexts
from regtui.engine.models.sites import Place, Standardize
from regtui.engine.models.traced import Trace, trace
from regtui.engine.splits import TaskData
from regtui.engine.tasks import ImageData
from regtui.engine.text import TextData
from regtui.spec import ModelSpec


def build(spec: ModelSpec, task: TaskData) -> Adopted:
    """The network of a spec with its places, on the device of the task.

    Raises ValueError, with a sentence for people, for code that cannot be had, has changed or does not fit the data.
    """
    if spec.content and factories.digest(spec.name) != spec.content:
        raise ValueError(f"the code of {spec.name} is not what it was when the run was asked for; start the run anew")
    made: Adopted
    if isinstance(task, ImageData):
        made = AdoptedPictures(task, spec.name, spec.params, task.shape)
    else:
        assert isinstance(task, TextData)
        made = AdoptedTexts(task, spec.name, spec.params)
    return made.to(task.train.inputs.device)


class AdoptedPictures(Adopted):
    """The network behind standardized pictures."""

    def forward(self, images: Tensor) -> Tensor:
        x = self.input(self.standardize(images))  # (B, C, H, W)
        logits: Tensor = self.net(x.expand(-1, 3, -1, -1) if self._repeats else x)  # (B, K)
        return logits

    def _enter(self, task: ImageData) -> None:  # type: ignore[override]
        self.standardize = Standardize(task.mean, task.std)
        self.input = Place("input", "input", task.shape[0])

    def _traced(self, task: ImageData) -> Trace:  # type: ignore[override]
        channels, height, width = task.shape
        self._repeats = self._must_repeat(channels)
        example = torch.zeros(2, 3 if self._repeats else channels, height, width)
        return self._checked(
            lambda: trace(self.net, example), f"pictures of {height}x{width}", "picture",
            f"let its factory take {factories.SIDES[0]}, or give pictures of your own the size that it needs: "
            "--set data.size=N",
        )  # fmt: skip

    def _must_repeat(self, channels: int) -> bool:
        """Whether gray pictures must be given thrice. Raises ValueError for channels that do not fit."""
        first = next((module for module in self.net.modules() if isinstance(module, nn.Conv2d)), None)
        if first is None or first.in_channels == channels:
            return False
        if (channels, first.in_channels) != (1, 3):
            raise ValueError(
                f"the model {self._recipe[0]} takes {first.in_channels} channels, the pictures have {channels}; let "
                f"its factory take {' or '.join(factories.CHANNELS[:2])}"
            )
        self.notes.append("gray pictures go in as three equal channels, since the model takes colour")
        return True
