"""Three lines in any PyTorch loop: the honest gap, BatchNorm's statistics and the inside, as a run of the store.

`from regtui import Monitor`; callbacks for Lightning and for Hugging Face's Trainer are in `regtui.monitor.lightning`
and `regtui.monitor.huggingface`.
"""

from regtui.monitor.monitor import Monitor

__all__ = ["Monitor"]
