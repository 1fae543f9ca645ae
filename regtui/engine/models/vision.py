"""torchvision's ResNets and EfficientNet-B0, their norms and dropouts taken out and places put in.

Parameters keep torchvision's names and the distributions they begin with there, but for depthwise convolutions: there
torchvision counts the outputs of all groups, which makes their weights too small. torchvision takes 2 s to import, so
it is imported when such a model is built.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from regtui.engine.models.initialize import he
from regtui.engine.models.sites import Place, SiteModel, Standardize

if TYPE_CHECKING:
    from regtui.engine.datasets import ImageData


STAGES = ("layer1", "layer2", "layer3", "layer4")


class Vision(SiteModel):
    """Base: pictures of any number of channels, small ones too, and their places at both ends."""

    def __init__(self, task: ImageData) -> None:
        super().__init__()
        self.standardize = Standardize(task.mean, task.std)
        self.input = Place("input", "input", task.shape[0])

    def initial(self, module: nn.Module, name: str, generator: torch.Generator) -> Tensor:
        if isinstance(module, nn.Conv2d):
            return he(module, generator) if name == "weight" else torch.zeros_like(module.get_parameter(name))
        return super().initial(module, name, generator)


class VisionResNet(Vision):
    """Base of ResNet-18 and ResNet-50 (He et al. 2015, https://arxiv.org/abs/1512.03385)."""

    NAME = ""

    def __init__(self, task: ImageData) -> None:
        from torchvision.models import resnet

        super().__init__(task)
        net = getattr(resnet, self.NAME)(norm_layer=_conv_place, num_classes=len(task.classes))
        stem = net.conv1
        self.conv1 = nn.Conv2d(task.shape[0], stem.out_channels, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1, self.relu, self.maxpool = net.bn1, net.relu, net.maxpool
        for stage in STAGES:
            self.add_module(stage, _with_places(stage, getattr(net, stage)))
        self.head_in = Place("head", "fc", net.fc.in_features)
        self.fc = net.fc
        _name_conv_places(self)

    def forward(self, images: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(self.input(self.standardize(images)))))
        x = self.maxpool(x)
        for stage in STAGES:
            x = getattr(self, stage)(x)
        logits: Tensor = self.fc(self.head_in(x.mean((2, 3))))  # (B, K), of (B, C, H / 32, W / 32)
        return logits


class ResNet18(VisionResNet):
    NAME = "resnet18"


class ResNet50(VisionResNet):
    NAME = "resnet50"


class EfficientNetB0(Vision):
    """Tan & Le 2019, https://arxiv.org/abs/1905.11946."""

    def __init__(self, task: ImageData) -> None:
        from torchvision.models import efficientnet_b0
        from torchvision.models.efficientnet import MBConv

        super().__init__(task)
        net = efficientnet_b0(
            norm_layer=_conv_place, num_classes=len(task.classes), dropout=0.0, stochastic_depth_prob=0.0
        )
        stem = net.features[0][0]
        net.features[0][0] = nn.Conv2d(task.shape[0], stem.out_channels, kernel_size=3, stride=2, padding=1, bias=False)
        blocks = [pair for pair in net.features.named_modules(prefix="features") if isinstance(pair[1], MBConv)]
        for before, (name, block) in enumerate(blocks):
            block.stochastic_depth = nn.Identity()  # blocks without a shortcut never drop their branch
            if block.use_res_connect:
                block.stochastic_depth = Place("residual", name, block.out_channels)
                block.stochastic_depth.depth = before / len(blocks)  # torchvision counts all blocks, from 0
        stages = [
            (str(i), stage if isinstance(stage[0], nn.Conv2d) else _with_places(f"features.{i}", stage))
            for i, stage in enumerate(net.features)
        ]
        self.features = nn.Sequential(OrderedDict(stages))
        self.head_in = Place("head", "classifier", net.classifier[1].in_features)
        self.classifier = net.classifier[1]
        _name_conv_places(self)

    def forward(self, images: Tensor) -> Tensor:
        x = self.features(self.input(self.standardize(images)))  # (B, C, H / 32, W / 32)
        logits: Tensor = self.classifier(self.head_in(x.mean((2, 3))))  # (B, K)
        return logits


def _conv_place(channels: int) -> Place:
    """What torchvision builds instead of a norm; `_name_conv_places` names its layer."""
    return Place("conv", "", channels)


def _name_conv_places(model: SiteModel) -> None:
    """Give each conv place the name of the convolution that is registered before it."""
    layer = ""
    for path, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            layer = path
        elif isinstance(module, Place) and module.site == "conv":
            module.layer = layer


def _with_places(stage: str, blocks: nn.Sequential) -> nn.Sequential:
    """The blocks of a stage under their names, each followed by a place."""
    from torchvision.models.resnet import BasicBlock, Bottleneck

    parts: list[tuple[str, nn.Module]] = []
    for name, block in blocks.named_children():
        layer = f"{stage}.{name}"
        if isinstance(block, (BasicBlock, Bottleneck)):
            last = "bn2" if isinstance(block, BasicBlock) else "bn3"
            norm = getattr(block, last)
            setattr(block, last, nn.Sequential(norm, Place("residual", layer, norm.channels)))
        outputs = [module for module in block.modules() if isinstance(module, Place)][-1].channels
        parts += [(name, block), (f"{name}_out", Place("block", layer, outputs))]
    return nn.Sequential(OrderedDict(parts))
