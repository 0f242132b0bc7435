"""Discovery of secrets that the configuration does not know, in fields and headers that are certainly secret.

A one-time code is computed while a journey runs; a session cookie is made by the service. Both are in a field or a
header whose name says so, and perhaps also, unnamed, in a script's argument, a console line or an address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from firstbell.artifacts.redaction.by_pattern import is_secret_field
from firstbell.artifacts.redaction.known_secrets import REMOVED

# Any shorter value occurs in a trace by chance.
SHORTEST = 6
_HOST = re.compile(r"[a-z]+://(?:[^/@]*@)?([^/?#]+)", re.IGNORECASE)


def discover_secrets(lines: Iterable[bytes]) -> set[str]:
    """Return the values of password and code fields in snapshots, and of cookies and credentials in headers."""
    found: set[str] = set()
    for line in lines:
        if b"frame-snapshot" in line or b"resource-snapshot" in line:
            event = json.loads(line)
            found.update(_in_fields(event))
            found.update(_in_headers(event))
    return {value for value in found if len(value) >= SHORTEST and value != REMOVED and not value.isspace()}


def hosts_and_moments(lines: Iterable[bytes]) -> set[str]:
    """Return the hosts, with ports, of the addresses that a trace requested, and when: a viewer needs both."""
    found: set[str] = set()
    for line in lines:
        snapshot = json.loads(line).get("snapshot", {}) if b"resource-snapshot" in line else {}
        if isinstance(snapshot, dict) and isinstance(request := snapshot.get("request"), dict):
            host = _HOST.match(str(request.get("url", "")))
            found.update((str(snapshot.get("startedDateTime", "")), host[1] if host else ""))
    return found


def _in_fields(value: Any) -> Iterator[str]:
    match value:
        case list():
            for item in value:
                yield from _in_fields(item)
        case dict():
            if is_secret_field(value) and str(value.get("type", "")).lower() != "hidden":
                yield str(value.get("__playwright_value_") or value.get("value") or "")
            for item in value.values():
                yield from _in_fields(item)


def _in_headers(event: dict[str, Any]) -> Iterator[str]:
    snapshot = event.get("snapshot", {})
    if not isinstance(snapshot, dict):
        return
    for side in ("request", "response"):
        for row in snapshot.get(side, {}).get("headers", []) if isinstance(snapshot.get(side), dict) else []:
            name, value = str(row.get("name", "")).lower(), str(row.get("value", ""))
            if name == "authorization":
                yield value.rpartition(" ")[2]
            elif name == "cookie":
                yield from (part.partition("=")[2].strip() for part in value.split(";"))
            elif name == "set-cookie":
                yield from (line.partition(";")[0].partition("=")[2].strip() for line in value.splitlines())
