"""Regularizers that keep the weights small."""

from __future__ import annotations

from regtui.catalog.records import Param, Regularizer

_EVERYTHING = Param(
    name="norms_and_biases",
    title="Also norms and biases",
    summary="Hold biases and norm parameters down as well; they are spared by default.",
    kind="bool",
    default=False,
    symbol="b",
)

WEIGHTS = (
    Regularizer(
        name="weight_decay",
        title="Weight decay",
        summary="Shrinks the weights by lr x strength in each step, apart from the gradient (decoupled, as AdamW).",
        params=(
            Param(name="strength", title="Strength", summary="Share of a weight that goes in a step, times lr.",
                  kind="float", default=0.01, low=0.0, high=10.0, step=0.01, symbol="λ", steerable=True),
            Param(name="norms_and_biases", title="Also norms and biases",
                  summary="Shrink biases and norm parameters as well; they are spared by default.",
                  kind="bool", default=False, symbol="b"),
        ),
        paper="Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101",
        watch="Weight norms stop growing (the inside of the network); the effect on a short run is small.",
        group="weights",
    ),
    Regularizer(
        name="l2",
        title="L2 penalty",
        summary="Adds strength/2 x the sum of the squared weights to the loss: coupled, so Adam rescales its gradient.",
        params=(
            Param(name="strength", title="Strength", summary="Share of a weight that is added to its gradient.",
                  kind="float", default=1e-3, low=0.0, high=10.0, step=1e-3, symbol="λ", steerable=True),
            _EVERYTHING,
        ),
        paper="Hoerl & Kennard 1970, https://doi.org/10.1080/00401706.1970.10488634; "
              "against decay: Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101",
        watch="With SGD it is a weight decay 1/(1 - momentum) times as strong; under AdamW large gradients drown it.",
        group="weights",
    ),
    Regularizer(
        name="l1",
        title="L1 penalty",
        summary="Adds strength x the sum of the absolute weights to the loss: weights that do little go to zero.",
        params=(
            Param(name="strength", title="Strength", summary="Pull towards zero, the same for small and large weights.",
                  kind="float", default=1e-4, low=0.0, high=10.0, step=1e-4, symbol="λ", steerable=True),
            Param(name="exact_zeros", title="Exact zeros", summary="Shrink by lr x strength after each step, and no "
                  "further than zero, instead of a term of the loss; with AdamW that takes a strength of 0.1 to 1.",
                  kind="bool", default=False, symbol="0"),
            _EVERYTHING,
        ),
        paper="Tibshirani 1996, https://doi.org/10.1111/j.2517-6161.1996.tb02080.x; exact zeros: Duchi & Singer 2009, "
              "https://jmlr.org/papers/v10/duchi09a.html",
        watch="Weights near zero: a term of the loss makes them jitter about it; exact zeros hold what nothing moves.",
        group="weights",
    ),
    Regularizer(
        name="max_norm",
        title="Max-norm",
        summary="Scales the incoming weights of a unit back whenever their L2 norm exceeds the limit.",
        params=(
            Param(name="limit", title="Limit", summary="Largest L2 norm of the weights that enter one unit.",
                  kind="float", default=1.0, low=0.01, high=100.0, step=0.1, symbol="c", steerable=True),
        ),
        paper="Srivastava et al. 2014, section 5.1, https://jmlr.org/papers/v15/srivastava14a.html",
        watch="The weight norms hit a ceiling: units begin at 0.58 here. The paper's 3 to 4 is for wider networks.",
        group="weights",
    ),
)  # fmt: skip
