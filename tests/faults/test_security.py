"""What the program never does, whatever it is given: run code from data, use a shell, fetch what nobody asked for."""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import regtui
from regtui.cli.machine import worker_command
from regtui.cli.parser import parse

PACKAGE = Path(regtui.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

BANNED = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput", "pickle.load",
    "pickle.loads", "marshal.load", "marshal.loads", "shelve.open", "yaml.load", "joblib.load", "torch.jit.load",
    "asyncio.create_subprocess_shell", "tempfile.mktemp", "np.load", "numpy.load", "pandas.read_pickle",
}  # fmt: skip

PICKLING = {"all_gather_object", "gather_object", "scatter_object_list", "broadcast_object_list", "send_object_list",
            "recv_object_list", "load_state_dict_from_url"}  # fmt: skip
"""What sends or reads pickles behind the scenes."""


def name_of(node: ast.expr) -> str:
    """os.path.join for the expression that says so; "" for one that is no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


TREES = {path: ast.parse(path.read_text()) for path in SOURCES}
CALLS = [(path, node) for path, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, ast.Call)]


def keywords(call: ast.Call) -> dict[str | None, str]:
    return {word.arg: ast.unparse(word.value) for word in call.keywords}


def test_no_module_runs_data_or_a_shell() -> None:
    for path, call in CALLS:
        name, given, place = name_of(call.func), keywords(call), f"{path}, line {call.lineno}"
        assert name not in BANNED, f"{place}: {name}"
        assert given.get("shell", "False") == "False", f"{place}: a shell"
        assert given.get("allow_pickle", "False") == "False", f"{place}: pickles"
        assert name.rpartition(".")[2] not in PICKLING, f"{place}: {name}"
        assert name != "torch.load", f"{place}: torch.load"


def test_nothing_imports_what_unpickles() -> None:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found = {name.partition(".")[0] for name in names} & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
            assert not found, f"{path}, line {node.lineno}"


def test_served_to_a_browser_it_listens_to_this_machine_alone_unless_told_otherwise() -> None:
    assert parse(["serve"]).host == "127.0.0.1"


def test_downloads_are_switched_on_by_a_setting_alone() -> None:
    """`download=True` never stands in the code: who asks is the user."""
    assert [f"{path}, line {call.lineno}" for path, call in CALLS if keywords(call).get("download") == "True"] == []


def test_a_checkpoint_of_the_hub_brings_no_code_and_is_read_from_the_disk() -> None:
    loads = [(path, call) for path, call in CALLS if name_of(call.func).endswith(".from_pretrained")]
    assert loads
    for path, call in loads:
        given = keywords(call)
        safe = given.get("trust_remote_code") == "False" and given.get("local_files_only") == "True"
        assert safe, f"{path}, line {call.lineno}"


@pytest.mark.parametrize("text", ["a; b", "a $(touch x) `y`", "a | b > c && d", "a 'b c' \"d e\"", "a *.py ~ $HOME"])
def test_a_worker_command_is_split_as_a_shell_would_and_run_without_one(text: str) -> None:
    words = worker_command(parse(["run", "ladder", "--worker", text]), Path("store"))
    assert words == shlex.split(text)


def test_a_worker_command_reaches_the_program_as_words(tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    code = "import json, sys; json.dump(sys.argv[2:], open(sys.argv[1], 'w')); sys.exit(3)"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {seen} ';' '$(touch {tmp_path}/pwned)' '*' '~'"
    words = [sys.executable, "-m", "regtui", "run", "overfitting/ladder", "--seeds", "1", "--worker", command,
             "--out", str(tmp_path / "store")]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    assert subprocess.run(words, env=env, capture_output=True, timeout=100, check=False).returncode == 1
    assert json.loads(seen.read_text()) == [";", f"$(touch {tmp_path}/pwned)", "*", "~"]
    assert not (tmp_path / "pwned").exists()
