"""Models."""

from __future__ import annotations

from regtui.catalog.records import Model, Param, Site

_VISION_SITES: tuple[Site, ...] = ("input", "conv", "residual", "block", "head")
_TRANSFORMER_SITES: tuple[Site, ...] = (
    "input", "norm", "attention", "residual", "linear", "activation", "block", "head",
)  # fmt: skip
_TRANSFORMER = (
    Param(name="layers", title="Layers", summary="Blocks of attention and a hidden layer.", kind="int", default=2,
          low=1, high=48, step=1, unit="layers", symbol="l"),
    Param(name="width", title="Width", summary="Features of a word.", kind="int", default=64, low=4, high=1024,
          step=16, unit="features", symbol="w"),
    Param(name="heads", title="Heads", summary="Parts of the width that attend on their own; they must divide it.",
          kind="int", default=4, low=1, high=32, step=1, symbol="h"),
    Param(name="norm_place", title="Norm place",
          summary="Where its norms stand: before each branch (pre, as in GPT-2) or after it was added (post, as BERT).",
          kind="choice", default="pre", choices=("pre", "post"), symbol="np"),
)  # fmt: skip

_ALL = (
    Model(
        name="mlp",
        title="MLP",
        summary="Fully connected layers with ReLU on the flattened picture.",
        params=(
            Param(name="width", title="Width", summary="Units of a hidden layer.", kind="int", default=256, low=1,
                  high=4096, step=32, unit="units", symbol="w"),
            Param(name="depth", title="Depth", summary="Hidden layers.", kind="int", default=2, low=1, high=50,
                  step=1, unit="layers", symbol="d"),
        ),
        sites=("input", "linear", "activation", "head"),
    ),
    Model(
        name="cnn",
        title="6-conv CNN",
        summary="Three stages of two 3x3 convolutions and a max-pool, channels w, 2w, 4w; then one linear layer.",
        params=(
            Param(name="width", title="Width", summary="Channels of the first stage.", kind="int", default=8, low=1,
                  high=512, step=4, unit="channels", symbol="w"),
        ),
        sites=("input", "conv", "activation", "block", "head"),
        paper="Simonyan & Zisserman 2014 (stages of stacked 3x3 convolutions), https://arxiv.org/abs/1409.1556",
    ),
    Model(
        name="bagged_cnn",
        title="Bag of CNNs",
        summary="Many small 6-conv CNNs, each trained on a resample of its own; the mean of their probabilities votes.",
        params=(
            Param(name="members", title="Members", summary="Networks in the bag.", kind="int", default=16, low=1,
                  high=64, step=1, unit="networks", symbol="n"),
            Param(name="width", title="Width", summary="Channels of each network's first stage.", kind="int",
                  default=4, low=1, high=64, step=1, unit="channels", symbol="w"),
            Param(name="bootstrap", title="Bootstrap",
                  summary="Each network draws as many training samples as there are, with replacement: it misses 37 %. "
                          "Off: all see every sample and differ in their first weights alone.",
                  kind="bool", default=True, symbol="bs"),
        ),
        sites=("input", "conv", "activation", "block", "head"),
        paper="Breiman 1996, https://doi.org/10.1007/BF00058655",
    ),
    Model(
        name="plain_deep",
        title="Plain deep network",
        summary="Many 3x3 convolutions with ReLU on 7x7 pixels, one after the other and no shortcut past any.",
        params=(
            Param(name="depth", title="Depth", summary="Convolutions in all.", kind="int", default=50, low=2, high=200,
                  step=5, unit="layers", symbol="d"),
            Param(name="width", title="Width", summary="Channels of each.", kind="int", default=16, low=1, high=512,
                  step=4, unit="channels", symbol="w"),
            Param(name="gain", title="Gain", summary="Size of the first weights: in theory the signal shrinks in every "
                  "layer below 1.41 and grows above; the zeros at the borders shrink it a little more.",
                  kind="float", default=1.0, low=0.1, high=4.0, step=0.1, symbol="g"),
        ),
        sites=("input", "conv", "activation", "head"),
        paper="He et al. 2015 (what depth does to the signal), https://arxiv.org/abs/1502.01852",
    ),
    Model(
        name="resnet",
        title="CIFAR-style ResNet",
        summary="Three stages of residual blocks of two 3x3 convolutions, channels w, 2w, 4w: 6n + 2 layers.",
        params=(
            Param(name="blocks", title="Blocks", summary="Blocks a stage (n): 1 makes 8 layers, 3 make 20, 9 make 56.",
                  kind="int", default=1, low=1, high=18, step=1, unit="a stage", symbol="n"),
            Param(name="width", title="Width", summary="Channels of the first stage.", kind="int", default=8, low=1,
                  high=512, step=4, unit="channels", symbol="w"),
        ),
        sites=("input", "conv", "activation", "residual", "block", "head"),
        paper="He et al. 2015, section 4.2, https://arxiv.org/abs/1512.03385",
        stack=({"batchnorm": {}},),
    ),
    Model(
        name="mbconv",
        title="Small EfficientNet",
        summary="Three stages of MBConv blocks with squeeze-and-excitation, channels w, 2w, 4w.",
        params=(
            Param(name="width", title="Width", summary="Channels of the first stage.", kind="int", default=8, low=1,
                  high=256, step=4, unit="channels", symbol="w"),
            Param(name="depth", title="Depth", summary="Blocks a stage.", kind="int", default=2, low=1, high=12,
                  step=1, unit="a stage", symbol="d"),
        ),
        sites=("input", "conv", "activation", "residual", "block", "head"),
        paper="Tan & Le 2019, https://arxiv.org/abs/1905.11946",
        stack=({"batchnorm": {}},),
    ),
    Model(
        name="resnet18",
        title="ResNet-18",
        summary="torchvision's, 11 million weights, from random ones: for a GPU.",
        sites=_VISION_SITES,
        paper="He et al. 2015, https://arxiv.org/abs/1512.03385",
        stack=({"batchnorm": {}},),
    ),
    Model(
        name="resnet50",
        title="ResNet-50",
        summary="torchvision's, 24 million weights, from random ones: for a GPU.",
        sites=_VISION_SITES,
        paper="He et al. 2015, https://arxiv.org/abs/1512.03385",
        stack=({"batchnorm": {}},),
    ),
    Model(
        name="efficientnet_b0",
        title="EfficientNet-B0",
        summary="torchvision's, 4 million weights, from random ones: for a GPU.",
        sites=_VISION_SITES,
        paper="Tan & Le 2019, https://arxiv.org/abs/1905.11946",
        stack=(
            {"batchnorm": {}}, {"stochastic_depth": {"p": 0.2}}, {"dropout": {"p": 0.2, "where": "head"}},
        ),
    ),
    Model(
        name="bert",
        title="BERT-style encoder",
        summary="A transformer in which every word sees every other; the mean of all words stands for the text.",
        params=(
            *_TRANSFORMER,
            Param(name="weights", title="Weights",
                  summary="Where it begins: at random, or as the small checkpoint that ships with regtui (2 layers, "
                          "width 64, 4 heads, pre) and learned to guess hidden words of 8,000 definitions.",
                  kind="choice", default="random", choices=("random", "pretrained"), symbol="wt"),
        ),
        sites=_TRANSFORMER_SITES,
        inputs=("text",),
        paper="Devlin et al. 2018, https://arxiv.org/abs/1810.04805",
        stack=({"layernorm": {}},),
    ),
    Model(
        name="gpt",
        title="GPT-style transformer",
        summary="A transformer in which a word sees only those before it; the last word stands for the text.",
        params=_TRANSFORMER,
        sites=_TRANSFORMER_SITES,
        inputs=("text",),
        paper="Radford et al. 2018, https://openai.com/index/language-unsupervised/",
        stack=({"layernorm": {}},),
    ),
    Model(
        name="hf_encoder",
        title="Hugging Face encoder",
        summary="A pretrained BERT, RoBERTa, XLM-RoBERTa, CamemBERT, ELECTRA or DistilBERT with its own pieces of "
                "words and norms; the mean of all words stands for the text. Needs pip install 'regtui[hf]'.",
        params=(
            Param(name="checkpoint", title="Checkpoint",
                  summary="A folder that save_pretrained of transformers wrote, or a name on the Hugging Face Hub, as "
                          "google-bert/bert-base-uncased; only safetensors are read.",
                  kind="text", default="", unit="a folder or a name on the Hugging Face Hub", symbol="ck"),
            Param(name="weights", title="Weights", summary="Where it begins: as the checkpoint, or at random.",
                  kind="choice", default="pretrained", choices=("pretrained", "random"), symbol="wt"),
        ),
        sites=("input", "attention", "residual", "linear", "activation", "head"),
        inputs=("text",),
        paper="Wolf et al. 2020, https://arxiv.org/abs/1910.03771",
    ),
)  # fmt: skip

MODELS: dict[str, Model] = {record.name: record for record in _ALL}
