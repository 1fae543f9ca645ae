"""Regularizers of the path that training takes: how far a step goes, which weights are kept, when it ends."""

from __future__ import annotations

from regtui.catalog.records import Param, Regularizer

OPTIMIZATION = (
    Regularizer(
        name="gradient_clipping",
        title="Gradient clipping",
        summary="Scales the gradient of all weights together back to the limit where its L2 norm is larger.",
        params=(
            Param(name="limit", title="Limit", summary="Largest L2 norm of the whole gradient.", kind="float",
                  default=1.0, low=0.001, high=1000.0, step=0.1, symbol="g", steerable=True),
        ),
        paper="Pascanu et al. 2013, https://arxiv.org/abs/1211.5063",
        watch="Loss spikes get rarer at high learning rates; below the limit nothing changes.",
        group="optimization",
    ),
    Regularizer(
        name="ema",
        title="EMA of weights",
        summary="Evaluates an exponential moving average of the weights instead of the latest ones.",
        params=(
            Param(name="decay", title="Decay", summary="Share of the average that a step leaves as it is; it reaches "
                  "about 1/(1 - decay) steps back.", kind="float", default=0.99, low=0.0, high=1.0, open_high=True,
                  step=0.001, symbol="d", steerable=True),
            Param(name="statistics", title="BatchNorm", summary="Running statistics that go with the average: measured "
                  "anew on clean training samples, or the average of the running ones, which lags.", kind="choice",
                  default="measured", choices=("measured", "averaged"), symbol="bn"),
        ),
        paper="Polyak & Juditsky 1992, https://doi.org/10.1137/0330046; torch.optim.swa_utils",
        watch="The test curve gets smooth and often higher; training itself is what it was.",
        group="optimization",
    ),
    Regularizer(
        name="swa",
        title="SWA",
        summary="Evaluates the plain average of the weights since `start`, BatchNorm statistics measured anew.",
        params=(
            Param(name="start", title="Start", summary="Share of the epochs before the average begins.", kind="float",
                  default=0.75, low=0.0, high=1.0, open_high=True, step=0.05, unit="of the epochs", symbol="st"),
        ),
        paper="Izmailov et al. 2018, https://arxiv.org/abs/1803.05407",
        watch="A jump of the test curve where the average begins. It needs a rate that stays up: schedule constant.",
        group="optimization",
    ),
    Regularizer(
        name="early_stopping",
        title="Early stopping",
        summary="Ends the run when the validation loss stops falling, and keeps the weights that had the lowest.",
        params=(
            Param(name="patience", title="Patience", summary="Evaluations without a new best before the run ends.",
                  kind="int", default=5, low=1, high=10_000, step=1, unit="evaluations", symbol="pt"),
            Param(name="min_delta", title="Smallest gain", summary="A new best must be lower by more than this.",
                  kind="float", default=0.0, low=0.0, high=10.0, step=0.005, unit="nats", symbol="Δ"),
        ),
        needs_validation=True,
        paper="Prechelt 1998, https://doi.org/10.1007/3-540-49430-8_3",
        watch="The run ends where validation and training loss part; the last point is that of the best weights.",
        group="optimization",
    ),
)  # fmt: skip
