"""The run store: an append-only log on disk, bounded columns in memory."""

from regtui.store.columns import Column
from regtui.store.history import RunHistory, RunState
from regtui.store.rundir import Recorder, RunInfo, list_runs, new_run_id, replay

__all__ = ["Column", "Recorder", "RunHistory", "RunInfo", "RunState", "list_runs", "new_run_id", "replay"]
