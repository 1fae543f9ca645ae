"""Pretrained checkpoints of Hugging Face: from a name to a network and its words, or to a sentence that says why not.

transformers is optional and takes 3 s and more to import, so it is imported here and only when a checkpoint is asked
for. Only safetensors are read: no pickle and no code of a checkpoint is ever executed.
"""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError

from regtui.checkpoint_folder import fingerprint, local_folder
from regtui.engine.models.word_pieces import WordPieces, read_word_pieces

FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert")
"""Kinds of encoders whose places are known, by the `model_type` of their config.json."""
ATTENTION = "regtui"
"""The name under which transformers finds our attention."""
FILES = (
    "config.json", "model*.safetensors", "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt", "*.model",
)  # fmt: skip
"""What is fetched of a checkpoint: no pickled weights, no code."""


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A checkpoint in memory. Copy the network before you change it."""

    network: Any
    """A transformers model for masked language modelling, on the CPU in eval mode; its `base_model` is the encoder."""
    can_guess: bool
    """Whether the checkpoint has the head that guesses hidden words; else that of `network` is random."""
    words: WordPieces


def pretrained(checkpoint: str) -> Pretrained:
    """The checkpoint of a folder or of a name on the Hugging Face Hub; the last one is kept for the next run.

    What the cache of the Hub holds is taken as it is, so that a run can be repeated; else it is fetched.
    Raises ValueError, with a sentence for people, for one that cannot be had or read.
    """
    if not checkpoint:
        raise ValueError(
            "model.checkpoint is empty; name a folder that save_pretrained of transformers wrote, or a checkpoint of "
            "the Hugging Face Hub as google-bert/bert-base-uncased"
        )
    try:
        import transformers
    except ImportError as error:
        raise ValueError(
            "the model hf_encoder needs the package transformers, which cannot be imported here "
            f"({error}); install it with: pip install 'regtui[hf]'"
        ) from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folder = local_folder(checkpoint) or _fetched(checkpoint)
    try:
        return _read(folder, fingerprint(folder))
    except (OSError, RuntimeError, KeyError, SafetensorError, msgspec.DecodeError) as error:
        raise ValueError(f"the checkpoint in {folder} cannot be read: {_first_line(error)}") from error


def _fetched(checkpoint: str) -> Path:
    """The folder of a checkpoint in the cache of the Hub."""
    if checkpoint.startswith((".", "~", os.sep)) or checkpoint.count("/") > 1:
        raise ValueError(f"model.checkpoint is {checkpoint!r}, but the machine that trains has no such folder")
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        try:
            return Path(snapshot_download(checkpoint, allow_patterns=FILES, local_files_only=True))
        except HFValidationError:
            raise
        except (OSError, ValueError):  # not there, or not all of it
            return Path(snapshot_download(checkpoint, allow_patterns=FILES))
    except Exception as error:  # the client's own, the network's and the disk's have no common base
        if isinstance(error, HFValidationError):
            why = "this is no name that a checkpoint can have there"
        elif isinstance(error, RepositoryNotFoundError):
            why = "the Hugging Face Hub has none of this name, or does not show it to you"
        elif constants.HF_HUB_OFFLINE:
            why = "HF_HUB_OFFLINE is set, so the Hugging Face Hub was not asked"
        else:
            why = f"the Hugging Face Hub cannot be reached ({_first_line(error)})"
        raise ValueError(
            f"the checkpoint {checkpoint!r} is not on this machine and was not fetched: {why}; name a folder that has "
            "it, or set HF_HOME to a cache that does"
        ) from error


@lru_cache(maxsize=1)
def _read(folder: Path, _content: str) -> Pretrained:
    """`_content` is the fingerprint of the folder: what has changed there is read anew."""
    from transformers import AttentionInterface, AutoModelForMaskedLM, AutoTokenizer

    from regtui.engine.models.huggingface import attend

    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder} holds no config.json, so it is no checkpoint of transformers")
    family = msgspec.json.decode((folder / "config.json").read_bytes(), type=dict[str, Any]).get("model_type")
    if family not in FAMILIES:
        raise ValueError(f"the checkpoint in {folder} is of the kind {family!r}; allowed is {', '.join(FAMILIES)}")
    if not any(folder.glob("model*.safetensors")):
        raise ValueError(
            f"{folder} holds no model.safetensors, and other weights (pytorch_model.bin) are not read because they "
            "can execute code; load them where you trust them and save_pretrained writes safetensors"
        )
    AttentionInterface.register(ATTENTION, attend)
    network, about = AutoModelForMaskedLM.from_pretrained(
        folder, use_safetensors=True, trust_remote_code=False, local_files_only=True, dtype=torch.float32,
        attn_implementation=ATTENTION, output_loading_info=True,
    )  # fmt: skip
    encoder = f"{network.base_model_prefix}."
    missing = sorted(about["missing_keys"])
    if lost := [name for name in missing if name.startswith(encoder)]:
        raise ValueError(f"the checkpoint in {folder} lacks {len(lost)} weights of its encoder, {lost[0]} for one")
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    most = min(tokenizer.model_max_length, network.config.max_position_embeddings)
    words = read_word_pieces(tokenizer, network.get_input_embeddings().num_embeddings, most, str(folder))
    network = copy.deepcopy(network)  # what was read is the mapped file: who writes to that would change this run
    return Pretrained(network.eval(), can_guess=not missing and words.mask is not None, words=words)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}"
