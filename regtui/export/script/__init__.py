"""A run as a plain PyTorch script: a folder with train.py, data.safetensors and README.md, free of regtui.

The script makes the same draws from the same generators in the same order and calls the same kernels, so that on the
same CPU with the same torch it ends with the numbers of the run, bit for bit. What it cannot say is refused.
"""

from __future__ import annotations

from regtui.export.script.folder import write_script

__all__ = ["write_script"]
