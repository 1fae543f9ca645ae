"""A Lightning callback around the monitor (extra `lightning`)."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from regtui.monitor.monitor import Monitor
from regtui.monitor.together import agreed

try:
    from lightning.pytorch import Callback
except ImportError:
    try:
        from pytorch_lightning import Callback
    except ImportError as error:
        raise ImportError("MonitorCallback needs Lightning: pip install 'regtui[lightning]'") from error


class MonitorCallback(Callback):  # type: ignore[misc]  # untyped where Lightning is not installed
    """`Trainer(callbacks=[MonitorCallback(train=train_set, test=test_set)])`; the options are those of `Monitor`.

    Without `train`, `test` and `validation` the Trainer's own loaders are read. The LightningModule must map inputs to
    logits in `forward`, else hand `predict`.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self.monitor: Monitor | None = None
        """There from the beginning of the training on."""

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """The model is on its device and the loaders are there; only the first process watches."""
        self._steps = trainer.global_step
        if trainer.is_global_zero:
            optimizer = trainer.optimizers[0] if trainer.optimizers else None
            total = trainer.estimated_stepping_batches  # loads the loaders, which the next line needs
            batches = trainer.num_training_batches  # inf where the loader has no length
            known: dict[str, Any] = {
                "optimizer": optimizer,
                "scaler": getattr(trainer.precision_plugin, "scaler", None),
                "total_steps": _whole(total),
                "steps_per_epoch": _whole(batches / trainer.accumulate_grad_batches),
                "train": _first(trainer.train_dataloader),
            }
            if (held_out := _first(trainer.val_dataloaders)) is not None:
                known["validation"] = held_out
            self.monitor = Monitor(pl_module, **(known | self._options))

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        """A step counts when the optimizer has taken one, which gradient accumulation does not do for each batch."""
        if trainer.global_step <= self._steps:
            return
        self._steps = trainer.global_step
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if self.monitor and isinstance(loss, Tensor):
            self.monitor.step(loss * trainer.accumulate_grad_batches)
        is_asked = self.monitor is not None and self.monitor.should_stop
        trainer.should_stop |= agreed(is_asked, self._steps, pl_module.device)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        self._close(None)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:  # noqa: ARG002
        self._close(exception)

    def _close(self, error: BaseException | None) -> None:
        if self.monitor:
            self.monitor.close(error)


def _first(loaders: Any) -> Any:
    """Of several loaders, in a list or a dict, the first one."""
    while isinstance(loaders, (list, tuple, dict)) and loaders:
        loaders = next(iter(loaders.values() if isinstance(loaders, dict) else loaders))
    return None if isinstance(loaders, (list, tuple, dict)) else loaders


def _whole(number: float) -> int | None:
    """A count that Lightning knows; it says inf or -1 for one that it does not."""
    return int(number) if math.isfinite(number) and number > 0 else None
