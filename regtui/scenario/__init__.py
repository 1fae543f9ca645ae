"""Scenario files: TOML in, resolved arms out, or an error that says what to change."""

from regtui.scenario.errors import Problem, ScenarioError
from regtui.scenario.load import load, loads
from regtui.scenario.presets import SECTIONS, find, preset_files, read_presets
from regtui.scenario.resolve import run_spec
from regtui.scenario.schema import Arm, Check, Claim, Lesson, Question, Scenario
from regtui.scenario.settings import apply_setting, parse_value

__all__ = [
    "SECTIONS",
    "Arm",
    "Check",
    "Claim",
    "Lesson",
    "Problem",
    "Question",
    "Scenario",
    "ScenarioError",
    "apply_setting",
    "find",
    "load",
    "loads",
    "parse_value",
    "preset_files",
    "read_presets",
    "run_spec",
]
