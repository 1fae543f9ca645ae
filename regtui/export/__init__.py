"""Take it home: stored runs as CSV, JSON, TensorBoard event files, an HTML report or a plain PyTorch script.

Free of torch, also where the script is written. Importing the package loads nothing; each format has its own module.
"""
