"""Tests the HOME that makes a browser trust more authorities; the practice school's tests show that Chromium does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firstbell.journeys.practice.network.certificate_authority import PracticeCa
from firstbell.runner.execution.browsers.ca_store import TrustError, ca_home

NEEDS_CERTUTIL = pytest.mark.skipif(
    shutil.which("certutil") is None, reason="certutil is missing; to run this test: apt-get install libnss3-tools"
)


def authority(folder: Path, name: str) -> Path:
    file = folder / f"{name}.pem"
    file.write_text(PracticeCa(name).pem)
    return file


@NEEDS_CERTUTIL
def test_authorities_are_trusted_and_the_folder_is_made_once(tmp_path: Path) -> None:
    first, second = authority(tmp_path, "first"), authority(tmp_path, "second")
    home = ca_home([first, second], tmp_path)
    database = f"sql:{home}/.pki/nssdb"
    listed = subprocess.run(["certutil", "-d", database, "-L"], capture_output=True, text=True, check=True).stdout
    assert listed.count("C,,") == 2
    assert ca_home([second, first], tmp_path) == home
    assert ca_home([first], tmp_path) != home
    assert not [left for left in home.parent.iterdir() if left.name.startswith("new-")]


@NEEDS_CERTUTIL
def test_invalid_certificate_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("this is no certificate")
    with pytest.raises(TrustError, match=r"ca\.pem cannot be used as an authority: certutil: "):
        ca_home([file], tmp_path)
    assert not list((tmp_path / "trust").iterdir())


def test_missing_certificate_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match=r"gone\.pem cannot be read \(No such file or directory\); correct the path"):
        ca_home([tmp_path / "gone.pem"], tmp_path)


def test_missing_certutil_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TrustError, match="install it \\(Debian: libnss3-tools\\)"):
        ca_home([authority(tmp_path, "first")], tmp_path)
