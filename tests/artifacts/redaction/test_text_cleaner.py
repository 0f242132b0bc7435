"""Tests that a text loses its secrets, also those that a cut has left in part."""

from __future__ import annotations

import pytest

from firstbell.artifacts.redaction.text_cleaner import TextCleaner

SECRET = "Blau'er&Wal/2031"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"no {SECRET} here", "no *** here"),
        (f"line {SECRET[:12]}", "line ***"),
        (f"line {SECRET[:8]}…", "line ***…"),
        (f'says "{SECRET[:9]}"; then', 'says "***"; then'),
        (f"'xx...{SECRET[-10:]} end'", "'xx...*** end'"),
        ("Blau%27er%26Wal...", "***..."),
        ("Blau&#x27;er&amp;W", "***"),
        (f"{SECRET[:5]}", "Blau'"),
        (f"{SECRET[:12]} in the middle", f"{SECRET[:12]} in the middle"),
        ("https://x.test/?code=4b1c9d&x=1", "https://x.test/?code=***&x=1"),
    ],
)
def test_text_loses_a_secret_and_its_pieces_at_a_cut(text: str, clean: str) -> None:
    assert TextCleaner([SECRET]).clean(text) == clean


def test_secret_that_is_learned_later_goes_too() -> None:
    cleaner = TextCleaner()
    cleaner.learn(["481516", "abc"])
    assert cleaner.clean("code 481516, abc") == "code ***, abc"
    assert SECRET not in repr(TextCleaner([SECRET]))
