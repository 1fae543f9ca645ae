"""Another process may ask the explorer to end a run: `regtui stop`."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtui.store import Recorder, writer
from regtui.store.writer import ask_to_stop


async def test_a_run_that_others_ask_to_end_ends_and_the_rest_goes_on(
    explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LISTEN", 0.01)
    async with explore(recorder=Recorder(tmp_path)) as user:
        await user.press("space")
        user.runner.play(3)
        session = user.app.view.session
        ask_to_stop(tmp_path / session.of_arm("baseline")[0].run)
        await user.until(lambda: session.of_arm("baseline")[0].state == "stopped")
        assert session.of_arm("+ dropout")[0].state == "waiting"
