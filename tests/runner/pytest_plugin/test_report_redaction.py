"""Tests that every text of a pytest report is redacted, and addresses lose their query."""

from __future__ import annotations

from typing import Any

import pytest

from firstbell.artifacts.redaction.by_pattern import url_without_query
from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.runner.pytest_plugin.report_redaction import redact_private_report, redact_secrets

PIN = "turn-the-page-7"


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("https://me:pw@x.example:8443/a/b?pwd=1#access_token=2", "https://x.example:8443/a/b"),
        ("https://x.example/join/a1b2c3d4e5f6a7b8c9d0e1f2a3b4", "https://x.example/join/***"),
        ("/sign-in?pwd=1", "/sign-in"),
        ("data:text/html,<p>Ada", "data:text/html"),
        ("about:blank", "about:blank"),
        ("file:///home/me/page.html?x", "file:///home/me/page.html"),
        ("https://[", "an address that is none"),
    ],
)
def test_url_is_reported_without_its_query(url: str, redacted: str) -> None:
    assert url_without_query(url) == redacted


def report(said: str) -> pytest.TestReport:
    """Returns a report as pytest makes one, of a test that fails with these texts."""
    try:
        raise AssertionError(said) from ValueError(said)
    except AssertionError:
        longrepr: Any = pytest.ExceptionInfo.from_current().getrepr(style="long", showlocals=True)
    return pytest.TestReport(
        nodeid="test_a.py::test_b",
        location=("test_a.py", 1, "test_b"),
        keywords={},
        outcome="failed",
        longrepr=longrepr,
        when="call",
        sections=[("Captured stdout call", said)],
        user_properties=[("said", said), ("firstbell_step", "1 student: joins"), ("times", 3)],
    )


def test_secret_is_redacted_from_a_report_and_the_rest_stays() -> None:
    redacted = report(f"\x1b[31mtyped\x1b[0m {PIN}\x1b]0;owned\x07 at https://x/?access_token=swordfish")
    redact_secrets(redacted, TextCleaner([PIN]))
    text = f"{redacted.longreprtext}{redacted.longrepr.reprcrash.message}{redacted.sections}{redacted.user_properties}"  # type: ignore[union-attr]
    assert PIN not in text
    assert "swordfish" not in text
    assert "\x1b]" not in redacted.longreprtext
    assert "\x1b[31mtyped\x1b[0m ***" in redacted.longreprtext
    assert "The above exception was the direct cause" in redacted.longreprtext
    assert dict(redacted.user_properties)["times"] == 3


def test_report_of_a_stranger_says_only_that() -> None:
    redacted = report("Ada")
    vars(redacted)["extras"] = ["a picture"]
    redact_private_report(redacted, "privacy: somebody came")
    assert redacted.longrepr == "privacy: somebody came"
    assert redacted.user_properties == [("firstbell_step", "1 student: joins")]
    assert (redacted.sections, hasattr(redacted, "extras")) == ([], False)
