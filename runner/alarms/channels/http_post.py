"""One HTTP POST to a receiver of notices, and what its answer means for the notice."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping

import urllib3

from firstbell.runner.alarms.channels import Answer, Delivered, Refused, TryAgain
from firstbell.web_access import BadWebAccess, WebAccess

LIMITS = urllib3.Timeout(connect=5.0, read=10.0, total=20.0)
# Time-out and too many requests; and every 5xx, which is the server's fault: worth another try.
RETRY_STATUSES = frozenset({408, 429})
LONGEST_S = 3600.0
RECEIPT_LIMIT, LARGEST_BYTES = 200, 64 * 1024


def post(url: str, body: bytes, headers: Mapping[str, str], web: WebAccess | None = None) -> Answer:
    """Posts once, without retries and redirects: an address that has moved must be corrected.

    Reasons name only the host: paths and queries of such addresses are secrets.
    """
    web = web or WebAccess()
    try:
        host = urllib3.util.parse_url(url).host or "the address"
    except urllib3.exceptions.LocationParseError:
        return Refused(reason="this is not a web address; correct the value of the reference")
    try:
        with web.pool(url, LIMITS) as pool:
            answer = pool.request("POST", url, body=body, headers=dict(headers), redirect=False, preload_content=False)
            receipt = _read(answer)
    except BadWebAccess as error:
        return Refused(reason=str(error))
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        return _not_reached(error, host, web.proxy_of(url)[1])
    return Delivered(receipt=receipt) if answer.status < 300 else _not_taken(answer, host)


def _not_reached(error: Exception, host: str, proxy: str) -> Answer:
    """Returns the answer for an error of the connection; `proxy` is the key or variable of the proxy, if any."""
    by = f" by {proxy}" if proxy else ""
    if isinstance(error, urllib3.exceptions.SSLError):
        return Refused(reason=f"{host} has a certificate that is not trusted{by}; correct the address or network.ca")
    return TryAgain(reason=f"{host} cannot be reached{by} ({type(error).__name__})")


def _not_taken(answer: urllib3.BaseHTTPResponse, host: str) -> Answer:
    """Returns the answer for a status that is not a success."""
    reason = f"{host} answered {answer.status}"
    if answer.status in RETRY_STATUSES or answer.status >= 500:
        return TryAgain(reason=reason, after_s=_retry_after_s(answer.headers.get("Retry-After")))
    return Refused(reason=f"{reason}: it has moved; correct the address" if answer.status < 400 else reason)


def _read(answer: urllib3.BaseHTTPResponse) -> str:
    """Reads the beginning of the answer: a receiver that has taken the notice may send without end."""
    try:
        data = answer.read(LARGEST_BYTES)
    except (urllib3.exceptions.HTTPError, OSError):
        data = b""
    if len(data) < LARGEST_BYTES:
        answer.release_conn()
    else:
        answer.close()
    return "".join(letter for letter in data[:RECEIPT_LIMIT].decode(errors="replace") if letter.isprintable())


def _retry_after_s(retry_after: str | None) -> float | None:
    """Returns the seconds of either form of Retry-After (RFC 9110, 10.2.3), at most LONGEST_S."""
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
