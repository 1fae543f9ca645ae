"""What people type who have not read the manual: the error names what they may have meant."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from regtui.cli import main


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("run ladder --arm + dropout", '; a name with spaces is put in quotation marks: --arm "+ dropout"'),
        ("run ladder --set train.lr=1 train.epochs=2", "; each setting needs a --set of its own"),
        ("--seeds 3 run ladder", "; the command comes first: regtui run ..."),
        ("run ladder --frobnicate", "unrecognized arguments: --frobnicate\n"),
        ("run ladder --set lr=1", 'lr: is no setting; did you mean "train.lr"?'),
        ("run ladder --set batch_size=8", 'did you mean "train.batch_size"?'),
        ("run ladder --set p=.2", 'did you mean "dropout.p"?'),
        ("run ladder --set nothing=1", "is no setting; write train.lr, data.train"),
        ("run mine", 'mine: is neither a preset nor a file; did you mean "mine.toml"?'),
        ("doctor --worker '", "--worker: cannot be split into words"),
    ],
)
def test_a_line_that_is_wrong_is_answered_with_what_was_meant(
    line: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").touch()
    try:
        code: object = main(line.split(" "))
    except SystemExit as end:
        code = end.code
    assert code == 2 and says in capsys.readouterr().err


def test_help_may_be_asked_for_in_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    for words, says in ((["help"], "regtui COMMAND --help tells more"), (["help", "run"], "usage: regtui run ")):
        with pytest.raises(SystemExit, match="0"):
            main(words)
        assert says in capsys.readouterr().out


def test_a_preset_is_checked_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "ladder"]) == 0
    assert capsys.readouterr().out.startswith("ladder: ok: ")


def test_what_is_not_installed_is_said_before_anything_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(["sweep", "ladder", "--over", "dropout.p=0:1", "--data", "folder:x", "--out", str(tmp_path / "o")]) == 2
    assert "a sweep needs Optuna: pip install 'regtui[sweep]'" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
