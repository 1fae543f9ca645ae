"""A callback for Hugging Face's Trainer around the monitor (extra `hf`)."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from regtui.monitor.monitor import Monitor
from regtui.monitor.together import agreed, ranks

try:
    from transformers import TrainerCallback
except ImportError as error:
    raise ImportError("MonitorCallback needs transformers: pip install 'regtui[hf]'") from error


class MonitorCallback(TrainerCallback):  # type: ignore[misc]  # untyped where transformers is not installed
    """`Trainer(..., callbacks=[MonitorCallback(test=dataset)])`; the options are those of `Monitor`.

    Without `train` and `test` the Trainer's own loaders are read: their collators make the batches. The Trainer tells
    its callbacks no loss of a step, so the one that the model's forward pass gives is taken; of accumulated passes the
    latest, or their sum where each is a share of the step's.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self.monitor: Monitor | None = None
        """There from the beginning of the training on."""
        self._loss: Tensor | None = None
        """Of the step so far."""
        self._is_share = False
        """Whether that is a sum of shares in the mean over all that the step's batches and processes hold."""
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
        self._hook = seen["model"].register_forward_hook(self._see_loss, with_kwargs=True)

    def on_step_end(self, args: Any, state: Any, control: Any, **seen: Any) -> None:  # noqa: ARG002
        """The optimizer has taken a step."""
        if self.monitor and self._loss is not None:
            among_all = self._is_share and getattr(args, "average_tokens_across_devices", False)
            self.monitor.step(self._loss * (ranks() if among_all else 1))
        self._loss = None
        is_asked = self.monitor is not None and self.monitor.should_stop
        control.should_training_stop |= agreed(is_asked, state.global_step, args.device)

    def on_train_end(self, args: Any, state: Any, control: Any, **seen: Any) -> None:  # noqa: ARG002
        if self._hook:
            self._hook.remove()
        if self.monitor:
            self.monitor.close()

    def _see_loss(self, model: nn.Module, _: Any, named: dict[str, Any], output: Any) -> None:
        loss = getattr(output, "loss", None)
        if model.training and isinstance(loss, Tensor):
            # Told how many words the whole step has, a model divides by those: the losses of its batches add up.
            self._is_share = named.get("num_items_in_batch") is not None
            before = self._loss if self._is_share else None
            self._loss = loss.detach() if before is None else before + loss.detach()
