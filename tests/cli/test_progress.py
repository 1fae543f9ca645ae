"""What `regtui run` says on the way: of all that concerns every run alike one line."""

from __future__ import annotations

import io

import pytest

from regtui.cli.progress import Progress
from regtui.events import Started
from regtui.scenario import find, load
from regtui.session import Session


@pytest.mark.parametrize(("facts", "says"), [
    ({"cut_texts": 12}, "12 of 1,000 training texts have more than 16 words (data.length) and lose the rest\n"),
    ({"is_streamed": True}, "the training pictures do not fit into memory and come from disk, batch by batch\n"),
    ({}, ""),
])  # fmt: skip
def test_what_holds_for_every_run_is_said_once(facts: dict[str, object], says: str) -> None:
    session, told = Session(load(find("dropout/transformer"))), io.StringIO()
    requests = session.request([session.arms[0].name], range(2))
    progress = Progress(session, told)
    for request in requests:
        progress.show(
            Started(
                run=request.run, device="cpu", device_label="", threads=1, precision="fp32", parameters=1,
                total_steps=9, steps_per_epoch=3, train_samples=1000, clean_samples=500, **facts,  # type: ignore[arg-type]
            )
        )  # fmt: skip
    assert told.getvalue() == says
