"""Augmentation of texts: words replaced, moved, added, dropped and hidden."""

from __future__ import annotations

from regtui.catalog.records import Param, Regularizer

TEXT_AUGMENTATION = (
    Regularizer(
        name="synonym_replacement",
        title="Synonyms",
        summary="Puts a synonym of WordNet's in the place of a word, for the word's most frequent sense.",
        params=(
            Param(name="p", title="Probability", summary="Share of the words with synonyms (one word in seven).",
                  kind="float", default=0.3, low=0.0, high=1.0, step=0.05, symbol="p", steerable=True),
        ),
        sites=("input",),
        paper="Wei & Zou 2019, https://arxiv.org/abs/1901.11196 (there 0.1 of all words)",
        watch="Words of no training text become known; the senses are not always right.",
        group="augmentation",
        kinds=("text",),
    ),
    Regularizer(
        name="synonym_insertion",
        title="Synonym insertion",
        summary="Puts a synonym of a word of the text at a random place of the text.",
        params=(
            Param(name="p", title="Probability", summary="Share of the words with synonyms that bring one.",
                  kind="float", default=0.3, low=0.0, high=1.0, step=0.05, symbol="p", steerable=True),
        ),
        sites=("input",),
        paper="Wei & Zou 2019, https://arxiv.org/abs/1901.11196 (random insertion)",
        watch="The text gets longer; the order of its words counts less.",
        group="augmentation",
        kinds=("text",),
    ),
    Regularizer(
        name="word_swap",
        title="Word swap",
        summary="Puts random words of a training text into each other's places.",
        params=(
            Param(name="p", title="Probability", summary="Share of the words that move.", kind="float", default=0.1,
                  low=0.0, high=1.0, step=0.05, symbol="p", steerable=True),
        ),
        sites=("input",),
        paper="Wei & Zou 2019, https://arxiv.org/abs/1901.11196 (random swap)",
        watch="A task of single words hardly minds: order carries little here.",
        group="augmentation",
        kinds=("text",),
    ),
    Regularizer(
        name="word_deletion",
        title="Word deletion",
        summary="Drops random words of a training text; at least one stays.",
        params=(
            Param(name="p", title="Probability", summary="Share of the words that go.", kind="float", default=0.1,
                  low=0.0, high=1.0, step=0.05, symbol="p", steerable=True),
        ),
        sites=("input",),
        paper="Wei & Zou 2019, https://arxiv.org/abs/1901.11196 (random deletion)",
        watch="Training batches get harder; no single word decides.",
        group="augmentation",
        kinds=("text",),
    ),
    Regularizer(
        name="token_masking",
        title="Token masking",
        summary="Puts the unknown word in the place of random words of a training text.",
        params=(
            Param(name="p", title="Probability", summary="Share of the words.", kind="float", default=0.15,
                  low=0.0, high=1.0, step=0.05, symbol="p", steerable=True),
        ),
        sites=("input",),
        paper="Devlin et al. 2018, section 3.1, https://arxiv.org/abs/1810.04805",
        watch="The test texts have unknown words too, one in three: the network learns to do without.",
        group="augmentation",
        kinds=("text",),
    ),
)  # fmt: skip
