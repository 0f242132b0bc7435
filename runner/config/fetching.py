"""Fetches a calendar that the configuration names: a file, or an address; bounded in size and time."""

from __future__ import annotations

from pathlib import Path

import urllib3

from runner.schedule.feed import FeedError

LIMIT_BYTES = 5_000_000
CONNECT_S, READ_S = 5.0, 15.0


def fetch(source: str, *, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """The content of a file or an address (http, https, webcal). Raises FeedError."""
    scheme, colon, rest = source.partition("://")
    if not colon:
        return _from_file(Path(source).expanduser(), limit_bytes)
    if scheme not in {"http", "https", "webcal"}:
        raise FeedError(f"{source}: calendars are read from files and from http or https addresses")
    return _from_address(f"https://{rest}" if scheme == "webcal" else source, limit_bytes)


def _from_file(path: Path, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return _bounded(file.read(limit_bytes + 1), str(path), limit_bytes)
    except OSError as error:
        raise FeedError(f"{path} cannot be read ({error.strerror}); correct the path") from None


def _from_address(url: str, limit_bytes: int) -> bytes:
    timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
    retries = urllib3.Retry(total=2, redirect=2, raise_on_redirect=True)
    try:
        with (
            urllib3.PoolManager(timeout=timeout, retries=retries) as pool,
            pool.request("GET", url, preload_content=False) as answer,
        ):
            if answer.status != 200:  # HTTP's OK
                raise FeedError(f"{url} answers {answer.status}; check the address")
            return _bounded(answer.read(limit_bytes + 1, decode_content=True), url, limit_bytes)
    except urllib3.exceptions.HTTPError as error:
        raise FeedError(f"{url} cannot be read ({type(error).__name__}); check the address") from None


def _bounded(data: bytes, source: str, limit_bytes: int) -> bytes:
    if len(data) > limit_bytes:
        raise FeedError(f"{source} is larger than {limit_bytes // 1_000_000} MB; that is no school's calendar")
    return data
