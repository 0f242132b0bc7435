"""What is secret by its kind in what was parsed: credentials in headers, cookies, forms, page fields and arguments."""

from __future__ import annotations

import json
import re
from typing import Any

from firstbell.artifacts.redaction.by_pattern import NAME_WITH_SECRET_WORD, SECRET_NAME, clean_text, is_secret_field
from firstbell.artifacts.redaction.known_secrets import REMOVED
from firstbell.artifacts.redaction.redactor import Redactor

SECRET_HEADER = re.compile(r".*(?:auth|cookie|token|secret|session|csrf|xsrf|api-?key|signature).*", re.IGNORECASE)
_SECRET_FIELD = re.compile(r"password|passcode|one-time|\bcode\b|\bpin\b|secret|token", re.IGNORECASE)
_TYPED = {"fill", "type", "press", "pressSequentially", "insertText", "keyboardType", "keyboardInsertText"}
_EVERY = re.compile(".*")
# Lists of names with values, the names whose values go, and what they are.
_ROWS = {
    "cookies": (_EVERY, "cookies"),
    "localStorage": (_EVERY, "browser storage"),
    "sessionStorage": (_EVERY, "browser storage"),
    "headers": (SECRET_HEADER, "authorization headers"),
    "queryString": (SECRET_NAME, "tokens in addresses and forms"),
    "params": (SECRET_NAME, "tokens in addresses and forms"),
}
# Whole branches of what a browser context was made with, and what was sent or handed to a page.
_BRANCHES = {
    "storageState": "browser storage",
    "storage_state": "browser storage",
    "httpCredentials": "credentials",
    "extraHTTPHeaders": "authorization headers",
    "proxy": "credentials",
    "clientCertificates": "credentials",
    "postData": "form posts",
}
_NAMES_OF_THINGS = ("mimeType", "name", "_file")


def clean_value(value: Any, broom: Redactor) -> Any:
    """Any JSON value, in its own shape: only strings change, and they stay strings."""
    match value:
        case str():
            return clean_text(value, broom)
        case list():
            return [clean_value(item, broom) for item in value]
        case dict():
            return {broom.scrub(key): _clean_entry(value, key, item, broom) for key, item in value.items()}
        case _:
            return value


def clean_body(value: Any, broom: Redactor) -> Any:
    """A JSON body that a page loaded: what its names say is secret goes, whatever it is."""
    match value:
        case list():
            return [clean_body(item, broom) for item in value]
        case dict():
            is_relay = "credential" in value  # An RTCIceServer: its user name is made of the same secret.
            return {
                broom.scrub(key): _take(broom, "tokens in JSON", item)
                if SECRET_NAME.fullmatch(key) or (is_relay and key == "username")
                else clean_body(item, broom)
                for key, item in value.items()
            }
        case _:
            return clean_value(value, broom)


def _clean_entry(owner: dict[str, Any], key: str, item: Any, broom: Redactor) -> Any:
    if key in _BRANCHES:
        return _emptied(item, broom, _BRANCHES[key])
    if key in _ROWS and isinstance(item, list):
        return [_row(row, *_ROWS[key], broom) for row in item]
    if _is_hidden_content(owner, key):
        return _take(broom, "passwords, codes and hidden fields of pages", item)
    if key == "params" and isinstance(item, dict):
        return _arguments(item, str(owner.get("method", "")), broom)
    if isinstance(item, str) and NAME_WITH_SECRET_WORD.fullmatch(key):
        return _take(broom, "tokens in JSON", item)
    return clean_value(item, broom)


def _is_hidden_content(attributes: dict[str, Any], key: str) -> bool:
    """Whether an attribute of an element in a snapshot holds what should not be read."""
    if key == "content":
        return bool(NAME_WITH_SECRET_WORD.fullmatch(str(attributes.get("name", ""))))
    return key in ("__playwright_value_", "value") and is_secret_field(attributes)


def _arguments(params: dict[str, Any], method: str, broom: Redactor) -> dict[str, Any]:
    """An action's arguments: what was typed into a field whose name says that nobody should read it, what was handed to
    a page's script, and the rest as it is."""
    is_secret = method in _TYPED and bool(_SECRET_FIELD.search(str(params.get("selector", ""))))
    cleaned = {}
    for key, item in params.items():
        if is_secret and key in ("value", "text", "key"):
            cleaned[key] = _take(broom, "typed passwords and codes", item)
        elif key == "arg" and "evaluate" in method.lower():
            cleaned[key] = _emptied(item, broom, "arguments of scripts")
        else:
            cleaned[key] = _clean_entry(params, key, item, broom)
    return cleaned


def _row(row: Any, pattern: re.Pattern[str], why: str, broom: Redactor) -> Any:
    if isinstance(row, dict) and pattern.fullmatch(str(row.get("name", ""))):
        reason = "cookies" if "cookie" in str(row.get("name", "")).lower() else why
        return {**clean_value(row, broom), "value": _take(broom, reason, row.get("value"))}
    return clean_value(row, broom)


def _take(broom: Redactor, why: str, item: Any) -> Any:
    """Nothing of an item but its shape."""
    if isinstance(item, list | dict):
        return _emptied(item, broom, why)
    return broom.take(why, item) if isinstance(item, str) else REMOVED if item not in (None, True, False) else item


def _emptied(value: Any, broom: Redactor, why: str) -> Any:
    """The same shape with every string gone: what was there shows, what it said does not."""
    match value:
        case str():
            return broom.take(why, value)
        case list():
            return [_emptied(item, broom, why) for item in value]
        case dict():
            return {
                broom.scrub(key): item
                if key in _NAMES_OF_THINGS and key == "_file"
                else clean_value(item, broom)
                if key in _NAMES_OF_THINGS
                else _emptied(item, broom, why)
                for key, item in value.items()
            }
        case _:
            return value


def clean_json(text: str, broom: Redactor) -> str:
    """A JSON text by the names in it; any other text as text. Raises nothing for what is no JSON after all."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return clean_text(text, broom)
    cleaned = clean_body(parsed, broom)
    return text if cleaned == parsed else json.dumps(cleaned, ensure_ascii=False)
