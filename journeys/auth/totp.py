"""One-time codes as authenticator apps make them (RFC 6238 over RFC 4226)."""

from __future__ import annotations

import base64
import hmac

from firstbell.hostile_text import learn_secrets


def totp(key: str, at_s: float, *, digits: int = 6, period_s: int = 30, algorithm: str = "sha1") -> str:
    """The code for a base32 key at a Unix time in seconds. Takes any key length, since the 80-bit keys that
    Microsoft 365 hands out are shorter than the RFC advises. Raises ValueError for what is not base32.

    The code is removed from texts of this process from now on."""
    text = key.replace(" ", "").upper()
    secret = base64.b32decode(text + "=" * (-len(text) % 8))
    counter = int(at_s // period_s).to_bytes(8)
    digest = hmac.digest(secret, counter, algorithm)
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    code = str(number % 10**digits).zfill(digits)
    learn_secrets([code])
    return code
