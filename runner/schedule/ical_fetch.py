"""Fetches a published calendar from a file or an address, bounded in size and time."""

from __future__ import annotations

import re
import time as clock
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import urllib3

from firstbell.errors import FirstBellError
from firstbell.web_access import BadWebAccess, WebAccess

LIMIT_BYTES = 5_000_000
CONNECT_S, READ_S, WHOLE_S = 5.0, 15.0, 60.0
REDIRECTS = 2


class FeedError(FirstBellError):
    """A calendar cannot be read. The message says which, why, and what to do."""


def fetch(source: str, web: WebAccess | None = None, *, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """Returns the content of a file or of an address (http, https, webcal). Raises FeedError."""
    scheme, colon, rest = source.partition("://")
    if colon:
        url = f"https://{rest}" if scheme.lower() == "webcal" else source
        return _from_address(url, web or WebAccess(), limit_bytes)
    try:
        with Path(source).expanduser().open("rb") as file:
            return _bounded(file.read, source, limit_bytes)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a path"
        raise FeedError(f"{redacted_source(source)} cannot be read ({reason}); correct the path") from None


def redacted_source(source: str) -> str:
    """Returns a source without user, password and query, which may be the key to a calendar, to show and store."""
    printable = "".join(character for character in source if character.isprintable())
    if "://" not in printable:
        return printable
    scheme, _, rest = re.split(r"[?#]", printable)[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _from_address(url: str, web: WebAccess, limit_bytes: int) -> bytes:
    """Reads an address. Follows redirects itself, because urllib3 would first read their bodies, however long."""
    timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
    try:
        for _ in range(REDIRECTS + 1):
            if urlsplit(url).scheme.lower() not in {"http", "https"}:
                raise FeedError(
                    f"{redacted_source(url)} cannot be read; give a file, or an http, https or webcal address"
                )
            with (
                web.pool(url, timeout) as pool,
                closing(pool.request("GET", url, redirect=False, preload_content=False)) as response,
            ):
                if target := response.get_redirect_location():
                    url = urljoin(url, target)
                    continue
                if response.status != 200:  # HTTP's OK
                    raise FeedError(f"{redacted_source(url)} answers {response.status}; check the address")
                return _bounded(partial(response.read1, decode_content=True), url, limit_bytes)
    except BadWebAccess as error:
        raise FeedError(str(error)) from None
    except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        raise FeedError(
            f"{redacted_source(url)} cannot be reached ({type(error).__name__}); check the address"
        ) from None
    raise FeedError(f"{redacted_source(url)} redirects more than {REDIRECTS} times; give the address where it ends")


def _bounded(read: Callable[[int], bytes], source: str, limit_bytes: int) -> bytes:
    """Reads everything in pieces, within a size and a time, so that a slow sender cannot block."""
    data, deadline = bytearray(), clock.monotonic() + WHOLE_S
    while part := read(limit_bytes + 1 - len(data)):
        data += part
        if len(data) > limit_bytes:
            raise FeedError(
                f"{redacted_source(source)} is larger than {limit_bytes:,} bytes; give a calendar's address"
            )
        if clock.monotonic() > deadline:
            raise FeedError(
                f"{redacted_source(source)} takes longer than {WHOLE_S:.0f} seconds; download it, and give the file"
            )
    return bytes(data)
