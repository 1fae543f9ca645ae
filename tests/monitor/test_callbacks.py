"""The monitor as a callback of other people's trainers; each needs its extra."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from regtui.events import Steps
from regtui.store import RunHistory, list_runs, replay
from regtui.store.rundir import read_events


def only_run(store: Path) -> RunHistory:
    (info,) = list_runs(store)
    return replay(store / info.run)


def test_lightning_counts_optimizer_steps(tmp_path: Path) -> None:
    pytest.importorskip("lightning", reason="needs the extra lightning")
    import lightning.pytorch as lightning

    from regtui.monitor.lightning import MonitorCallback

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x)

        def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
            return F.cross_entropy(self(batch[0]), batch[1])

        def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
            self.log("loss", F.cross_entropy(self(batch[0]), batch[1]))

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.1)

    inputs, labels = torch.rand(120, 8), torch.arange(120) % 3
    train, held_out = TensorDataset(inputs[:80], labels[:80]), TensorDataset(inputs[80:], labels[80:])
    callback = MonitorCallback(probe_every=3, budget=1e9, store=tmp_path)
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        callbacks=[callback], accumulate_grad_batches=2,
    )  # fmt: skip
    trainer.fit(Module(), DataLoader(train, 10, shuffle=True), DataLoader(held_out, 20))
    run = only_run(tmp_path)
    assert (run.state, run.step, run.total_steps, run.steps_per_epoch) == ("finished", 8, 8, 4)
    assert [inside.step for inside in run.insides] == [3, 6]
    assert run.spec.model.params["optimizer"] == "SGD"
    assert (run.spec.data.train, run.spec.data.validation) == (80, 40), "the Trainer's own loaders"
    assert run.result is not None and run.result.gap is not None


def test_hugging_face_gives_the_loss_of_the_forward_pass(tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="needs transformers' Trainer, which needs accelerate")
    transformers = pytest.importorskip("transformers", reason="needs the extra hf")
    from regtui.monitor.huggingface import MonitorCallback

    torch.manual_seed(0)
    samples = [
        {"input_ids": torch.randint(0, 50, (12,)), "attention_mask": torch.ones(12, dtype=torch.long),
         "labels": torch.tensor(i % 3)}
        for i in range(60)
    ]  # fmt: skip
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, num_labels=3
    )
    callback = MonitorCallback(test=samples[40:], probe_every=5, budget=1e9, store=tmp_path, name="bert")
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"), max_steps=10, per_device_train_batch_size=8, report_to=[], disable_tqdm=True,
        save_strategy="no", use_cpu=True,
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    transformers.Trainer(model=model, args=arguments, train_dataset=samples[:40], callbacks=[callback]).train()
    run = only_run(tmp_path)
    assert (run.state, run.step, run.spec.train.batch_size, run.spec.arm) == ("finished", 10, 8, "bert")
    assert run.spec.model.params["optimizer"] == "AdamW"
    assert [inside.step for inside in run.insides] == [5, 10]
    assert run.insides[0].layers[0].name == "bert.encoder.layer.0.attention.self.query"


def test_the_shares_of_accumulated_batches_add_up_to_the_loss_of_the_step(tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="needs transformers' Trainer, which needs accelerate")
    transformers = pytest.importorskip("transformers", reason="needs the extra hf")
    from regtui.monitor.huggingface import MonitorCallback

    torch.manual_seed(0)
    words = torch.randint(0, 50, (24, 12))
    samples = [{"input_ids": row, "attention_mask": torch.ones_like(row), "labels": row} for row in words]
    config = transformers.GPT2Config(vocab_size=50, n_positions=12, n_embd=16, n_layer=1, n_head=2)
    callback = MonitorCallback(test=samples[16:], probe_every=2, budget=1e9, store=tmp_path)
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"), max_steps=4, per_device_train_batch_size=4, gradient_accumulation_steps=4, report_to=[],
        disable_tqdm=True, save_strategy="no", use_cpu=True, logging_steps=1,
    )  # fmt: skip
    trainer = transformers.Trainer(
        model=transformers.GPT2LMHeadModel(config), args=arguments, train_dataset=samples[:16], callbacks=[callback]
    )
    trainer.train()
    said = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    run = only_run(tmp_path)
    assert (run.spec.train.batch_size, run.steps_per_epoch) == (16, 1)
    (info,) = list_runs(tmp_path)
    steps = [event for event in read_events(tmp_path / info.run) if isinstance(event, Steps)]
    assert [bucket.mean for event in steps for bucket in event.loss] == pytest.approx(said, rel=1e-3)
