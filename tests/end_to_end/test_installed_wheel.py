"""First Bell installed from its wheel, in projects whose own modules are called runner, journeys and artifacts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("firstbell", "journeys", "artifacts", "runner", "docs", "README.md", "CHANGELOG.md", "pyproject.toml")
CONFIG = """\
[school]
name = "Practice"
timezone = "America/New_York"
practice = true
"""
OWN_TEST = """\
import pathlib
import runner

def test_their_own_runner_is_theirs():
    assert pathlib.Path(runner.__file__).parent.is_relative_to(pathlib.Path(__file__).parent)
"""
OWN_JOURNEY = """\
import pytest

from journeys.steps import open_portal

@pytest.mark.journey("front-door", relies_on=["edge"])
def test_front_door(student, school):
    with student.step("opens the front door", relies_on="edge"):
        open_portal(school, student)
"""
OWN_STEPS = """\
def open_portal(school, student):
    school.open_portal(student)
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """A virtual environment with First Bell's wheel; all other packages are those of the environment of the tests."""

    python: Path
    wheel: Path
    from_sdist: Path

    def run(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        return subprocess.run(
            [self.python, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def firstbell(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command as it was installed."""
        return self.run(folder, str(self.python.with_name("firstbell")), *arguments)


def build(target: str, source: Path, folder: Path) -> Path:
    """The wheel or sdist of a source folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("installed")
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, checkout / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, checkout / name)
    wheel = build("wheel", checkout, folder / "wheel")
    shutil.unpack_archive(build("sdist", checkout, folder / "sdist"), folder / "unpacked")
    (unpacked,) = (folder / "unpacked").iterdir()
    from_sdist = build("wheel", unpacked, folder / "again")

    environment = folder / "environment"
    venv.create(environment, symlinks=True, with_pip=False)
    python = environment / "bin" / "python"
    (packages,) = environment.glob("lib/python*/site-packages")
    # A folder that a .pth file names is searched, and its own .pth files are not read: not the one of this checkout.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, str(wheel)], check=True, capture_output=True)
    return Installation(python=python, wheel=wheel, from_sdist=from_sdist)


def test_one_top_level_name_is_installed(installed: Installation, tmp_path: Path) -> None:
    members = zipfile.ZipFile(installed.wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in members} == {"firstbell"}
    code = "import firstbell.runner, importlib.util as u; print(*map(u.find_spec, ('journeys', 'runner', 'artifacts')))"
    done = installed.run(tmp_path, "-c", code)
    assert done.stdout.split() == ["None"] * 3, done.stderr


def test_a_wheel_made_of_the_sdist_holds_the_same_files(installed: Installation) -> None:
    names = [set(zipfile.ZipFile(wheel).namelist()) for wheel in (installed.wheel, installed.from_sdist)]
    assert names[0] == names[1]
    assert {f"firstbell/{part}/__init__.py" for part in ("journeys", "runner", "artifacts")} <= names[0]


@pytest.mark.parametrize("layout", ["package", "module"])
@pytest.mark.parametrize("command", [("-m", "pytest"), ("pytest",)], ids=["python -m pytest", "pytest"])
def test_a_project_with_a_runner_of_its_own_is_tested(
    installed: Installation, tmp_path: Path, layout: str, command: tuple[str, ...]
) -> None:
    if layout == "package":
        (tmp_path / "runner").mkdir()
        (tmp_path / "runner" / "__init__.py").touch()
    else:
        (tmp_path / "runner.py").touch()
    (tmp_path / "test_own.py").write_text(OWN_TEST)
    script = ["-P", "-c", "import sys, pytest; sys.exit(pytest.main())"] if command == ("pytest",) else [*command]
    done = installed.run(tmp_path, *script, "-q", "-p", "no:cacheprovider")
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr


def test_journeys_in_a_package_called_journeys_are_played(installed: Installation, tmp_path: Path) -> None:
    """Folders of all three names in the working directory disturb neither the worker nor the practice school."""
    (tmp_path / "firstbell.toml").write_text(
        CONFIG.replace("practice = true", 'practice = true\njourneys = ["journeys"]')
    )
    for name in ("journeys", "runner", "artifacts"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "journeys" / "steps.py").write_text(OWN_STEPS)
    (tmp_path / "journeys" / "test_front_door.py").write_text(OWN_JOURNEY)
    done = installed.firstbell(tmp_path, "run", "front-door", "sign-in")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_an_empty_folder_is_set_up_and_played(installed: Installation, tmp_path: Path) -> None:
    assert installed.firstbell(tmp_path, "init").returncode == 0
    done = installed.firstbell(tmp_path, "run", "class-list")
    assert done.returncode == 0, done.stdout + done.stderr
