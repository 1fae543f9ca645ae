"""What the shell offers after a tab."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from regtui.cli import main
from regtui.cli.completion import SCRIPTS, candidates
from regtui.cli.parser import COMMANDS
from regtui.scenario import preset_files
from regtui.scenario.presets import ORDER, preset_id
from regtui.spec import RunSpec
from regtui.store import Recorder

ROOT = Path(__file__).parents[2]


def values(*words: str) -> list[str]:
    return [value for value, _ in candidates(list(words))]


def test_the_first_word_may_be_a_command_an_option_or_a_scenario() -> None:
    found = values("")
    assert set(COMMANDS) <= set(found) and {preset_id(path) for path in preset_files()} <= set(found)
    assert values("ru") == ["run", "runs"] and values("--v") == ["--version"]
    assert "--device" in values("--d") or "--device" in values("explore", "--d")


def test_each_command_offers_its_own_options_and_none_that_are_hidden() -> None:
    assert values("run", "--de") == ["--device", "--detach"] and values("run", "--an") == []
    assert values("stop", "--") == ["--help", "--all", "--out"]


def test_scenarios_arms_formats_and_devices_are_offered_where_they_stand() -> None:
    assert values("run", "overfitting/la") == ["overfitting/ladder"] and values("overfitting/la") == [
        "overfitting/ladder"
    ]
    assert values("run", "ladder", "--arm", "") == ["baseline", "+ dropout", "+ BatchNorm", "+ augment"]
    assert values("run", "ladder", "") == [], "it takes one scenario"
    assert "html" in values("export", "x", "--as", "") and values("run", "--device", "c") == ["cpu", "cuda"]
    assert values("completion", "") == ["bash", "zsh", "fish"]


def test_stored_runs_and_their_scenarios_are_offered_also_after_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    recorder = Recorder(tmp_path / "regtui" / "runs")
    recorder.open("20260102-030405-abcdef", RunSpec(scenario="own/x", arm="a", seed=0))
    recorder.close()
    for command in ("compare", "watch"):
        assert values(command, "own") == ["own/x"] and values(command, "") == ["own/x", "20260102-030405-abcdef"]
        assert values(command, "overf") == [], "none of its runs is stored"
    assert values("export", "own") == ["own/x"] == values("reveal", "own")
    assert values("resume", "own") == [], "which takes ids alone"
    assert values("export", "2026") == ["20260102-030405-abcdef"] == values("stop", "one", "20")


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_command_prints_the_lines_of_a_shell_and_what_they_ask_for(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    assert f"regtui completion {shell} --" in capsys.readouterr().out
    assert main(["completion", shell, "--", "run", "ladder", "--arm", "+ d"]) == 0
    assert capsys.readouterr().out.strip() == ("'+ dropout'" if shell == "bash" else "+ dropout")
    assert main(["completion", shell, "--", "run", "--see"]) == 0
    assert "--seeds" in capsys.readouterr().out


ASKS = {
    "bash": 'eval "$(regtui completion bash)"; COMP_WORDS=(regtui run overf); COMP_CWORD=2; _regtui; '
    'printf "%s\\n" "${COMPREPLY[@]}"',
    "zsh": 'compdef() {}; _describe() { print -l "${found[@]}" }; words=(regtui run overf); CURRENT=3; '
    'eval "$(regtui completion zsh)"; _regtui',
    "fish": "regtui completion fish | source; complete -C 'regtui run overf'",
}


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_real_shell_completes_scenarios(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "regtui").write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m regtui "$@"\n')
    (tmp_path / "regtui").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
    command = [str(shutil.which(shell)), "-c", ASKS[shell]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    names = sorted(line.partition("\t")[0].partition(":")[0] for line in done.stdout.split("\n") if line)
    assert names == sorted(f"overfitting/{name}" for name in ORDER["overfitting"]), done.stderr
