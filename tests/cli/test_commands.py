"""The commands as a shell sees them: what they print, and their exit codes."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from children import children_of, hear

from regtui.cli import main

ROOT = Path(__file__).parents[2]
STUB = shlex.join([sys.executable, str(ROOT / "tests/runner/stub_worker.py")])
"""A worker without torch, for what does not depend on the training."""
HANGS = 60.0
"""Seconds after which something counts as never happening."""
SEEDS = ("--seeds", "2", "--set", "dropout.p=.9")
Done = subprocess.CompletedProcess[str]
Command = Callable[..., Done]
Raced = tuple[dict[str, str], str, Done]

TINY = """
title = "Tiny"
section = "dropout"
question = "Does it run?"
[base]
data = { train = 100, validation = 50, test = 100 }
train = { epochs = 2, batch_size = 20, evaluations = 2, probes = 2 }
model = { name = "mlp", width = 16, depth = 1 }
[[arms]]
name = "plain"
lesson = { train = 95, test = 60 }
[[arms]]
name = "+ dropout"
add = [{ dropout = { p = 0.5 } }]
[[claims]]
text = "Dropout narrows the gap"
check = { metric = "gap", of = "+ dropout", below = "plain" }
"""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return str(path)


def regtui(*words: str, env: dict[str, str]) -> Done:
    """A command as the shell starts it."""
    command = [sys.executable, "-m", "regtui", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, env=env, cwd="/", check=False)


@pytest.fixture
def here(home: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The same command in this process, which spares it the start of another."""
    monkeypatch.setenv("XDG_DATA_HOME", home["XDG_DATA_HOME"])

    def run(*words: str) -> Done:
        try:
            code = main(words)
        except SystemExit as end:  # argparse's way
            code = int(end.code or 0)
        return subprocess.CompletedProcess(words, code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> Raced:
    """Two arms and two seeds, trained by two workers: environment, scenario and what was printed."""
    folder = tmp_path_factory.mktemp("raced")
    env = {**os.environ, "XDG_DATA_HOME": str(folder / "data"), "PYTHONPATH": str(ROOT)}
    path = folder / "tiny.toml"
    path.write_text(TINY)
    return env, str(path), regtui("run", str(path), *SEEDS, "--workers", "2", "--json", env=env)


def test_scenarios_are_listed_as_one_json_object(here: Command) -> None:
    listed = json.loads(here("scenarios", "--json").stdout)["scenarios"]
    assert listed[0]["name"] == "overfitting/ladder" and listed[0]["arms"][0] == "baseline"
    assert set(listed[0]) == {"name", "section", "title", "question", "arms"}


def test_a_device_that_is_not_there_is_refused_before_any_run_is_made(home: dict[str, str]) -> None:
    done = regtui("run", "ladder", "--device", "cuda:7", "--worker", STUB, env=home)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--device: cuda:7: is not on here; there is cpu" in done.stderr
    assert regtui("runs", env=home).stdout.startswith("no runs in")


def test_a_mistyped_command_is_not_taken_for_a_scenario(here: Command) -> None:
    done = here("exprot")
    assert done.returncode == 2
    assert 'exprot: is neither a command, a preset nor a file; did you mean "regtui export"?' in done.stderr
    assert 'did you mean "ladder"?' in here("laddr").stderr


def test_the_catalog_names_every_parameter_with_its_range(here: Command) -> None:
    shown = here("catalog").stdout
    parsed = json.loads(here("catalog", "--json").stdout)
    for record in parsed["regularizers"]:
        assert record["name"] in shown and all(param["summary"] for param in record["params"])


def test_check_tells_good_from_bad_and_starts_nothing(here: Command, tiny: str, tmp_path: Path) -> None:
    good = here("check", tiny)
    assert good.returncode == 0 and 'Dropout narrows the gap  =  Gap: "+ dropout" below "plain"' in good.stdout
    bad = tmp_path / "bad.toml"
    bad.write_text(TINY.replace("p = 0.5", "p = 5"))
    result = here("check", tiny, str(bad))
    assert result.returncode == 2 and "arms[1].add[0].dropout.p: is 5" in result.stderr and "ok" in result.stdout
    rows = json.loads(here("check", tiny, str(bad), "--json").stdout)["files"]
    assert [row["ok"] for row in rows] == [True, False] and rows[1]["problems"][0]["key"] == "arms[1].add[0].dropout.p"


@pytest.mark.parametrize("words", [
    ("run", "laddder"), ("run", "ladder", "--set", "train.lr"), ("run", "ladder", "--set", "train.lr=0"),
    ("run", "ladder", "--arm", "basline"), ("run", "ladder", "--seeds", "0"), ("run", "ladder", "--device", "tpu"),
    ("run", "ladder", "--set", "nobody:train.lr=1"), ("run", "ladder", "--worker", "'"), ("frobnicate", "x", "y"),
])  # fmt: skip
def test_wrong_usage_is_exit_code_2_with_a_sentence(words: tuple[str, ...], here: Command) -> None:
    result = here(*words)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.strip() and "Traceback" not in result.stderr


def test_an_unknown_option_is_answered_with_the_usage_of_its_command(here: Command) -> None:
    result = here("run", "ladder", "--speed", "9")
    assert result.returncode == 2 and "usage: regtui run" in result.stderr and "--speed 9" in result.stderr


def test_a_directory_that_cannot_be_written_is_refused_before_anything_runs(here: Command, tiny: str) -> None:
    result = here("run", tiny, "--out", f"{tiny}/runs")
    assert result.returncode == 2 and "cannot be written: Not a directory" in result.stderr


def test_a_run_prints_one_object_and_stores_its_runs(
    raced: Raced, here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    env, _, result = raced
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert set(found) >= {"scenario", "device", "arms", "claims"} and (found["device"], found["precision"]) == (
        "cpu",
        "fp32",
    )
    plain, dropped = found["arms"]
    assert (plain["name"], plain["seeds"], len(plain["runs"])) == ("plain", 2, 2)
    assert plain["gap"] == pytest.approx(plain["train_acc"] - plain["test_acc"], abs=0.01)
    assert set(plain["diagnosis"]) == {"verdict", "why", "next", "try"}
    figures = f"{plain['train_acc']:.1f} % train, {plain['test_acc']:.1f} % test, gap {plain['gap']:.1f}"
    assert plain["diagnosis"]["why"].startswith(figures)
    assert "dropout" not in dropped["diagnosis"]["try"]
    low, high = plain["ci95"]["test_acc"]
    assert low <= plain["test_acc"] <= high
    (claim,) = found["claims"]
    assert claim["effect"] == pytest.approx(plain["gap"] - dropped["gap"], abs=0.01)
    monkeypatch.setenv("XDG_DATA_HOME", env["XDG_DATA_HOME"])
    stored = json.loads(here("runs", "--json").stdout)["runs"]
    assert {run["run"] for run in stored} == {*plain["runs"], *dropped["runs"]}
    assert {run["state"] for run in stored} == {"finished"}
    assert {run["settings"]["stack"][0]["params"]["p"] for run in stored if run["arm"] == "+ dropout"} == {0.9}


def test_the_table_has_the_lessons_figures_and_one_seed_gives_no_interval(here: Command, tiny: str) -> None:
    result = here("run", tiny, "--seeds", "1", "--epochs", "1", "--arm", "plain", "--worker", STUB)
    assert result.returncode == 0 and "95/60" in result.stdout and "±" not in result.stdout
    assert "plain: " in result.stdout and "gap" in result.stdout.split("plain: ")[1], "the verdict on the arm"
    assert "plain  seed 0  finished" in result.stderr and "+ dropout  seed" not in result.stderr


def test_the_same_seed_gives_the_same_figures_whatever_else_runs(raced: Raced, home: dict[str, str]) -> None:
    _, tiny, first = raced
    alone = regtui("run", tiny, *SEEDS, "--arm", "+ dropout", "--workers", "1", "--json", env=home)
    (arm,) = json.loads(alone.stdout)["arms"]
    (before,) = [row for row in json.loads(first.stdout)["arms"] if row["name"] == "+ dropout"]
    figures = ("train_acc", "test_acc", "gap", "ci95")
    assert [arm[name] for name in figures] == [before[name] for name in figures]
    assert json.loads(alone.stdout)["claims"] == [], "a claim about an arm that was not run is left out"


def test_a_worker_that_is_no_worker_is_exit_code_1(here: Command, tiny: str) -> None:
    result = here("run", tiny, "--seeds", "1", "--worker", "/bin/false")
    assert result.returncode == 1 and "The worker ended with status 1" in result.stderr


def test_interrupted_is_130_and_leaves_no_worker(home: dict[str, str], tmp_path: Path) -> None:
    endless = tmp_path / "endless.toml"
    endless.write_text(TINY.replace('name = "plain"', 'name = "begins"').replace('below = "plain"', 'below = "begins"'))
    command = [sys.executable, "-m", "regtui", "run", str(endless), "--arm", "begins", "--seeds", "1"]
    words = [*command, "--worker", STUB, "--workers", "1"]

    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(words, env=home, cwd="/", preexec_fn=hear, **pipes)
    runs, deadline = tmp_path / "data" / "regtui" / "runs", time.monotonic() + HANGS
    while not any(path.stat().st_size for path in runs.glob("*/events.jsonl")):
        assert time.monotonic() < deadline, "no event"
        time.sleep(0.05)
    workers = children_of(process.pid)
    assert workers
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=HANGS) == 130
    deadline = time.monotonic() + HANGS
    while any(Path(f"/proc/{pid}").exists() for pid in workers):  # until the system has cleared them away
        assert time.monotonic() < deadline, "a worker is left"
        time.sleep(0.05)
    process.communicate()


def test_an_interrupt_is_heard_while_no_worker_answers(home: dict[str, str], tiny: str) -> None:
    silent = shlex.join([sys.executable, "-c", "import time; time.sleep(600)"])
    process = subprocess.Popen(
        [sys.executable, "-m", "regtui", "run", tiny, "--worker", silent, "--device", "cuda"],
        env=home, cwd="/", preexec_fn=hear, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + HANGS
    while not children_of(process.pid):
        assert time.monotonic() < deadline, "no worker"
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=HANGS)
    assert (process.returncode, out) == (130, "") and said.endswith("regtui: interrupted before any run began\n")


def test_streams_that_a_shell_has_closed_lead_nowhere(home: dict[str, str]) -> None:
    line = shlex.join([sys.executable, "-m", "regtui", "runs"])
    assert subprocess.run(["/bin/sh", "-c", f"{line} <&- >&- 2>&-"], env=home, cwd="/", check=False).returncode == 0


def test_the_doctor_examines_a_real_worker(home: dict[str, str]) -> None:
    result = regtui("doctor", "--json", env=home)
    found = json.loads(result.stdout)
    topics = {finding["topic"]: finding for finding in found["findings"]}
    assert found["ok"] and "torch" in topics["worker"]["found"] and topics["data"]["state"] == "ok"


def test_the_doctor_says_what_to_do_about_a_worker_that_fails(here: Command) -> None:
    result = here("doctor", "--worker", "/bin/false", "--json")
    (worker,) = [row for row in json.loads(result.stdout)["findings"] if row["topic"] == "worker"]
    assert result.returncode == 1 and worker["state"] == "fault" and "by hand" in worker["advice"]
