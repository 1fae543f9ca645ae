"""The panes of the explorer, one a file: a pure function that makes lines, and a thin widget under it."""
