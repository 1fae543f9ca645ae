"""A checkpoint of Hugging Face: its own words and weights, trained by the engine as any other model."""

from __future__ import annotations

import copy
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from msgspec.structs import replace
from torch import Tensor, nn
from torch.testing import assert_close

from regtui.commands import Stop
from regtui.engine import models
from regtui.engine.models import hub
from regtui.engine.models.huggingface import HfEncoder
from regtui.engine.models.word_pieces import WordPieces
from regtui.engine.text import PAD, UNKNOWN, TextData, real, wordnet
from regtui.engine.training import Training
from regtui.events import AnyRunEvent, Evaluated, Inside, Marker
from regtui.spec import DataSpec, ModelSpec, RunSpec, StackEntry

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec

needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="transformers, the optional extra hf, is not installed"
)
SPECIAL = ("[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]")
"""Not in the order of the engine's ids; the padding is where RoBERTa has it."""
SIZES = {
    "bert": {"intermediate_size": 48}, "roberta": {"intermediate_size": 48},
    "electra": {"intermediate_size": 48, "embedding_size": 8}, "distilbert": {"hidden_dim": 48},
}  # fmt: skip
Make = Callable[..., Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes a folder with a random encoder of two layers that knows half the words of the definitions."""

    def make(family: str = "bert", head: bool = True, seed: int = 0, **config: object) -> Path:
        import transformers

        folder = tmp_path_factory.mktemp(family)
        frequent = sorted({word for text in wordnet().train[::9] for word in text})[::2]
        letters = [sign + chr(code) for sign in ("", "##") for code in range(ord("a"), ord("z") + 1)]
        words = [*SPECIAL, *dict.fromkeys(letters + [word for word in frequent if len(word) > 1])]
        (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 50}
        more = sizes | SIZES[family] | config
        settings = transformers.AutoConfig.for_model(family, vocab_size=len(words), pad_token_id=1, **more)
        kind = transformers.AutoModelForMaskedLM if head else transformers.AutoModel
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            kind.from_config(settings).save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="module")
def folder(made: Make) -> Path:
    return made()


@pytest.fixture
def spec_of(tiny: MakeSpec) -> Callable[..., RunSpec]:
    """Makes the spec of a run of 30 steps."""

    def make(checkpoint: Path | str, *stack: StackEntry, weights: str = "pretrained", **data: Any) -> RunSpec:
        settings = DataSpec(**({"name": "wordnet", "train": 80, "validation": 20, "test": 100} | data))
        params = {"checkpoint": str(checkpoint), "weights": weights}
        return replace(tiny(*stack, data=settings, lr=1e-3), model=ModelSpec(name="hf_encoder", params=params))

    return make


@pytest.fixture
def dropped(entry: MakeEntry) -> tuple[StackEntry, ...]:
    """Dropout in every place that takes one."""
    sites = ("input", "attention", "residual", "activation", "head")
    return tuple(entry("dropout", where=site, p=0.3) for site in sites)


def test_without_transformers_the_error_says_what_to_install(
    spec_of: Callable[..., RunSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ValueError, match=r"needs the package transformers.*pip install 'regtui\[hf\]'"):
        models.vocabulary(spec_of("google-bert/bert-base-uncased").model)


def test_no_checkpoint_at_all_is_refused(spec_of: Callable[..., RunSpec]) -> None:
    with pytest.raises(ValueError, match=r"model.checkpoint is empty; name a folder"):
        models.vocabulary(spec_of("").model)


@needs_transformers
@pytest.mark.parametrize("family", SIZES)
def test_without_a_stack_it_computes_what_transformers_does(
    family: str, made: Make, spec_of: Callable[..., RunSpec]
) -> None:
    """Oracle: their encoder with their attention, on what their tokenizer makes of the same texts."""
    import transformers

    folder = made(family)
    training = Training(spec_of(folder))
    model = training.model.eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    oracle = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    assert isinstance(training.task, TextData) and isinstance(training.task.vocabulary, WordPieces)
    native, ids = training.task.vocabulary.native, training.task.test.inputs[:8]
    rows = [[native[i] for i in row if i != PAD] for row in ids.tolist()]
    texts = [tokenizer.decode(row) for row in rows]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    assert [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts] == rows
    with torch.no_grad():
        their = oracle(**{k: batch[k] for k in ("input_ids", "attention_mask")}).last_hidden_state
        means = torch.stack([one[1 : 1 + len(row)].mean(0) for one, row in zip(their, rows, strict=True)])
        assert_close(model(ids), model.get_submodule("head")(means), rtol=1e-4, atol=1e-5)


@needs_transformers
@pytest.mark.parametrize("family", SIZES)
def test_its_places_come_in_the_order_of_the_forward_pass(
    family: str, made: Make, spec_of: Callable[..., RunSpec]
) -> None:
    training = Training(spec_of(made(family)))
    model, ran, channels = training.model, [], []

    def note(place: models.Place, _: object, output: Tensor) -> None:
        ran.append(place)
        channels.append(output.shape[2 if output.ndim == 3 else 1])

    for place in model.places():
        place.register_forward_hook(note)
    model(training.task.train.inputs[:2])
    assert ran == list(model.places())
    assert channels == [place.channels for place in ran]
    named = [(place.site, place.layer) for place in ran]
    assert {site for site, _ in named} == set(models.MODELS["hf_encoder"].sites) and len(set(named)) == len(named)
    for site, layer in named:
        assert site not in ("linear", "head") or isinstance(model.get_submodule(layer), nn.Linear)
    assert not any(isinstance(module, nn.Dropout) for module in model.modules())


@needs_transformers
def test_it_begins_with_the_checkpoint_and_a_head_keyed_by_the_seed(
    folder: Path, spec_of: Callable[..., RunSpec], dropped: tuple[StackEntry, ...]
) -> None:
    spec = spec_of(folder)
    one, other = Training(spec).model, Training(replace(spec, seed=4, stack=dropped)).model
    pretrained, parameters = one.checkpoint(), dict(one.named_parameters())
    assert parameters.keys() - pretrained.keys() == {"head.weight", "head.bias"}
    assert all(torch.equal(parameters[name], value) for name, value in pretrained.items())
    assert not torch.equal(parameters["head.weight"], other.get_parameter("head.weight"))
    again = Training(replace(spec, stack=dropped)).model
    assert torch.equal(parameters["head.weight"], again.get_parameter("head.weight"))


@needs_transformers
def test_it_can_begin_at_random_instead(folder: Path, spec_of: Callable[..., RunSpec]) -> None:
    training = Training(spec_of(folder, weights="random"))
    assert training.memory is None and not training.model.checkpoint()
    begun = training.model.get_parameter("block1.intermediate.dense.weight").detach()
    assert float(begun.std()) == pytest.approx(0.02, rel=0.1)


@needs_transformers
def test_texts_are_parted_by_its_own_tokenizer_padded_cut_and_counted(
    folder: Path, spec_of: Callable[..., RunSpec]
) -> None:
    training = Training(spec_of(folder, length=16))
    task, model = training.task, training.model
    assert isinstance(task, TextData) and isinstance(task.vocabulary, WordPieces) and isinstance(model, HfEncoder)
    words = task.vocabulary
    assert (words.words[PAD], words.words[UNKNOWN]) == ("[PAD]", "[UNK]")
    assert task.train.inputs.shape == (80, 16)
    whole = Training(spec_of(folder, length=40)).task.train.inputs
    assert task.cut == int(real(whole)[:, 16].sum()) > 0
    texts, mask = model._framed(task.train.inputs)
    assert texts.shape == (80, 18)
    for row, there, ids in zip(texts, mask, task.train.inputs, strict=True):
        pieces = [words.native[i] for i in ids.tolist() if i != PAD]
        assert row[there].tolist() == [SPECIAL.index("[CLS]"), *pieces, SPECIAL.index("[SEP]")]
        assert bool((row[~there] == SPECIAL.index("[PAD]")).all())


@needs_transformers
def test_padding_changes_nothing(folder: Path, spec_of: Callable[..., RunSpec]) -> None:
    training = Training(spec_of(folder))
    short = training.task.test.inputs[real(training.task.test.inputs).sum(1) <= 12]
    model = training.model.eval()
    with torch.no_grad():
        assert_close(model(short[:, :12]), model(short), rtol=1e-4, atol=1e-6)


@needs_transformers
def test_runs_repeat_to_the_last_bit(
    folder: Path, spec_of: Callable[..., RunSpec], dropped: tuple[StackEntry, ...], make_run: MakeRun
) -> None:
    spec = spec_of(folder, *dropped)
    torch.manual_seed(1)
    one = make_run(spec).weights()
    torch.manual_seed(2)
    again = make_run(spec).weights()
    assert all(torch.equal(again[name], value) for name, value in one.items())
    plain = make_run(spec_of(folder)).weights()
    assert not torch.equal(plain["head.weight"], one["head.weight"])


@needs_transformers
def test_a_training_step_draws_from_the_generators_of_the_run_alone(
    folder: Path, spec_of: Callable[..., RunSpec], dropped: tuple[StackEntry, ...]
) -> None:
    training = Training(spec_of(folder, *dropped))
    before, texts = torch.get_rng_state(), training.task.train.inputs[:8]
    assert not torch.equal(training.model(texts), training.model(texts))
    assert torch.equal(before, torch.get_rng_state())


@needs_transformers
def test_a_stopped_run_goes_on_to_the_same_bits(
    folder: Path, spec_of: Callable[..., RunSpec], dropped: tuple[StackEntry, ...], entry: MakeEntry,
    make_run: MakeRun, tmp_path: Path,
) -> None:  # fmt: skip
    spec = spec_of(folder, *dropped, entry("ema"), entry("token_masking"))

    def stop(run: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated):
            run.control.send(Stop(run="r"))

    whole = make_run(spec)
    part = make_run(spec, stop, store=tmp_path)
    assert 0 < part.training.step < whole.training.step
    rest = make_run(spec, store=tmp_path, resume=True)
    assert all(torch.equal(rest.weights()[name], value) for name, value in whole.weights().items())
    assert whole.all(Evaluated)[-1].drift == rest.all(Evaluated)[-1].drift


@needs_transformers
def test_a_run_tells_drift_forgetting_and_the_inside(
    folder: Path, spec_of: Callable[..., RunSpec], make_run: MakeRun
) -> None:
    run = make_run(spec_of(folder))
    found = run.all(Evaluated)
    assert 0 < float(found[0].drift or 0) < float(found[-1].drift or 0) < 1
    assert all(event.pretraining_loss and 0 < event.pretraining_loss < 20 for event in found)
    layers = [layer.name for layer in run.all(Inside)[0].layers]
    assert layers == ["block1.intermediate.dense", "block2.intermediate.dense"]
    assert not run.all(Marker)


@needs_transformers
def test_the_pretraining_loss_is_transformers_own(folder: Path, spec_of: Callable[..., RunSpec]) -> None:
    import transformers

    model = Training(spec_of(folder)).model.eval()
    assert isinstance(model, HfEncoder)
    ids, hidden = torch.tensor([[7, 8, 9, 10, PAD]]), torch.tensor([[False, True, False, True, False]])
    oracle = transformers.AutoModelForMaskedLM.from_pretrained(folder, attn_implementation="eager").eval()
    texts, _ = model._framed(ids)  # [CLS] 4 words [SEP] [PAD]
    where = torch.tensor([[False, False, True, False, True, False, False]])
    shown = texts.masked_fill(where, SPECIAL.index("[MASK]"))
    with torch.no_grad():
        expected = oracle(shown, attention_mask=texts != 1, labels=texts.masked_fill(~where, -100)).loss
        found = model.pretraining_loss(ids, hidden)
    assert found is not None
    assert_close(found, expected)


@needs_transformers
def test_an_encoder_without_its_guessing_head_tells_drift_alone(made: Make, spec_of: Callable[..., RunSpec]) -> None:
    training = Training(spec_of(made(head=False)))
    assert training.memory is not None
    assert training.memory.loss(training.model.eval()) is None and training.memory.drift(training.model) == 0


@needs_transformers
def test_weight_decay_spares_its_norms_and_biases(
    folder: Path, spec_of: Callable[..., RunSpec], entry: MakeEntry
) -> None:
    training = Training(spec_of(folder, entry("weight_decay", strength=0.5)))
    before = copy.deepcopy(dict(training.model.named_parameters()))
    training.stack.on_gradients(training.model, torch.tensor(1.0))
    for name, parameter in training.model.named_parameters():
        spared = name.endswith("bias") or "LayerNorm" in name
        assert torch.equal(parameter, before[name] * (1.0 if spared else 0.5)), name


@needs_transformers
def test_synonyms_are_refused_because_it_reads_pieces_of_words(
    folder: Path, spec_of: Callable[..., RunSpec], entry: MakeEntry
) -> None:
    with pytest.raises(ValueError, match=r"synonym_replacement@input exchanges whole words.*use word_swap"):
        Training(spec_of(folder, entry("synonym_replacement", where="input")))


@needs_transformers
def test_a_folder_that_is_not_there_is_refused(spec_of: Callable[..., RunSpec]) -> None:
    with pytest.raises(ValueError, match=r"'./nowhere', but the machine that trains has no such folder"):
        Training(spec_of("./nowhere"))


@needs_transformers
def test_what_cannot_be_read_is_refused_in_a_sentence(made: Make, spec_of: Callable[..., RunSpec]) -> None:
    broken = made()
    weights = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(weights[:2000])
    with pytest.raises(ValueError, match=r"the checkpoint in .* cannot be read: "):
        Training(spec_of(broken))
    (broken / "model.safetensors").rename(broken / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"holds no model.safetensors.*can execute code"):
        Training(spec_of(broken))
    (broken / "config.json").write_text('{"model_type": "gpt2", "auto_map": {"AutoModel": "evil.Model"}}')
    with pytest.raises(ValueError, match=r"is of the kind 'gpt2'; allowed is bert, "):
        Training(spec_of(broken))
    (broken / "config.json").unlink()
    with pytest.raises(ValueError, match=r"holds no config.json"):
        Training(spec_of(broken))


@needs_transformers
def test_texts_too_long_for_it_are_refused(made: Make, spec_of: Callable[..., RunSpec]) -> None:
    with pytest.raises(ValueError, match=r"data.length is 40; with 2 special tokens .* the 20 "):
        Training(spec_of(made(max_position_embeddings=20), length=40))


@needs_transformers
def test_the_cache_of_the_hub_is_read_and_nothing_else_asked(
    folder: Path, spec_of: Callable[..., RunSpec], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    cached = tmp_path / "models--regtui--tiny"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text(commit)
    (cached / "snapshots").mkdir()
    (cached / "snapshots" / commit).symlink_to(folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert Training(spec_of("regtui/tiny")).memory is not None
    said = r"'regtui/other' is not on this machine and was not fetched: HF_HUB_OFFLINE is set.*or set HF_HOME"
    with pytest.raises(ValueError, match=said):
        Training(spec_of("regtui/other"))


@needs_transformers
def test_what_is_not_in_the_cache_is_fetched_without_pickles_and_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked: list[Any] = []

    def fetch(_name: str, allow_patterns: Any, local_files_only: bool = False) -> str:
        asked.append(allow_patterns)
        if local_files_only:
            raise LocalEntryNotFoundError("not here")
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    assert hub.pretrained("regtui/far").can_guess
    assert len(asked) == 2 and not any(".bin" in p or ".py" in p or p == "*" for p in asked[1])


@needs_transformers
def test_a_folder_is_read_again_only_after_it_has_changed(made: Make) -> None:
    checkpoint = made()
    first = hub.pretrained(str(checkpoint))
    assert hub.pretrained(str(checkpoint)) is first
    (checkpoint / "model.safetensors").write_bytes((made(seed=1) / "model.safetensors").read_bytes())
    name = "bert.embeddings.word_embeddings.weight"
    again = hub.pretrained(str(checkpoint)).network.get_parameter(name)
    assert not torch.equal(again, first.network.get_parameter(name))
