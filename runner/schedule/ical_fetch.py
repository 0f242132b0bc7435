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

LIMIT_BYTES = 5_000_000
CONNECT_S, READ_S, WHOLE_S = 5.0, 15.0, 60.0
REDIRECTS = 2


class FeedError(FirstBellError):
    """A calendar cannot be read; one sentence says which, why, and what to do."""


def fetch(source: str, *, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """The content of a file, or of an address (http, https, webcal). Raises FeedError."""
    scheme, colon, rest = source.partition("://")
    if colon:
        return _from_address(f"https://{rest}" if scheme.lower() == "webcal" else source, limit_bytes)
    try:
        with Path(source).expanduser().open("rb") as file:
            return _bounded(file.read, source, limit_bytes)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "that is no path"
        raise FeedError(f"{redacted_source(source)} cannot be read ({reason}); correct the path") from None


def redacted_source(source: str) -> str:
    """A source as it may be shown and kept: without user, password and query, which may hold the key to a calendar."""
    plain = "".join(character for character in source if character.isprintable())
    if "://" not in plain:
        return plain
    scheme, _, rest = re.split(r"[?#]", plain)[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _from_address(url: str, limit_bytes: int) -> bytes:
    """Redirects are followed here: urllib3 would first read their bodies, however long."""
    timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
    try:
        with urllib3.PoolManager(timeout=timeout, retries=False) as pool:
            for _ in range(REDIRECTS + 1):
                if urlsplit(url).scheme.lower() not in {"http", "https"}:
                    raise FeedError(
                        f"{redacted_source(url)}: calendars are read from files, http, https and webcal addresses"
                    )
                with closing(pool.request("GET", url, redirect=False, preload_content=False)) as answer:
                    if onward := answer.get_redirect_location():
                        url = urljoin(url, onward)
                        continue
                    if answer.status != 200:  # HTTP's OK
                        raise FeedError(f"{redacted_source(url)} answers {answer.status}; check the address")
                    return _bounded(partial(answer.read1, decode_content=True), url, limit_bytes)
    except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        raise FeedError(
            f"{redacted_source(url)} cannot be reached ({type(error).__name__}); check the address"
        ) from None
    raise FeedError(f"{redacted_source(url)} redirects more than {REDIRECTS} times; give the address where it ends")


def _bounded(read: Callable[[int], bytes], source: str, limit_bytes: int) -> bytes:
    """All that can be read, bit by bit: whoever sends one byte at a time does not keep us."""
    data, enough_at = bytearray(), clock.monotonic() + WHOLE_S
    while part := read(limit_bytes + 1 - len(data)):
        data += part
        if len(data) > limit_bytes:
            raise FeedError(
                f"{redacted_source(source)} is larger than {limit_bytes:,} bytes; that is no school's calendar"
            )
        if clock.monotonic() > enough_at:
            raise FeedError(
                f"{redacted_source(source)} takes longer than {WHOLE_S:.0f} seconds; download it and give the file"
            )
    return bytes(data)
