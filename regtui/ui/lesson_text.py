"""The words of the lesson's page: goals, what to know before, what it touches, and its questions for reflection."""

from __future__ import annotations

from dataclasses import dataclass

ABOUT = (
    "A network that scores 95 % on its training set may score 60 % on pictures it has not seen. This lesson is about "
    "that gap and about Dropout, BatchNorm, LayerNorm and augmentation: what each of them does about it, and what else "
    "it is for. Everything it says can be run here: predict, press space, look. The help (?) ends with a list of words "
    "(G leads there)."
)

GOALS = (
    "Tell overfitting from learning: read the gap and the test loss, not train accuracy alone.",
    "Say what Dropout does while training, what it does in evaluation, and why the scale fits in both.",
    "Explain what BatchNorm normalizes with in training and in evaluation, and when the two come apart.",
    "Choose between BatchNorm and LayerNorm by architecture, batch size and length of the input.",
    "Choose augmentations that keep the label, and know why they belong to training alone.",
    "Put the techniques together, and measure with paired seeds whether the combination was worth it.",
)

BEFORE = (
    "Training a network by gradient descent: loss, batch, epoch, learning rate.",
    "The split into training, validation and test set, and what each is for.",
    "Convolutions and fully connected layers; for the parts on text, roughly what a transformer does.",
    "Mean, variance and standard deviation.",
)

RELATED = (
    ("Optimizers", "the step that regularization bends; decay and the learning rate act together"),
    ("CNNs", "the networks of most scenarios: BatchNorm after each convolution, Dropout on feature maps"),
    ("Transformers", "where LayerNorm stands in every block, before the branch or after the addition"),
    ("L1 and L2", "the older way to keep a network simple: a price on large weights"),
    ("Bagging", "averaging many models; Dropout trains many thinned networks with shared weights"),
    (
        "The normal distribution",
        "a norm layer gives its values mean 0 and variance 1, before its own scale; not the shape of the bell",
    ),
    ("Sampling", "a batch mean is an estimate, with an error that shrinks with the square root of the batch"),
)
"""Title, and what the related lesson has to do with this one."""

SECTIONS = {
    "overfitting": "What the gap is, how far plain training lets it open, when to stop, and what more data do.",
    "dropout": "Switching values off by chance: how many, which, and in which networks.",
    "batchnorm": "Normalizing over the batch: depth, learning rate, running statistics, batch size.",
    "layernorm": "Normalizing within one example: text, and the place of the norm.",
    "augmentation": "More views of the same data, as long as they keep the label.",
    "recipes": "Techniques together, as one would use them on a model of one's own.",
    "review": "The questions of all sections (z here), and the three questions for reflection below.",
}
"""One sentence a section."""


@dataclass(frozen=True, slots=True)
class Reflection:
    """A question for reflection, how to go about it, and the scenarios whose experiment answers it."""

    question: str
    look: str
    scenarios: tuple[str, ...]


REFLECTIONS = (
    Reflection(
        "BatchNorm is in the network. When can Dropout go?",
        "When taking it out costs no test accuracy over several seeds. BatchNorm's own noise regularizes, less so the "
        "larger the batch; Dropout in front of a BatchNorm can do harm. Compare BatchNorm alone with BatchNorm and "
        "Dropout behind it, with few and with many samples, then see how the batch size changes the noise.",
        ("review/dropout-with-bn", "batchnorm/with-dropout", "batchnorm/batch-size"),
    ),
    Reflection(
        "Pre-LN or post-LN: which one in practice?",
        "Ask which of the two still trains when the learning rate is high and nobody tuned the warm-up, and whether "
        "the other one gives anything back once it is tuned. Compare both at a low and at a high rate, and post-LN "
        "with warm-up.",
        ("review/pre-or-post-deep", "layernorm/pre-or-post", "layernorm/warm-up"),
    ),
    Reflection(
        "How strong should augmentation be, without a search by hand?",
        "Too weak changes nothing, too strong hides what the label is about. A method that draws its strength anew "
        "for each picture has no magnitude to tune: compare it with the best magnitude, and check which changes keep "
        "the label in the first place.",
        ("review/without-search", "augmentation/how-strong", "augmentation/label-preserving"),
    ),
)
