"""A text is cleaned before it is cut, whatever its length, and whatever cleaning leaves of it."""

from __future__ import annotations

import base64

import pytest

from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.hostile_text import READ, cleaned_by, cut
from firstbell.journeys.stage.pages.page_signs import printable

SECRET = "Winter Recess#2031/Kestrel"
IN_BASE64 = base64.b64encode(SECRET.encode()).decode()
# Of the secret, so that no piece of it can be left.
PIECES = {SECRET[at : at + 8] for at in range(len(SECRET) - 7)} | {IN_BASE64[at : at + 10] for at in range(0, 26, 4)}
TAG = f'<input value="{SECRET[:20]}" {"a" * 300} type="password">'


@pytest.mark.parametrize("limit", [20, 80, 300])
@pytest.mark.parametrize(
    "text",
    [
        SECRET * 2000,
        f"{IN_BASE64} " * 500,
        f"token={'x' * 5000} " + f"{SECRET} " * 300,
        "x" * 70 + TAG,
        f"{SECRET}{SECRET}{SECRET}{TAG}" * 40,
        "Winter\u200b Recess#2031/Kestrel " * 30,
        "Winter\nRecess#2031/Kestrel\t" * 30,
        f"Bearer {'k7' * 2000} {SECRET}",
        "\ufeff" * 100 + SECRET,
        *("y" * (READ - shift) + SECRET * 9 for shift in (1, 9, 20)),
    ],
)
def test_no_piece_of_a_secret_is_left_before_a_cut(text: str, limit: int) -> None:
    with cleaned_by(TextCleaner([SECRET])):
        for shown in (cut(text, limit), cut(text, limit, mark="…"), printable(text, limit)):
            assert len(shown) <= limit
            assert not [piece for piece in PIECES if piece in shown]


def test_the_text_before_a_secret_is_shown() -> None:
    with cleaned_by(TextCleaner([SECRET])):
        assert printable(f"signed  in\nas {SECRET} " + "z" * 20_000, 30) == "signed in as *** " + "z" * 13
        assert cut("a" * 20_000, 10, mark="…") == "a" * 9 + "…"
        assert printable("Winter \u200b  Recess#2031/Kestrel", 30) == "***"
        assert cut("short", 10, mark="…") == "short"
