"""Requests a host's first page once and reads its beginning. Redirects are not followed."""

from __future__ import annotations

import email.utils
import hashlib
import html
import http.client
import re
import socket
import time
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from firstbell.journeys.stage.pages.page_signs import printable
from firstbell.runner.diagnosis.host_check import HostFault, HttpAnswer, PageKind, fault_of_status
from firstbell.runner.diagnosis.probes.deadline import Deadline, since_ms
from firstbell.runner.diagnosis.probes.tcp_connect import TimedReader, fault_of_error, send

READ_LIMIT = 64 * 1024
TITLE_LIMIT, HOST_LIMIT = 120, 260
_TITLE = re.compile(rb"<title[^>]{0,200}>", re.IGNORECASE)
# Scripts of a page; build tools change their names with the content of the file.
_SCRIPT = re.compile(rb"<script\s([^>]{0,600})>", re.IGNORECASE)
_ADDRESS = re.compile(rb"""\bsrc\s{0,9}=\s{0,9}["']?([^"'\s>]{1,400})""", re.IGNORECASE)
_INTEGRITY = re.compile(rb"""\bintegrity\s{0,9}=\s{0,9}["']?([^"'\s>]{1,200})""", re.IGNORECASE)
MOST_SCRIPTS, SCRIPT_NAME_LIMIT = 40, 60
_TITLE_END = re.compile(rb"</title", re.IGNORECASE)
# The longest title worth reading, in bytes before it is unescaped.
TITLE_BYTES = 2000
_MAINTENANCE = re.compile(
    r"\b(under|scheduled|system|planned|site|down for) maintenance\b|\bmaintenance (mode|page|in progress)\b"
    r"|\b(temporarily|currently) (unavailable|down|offline)\b|\bbe (right )?back soon\b",
    re.IGNORECASE,
)
# A mark in the page of a wireless gateway that intercepts a request (WISPr 1.0, Appendix D).
_CAPTIVE = b"WISPAccessGatewayParam"


def fetch_page(sock: socket.socket, url: str, *, by_proxy: bool, deadline: Deadline) -> HttpAnswer:
    """Requests an address on a connection and returns the answer."""
    began_s = time.monotonic()
    reader = TimedReader(sock, deadline)
    answer = http.client.HTTPResponse(reader.as_socket(), method="GET")
    try:
        send(sock, _request(url, by_proxy=by_proxy), deadline)
        answer.begin()
    except http.client.RemoteDisconnected:  # closed or reset before an answer
        return HttpAnswer(trouble=HostFault.RESET)
    except (http.client.HTTPException, ValueError):
        return HttpAnswer(trouble=HostFault.NOT_HTTP)
    except OSError as error:
        return HttpAnswer(trouble=fault_of_error(error))
    first_byte_s = reader.first_byte_s or time.monotonic()
    received_at = time.time() - (time.monotonic() - first_byte_s)
    body, fault = _body(answer)
    kind = _kind(answer.status, dict(answer.headers), body)
    if kind is PageKind.CAPTIVE_PORTAL:
        fault = HostFault.CAPTIVE_PORTAL
    return HttpAnswer(
        status=answer.status,
        trouble=fault_of_status(answer.status) or fault,
        kind=kind,
        title=_title(body),
        location_host=_host_of(url, answer.headers.get("Location", "")),
        scripts=_scripts(body),
        clock_ahead_s=_ahead_s(answer.headers.get("Date"), received_at),
        first_byte_ms=round((first_byte_s - began_s) * 1000, 1),
        total_ms=since_ms(began_s),
    )


def _request(url: str, *, by_proxy: bool) -> bytes:
    """A minimal request; a proxy needs the whole address (RFC 9112, 3.2.2)."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = (
        f"GET {parts.scheme}://{parts.netloc}{path} HTTP/1.1" if by_proxy else f"GET {path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "User-Agent: FirstBell (host check)",
        "Accept: text/html, */*;q=0.5",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _body(answer: http.client.HTTPResponse) -> tuple[bytes, HostFault | None]:
    """The beginning of a page, and the fault that ended reading it, if any."""
    body = bytearray()
    try:
        while len(body) < READ_LIMIT and (more := answer.read1(READ_LIMIT - len(body))):
            body += more
        is_cut = answer.length is not None and answer.length > 0 and len(body) < READ_LIMIT
    except (OSError, http.client.HTTPException, ValueError) as error:
        is_late = isinstance(error, TimeoutError)
        return bytes(body), HostFault.NO_ANSWER if is_late else HostFault.RESET
    return bytes(body), HostFault.RESET if is_cut else None


def _kind(status: int, headers: Mapping[str, str], body: bytes) -> PageKind:
    if _CAPTIVE in body or fault_of_status(status) is HostFault.CAPTIVE_PORTAL:
        return PageKind.CAPTIVE_PORTAL
    if 300 <= status < 400:
        return PageKind.REDIRECT
    if not body.strip():
        return PageKind.EMPTY
    if _MAINTENANCE.search(_title(body)):
        return PageKind.MAINTENANCE
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return PageKind.PAGE if "html" in kind.lower() else PageKind.OTHER


def _title(body: bytes) -> str:
    """A page's title in one printable line."""
    found = _TITLE.search(body)
    if found is None:
        return ""
    # Searched from there on only: a page may open "<title>" ten thousand times and close none.
    ends = _TITLE_END.search(body, found.end())
    title = body[found.end() : ends.start() if ends else found.end()][:TITLE_BYTES]
    return printable(html.unescape(title.decode("utf-8", "replace")), TITLE_LIMIT)


def _scripts(body: bytes) -> tuple[str, ...]:
    """The scripts of a page, by name and a hash of address and integrity attribute."""
    found: list[str] = []
    for tag in _SCRIPT.finditer(body):
        address, integrity = (pattern.search(tag[1]) for pattern in (_ADDRESS, _INTEGRITY))
        if address is not None and len(found) < MOST_SCRIPTS:
            name = printable(
                address[1].partition(b"?")[0].rpartition(b"/")[2].decode("utf-8", "replace"), SCRIPT_NAME_LIMIT
            )
            identity = address[1] + b"\n" + (integrity[1] if integrity else b"")
            found.append(f"{name} {hashlib.sha256(identity).hexdigest()[:8]}".strip())
    return tuple(found)


def _host_of(url: str, location: str) -> str:
    """The host of a redirect; empty without one, or for an invalid address."""
    try:
        host = urlsplit(urljoin(url, location)).netloc.rpartition("@")[2] if location else ""
        return printable(host, HOST_LIMIT)
    except ValueError:
        return ""


def _ahead_s(date: str | None, received_at: float) -> float | None:
    """The lead of a server's clock over this one, in whole seconds, the precision of its Date."""
    try:
        return float(round(email.utils.parsedate_to_datetime(date or "").timestamp() - received_at))
    except (ValueError, OverflowError):
        return None
