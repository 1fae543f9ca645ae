"""regtui: a terminal explorer of deep-learning regularization."""

__version__ = "0.1.0"
