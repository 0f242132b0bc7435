"""What is secret by its kind, whoever's it is: credentials in headers, cookies, addresses, forms and page fields."""

from __future__ import annotations

import re
from typing import Any

from artifacts.redaction.forms import REMOVED, KnownSecrets

_TELLING = "token|secret|password|passwd|passcode|credential|saml|assertion|signature|api[_-]?key"
_WHOLE = "code|code_verifier|state|nonce|launch|ticket|session|sessionid|sid|jwt|auth|otp|pwd|sig"
_NAME = rf"(?:[a-z0-9_.-]*(?:{_TELLING})[a-z0-9_.-]*|{_WHOLE})"
SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
SECRET_HEADER = re.compile(r".*(?:auth|cookie|token|secret|session|csrf|xsrf|api-?key|signature).*", re.IGNORECASE)
# A name and its value in an address: in its query, in its fragment, or in a form sent as text.
_PARAMETER = re.compile(rf"(?P<lead>[?&#;]|^|amp;|u0026)(?P<name>{_NAME})=(?P<value>[^&#;\s\"'<>\\]+)", re.IGNORECASE)
_HIDDEN = re.compile(r"(<input\b[^>]*\btype=[\"']?hidden\b[^>]*\bvalue=)(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_SECRET_FIELD = re.compile(r"password|passcode|one-time|\bcode\b|\bpin\b|secret|token", re.IGNORECASE)
_TYPED = {"fill", "type", "press", "pressSequentially", "insertText", "keyboardType", "keyboardInsertText"}
# Lists of names with values, and the names whose values go.
_ROWS = {
    "cookies": re.compile(".*"),
    "headers": SECRET_HEADER,
    "queryString": SECRET_NAME,
    "params": SECRET_NAME,
}
# Whole branches of what a browser context was made with.
_BRANCHES = {"storageState", "storage_state", "httpCredentials", "extraHTTPHeaders", "proxy", "clientCertificates"}


def clean_text(text: str, known: KnownSecrets) -> str:
    """Any text: the values of secret parameters, of hidden fields and of tokens go, and so do the known secrets."""
    if "=" in text:
        text = _PARAMETER.sub(lambda found: f"{found['lead']}{found['name']}={REMOVED}", text)
        text = _HIDDEN.sub(lambda found: f'{found[1]}"{REMOVED}"', text)
    text = _BEARER.sub(lambda found: f"{found[1]} {REMOVED}", text)
    return known.scrub(_JWT.sub(REMOVED, text))


def clean_value(value: Any, known: KnownSecrets) -> Any:
    """Any JSON value, in its own shape: only strings change, and they stay strings."""
    match value:
        case str():
            return clean_text(value, known)
        case list():
            return [clean_value(item, known) for item in value]
        case dict():
            return {key: _clean_entry(value, key, item, known) for key, item in value.items()}
        case _:
            return value


def _clean_entry(owner: dict[str, Any], key: str, item: Any, known: KnownSecrets) -> Any:
    if key in _BRANCHES or key == "postData":
        return _emptied(item)
    if key in _ROWS and isinstance(item, list):
        return [_without_value(row) if _is_secret(row, _ROWS[key]) else clean_value(row, known) for row in item]
    if key in ("__playwright_value_", "value") and _is_secret_field(owner):
        return REMOVED if item else item
    if key == "params" and isinstance(item, dict) and owner.get("method") in _TYPED:
        return _typed(item, known)
    return clean_value(item, known)


def _typed(params: dict[str, Any], known: KnownSecrets) -> dict[str, Any]:
    """What was typed, unless the field's own name says that nobody should read it."""
    if not _SECRET_FIELD.search(str(params.get("selector", ""))):
        return {key: clean_value(item, known) for key, item in params.items()}
    return {key: REMOVED if key in ("value", "text") else clean_value(item, known) for key, item in params.items()}


def _is_secret_field(attributes: dict[str, Any]) -> bool:
    """Whether a page's field, in a snapshot, holds what should not be read."""
    kind = str(attributes.get("type", "")).lower()
    complete = str(attributes.get("autocomplete", "")).lower()
    return kind in ("password", "hidden") or "password" in complete or complete == "one-time-code"


def _is_secret(row: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(row, dict) and bool(pattern.fullmatch(str(row.get("name", ""))))


def _without_value(row: Any) -> Any:
    return {**row, "value": REMOVED} if isinstance(row, dict) else REMOVED


def _emptied(value: Any) -> Any:
    """The same shape with every string gone: what was there shows, what it said does not."""
    match value:
        case str():
            return REMOVED
        case list():
            return [_emptied(item) for item in value]
        case dict():
            return {
                key: item if key in ("mimeType", "name", "_file") else _emptied(item) for key, item in value.items()
            }
        case _:
            return value
