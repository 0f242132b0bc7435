"""Secrets are read when they are used, and a missing one says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstbell.journeys.practice.client import SchoolInfo
from firstbell.journeys.practice.seed_data import Person
from firstbell.runner.config.secrets import MissingSecret, secret, well_formed

PRACTICE = SchoolInfo(
    control="",
    token="",
    origins={},
    accounts={"student": Person(username="zz", display_name="Zz", role="student", password="from practice")},
    class_title="",
    meeting_code="code",
)


def test_environment_variable_is_read_only_when_revealed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = secret("env:FIRSTBELL_TEST")
    monkeypatch.setenv("FIRSTBELL_TEST", "value")
    assert found.reveal() == "value"


def test_secret_file_is_read_without_its_last_newline(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("two\nlines\n")
    assert secret(f"file:{tmp_path}/secret").reveal() == "two\nlines"


def test_practice_reference_gives_password_and_meeting_code() -> None:
    assert secret("practice:student#password", PRACTICE).reveal() == "from practice"
    assert secret("practice:meeting_code", PRACTICE).reveal() == "code"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("env:FIRSTBELL_NOT_SET", "set the environment variable FIRSTBELL_NOT_SET"),
        ("file:/does/not/exist", r"file:/does/not/exist cannot be read \(No such file or directory\)"),
        ("practice:student#password", r"set school\.practice = true"),
    ],
)
def test_missing_secret_says_what_to_do(reference: str, message: str) -> None:
    with pytest.raises(MissingSecret, match=message):
        secret(reference).reveal()


def test_unknown_practice_account_lists_the_known_ones() -> None:
    with pytest.raises(MissingSecret, match="accounts are: student"):
        secret("practice:nobody#password", PRACTICE).reveal()


@pytest.mark.parametrize("text", ["hunter2", "plain:hunter2", "", "env:"])
def test_text_that_is_no_reference_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="write") as refused:
        well_formed(text)
    assert "hunter2" not in str(refused.value)
