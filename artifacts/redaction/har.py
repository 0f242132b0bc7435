"""Redaction of a HAR 1.2 by an allow-list: it is built from allowed members only.

It has no bodies, cookies or query values, and only headers that help to find a fault and identify no person.
Source of the members: HAR 1.2 (W3C Web Performance draft, 14 August 2012), which browsers' developer tools import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from firstbell.artifacts.redaction.by_pattern import RANDOM_TOKEN, clean_text
from firstbell.artifacts.redaction.known_secrets import REMOVED
from firstbell.artifacts.redaction.redactor import Redactor

REQUEST_HEADERS = frozenset({"accept", "accept-encoding", "content-type", "content-length", "host", "user-agent"})
RESPONSE_HEADERS = frozenset(
    {
        "age", "alt-svc", "cache-control", "cf-cache-status", "cf-ray", "connection", "content-encoding",
        "content-length", "content-type", "date", "etag", "expires", "last-modified", "retry-after", "server",
        "server-timing", "strict-transport-security", "traceparent", "transfer-encoding", "vary", "via",
        "x-amz-cf-id", "x-amz-cf-pop", "x-amz-id-2", "x-amz-request-id", "x-amzn-requestid", "x-azure-ref", "x-cache",
        "x-correlation-id", "x-request-id", "x-served-by",
    }
)  # fmt: skip
TIMINGS = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")


def allowed_har(raw: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    """Build a HAR of the allowed members. Raises KeyError, TypeError or ValueError if `raw` is not a HAR."""
    log = raw["log"]
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "First Bell", "version": "1", "comment": "reduced to what is allowed"},
            "browser": _product(log.get("browser", {})),
            "pages": [_page(page) for page in log.get("pages", [])],
            "entries": [_entry(entry, redactor) for entry in log["entries"]],
        }
    }


def allowed_address(url: str, redactor: Redactor) -> str:
    """Return an address with scheme, host, path, and the names of its query; without user, values and fragment."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ws", "wss"):
        return f"{parts.scheme}:" if parts.scheme else ""
    path, removed = RANDOM_TOKEN.subn(REMOVED, parts.path)
    redactor.count("tokens in paths", removed)
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    redactor.count("values of queries", len(names))
    query = "&".join(f"{clean_text(name, redactor)}={REMOVED}" for name in names)
    host = parts.netloc.rpartition("@")[2]
    return clean_text(f"{parts.scheme}://{host}{path}", redactor) + (f"?{query}" if query else "")


def _product(given: Mapping[str, Any]) -> dict[str, str]:
    return {"name": str(given.get("name", "")), "version": str(given.get("version", ""))}


def _page(page: Mapping[str, Any]) -> dict[str, Any]:
    timings = page.get("pageTimings", {})
    return {
        "startedDateTime": str(page["startedDateTime"]),
        "id": str(page["id"]),
        "title": "",
        "pageTimings": {name: _number(timings.get(name)) for name in ("onContentLoad", "onLoad")},
    }


def _entry(entry: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    request, response = entry["request"], entry["response"]
    timings = entry.get("timings", {})
    content = response.get("content", {})
    kept: dict[str, Any] = {
        "startedDateTime": str(entry["startedDateTime"]),
        "time": _number(entry.get("time")),
        "request": {
            "method": str(request["method"])[:16],
            "url": allowed_address(str(request["url"]), redactor),
            "httpVersion": str(request.get("httpVersion", "")),
            "cookies": [],
            "headers": _headers(request, REQUEST_HEADERS, redactor),
            "queryString": [
                {"name": clean_text(str(row["name"]), redactor), "value": REMOVED}
                for row in request.get("queryString", [])
            ],
            "headersSize": _number(request.get("headersSize")),
            "bodySize": _number(request.get("bodySize")),
        },
        "response": {
            "status": int(response["status"]),
            "statusText": clean_text(str(response.get("statusText", "")), redactor),
            "httpVersion": str(response.get("httpVersion", "")),
            "cookies": [],
            "headers": _headers(response, RESPONSE_HEADERS, redactor),
            "content": {"size": _number(content.get("size")), "mimeType": str(content.get("mimeType", ""))},
            "redirectURL": allowed_address(str(response.get("redirectURL", "")), redactor),
            "headersSize": _number(response.get("headersSize")),
            "bodySize": _number(response.get("bodySize")),
        },
        "cache": {},
        "timings": {name: _number(timings.get(name)) for name in TIMINGS},
    }
    if failure := response.get("_failureText"):
        kept["response"]["_failureText"] = str(failure)[:80]
    for name in ("pageref", "serverIPAddress"):
        if name in entry:
            kept[name] = str(entry[name])
    return kept


def _headers(message: Mapping[str, Any], allowed: frozenset[str], redactor: Redactor) -> list[dict[str, str]]:
    rows = message.get("headers", [])
    kept = [row for row in rows if str(row["name"]).lower() in allowed]
    redactor.count("headers", len(rows) - len(kept))
    redactor.count("cookies", len(message.get("cookies", [])))
    return [{"name": str(row["name"]), "value": clean_text(str(row["value"]), redactor)} for row in kept]


def _number(value: object) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else -1
