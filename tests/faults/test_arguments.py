"""What is typed behind --set, --over, --where, --data and --model: taken, or refused in printable sentences."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from regtui.cli import main, own, run
from regtui.cli.parser import parse
from regtui.compare import library, query
from regtui.compare.query import Query, QueryError
from regtui.scenario import Scenario, ScenarioError, load, run_spec
from regtui.scenario.presets import find
from regtui.spec import spec_hash
from regtui.store import Recorder
from regtui.sweep.space import applied, parse_space

IS_FULL = os.environ.get("REGTUI_FAULTS") == "full"
fuzzed = settings(max_examples=6000 if IS_FULL else 60, deadline=None,
                  suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip

PIECES = [
    "=", ":", ",", ".", "..", "@", "@@", " ", "", "nan", "inf", "-inf", "1e999", "1e308", "-1", "0", "00", "5e-324",
    "true", "9" * 20, "9" * 400, "9" * 5000, "-" + "9" * 400, "\x00", "\x1b[2J", "\udcff", "\u202e", "'", '"', "\\",
    "\n", "٣", "½", "1_000", "0x10", "1j", "None", "~", "~x", "/", "../", "$HOME", "*", "!=", "<=", ">", "<", "==",
    "log", ":log", "x" * 3000, "[", "]", "{}", "train.lr", "dropout.p", "dropout@head.p", "model.width", "baseline",
    "data.test_shift.mirror", "seed", "(", ")*", "%s", "{0}",
]  # fmt: skip


def typed(*seeds: str) -> st.SearchStrategy[str]:
    """One of the texts with up to four pieces put in, in the place of some of its characters."""
    change = st.tuples(st.floats(0, 1), st.integers(0, 6), st.sampled_from(PIECES) | st.text(max_size=3))

    def changed(text: str, changes: list[tuple[float, int, str]]) -> str:
        for share, length, piece in changes:
            at = int(share * len(text))
            text = text[:at] + piece + text[at + length :]
        return text

    return st.builds(changed, st.sampled_from(seeds), st.lists(change, max_size=4))


@cache
def ladder() -> Scenario:
    return load(find("overfitting/ladder"))


@pytest.fixture(autouse=True, scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with a class of one picture, a table of two texts and a folder without anything."""
    folder, before = tmp_path_factory.mktemp("here"), Path.cwd()
    (folder / "photos/cats").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "texts.csv").write_text("text,label\ngood,1\nbad,0\n")
    os.chdir(folder)
    yield folder
    os.chdir(before)


def assert_readable(error: ValueError) -> None:
    assert str(error) and all(line.isprintable() for line in str(error).splitlines())


@fuzzed
@given(st.lists(typed("train.lr=1e-3", "dropout.p=.2", "dropout@head.p=0.5", "+ dropout:dropout.p=.3", "model.width=16",
                      "data.train=200", "data.test_shift.mirror=0.5", "train.optimizer=sgd", "train.epochs=2",
                      "train.schedule=constant", "data.label_noise=.1",
                      "baseline:train.lr=2"), max_size=2))  # fmt: skip
@example(["train.lr=" + "9" * 400])
@example(["model.width=" + "9" * 400])
@example(["dropout.p=" + "9" * 400])
def test_settings_are_taken_or_refused(given_settings: list[str]) -> None:
    words = ["run", "ladder", *(f"--set={text}" for text in given_settings)]
    try:
        scenario = run.configured(ladder(), parse(words))
    except ScenarioError as error:
        assert_readable(error)
    else:
        assert all(len(spec_hash(run_spec(scenario.id, arm, 0))) == 12 for arm in scenario.arms)


@fuzzed
@given(st.lists(typed("dropout.p=0:0.7", "train.lr=1e-4:1e-1:log", "train.batch_size=16,32,64",
                      "randaugment.magnitude=0:15", "weight_decay.strength=1e-5:1:log", "train.optimizer=sgd,adamw",
                      "model.width=4:16", "dropout@head.p=0.1,0.5", "mixup.alpha=.1:.5"),
                min_size=1, max_size=3))  # fmt: skip
@example(["train.lr=1:" + "9" * 400])
@example(["train.batch_size=" + "9" * 400 + "," + "9" * 401])
def test_ranges_of_a_search_are_taken_or_refused(ranges: list[str]) -> None:
    try:
        arm, dimensions = parse_space(ranges, ladder().arms[-1])
    except ScenarioError as error:
        assert_readable(error)
    else:
        for dimension in dimensions:
            assert str(dimension).isprintable()
        low = {
            d.key: d.choices[0] if d.kind == "choice" else int(d.low) if d.kind == "int" else d.low for d in dimensions
        }
        try:
            applied(arm, low)
        except ScenarioError as error:
            assert_readable(error)


@cache
def stored() -> list[library.Entry]:
    root = Path("store").resolve()
    recorder = Recorder(root)
    for number, arm in enumerate(ladder().arms):
        recorder.open(f"20260102-03040{number}-aaaaaa", run_spec("overfitting/ladder", arm, number))
    recorder.close()
    return list(library.entries(root))


@fuzzed
@given(typed("arm=dropout lr<=2e-3 seed=0", "ladder seed<3", "dropout.p>.2", 'arm="+ dropout"',
             "train.lr!=1e-3 epochs>=5", "scenario=overfitting", "state=finished gap<10",
             "model=cnn data.train=500"))  # fmt: skip
def test_filters_of_stored_runs_are_taken_or_refused(text: str) -> None:
    entries = stored()
    assert query.completions(text, entries) is not None
    try:
        found = Query(text, query.keys(entries)).of(library.grouped(entries))
    except QueryError as error:
        assert_readable(error)
    else:
        assert sum(len(arm.entries) for arm in found) <= len(entries)


@fuzzed
@given(typed("folder:photos", "text:texts.csv", "folder:empty", "fashion-mnist", "wordnet", "cifar10", "text:",
             "folder:~/x", "folder:/dev/null", "text:/dev/zero", "text:/proc/self/mem",
             "folder:photos/cats"))  # fmt: skip
@example("folder:a\0b")
@example("text:a\0b")
@example("text:" + "x" * 5000)
@example("folder:~\0")
@example("folder:\udcff")
def test_names_of_data_are_taken_or_refused(name: str) -> None:
    try:
        own.chosen(parse(["run", f"--data={name}"]), Path("store"))
    except ScenarioError as error:
        assert_readable(error)


@fuzzed
@given(typed("torchvision:resnet18", "timm:resnet18", "mynet:small", "package.module:factory", "os:system", "cnn"),
       typed("model.width=8", "model.x=abc", "train.lr=1"))  # fmt: skip
def test_names_of_models_reach_a_worker_whole_or_are_refused(
    capsys: pytest.CaptureFixture[str], name: str, setting: str
) -> None:
    asked: list[str] = []

    def ask(_command: list[str], kind: str, _specs: list[object], source: str) -> object:
        asked.append(kind)
        raise ScenarioError(source, [])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own, "ask", ask)
        try:
            own.chosen(parse(["run", f"--model={name}", f"--set={setting}"]), Path("store"))
        except ScenarioError as error:
            assert asked == ["model"] or all(line.isprintable() for line in str(error).splitlines())
    assert all(line.isprintable() for line in capsys.readouterr().err.split("\n"))


@pytest.mark.parametrize("words", [
    ["run", "ladder", "--set", "train.lr=" + "9" * 400], ["run", "ladder", "--set", "\x1b[2J=1"],
    ["run", "ladder", "--arm", "\x1b[2J"], ["run", "ladder", "--epochs", "9" * 5000],
    ["run", "ladder", "--seeds", "٣" * 99], ["run", "\x1b[2J"], ["run", "x" * 5000],
    ["compare", "--where", "\x1b[2J=1"], ["run", "ladder", "--device", "cuda:" + "x" * 5000], ["resume", "\x1b[2J"],
    ["export", "\x1b[2J", "--as", "csv"], ["watch", "\x1b[2J"], ["compare", "\x1b[2J"], ["stop", "\x1b[2J"],
    ["reveal", "\x1b[2J"], ["sweep", "ladder", "--over", "train.lr=1:" + "9" * 400], ["\x1b[2J"],
    ["run", "ladder", "--\x1b[2J"], ["run", "ladder", "--seeds", "\x1b[2J"], ["run", "ladder", "--device", "\x1b[2J"],
    ["check", "\x1b[2J"],
])  # fmt: skip
def test_hostile_words_of_a_command_line_are_wrong_usage(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    try:
        code: object = main(words)
    except SystemExit as leaving:
        code = leaving.code
    said = capsys.readouterr()
    assert code == 2 and said.out == "" and said.err and "Traceback" not in said.err
    assert "\x1b" not in said.err and "\x00" not in said.err
