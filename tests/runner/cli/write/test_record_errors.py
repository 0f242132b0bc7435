"""Errors of `firstbell record` hold no secret, whatever a page or Playwright's recorder wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Error as PlaywrightError

from firstbell.errors import ERRORED
from firstbell.journeys.stage.failures import Broken
from firstbell.runner.authoring.recording.recorder import RecordingRequest
from firstbell.runner.cli.write import record as command

SECRET = "Blau'er&Wal/2031"
CONFIG = """[school]
name = "P"
timezone = "UTC"
journeys = ["journeys"]
[classroom]
title = "Reading"
[services.platform]
owner = "P"
url = "http://platform.test"
[accounts.student]
username = "zz.student01"
password = "env:STUDENT_PASSWORD"
"""
SAID = f'Expected "Welcome"; Received "no such password: {SECRET}"'


@pytest.mark.parametrize("error", [PlaywrightError(SAID), Broken(SAID), AssertionError(SAID)], ids=type)
def test_error_of_signing_in_is_told_without_a_secret(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_request: RecordingRequest) -> str:
        raise error

    monkeypatch.setenv("STUDENT_PASSWORD", SECRET)
    monkeypatch.setattr(command, "recorded_with", fails)
    monkeypatch.setattr(command, "must_have_a_screen", lambda _environment: None)
    (tmp_path / "journeys").mkdir()
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    asked = ["http://platform.test", "--signed-in", "--config", str(tmp_path / "firstbell.toml")]
    done = CliRunner().invoke(command.record, asked)
    assert done.exit_code == ERRORED, done.output
    assert "sign-in failed" in done.output
    assert "no such password: ***" in " ".join(done.output.split())
