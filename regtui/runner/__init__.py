"""Starts, feeds, steers and stops worker processes; what they say comes out as reports."""

from regtui.runner.defaults import default_command, default_workers
from regtui.runner.pool import Runner
from regtui.runner.reports import Garbled, Log, Lost, Ready, Report

__all__ = ["Garbled", "Log", "Lost", "Ready", "Report", "Runner", "default_command", "default_workers"]
