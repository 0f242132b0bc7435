"""What is deployed: systemd units that systemd itself finds no fault with."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[1] / "deploy"
UNIT = DEPLOY / "firstbell.service"


def verify(text: str, folder: Path, name: str = "firstbell.service") -> subprocess.CompletedProcess[str]:
    """What systemd says of a unit whose program is one that this machine has."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine; to run this test: apt-get install systemd")
    unit = folder / name
    unit.write_text(text.replace("/opt/firstbell/.venv/bin/firstbell", "/bin/true"))
    return subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)


def test_systemd_finds_no_fault_with_the_unit(tmp_path: Path) -> None:
    done = verify(UNIT.read_text(), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_finds_no_fault_with_the_drill_and_its_timer(tmp_path: Path) -> None:
    done = verify((DEPLOY / "firstbell-drill.service").read_text(), tmp_path, "firstbell-drill.service")
    assert (done.returncode, done.stderr) == (0, "")
    done = verify((DEPLOY / "firstbell-drill.timer").read_text(), tmp_path, "firstbell-drill.timer")
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_would_find_one(tmp_path: Path) -> None:
    assert "restart" in verify(UNIT.read_text().replace("Restart=always", "Restart=sometimes"), tmp_path).stderr
