"""What a process may use of its machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import regtui

FILES = """
import resource, sys, tempfile
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
from regtui.machine import allow_many_files
from regtui.spec import RunSpec
from regtui.store import Recorder, new_run_id
allow_many_files()
recorder = Recorder(Path(tempfile.mkdtemp(dir=sys.argv[1])))
for seed in range(80):
    recorder.open(new_run_id(), RunSpec(scenario="s", arm="a", seed=seed))
print(recorder.warning)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_more_runs_can_wait_than_a_process_may_have_files_at_first(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILES, str(tmp_path)], capture_output=True, text=True, check=True,
                          cwd=Path(regtui.__file__).parent.parent)  # fmt: skip
    assert done.stdout == "\n"
