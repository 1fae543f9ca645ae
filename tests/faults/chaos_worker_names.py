"""The faults that `chaos_worker` knows."""

FAULTS = ("kill", "segv", "abort", "stop", "status", "exception", "half", "garbage", "flood", "long", "hello", "other")
SURVIVED = ("garbage", "flood", "long", "other")
"""Those after which the run goes on to its end."""
