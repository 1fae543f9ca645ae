"""The words of the lesson, each in a sentence or two: what scenarios and settings say and no pane explains."""

from __future__ import annotations

from rich.cells import cell_len

from regtui.ui.text import Line, left, line, wrapped

WORDS: tuple[tuple[str, str], ...] = (
    ("activation", "What a layer gives on after its ReLU or GELU; also that function itself."),
    ("AdamW", "An optimizer (adamw) that divides each weight's mean gradient by the gradient's usual size, so its "
     "first steps are about as large as the learning rate whatever the gradients are. Weight decay is apart, and 0 "
     "unless the stack has it."),
    ("arm, run", "An arm is a stack with its settings, compared with others; a run is one arm with one seed."),
    ("attention", "In a transformer: each word takes a mean over the words it sees, with weights that add up to 1."),
    ("BERT, GPT", "Transformers: in BERT every word sees all others, in GPT only those before it. Those here are "
     "small ones of either kind."),
    ("BN, GN, LN", "BatchNorm, GroupNorm, LayerNorm."),
    ("branch, shortcut", "A residual block adds what its few layers make of its input, the branch, to the input as "
     "it came, the shortcut."),
    ("channel", "One of the maps that a convolution gives; of a fully connected layer one unit, of a text one "
     "feature."),
    ("clean", "As the samples are: eval mode, nothing augmented, nothing mixed."),
    ("CNN, MLP", "A network of convolutions; one of fully connected layers (multi-layer perceptron)."),
    ("constant, cosine, onecycle", "Schedules of the learning rate. constant: always the same. cosine: from its peak "
     "down to nearly 0 along half a cosine. onecycle: straight up to the peak over the first 30 % of the steps "
     "(warm-up), then down along half a cosine."),
    ("diverged", "The loss is no finite number any more; the run ends there, and no verdict counts it."),
    ("drift", "How far the weights have moved from where they began, as a share of their length then."),
    ("eval mode, train mode", "model.eval() and model.train(): flags that tell Dropout and BatchNorm how to act. No "
     "weight changes with them."),
    ("gap", "Clean train accuracy minus test accuracy, in points. It is no aim in itself: who learns nothing has "
     "none."),
    ("initialization", "The first weights, drawn at random; a size of theirs that fits keeps signal and gradients "
     "level from layer to layer."),
    ("interval, 95 %", "Built from the seeds so that in 95 of 100 experiments it holds the mean over all seeds."),
    ("L2 norm", "The length of a list of numbers: the root of the sum of their squares."),
    ("label noise", "Training labels drawn anew by lot; one in ten of them comes out right, with ten classes."),
    ("mask", "Of Dropout: which units are blanked in this step. Of texts: which places hold words, not padding."),
    ("momentum", "Of BatchNorm: the share of the new batch in its running averages, 0.1. Of SGD: the share of the "
     "last step that goes on, 0.9."),
    ("N(0, 1)", "The normal distribution of mean 0 and standard deviation 1: the bell curve."),
    ("nats", "The unit of the loss, by the natural logarithm: guessing among ten classes costs ln 10 = 2.3 of them."),
    ("norm", "A layer that takes the mean out of its values and divides by their deviation (RMSNorm: by their size "
     "alone), then scales and shifts them again. Which values share a mean is what tells norms apart. Also a length: "
     "see L2 norm."),
    ("overfitting", "Learning the training samples by heart instead of what they have in common: the gap opens, and "
     "the test loss may rise."),
    ("padding", "Of texts: places filled up to a common length. Of pictures: zeros around their border."),
    ("paired seeds", "A seed gives all arms of a scenario the same samples, first weights and batches, so what is "
     "left between two arms is what they were made to differ in, and chance in that alone."),
    ("place", "Where an entry of the stack acts. input: on the batch, or the embeddings of words. conv, linear: "
     "behind a layer, before its activation. activation: behind that. norm: where a transformer normalizes. "
     "attention: on its weights. residual: at the end of a branch. block: behind a block or stage. head: before the "
     "last layer."),
    ("points", "Percentage points: from 60 % to 65 % is 5 points."),
    ("pre-LN, post-LN", "A transformer's norms inside its branches, before attention and hidden layer; or on the "
     "shortcut, after each addition."),
    ("regularizer", "What is added to training so that a network does better on samples it has not seen."),
    ("ReLU", "The activation of most networks here: what is below 0 becomes 0. A unit that is 0 for every sample is "
     "dead, since no gradient passes it."),
    ("SGD", "An optimizer (sgd), stochastic gradient descent: steps along the gradient of one batch, here with "
     "momentum."),
    ("steered", "With a setting changed while it trained: shown, but in no verdict, mean or pair."),
    ("study", "A measurement that a scenario asks for beside the curves: i shows its picture, claims speak of its "
     "numbers."),
    ("test, validation", "Test samples: nothing is learned or chosen by them. Validation: held out of the training "
     "samples, to choose settings by."),
    ("transformer", "A network for texts of blocks with attention and a hidden layer, each on a branch."),
    ("underfitting", "Not even the training samples are fitted: too little time, too small a network, too much "
     "regularization, or a rate that does not learn."),
    ("unit", "A single number that a layer gives for a sample."),
    ("warm-up", "A learning rate that begins near 0 and rises over the first steps."),
    ("weight decay, L1, L2", "Ways to hold weights down: shrinking them a little in each step, or a price on their "
     "absolute values (L1) or squares (L2) in the loss."),
)  # fmt: skip
"""In the order of the alphabet; capitals count like small letters."""

COLUMN = 18
"""Cells of a word that stands beside its sentence; a longer one has a row of its own."""


def word_lines(room: int) -> list[Line]:
    """The words in bold, what they mean beside them."""
    rows: list[Line] = []
    for word, meaning in WORDS:
        if cell_len(word) > COLUMN - 2:
            rows.append(line((word, "bold")))
            rows += wrapped(meaning, room, "", line(" " * COLUMN))
        else:
            rows += wrapped(meaning, room, "", line((left(word, COLUMN), "bold")))
    return rows
