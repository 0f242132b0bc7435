"""One HTTP request to somebody who takes notices, and what the answer means for them."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping

import urllib3

from firstbell.runner.alarms.channels import Answer, Delivered, Refused, TryAgain

LIMITS = urllib3.Timeout(connect=5.0, read=10.0, total=20.0)
# What may be taken later: a conflict or a time-out of theirs, too much at once, and all that is their server's fault.
RETRY_STATUSES = frozenset({408, 409, 425, 429})
LONGEST_S = 3600.0
SAID_LIMIT, LARGEST_BYTES = 200, 64 * 1024

_pool = urllib3.PoolManager(retries=False, timeout=LIMITS, num_pools=20)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Post once. Nothing is tried again here, and nobody is followed: an address that has moved must be corrected.

    Messages name the host alone: paths and queries of such addresses are secrets.
    """
    try:
        host = urllib3.util.parse_url(url).host or "the address"
    except urllib3.exceptions.LocationParseError:
        return Refused(said="this is no address of the web; correct what the reference leads to")
    try:
        answer = _pool.request("POST", url, body=body, headers=dict(headers), redirect=False, preload_content=False)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        return TryAgain(said=f"{host} cannot be reached ({type(error).__name__})")
    receipt = _read(answer)
    if answer.status < 300:
        return Delivered(receipt=receipt)
    said = f"{host} answered {answer.status}"
    if answer.status in RETRY_STATUSES or answer.status >= 500:
        return TryAgain(said=said, after_s=_retry_after_s(answer.headers.get("Retry-After")))
    if answer.status < 400:
        return Refused(said=f"{said}: it has moved; correct the address")
    return Refused(said=said)


def _read(answer: urllib3.BaseHTTPResponse) -> str:
    """What was said, as far as it matters: who has taken a notice may say the rest to nobody, for ever."""
    try:
        data = answer.read(LARGEST_BYTES)
    except (urllib3.exceptions.HTTPError, OSError):
        data = b""
    if len(data) < LARGEST_BYTES:
        answer.release_conn()
    else:
        answer.close()
    return "".join(letter for letter in data[:SAID_LIMIT].decode(errors="replace") if letter.isprintable())


def _retry_after_s(retry_after: str | None) -> float | None:
    """Seconds, from either form of Retry-After (RFC 9110, 10.2.3), within reason."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        seconds = float(retry_after)
    else:
        try:
            seconds = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(0.0, seconds), LONGEST_S)
