"""Fetches a published calendar from a file or an address, bounded in size and time."""

from __future__ import annotations

import ipaddress
import re
import socket
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
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits


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
    address = ""
    try:
        for _ in range(REDIRECTS + 1):
            if urlsplit(url).scheme.lower() not in {"http", "https"}:
                raise FeedError(
                    f"{redacted_source(url)} cannot be read; give a file, or an http, https or webcal address"
                )
            with _pool(url, web, address) as pool, closing(_asked(pool, url, address)) as response:
                if target := response.get_redirect_location():
                    target = urljoin(url, target)
                    address = _checked_redirect(url, target, address, web)
                    url = target
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


def _pool(url: str, web: WebAccess, address: str) -> urllib3.PoolManager:
    pool = web.pool(url, urllib3.Timeout(connect=CONNECT_S, read=READ_S))
    if address:
        pool.connection_pool_kw["server_hostname"] = urlsplit(url).hostname
    return pool


def _asked(pool: urllib3.PoolManager, url: str, address: str) -> urllib3.BaseHTTPResponse:
    """Sends the request, to an address that was checked if one is given: asked again, a name may have another."""
    headers = {}
    if address:
        parts = urlsplit(url)
        host = f"[{address}]" if ":" in address else address
        headers["Host"] = parts.netloc.rpartition("@")[2]
        url = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()
    return pool.request("GET", url, headers=headers, redirect=False, preload_content=False)


def _checked_redirect(url: str, target: str, address: str, web: WebAccess) -> str:
    """Returns the address to connect to for a redirect, or "" where a proxy or the same host decides. Raises FeedError
    for one that leads out of https, or to this machine or its network: a publisher could have those read for itself."""
    old, new = urlsplit(url), urlsplit(target)
    if (old.scheme, new.scheme) == ("https", "http"):
        raise FeedError(f"{redacted_source(url)} redirects from https to http; give the address where it ends")
    if (old.scheme, old.hostname, old.port) == (new.scheme, new.hostname, new.port):
        return address
    if new.scheme not in {"http", "https"}:
        return ""
    is_proxied = bool(web.proxy_of(target)[0])
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(new.hostname, None, type=socket.SOCK_STREAM)]
    except OSError:
        if is_proxied:
            return ""
        raise
    if not all(_is_public(ipaddress.ip_address(each)) for each in found):
        raise FeedError(
            f"{redacted_source(url)} redirects into this machine or its network; give the address where it ends"
        )
    return "" if is_proxied else found[0]


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tells whether an address is of the public internet; an IPv4 address inside an IPv6 one decides."""
    inner: ipaddress.IPv4Address | ipaddress.IPv6Address = address
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or address
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner.is_global and not inner.is_multicast


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
