"""Studies of what norms do: to the values inside, to the signal and its gradients, and to who is in the batch."""

from __future__ import annotations

from regtui.catalog.records import Study, StudyMetric

NORM_STUDIES = (
    Study(
        name="normality",
        title="Against the normal distribution",
        summary="What goes into the activations, pooled over the channels of a layer, against N(0, 1).",
        metrics=(
            StudyMetric(name="ks", title="Distance to N(0, 1)",
                        summary="Largest difference of the cumulative distributions (Kolmogorov-Smirnov), mean over "
                        "the layers, at the end: 0 is N(0, 1), 1 lies wholly elsewhere."),
            StudyMetric(name="ks_start", title="Distance at the start",
                        summary="The same of the network as it began."),
            StudyMetric(name="shape", title="Distance of the shape",
                        summary="The same at the end, each channel less its own mean and over its own deviation: what "
                        "normalizing cannot take away."),
            StudyMetric(name="mean_offset", title="Offset of the mean",
                        summary="Distance of a layer's mean from 0, mean over the layers, at the end."),
            StudyMetric(name="std", title="Standard deviation",
                        summary="Of all values of a layer, mean over the layers, at the end."),
            StudyMetric(name="kurtosis", title="Excess kurtosis",
                        summary="Of the shape, mean over the layers: 0 as of the normal distribution, above it "
                        "where a few values lie far out."),
        ),
        x_label="value before the activation, middle layer",
        y_label="density",
        overlay=False,
        paper="Ioffe & Szegedy 2015, section 3, https://arxiv.org/abs/1502.03167",
    ),
    Study(
        name="batch_noise",
        title="Noise of the batch mean",
        summary="How far the mean of a random batch of B samples lies from that of all, in what enters BatchNorm.",
        metrics=(
            StudyMetric(name="slope", title="Slope of the law",
                        summary="Of log noise over log B: -0.5 where the noise goes with 1/sqrt(B)."),
            StudyMetric(name="noise_4", title="Noise at B = 4",
                        summary="Deviation of the mean of 4 samples, in standard deviations of its channel."),
            StudyMetric(name="noise_64", title="Noise at B = 64",
                        summary="Deviation of the mean of 64 samples, in standard deviations of its channel."),
            StudyMetric(name="ratio_4_64", title="Noise at 4 over that at 64", unit="times",
                        summary="4 where sixteen times as many samples leave a quarter of the noise."),
        ),
        x_label="batch size",
        y_label="noise of the mean",
        log_x=True,
        log_y=True,
        paper="Luo et al. 2019 (what this noise does), https://arxiv.org/abs/1809.00846",
    ),
    Study(
        name="padding",
        title="Batch mates and padding",
        summary="How far the probabilities of a text move when only the others in its batch change, or the padding.",
        metrics=(
            StudyMetric(name="mates", title="Change with its mates", unit="points",
                        summary="Half the sum of the changes of a text's probabilities when other texts stand beside "
                        "it in train mode without Dropout; mean over texts."),
            StudyMetric(name="padding", title="Change with padding", unit="points",
                        summary="The same when the batch stays and 16 columns of padding are put behind it."),
            StudyMetric(name="eval_padding", title="Change with padding, eval()", unit="points",
                        summary="The same in eval mode."),
        ),
        kinds=("text",),
        x_label="test texts, from least to most changed",
        y_label="change of the probabilities, points",
        paper="Shen et al. 2020 (batch statistics of language), https://arxiv.org/abs/2003.07845",
    ),
    Study(
        name="signal",
        title="Signal by depth",
        summary="Spread of what each layer gives, before its norm, on a first batch and with the first weights.",
        metrics=(
            StudyMetric(name="ratio", title="Last over first spread", unit="times",
                        summary="Standard deviation in the last layer over that in the first."),
            StudyMetric(name="last", title="Spread in the last layer",
                        summary="Standard deviation of all values of the last layer."),
        ),
        when="start",
        x_label="layer",
        y_label="standard deviation",
        log_y=True,
        paper="He et al. 2015, section 2.2, https://arxiv.org/abs/1502.01852",
    ),
    Study(
        name="gradients",
        title="Gradients by depth",
        summary="Size of the gradient of each layer's weights, on a first batch and with the first weights.",
        metrics=(
            StudyMetric(name="ratio", title="Last over first gradient", unit="times",
                        summary="Norm of the gradient in the last layer over that in the first."),
            StudyMetric(name="last", title="Last gradient", summary="Norm, in the last layer."),
            StudyMetric(name="largest", title="Largest gradient", summary="Norm, over all layers."),
            StudyMetric(name="smallest", title="Smallest gradient", summary="Norm, over all layers."),
        ),
        when="start",
        x_label="layer",
        y_label="norm of the gradient",
        log_y=True,
        paper="Xiong et al. 2020, section 3, https://arxiv.org/abs/2002.04745",
    ),
)  # fmt: skip
