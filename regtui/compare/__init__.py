"""Stored runs beside each other: which there are, what they came to, where they pair, how they got there."""
