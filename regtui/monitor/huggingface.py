"""A callback for Hugging Face's Trainer around the monitor (extra `hf`)."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from regtui.monitor.monitor import Monitor
from regtui.monitor.together import agreed

try:
    from transformers import TrainerCallback
except ImportError as error:
    raise ImportError("MonitorCallback needs transformers: pip install 'regtui[hf]'") from error


class MonitorCallback(TrainerCallback):  # type: ignore[misc]  # untyped where transformers is not installed
    """`Trainer(..., callbacks=[MonitorCallback(test=dataset)])`; the options are those of `Monitor`.

    Without `train` and `test` the Trainer's own loaders are read: their collators make the batches. The Trainer tells
    its callbacks no loss of a step, so the one that the model's forward pass gives is taken.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self.monitor: Monitor | None = None
        """There from the beginning of the training on."""
        self._loss: Tensor | None = None
        self._hook: RemovableHandle | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **seen: Any) -> None:  # noqa: ARG002
        """The loaders are there; only the first process watches."""
        if not state.is_world_process_zero:
            return
        own, held_out = seen.get("train_dataloader"), seen.get("eval_dataloader")
        known = {
            "train": own,
            "total_steps": state.max_steps or None,
            "optimizer": seen.get("optimizer"),
            "seed": args.seed,
        }
        if held_out is not None:
            known["validation"] = held_out
        self.monitor = Monitor(seen["model"], **(known | self._options))
        self._hook = seen["model"].register_forward_hook(self._see_loss)

    def on_step_end(self, args: Any, state: Any, control: Any, **seen: Any) -> None:  # noqa: ARG002
        if self.monitor and self._loss is not None:
            self.monitor.step(self._loss)
        is_asked = self.monitor is not None and self.monitor.should_stop
        control.should_training_stop |= agreed(is_asked, state.global_step, args.device)

    def on_train_end(self, args: Any, state: Any, control: Any, **seen: Any) -> None:  # noqa: ARG002
        if self._hook:
            self._hook.remove()
        if self.monitor:
            self.monitor.close()

    def _see_loss(self, model: nn.Module, _: Any, output: Any) -> None:
        loss = getattr(output, "loss", None)
        if model.training and isinstance(loss, Tensor):
            self._loss = loss.detach()
