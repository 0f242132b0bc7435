"""A slice of `benchmarks.planted_secrets`: generated secrets at each place of a hostile page, in Chromium, and codes
that a person types. Nothing of them is left in what is kept, and no row of the trace is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from benchmarks.planted_secrets import planted, table
from tests.artifacts.redaction.test_generated_secrets import SECRETS

pytestmark = pytest.mark.browser


def test_no_secret_is_left_of_a_hostile_page(browser: Browser, tmp_path: Path) -> None:
    outcome = planted(browser, tmp_path, each=1, seed=2)
    sys.stdout.write(f"{table(outcome)}\n")
    assert outcome.raw >= {*SECRETS, "code", "token", "PIN"}, "the recordings prove nothing"
    assert outcome.found == {}
    assert outcome.quarantined == ()
    assert outcome.lost.total() == 0
