"""What each pane shows: what it is, its unit, where it comes from. The help screen is made from this."""

from __future__ import annotations

GLOSSARY: dict[str, tuple[str, tuple[str, ...]]] = {
    "stack": (
        "Stack",
        (
            "What the selected arm trains with. On top the data, how the test pictures are shifted, the model and how "
            "it is trained; below the regularizers: ■ on, in the order in which they act, □ off.",
            "Changing an arm of the scenario makes a copy of your own, so that yours always races against the "
            "scenario's. A number of your own arm that can be steered (p, strength, lr, ...) changes while it trains: "
            "a line in the charts marks the step, and the run is left out of the verdicts. Everything else starts "
            "the arm again.",
        ),
    ),
    "arms": (
        "Arms",
        (
            "One row an arm, its sign and hue the same everywhere. train/test: accuracy in percent at the latest "
            "evaluation, mean over the finished seeds (over all while none is); train is clean (fixed part of the "
            "training set, eval mode, not augmented). "
            "gap: train minus test, percentage points. ±: half the width of the gap's 95 % interval over "
            "finished seeds. lesson: what the lesson says.",
            "With data of your own val stands for test: validation, until R reveals the test part of all finished "
            "runs. Choose by validation, and look at test once; the time of the look is recorded.",
            "~ before the gap: steered while it trained, so there is no ± and no part in the verdicts; steered seeds "
            "are never averaged with others, and unsteered ones are shown first. In the charts a steered seed beside "
            "others is a dotted curve of its own, ~ before its name.",
            "The second column: · waiting, ▁ to █ how far, ✔ done, ! went wrong (figures beside it are those measured "
            "before). Under label noise train counts the labels trained on, redrawn ones included; the lesson shows "
            "the accuracy against the true ones.",
        ),
    ),
    "accuracy": (
        "Accuracy and gap",
        (
            "Percent over epochs, measured at the evaluation points in eval mode. Solid with the arm's sign: test. "
            "Dashed and dim in the same hue: clean train accuracy, in a low chart that of the selected arm alone. The "
            "shaded area is the gap of the selected arm, which lies on top; for other arms with several seeds it is, "
            "fainter, the lowest to the highest seed.",
            "With several seeds a curve is the mean over those that got that far; the gap in the title is that of the "
            "arm's row. Of a run with more than 500 evaluations neighbours are drawn together as their mean, here and "
            "in the loss; shade keeps their lowest and highest, and the last one stands alone.",
            "G puts the previous run of the selected arm (same seed, from this session or from the run store) dotted "
            "behind its curve, in the loss too.",
        ),
    ),
    "loss": (
        "Loss",
        (
            "Cross-entropy in nats over epochs; ln 10 = 2.3 is guessing among ten classes. Solid with the arm's sign: "
            "test set at the evaluation points. Dim: training batches as the model saw them (dropout on, augmented), "
            "the exact mean of each sixtieth of a single run, that of the first seed.",
            "Test loss that turns upwards while the batch loss falls is overfitting.",
        ),
    ),
    "norms": (
        "BatchNorm running statistics",
        (
            "One norm layer of the selected arm's first seed, mean over its first 16 channels, at the probe steps. "
            "batch: the mean or variance of the present training batch, which training normalizes with (the variance "
            "unbiased here, as the running average takes it in). running: the running average, which evaluation "
            "normalizes with. whole set, ○: the truth over the clean training subset, at the evaluation points.",
            "b lays all of it open, channel by channel. l shows the next layer, v switches between variance and mean. "
            "Where no arm has a norm, the gradients or activations of the layers stand here instead.",
        ),
    ),
    "inside": (
        "Inside the network",
        (
            "i shows the next look. First the studies of the scenario, where it has any: measurements of the network "
            "as it begins or as it ends, of the first seed that all arms share; `regtui catalog` explains each of "
            "their numbers. Dashed: what the selected arm is compared with.",
            "Then numbers of each layer on one training batch, at the latest probe step. Activations: standard "
            "deviation of the layer's output before its norm and activation, over batch, channels and pixels. Dead "
            "units: percent that are 0 after the activation for all of the batch. Gradients and weights: L2 norm of "
            "the layer's weight. Drift: the distance of the weight from where it began (pretrained weights: from "
            "those), in percent of its length then. The axis is logarithmic where values differ by more than fifty "
            "times.",
            "A curve that falls from layer to layer is a signal that fades, one that climbs is one that grows. "
            "Where every layer changes it by the same factor, enough of them make it vanish or explode.",
            "l, L or a click on a layer picks it: the same numbers over the epochs, a curve an arm, dashed the mean of "
            "the activations; its norm stands in the BatchNorm chart. escape or a click brings all layers back.",
            "Histogram, the last look: the values that enter the activation of the picked or the first layer, after "
            "its norm, in the selected arm. The bars are their density at the latest probe step, the line is N(0, 1). "
            "Outer bars hold what lies beyond ±4, too; the title tells how much from 2 % on.",
            "Trouble is told in the lesson and marked in the picked layer's charts: half of a layer's units dead at "
            "two probes in a row, a gradient a hundred times as long as its weight, or one ten thousand times shorter, "
            "relative to the weight, than that of another layer.",
        ),
    ),
    "augment": (
        "Augmentation made visible",
        (
            "The first training samples of the selected arm, and below each what the network gets in its place, made "
            "by the arm's own entries in the worker. While a run of the arm trains, that run answers, with the numbers "
            "and the epoch it is at; else the settings do, without training. The draws are the preview's own, so a run "
            "trains on as if nobody had looked. Pictures are pixels before standardizing, two a cell or scaled down.",
            "The bar is the target, the shares of the classes that the network is to predict: of the sample's own "
            "class and, under MixUp and CutMix, of the partner's. λ: how much of the sample itself is left. "
            "Label smoothing gives a little to all classes.",
            "Texts: was→now replaced by a synonym, » moved, + inserted, − deleted, ?word? masked: the network reads "
            "the unknown word there.",
            "← → change the marked number with the same draws, space draws others.",
            "Kitty, Ghostty, WezTerm, foot, Konsole and others show real pixels with the extra `images` installed; "
            "REGTUI_IMAGES=kitty, sixel or blocks says what the terminal does not.",
        ),
    ),
    "modes": (
        "train() against eval()",
        (
            "The first 64 training samples, unaugmented, through the same weights in both modes, in the worker: the "
            "trained weights (not averaged ones) of the run that trains, else those that a run of the arm has kept, "
            "else those that it begins with. A run trains on as if nobody had looked.",
            "train(): Dropout blanks units, BatchNorm normalizes with the batch. eval(): nothing is blanked, BatchNorm "
            "takes its running averages. The weights do not change at the switch. sure of: the probability that "
            "the network gives to the sample's own class; ✔ where it is the most probable one. mean ± std: of what "
            "a layer puts out, before norm, Dropout and activation, over samples, channels and pixels. "
            "Dropout blanks: percent of the units that were not 0.",
            "BatchNorm by: the mean and deviation that each BatchNorm normalizes with, of this batch in train(), the "
            "running ones in eval(), averaged over its channels; apart: root mean square over the channels of the "
            "difference of the means, in running deviations.",
            "T switches the run itself: it trains on in eval() from the next step, with Dropout off and with the "
            "running statistics, which are then no longer updated; T again switches back. A line in the charts marks "
            "the step, and the run counts as steered: no part in the verdicts.",
        ),
    ),
    "truth": (
        "BatchNorm laid open",
        (
            "running: what the layer remembers and evaluation normalizes with. batch: a training batch as the arm "
            "makes it, augmented, with Dropout on; training normalizes with its biased variance (divided by n), the "
            "running average takes in the unbiased one (divided by n - 1). truth: all values that enter the layer "
            "over the clean training samples, two passes over each batch, merged without loss (Chan et al.), while "
            "every BatchNorm before it normalizes with its batch as in training and Dropout is off.",
            "mean: root mean square over the channels of the distance of the means, in true deviations σ. var: "
            "geometric mean of the ratio of the variances, ×1 is the truth. channel ±: how far the variance of a "
            "single channel typically is off. All channels count; the table below has the first 16 of one layer.",
            "Running statistics are apart from the truth for three reasons: they forget, so that a few noisy batches "
            "make them; they are of earlier weights, 1/m steps behind on average (m: momentum); and training batches "
            "are augmented and pass Dropout, which widens what comes after it.",
            "c recalibrates a copy: statistics reset, then measured on the clean training samples in equal batches "
            "with only the BatchNorms in train mode (Dropout would inflate the variance), and shows the test accuracy "
            "of the trained weights before and after. The run keeps its own. The truth is asked for again when the "
            "run has been evaluated.",
        ),
    ),
    "subnetworks": (
        "Sub-networks",
        (
            "Dropout trains many networks that share their weights. 32 of them, drawn by its masks (stochastic depth "
            "and DropBlock count, too; norms stay in eval mode), each guess the first 200 test samples: the bars show "
            "how many have which accuracy. mean of T: accuracy of the mean of the probabilities of T of them, averaged "
            "over all separate groups of T. eval(): the whole network with no unit blanked, one pass that stands for "
            "the vote of all. Of a bag its members vote.",
            "While a run trains they are drawn anew, with the same masks, when it has been evaluated, every two "
            "seconds at most; the run waits meanwhile. The table keeps the course. Test samples are few here: 0.5 "
            "points are one sample.",
        ),
    ),
    "compare-chart": (
        "Stored runs, overlaid",
        (
            "A curve an arm: the mean over its seeds, shaded from the lowest to the highest seed. Steered runs are "
            "drawn only where an arm has no others. m changes the metric, x what it is drawn over: epochs, steps, or "
            "seconds of training (pauses and evaluations excluded; seeds meet at equal steps).",
            "s smooths with an exponential average that is free of the bias of its beginning and skips what is not "
            "finite; what was measured stays dim behind. The y axis shows what was measured in the second half of the "
            "training, so that curves which end close together come apart; y shows all of it, then a logarithmic "
            "axis. ← → put the cursor on a measured point: the last column of "
            "the rows has each arm's value there as it was measured, or the last one before.",
        ),
    ),
    "compare-arms": (
        "Stored arms",
        (
            "Runs of one arm with the same settings are one row; equal names with other settings have a number. "
            "seeds: finished runs that count, of those there are; ~ some were steered. Figures are those after the "
            "last step, ± half the 95 % interval over seeds. best: the highest of each run's evaluations, chosen "
            "afterwards, so better than it would be again. Runs on data of your own measure validation on their way: "
            "beside test figures, which they lack until R or `regtui reveal`, their best stands as val.",
            "paired: this arm minus the reference (the first picked one of its scenario; b takes another), over the "
            "seeds that both have, with its interval. Within a scenario equal seeds mean equal initial weights and "
            "batches. Steered, diverged and unfinished runs are in no figure and in no pair; of two runs of one seed "
            "the later counts.",
            "The filter (/) takes words and key=value, also with != < <= > >=: arm=dropout lr<=2e-3 seed=0. Every "
            "setting is a key (train.lr, or lr for short); tab completes keys and values that the stored runs have.",
        ),
    ),
    "compare-settings": (
        "Only what differs",
        (
            "The settings that are not the same in all picked arms, a column an arm. –: the arm has no such setting. "
            "A regularizer that some arms lack, and that is alike in the others, is one row: on.",
        ),
    ),
    "sweep-trials": (
        "Sweep",
        (
            "A trial trains the arm with other values of the searched settings and is judged by its validation "
            "accuracy after the last step, in percent, the mean over its seeds; those under way have the latest one. "
            "The test split is looked at once, at the end: the winner against the unswept arm, with paired seeds that "
            "the search has not seen.",
            "● complete, ○ given up on the way with the value it had then, ★ the best. Best so far: over trials in "
            "the order in which they ended. A slice has validation accuracy against one setting, whatever the others "
            "were; logarithmic where the search is.",
            "matters: the setting's share in what tells good trials from others (PED-ANOVA, Watanabe et al. 2023), "
            "from four complete trials on. interrupted: its process ended; a later trial has its values.",
            "The sweep is a process of its own and goes on when this screen or the explorer is closed; x stops it, "
            "as does `regtui stop` with its folder. The same search begins where it was left.",
        ),
    ),
    "record": (
        "On record",
        (
            "Stored runs in the explorer's own charts, as of the epoch at which the cursor stands: nothing that was "
            "measured later is shown. ← → by one evaluation, space plays, a click on the bar puts the cursor there; "
            "╎ on the bar: a setting was changed while it trained. At the end it follows what comes.",
            "live: the log grows, or the process that writes it is there. silent: it is there, or may be, but has said "
            "nothing for a while. crashed: the process on record is gone, or nothing was heard for ten minutes of a "
            "writer that cannot be asked.",
            "Below: each run of the marked arm with the seconds it trained and its state at the cursor, what was "
            "steered, and the settings in which the arms differ.",
        ),
    ),
    "lesson": (
        "Lesson",
        (
            "The question, what the runs show now, and the verdict of each claim of the lesson: ✔ confirmed when the "
            "95 % interval of the effect over paired seeds lies all on the claim's side, ✘ refuted when all on the "
            "other, … not shown else, with the number of seeds that would decide it if mean and spread stayed as they "
            "are: they are estimates, so at that number the odds are about even. A claim may ask for a threshold; g "
            "shows what exactly it asks.",
            "Effects are positive on the claim's side, in percentage points (losses: nats). Paired: the same seed "
            "gives every arm the same initialization and the same batches. ± is half the interval, where "
            "there is no room for both of its ends. Refuted is a result, too.",
            "The interval (Student's t) says how far the mean effect may be from what all seeds would give, each with "
            "other initial weights, batches and training samples; the test samples are the same for all of them. Of "
            "claims whose effect is just at the threshold one in twenty is decided all the same, by chance; one in "
            "eight if you look after each of five seeds and stop at the first verdict. So choose the number first (M).",
            "Behind the sign of the selected arm, once a seed has ended: what is the matter with it. Its error is the "
            "gap plus what it missed of the training set: overfitting where the gap is the larger part (5 points of it "
            "count as much as 10 missed) or the held-out loss rises, underfitting where the other is, both where they "
            "are nearly alike, fine where both are smaller than that; then entries to try that it does not have. "
            "Inside: trouble in its layers (i).",
            "you yes, you no: what you predicted (g, before the first run); once the claim is decided, you ✔ where you "
            "were right and you ✘ where not. The best arm is the one with the highest mean test accuracy over the "
            "seeds that all arms of the scenario share; its lead is that over the arm you said, or else over the one "
            "that it beats least surely, and too close to call where its paired 95 % interval includes 0.",
            "With data or a model of your own it first tells what they are and what a run takes: time and memory "
            "from some real steps of the first arm, without the writing of checkpoints and with nothing beside it.",
        ),
    ),
}  # fmt: skip
"""By the id of the pane: title and paragraphs."""
