"""Installed from a wheel, regtui finds its scenarios and its data from any folder, without its checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from regtui.paths import runs_dir, scenarios_dir

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of the wheel, as pip would lay it out."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_the_wheel_carries_scenarios_data_and_licences(unpacked: Path) -> None:
    presets = sorted(path.relative_to(ROOT) for path in (ROOT / "scenarios").rglob("*.toml"))
    assert presets and all((unpacked / "regtui" / path).is_file() for path in presets)
    for name in ("fashion_mnist.png", "wordnet_definitions.tsv", "LICENSE.fashion-mnist", "LICENSE.wordnet"):
        assert (unpacked / "regtui" / "data" / name).is_file()
    assert not (unpacked / "tests").exists()
    assert (unpacked / "regtui" / "ui" / "app.tcss").is_file()
    assert (unpacked / "regtui" / "py.typed").is_file(), "whoever uses the monitor has its types (PEP 561)"


def test_the_installed_package_works_from_another_folder(unpacked: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    command = [sys.executable, "-m", "regtui", "check", str(unpacked / "regtui/scenarios/overfitting/ladder.toml")]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60)
    where = "import regtui.paths, regtui.data; print(regtui.paths.scenarios_dir()); print(regtui.data.DIRECTORY)"
    shown = subprocess.run([sys.executable, "-c", where], cwd=tmp_path, env=environment, check=True, timeout=60,
                           capture_output=True, text=True).stdout.split()  # fmt: skip
    assert shown == [str(unpacked / "regtui" / "scenarios"), str(unpacked / "regtui" / "data")]


def test_a_checkout_reads_the_scenarios_at_its_top() -> None:
    if (ROOT / "regtui" / "scenarios").exists():
        pytest.skip("an installed copy is under test")
    assert scenarios_dir() == ROOT / "scenarios"


def test_a_relative_data_home_is_ignored_as_the_standard_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "relative/path")
    assert runs_dir().is_absolute() and "relative" not in str(runs_dir())
