"""A plain PyTorch script repeats the numbers of the run that it was exported from, and imports nothing of ours."""

from __future__ import annotations

import ast
import contextlib
import io
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from regtui.catalog import MODELS, REGULARIZERS
from regtui.commands import RunRequest
from regtui.engine import loop
from regtui.engine.control import Control
from regtui.events import Marker, Measured
from regtui.export.errors import ExportError
from regtui.export.script import write_script
from regtui.export.stored import StoredRun, read
from regtui.spec import DataSpec, ModelSpec, RunSpec, Scalar, Shift, StackEntry, TrainSpec
from regtui.store import Recorder, new_run_id

SHIFT = Shift(mirror=0.5, degrees=4.0, translate=0.04)
SMALL = DataSpec(train=80, validation=30, test=60, test_shift=SHIFT)
SHORT = TrainSpec(epochs=3, batch_size=16, evaluations=3, probes=2, lr=8e-3, evaluation_batch=40)
MLP = ModelSpec(name="mlp", params={"width": 16, "depth": 2})


def entry(name: str, where: str | None = None, **params: Scalar) -> StackEntry:
    """A stack entry with the catalog's defaults; its first site in a cnn unless another is named."""
    record = REGULARIZERS[name]
    sites = [site for site in record.sites if site in MODELS["cnn"].sites]
    place = where if where is not None else (sites[0] if record.sites else "")
    return StackEntry(name=name, where=place, params={p.name: p.default for p in record.params} | params)


def tiny(*stack: StackEntry, model: ModelSpec | None = None, data: DataSpec = SMALL, **train: Scalar) -> RunSpec:
    """The spec of a run of 15 steps."""
    return RunSpec(
        scenario="overfitting/ladder", arm="+ x", seed=3, data=data, stack=stack,
        model=model or ModelSpec(name="cnn", params={"width": 2}), train=msgspec.structs.replace(SHORT, **train),
    )  # fmt: skip


def trained(spec: RunSpec, root: Path) -> StoredRun:
    """Train in this process and store the run."""
    run, recorder = new_run_id(), Recorder(root)
    recorder.open(run, spec)
    loop.train(RunRequest(run=run, spec=spec), recorder.append, Control(), None)
    recorder.close()
    return read(root / run)


def figures(line: str) -> dict[str, Measured]:
    """What a line of the script says: `step 15  train 0.5 80.0  test 0.6 75.0`."""
    words = [part.split() for part in line.split("  ")[1:]]
    return {split: Measured(loss=float(loss), accuracy=float(accuracy)) for split, loss, accuracy in words}


def measured(stored: StoredRun) -> list[dict[str, Measured]]:
    """The same of the run's own evaluations."""
    rows = [{"train": e.train, "validation": e.validation, "test": e.test} for e in stored.history.evaluations]
    return [{split: found for split, found in row.items() if found is not None} for row in rows]


def test_the_last_arm_of_the_ladder_runs_alone_and_repeats_its_numbers(
    tmp_path: Path, ladder: Callable[[str, int], RunSpec]
) -> None:
    full = ladder("+ augment", 1)
    train = msgspec.structs.replace(full.train, epochs=6, evaluations=2, batch_size=20)
    small = msgspec.structs.replace(full.data, train=80, validation=30, test=60)
    stored = trained(msgspec.structs.replace(full, train=train, data=small), tmp_path / "runs")
    assert stored.history.step == 24
    write_script(stored, tmp_path / "script")
    command = [sys.executable, "-I", str(tmp_path / "script" / "train.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert [figures(line) for line in done.stdout.splitlines()] == measured(stored)


RUNS = {
    "nothing at all": tiny(data=DataSpec(train=80, validation=0, test=60), optimizer="sgd", schedule="cosine"),
    "decay and clipping": tiny(
        entry("weight_decay", strength=0.3), entry("gradient_clipping", limit=0.5), schedule="constant", batch_size=13
    ),
    "whole pixels": tiny(entry("crop"), entry("flip", p=0.3), entry("vertical_flip")),
    "mixed between motions": tiny(
        entry("rotation", degrees=11.0), entry("mixup"), entry("crop"), entry("label_smoothing", epsilon=0.13),
        data=DataSpec(train=80, validation=30, test=60, label_noise=0.2),
    ),
    "an mlp": tiny(
        entry("batchnorm", "linear", momentum=0.03), entry("dropout", "input", p=0.17),
        entry("dropout", "activation", p=0.4), entry("dropout", "head", p=0.61), entry("batchnorm", "activation"),
        model=MLP,
    ),
    "every place": tiny(
        entry("batchnorm", "input", eps=1e-3), entry("dropout", "activation"), entry("label_smoothing"),
        entry("batchnorm", "block", statistics="batch"), entry("batchnorm", "head"), entry("mixup", p=0.5, alpha=0.7),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_the_script_repeats_every_evaluation_bit_for_bit(name: str, tmp_path: Path) -> None:
    stored = trained(RUNS[name], tmp_path / "runs")
    write_script(stored, tmp_path / "script")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        runpy.run_path(str(tmp_path / "script" / "train.py"), run_name="__main__")
    assert [figures(line) for line in out.getvalue().splitlines()] == measured(stored)


def test_the_script_is_one_readable_page_of_torch(tmp_path: Path, store: Callable[..., StoredRun]) -> None:
    write_script(store("+ augment"), tmp_path / "script")
    text = (tmp_path / "script" / "train.py").read_text()
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    roots = {(getattr(node, "module", None) or node.names[0].name).partition(".")[0] for node in imports}
    assert roots == {"torch", "hashlib", "json", "math", "pathlib"}
    assert len(text.splitlines()) < 260 and max(map(len, text.splitlines())) <= 120


def test_the_data_are_safetensors_that_the_library_reads(tmp_path: Path, store: Callable[..., StoredRun]) -> None:
    from safetensors.torch import load_file

    from regtui.engine.datasets import fashion_mnist

    write_script(store(), tmp_path / "script")
    tensors, source = load_file(tmp_path / "script" / "data.safetensors"), fashion_mnist()
    assert tensors["train_images"].equal(source.train) and tensors["test_images"].equal(source.test)
    assert tensors["test_labels"].long().equal(source.test_labels)


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        (tiny(entry("cutmix"), entry("dropout"), entry("ema")), ("cutmix@input", "ema")),
        (tiny(model=ModelSpec(name="resnet", params={"blocks": 1, "width": 2})), ("its model is resnet",)),
        (tiny(entry("mixup", off_last=0.5)), ("mixup@input is off for the last epochs",)),
        (tiny(entry("batchnorm", statistics="cumulative")), ("batchnorm@conv averages cumulatively",)),
        (tiny(entry("dropout", p="__import__('os')")), ("dropout@block.p",)),
        (tiny(data=DataSpec(name="wordnet", train=80, validation=30, test=60)), ("its data are wordnet",)),
    ],
)
def test_what_cannot_be_said_is_named_and_nothing_is_written(
    spec: RunSpec, named: tuple[str, ...], tmp_path: Path, store: Callable[..., StoredRun]
) -> None:
    stored = store(spec=spec, root=tmp_path / "runs")
    with pytest.raises(ExportError) as refused:
        write_script(stored, tmp_path / "script")
    assert all(name in str(refused.value) for name in named) and "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_steered_run_is_refused(tmp_path: Path, store: Callable[..., StoredRun]) -> None:
    stored = store(more=(Marker(run="", step=2, kind="set", key="train.lr", value=0.5),))
    with pytest.raises(ExportError, match="changed while it trained"):
        write_script(stored, tmp_path / "script")


def test_a_name_of_a_file_cannot_become_code(tmp_path: Path, store: Callable[..., StoredRun]) -> None:
    spec = msgspec.structs.replace(tiny(), arm='"""\nraise SystemExit(7)\n"""\\')
    write_script(store(spec=spec), tmp_path / "script")
    tree = ast.parse((tmp_path / "script" / "train.py").read_text())
    assert "raise SystemExit(7)" in (ast.get_docstring(tree) or "") and not isinstance(tree.body[1], ast.Raise)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, store: Callable[..., StoredRun]) -> None:
    (tmp_path / "script").mkdir()
    (tmp_path / "script" / "train.py").write_text("mine")
    with pytest.raises(ExportError, match="is there already"):
        write_script(store(root=tmp_path / "runs"), tmp_path / "script")
    assert (tmp_path / "script" / "train.py").read_text() == "mine"
