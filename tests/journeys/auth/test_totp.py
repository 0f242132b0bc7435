"""One-time codes against the vectors of RFC 6238, appendix B."""

from __future__ import annotations

import base64

import pytest

from firstbell.journeys.auth.totp import totp

SEED = b"12345678901234567890" * 4
KEYS = {"sha1": SEED[:20], "sha256": SEED[:32], "sha512": SEED[:64]}


@pytest.mark.parametrize(
    ("at_s", "algorithm", "code"),
    [
        (59, "sha1", "94287082"),
        (59, "sha256", "46119246"),
        (59, "sha512", "90693936"),
        (1111111109, "sha1", "07081804"),
        (1111111111, "sha256", "67062674"),
        (1234567890, "sha512", "93441116"),
        (20000000000, "sha1", "65353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(at_s: int, algorithm: str, code: str) -> None:
    key = base64.b32encode(KEYS[algorithm]).decode()
    assert totp(key, at_s, digits=8, algorithm=algorithm) == code


def test_short_keys_written_in_groups_and_small_letters_work_too() -> None:
    assert totp("jbsw y3dp ehpk 3pxp", 59) == totp("JBSWY3DPEHPK3PXP", 31)


def test_a_key_that_is_no_base32_is_refused() -> None:
    with pytest.raises(ValueError, match="Non-base32"):
        totp("not-base32!", 0)
