"""Cleaning takes time in proportion to a text, however hostile: four times the text takes about four times as long.

Time that grows with the square takes sixteen times as long. Only the time of this process counts, and only the best of
several measurements, so a busy machine changes nothing.
"""

from __future__ import annotations

import time

import pytest

from firstbell.artifacts.redaction.by_pattern import RANDOM_TOKEN, SECRET_NAME, clean_text
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.redactor import Redactor

LENGTH = 3_000
# Between 4 (in proportion) and 16 (the square); below the floor a clock is too coarse to tell.
MOST_TIMES, FLOOR_S = 9, 0.03
PIECES = [
    "a", "1", "-", "token", "code&", "<input ", "<meta content", "<input a='", '<input a="b', "<input a\t= ", "=", "?x",
    "u0026", "\\u0026a", "'token", '"token":', '"token": "', '\\"token\\":\\"', "\\", '\\"', "\"'\\", "eyJ-",
    "eyJaaaaaaaa.", "cookie:\n", "Bearer  ", "%3Ftoken", "%26token%3D%", "&amp;token",
    "%25", "%C3%A9", "&#x41;", "&amp;amp;", "\\u0041", "\\x41", "\\\\", "VVVV", "ab12cd34",
    "e\u0301", "\U0001f600", "horse correct",
]  # fmt: skip
STARTS = ["", "<input ", '"']
KNOWN = KnownSecrets(["correct horse"])


def seconds(text: str) -> float:
    def once() -> float:
        begun = time.process_time()
        clean_text(text, Redactor(KNOWN))
        RANDOM_TOKEN.sub("", text)
        SECRET_NAME.fullmatch(f"{text}!")
        return time.process_time() - begun

    return min(once() for _ in range(2))


@pytest.mark.parametrize("start", STARTS)
def test_cleaning_grows_in_proportion_to_the_text(start: str) -> None:
    grown = {}
    for piece in PIECES:
        long = seconds(start + piece * (4 * LENGTH // len(piece)))
        if long > FLOOR_S:
            grown[piece] = long / seconds(start + piece * (LENGTH // len(piece)))
    assert {piece: times for piece, times in grown.items() if times > MOST_TIMES} == {}
