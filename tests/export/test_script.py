"""A plain PyTorch script repeats the numbers of the run that it was exported from, and imports nothing of ours."""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
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
from regtui.export.script.support import refusal
from regtui.export.script.text import script
from regtui.export.stored import StoredRun, read
from regtui.scenario import load, preset_files, run_spec
from regtui.spec import DataSpec, ModelSpec, RunSpec, Scalar, Shift, StackEntry, TrainSpec, spec_hash
from regtui.store import Recorder, new_run_id

SHIFT = Shift(mirror=0.5, degrees=4.0, translate=0.04)
SMALL = DataSpec(train=80, validation=30, test=60, test_shift=SHIFT)
SHORT = TrainSpec(epochs=3, batch_size=16, evaluations=3, probes=2, lr=8e-3, evaluation_batch=40)
MLP = ModelSpec(name="mlp", params={"width": 16, "depth": 2})


def entry(name: str, where: str | None = None, **params: Scalar) -> StackEntry:
    """A stack entry with the catalog's defaults; its first site in a cnn unless another is named."""
    record = REGULARIZERS[name]
    sites = [site for site in record.sites if site in MODELS["cnn"].sites] or record.sites
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


TEXTS = DataSpec(name="wordnet", train=80, validation=30, test=60, length=16)


def text_model(name: str, width: int = 8, **more: Scalar) -> ModelSpec:
    """A transformer of two layers."""
    return ModelSpec(name=name, params={"layers": 2, "width": width, "heads": 4, **more})


RUNS = {
    "nothing at all": tiny(data=DataSpec(train=80, validation=0, test=60), optimizer="sgd", schedule="cosine"),
    "decay and clipping": tiny(
        entry("weight_decay", strength=0.3), entry("gradient_clipping", limit=0.3), schedule="constant", batch_size=13
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
    "a policy between motions, two ways to mix and an average": tiny(
        entry("flip"), entry("randaugment"), entry("rotation"), entry("random_erasing", p=0.7), entry("mixup_cutmix"),
        entry("batchnorm"), entry("ema", decay=0.9),
    ),
    "another policy, paint, penalties and a late average": tiny(
        entry("crop"), entry("trivialaugment"), entry("color_jitter"), entry("gaussian_noise"),
        entry("random_erasing", fill="noise"), entry("cutmix"), entry("l1"), entry("l2"), entry("max_norm", limit=0.4),
        entry("batchnorm"), entry("swa", start=0.4),
    ),
    "weights that become exactly zero": tiny(entry("l1", exact_zeros=True, norms_and_biases=True), optimizer="sgd"),
    "a resnet": tiny(
        entry("groupnorm"), entry("stochastic_depth", p=0.4), entry("layernorm", "block", eps=1e-4),
        model=ModelSpec(name="resnet", params={"blocks": 1, "width": 2}),
    ),
    "a small efficientnet": tiny(
        entry("rmsnorm"), entry("dropout2d", "block"), entry("instancenorm", "activation"), entry("rmsnorm", "head"),
        entry("stochastic_depth", depth_rule="constant"),
        model=ModelSpec(name="mbconv", params={"width": 4, "depth": 2}),
    ),
    "a deep plain network": tiny(
        entry("layernorm"), entry("dropblock", "activation", size=3), entry("dropout", "head"),
        entry("groupnorm", "head"),
        model=ModelSpec(name="plain_deep", params={"depth": 5, "width": 4, "gain": 1.41}),
    ),
    "a bag of networks": tiny(
        entry("batchnorm"), entry("dropout", "block"), entry("mixup"),
        model=ModelSpec(name="bagged_cnn", params={"members": 3, "width": 2, "bootstrap": True}),
    ),
    "texts": tiny(
        entry("layernorm", "norm"), entry("dropout", "attention"), entry("stochastic_depth", "residual"),
        entry("token_masking", "input"), entry("word_swap", "input"), entry("synonym_insertion", "input", p=0.6),
        data=TEXTS, model=text_model("bert", norm_place="pre", weights="random"),
    ),
    "texts with norms over the batch": tiny(
        entry("batchnorm", "norm"), entry("batchnorm", "block", mask=False), entry("groupnorm", "residual"),
        entry("rmsnorm", "linear"), entry("dropout", "activation"), entry("word_deletion", "input"),
        entry("synonym_replacement", "input", p=0.5), entry("label_smoothing"),
        data=msgspec.structs.replace(TEXTS, label_noise=0.2), model=text_model("gpt", norm_place="post"),
    ),
    "a pretrained network without some of its norms": tiny(
        entry("dropout", "head"), entry("weight_decay"), entry("ema", decay=0.9),
        data=TEXTS, model=text_model("bert", width=64, norm_place="pre", weights="pretrained"),
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


def test_a_run_that_left_its_threads_to_the_machine_has_a_script_with_those_it_found(tmp_path: Path) -> None:
    stored = trained(msgspec.structs.replace(tiny(model=MLP, epochs=1), threads="auto"), tmp_path)
    assert stored.spec.threads == "auto" and stored.history.started is not None
    assert f"torch.set_num_threads({stored.history.started.threads})" in script(stored)


def test_the_script_is_one_readable_page_of_torch(tmp_path: Path, store: Callable[..., StoredRun]) -> None:
    write_script(store("+ augment"), tmp_path / "script")
    text = (tmp_path / "script" / "train.py").read_text()
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    roots = {(getattr(node, "module", None) or node.names[0].name).partition(".")[0] for node in imports}
    assert roots == {"torch", "functools", "hashlib", "json", "math", "pathlib"}
    assert len(text.splitlines()) < 350 and max(map(len, text.splitlines())) <= 120


def test_every_shipped_arm_but_those_told_has_a_script_that_defines_each_name_it_uses_once(
    store: Callable[..., StoredRun],
) -> None:
    stored, refused, seen = store(), set(), set()
    for path in preset_files():
        scenario = load(path)
        for arm in scenario.arms:
            spec = run_spec(scenario.id, arm, 0)
            needed = (spec.model.name, spec.data.name, *(entry.key for entry in spec.stack))
            if needed in seen:
                continue
            seen.add(needed)
            one = replace(stored, info=msgspec.structs.replace(stored.info, spec=spec, spec_hash=spec_hash(spec)))
            if refusal(one):
                refused.add(scenario.id)
                continue
            tree = ast.parse(script(one))
            blocks = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
            names = {node for node in ast.walk(tree) if isinstance(node, ast.Name)}
            made = {node.id for node in names if isinstance(node.ctx, ast.Store)} | set(dir(builtins))
            made |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
            made |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | {"__file__"}
            made |= {alias.asname or alias.name for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))
                     for alias in node.names}  # fmt: skip
            assert len(blocks) == len(set(blocks)), f"{scenario.id}: {arm.name}"
            assert {node.id for node in names} <= made, f"{scenario.id}: {arm.name}"
    # Models of torchvision for a GPU, and a run that the validation loss ends.
    assert refused == {"recipes/convnets-gpu", "recipes/imagenet-stack-gpu", "overfitting/when-to-stop"}


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
        (tiny(entry("augmix"), entry("dropout"), entry("early_stopping")), ("augmix@input", "early_stopping")),
        (tiny(model=ModelSpec(name="resnet18", params={})), ("its model is resnet18",)),
        (tiny(entry("mixup", off_last=0.5)), ("mixup@input is off for the last epochs",)),
        (tiny(entry("batchnorm", statistics="cumulative")), ("batchnorm@conv averages cumulatively",)),
        (tiny(entry("dropout", p="__import__('os')")), ("dropout@block.p",)),
        (tiny(entry("ema"), entry("swa")), ("it has two averages of the weights",)),
        (tiny(data=TEXTS), ("the model cnn does not read wordnet",)),
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
