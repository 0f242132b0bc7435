"""Tests that plain pytest writes no secret into its output, JUnit or log file, wherever a test puts one."""

from __future__ import annotations

from pathlib import Path

from tests.support.plain_pytest import by_pytest

SECRET = "Blau&Gr\u00fcn#2031"
CONFIG = """\
[school]
name = "P"
timezone = "UTC"

[accounts.student]
role = "student"
username = "s"
password = "env:STUDENT_PASSWORD"
"""
TESTS = """\
import logging
import os
import warnings

import pytest

SECRET = os.environ["STUDENT_PASSWORD"]


@pytest.mark.parametrize("word", [SECRET, f"x{SECRET}", "plain"])
def test_ids(district, word):
    assert word


def test_sinks(district, record_property, record_testsuite_property, caplog):
    warnings.warn(f"typed {SECRET}", UserWarning, stacklevel=1)
    logging.getLogger().error("typed %s", SECRET)
    assert SECRET in caplog.text
    record_property("words", [SECRET])
    record_property(SECRET, 3)
    record_property("number", 3)
    record_testsuite_property("suite", {"password": SECRET})
    record_testsuite_property("note", "kept")


def test_fails(district):
    assert {"page": "x" * 300 + SECRET} == {"page": SECRET + "y" * 300}
"""


def test_no_output_of_plain_pytest_has_a_secret(tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    (tmp_path / "test_sinks.py").write_text(TESTS)
    outputs = ("--junitxml", "junit.xml", "--log-file", "log.txt", "-o", "junit_logging=all", "-o", "log_cli=true")
    done = by_pytest(tmp_path, "-v", "-rA", *outputs, within={"STUDENT_PASSWORD": SECRET})
    junit, log = (tmp_path / "junit.xml").read_text(), (tmp_path / "log.txt").read_text()
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    assert "test_ids[plain]" in done.stdout
    assert "UserWarning: typed ***" in done.stdout
    assert "typed ***" in log
    assert 'name="number" value="3"' in junit
    assert 'name="note" value="kept"' in junit
    for text in (done.stdout, done.stderr, junit, log):
        assert not [piece for piece in (SECRET, SECRET[:8], "Blau&amp;Gr", "Blau&Gr\\xfc") if piece in text]
