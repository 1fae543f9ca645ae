"""The hash of a spec: what decides the numbers is in, what does not is out."""

from pathlib import Path

import msgspec
import pytest

from regtui.checkpoint_folder import WHOLE
from regtui.spec import DataSpec, ModelSpec, RunSpec, StackEntry, TrainSpec, evaluation_steps, probe_steps, spec_hash

SPEC = RunSpec(scenario="overfitting/ladder", arm="baseline", seed=0)


def changed(**fields: object) -> RunSpec:
    return msgspec.structs.replace(SPEC, **fields)


@pytest.mark.parametrize("other", [
    changed(seed=1), changed(train=TrainSpec(lr=1e-3)), changed(data=DataSpec(train=999)),
    changed(stack=(StackEntry(name="dropout", where="block", params={"p": 0.3}),)),
])  # fmt: skip
def test_what_decides_the_numbers_changes_the_hash(other: RunSpec) -> None:
    assert spec_hash(other) != spec_hash(SPEC)


@pytest.mark.parametrize("other", [
    changed(arm="renamed"), changed(scenario="my/copy"), changed(device="cuda:1"), changed(threads=4),
    changed(train=TrainSpec()),
])  # fmt: skip
def test_names_device_threads_and_spelled_out_defaults_do_not(other: RunSpec) -> None:
    assert spec_hash(other) == spec_hash(SPEC)


def test_a_checkpoint_counts_by_what_its_folder_holds(tmp_path: Path) -> None:
    weights = bytearray(3 * WHOLE)

    def folder(name: str, settings: str = "{}") -> str:
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(settings)
        (tmp_path / name / "model.safetensors").write_bytes(weights)
        return str(tmp_path / name)

    def hashed(checkpoint: str) -> str:
        return spec_hash(changed(model=ModelSpec(name="hf_encoder", params={"checkpoint": checkpoint})))

    one, copy, other = folder("one"), folder("copy"), folder("other", '{"hidden_size": 8}')
    weights[WHOLE : 2 * WHOLE] = b"trained" * (WHOLE // 7) + b"!"  # a part of a file that is too large to read whole
    trained = folder("trained")
    assert hashed(one) == hashed(copy)
    assert len({hashed(name) for name in (one, other, trained, "google-bert/bert-base-uncased", "else/where")}) == 5


def test_an_int_given_for_a_number_hashes_like_the_number() -> None:
    assert spec_hash(changed(train=TrainSpec(lr=1))) == spec_hash(changed(train=TrainSpec(lr=1.0)))


@pytest.mark.parametrize(("epochs", "evaluations"), [(40, 20), (1, 20), (3, 1), (1, 1000)])
def test_evaluations_are_spread_and_end_with_the_last_step(epochs: int, evaluations: int) -> None:
    spec = changed(train=TrainSpec(epochs=epochs, evaluations=evaluations))
    steps = evaluation_steps(spec)
    assert steps[-1] == spec.total_steps
    assert len(steps) == min(evaluations, spec.total_steps) and sorted(set(steps)) == list(steps)
    gaps = {b - a for a, b in zip((0, *steps), steps, strict=False)}
    assert max(gaps) - min(gaps) <= 1


def test_probes_include_the_first_step_and_can_be_switched_off() -> None:
    assert probe_steps(SPEC)[0] == 1 and probe_steps(SPEC)[-1] == SPEC.total_steps
    assert probe_steps(changed(train=TrainSpec(probes=0))) == ()
