"""What `regtui serve` has each page run."""

from __future__ import annotations

import shlex

from regtui.cli.parser import parse
from regtui.cli.serve import explorer


def test_a_page_explores_with_every_option_of_the_server() -> None:
    line = (
        "ladder --device cpu --threads 2 --precision bf16 --workers 3 --worker 'ssh there regtui worker' "
        "--data 'folder:my photos' --data-root /d --download --model net:small --set model.width=8 --set data.size=96"
    )
    before = vars(parse(["explore", *shlex.split(line)]))
    words = shlex.split(explorer(parse(["serve", *shlex.split(line)])))
    page = vars(parse(words[words.index("explore") :]))
    none = vars(parse(["explore"]))
    options = set(before) - {"words", "parser", "function"}
    assert {key: page[key] for key in options} == {key: before[key] for key in options}
    assert all(before[key] != none[key] for key in options), "an option is not tried here"
