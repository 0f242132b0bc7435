"""Redaction of parsed JSON by its keys: credentials in headers, cookies, forms, page fields and arguments."""

from __future__ import annotations

import json
import re
from typing import Any

from firstbell import secret_words
from firstbell.artifacts.redaction.by_pattern import (
    NAME_WITH_SECRET_WORD,
    SECRET_NAME,
    clean_text,
    is_hidden_in_page,
    is_secret_field,
)
from firstbell.artifacts.redaction.known_secrets import REMOVED
from firstbell.artifacts.redaction.redactor import Redactor

SECRET_HEADER = re.compile(rf".*(?:{secret_words.SECRET_HEADER}).*", re.IGNORECASE)
_SECRET_FIELD = re.compile(secret_words.SECRET_LABEL, re.IGNORECASE)
_TYPED = {"fill", "type", "press", "pressSequentially", "insertText", "keyboardType", "keyboardInsertText"}
_EVERY = re.compile(".*")
# List of rows with a name and a value -> (names whose values are removed, kind of secret).
_ROWS = {
    "cookies": (_EVERY, "cookies"),
    "localStorage": (_EVERY, "browser storage"),
    "sessionStorage": (_EVERY, "browser storage"),
    "headers": (SECRET_HEADER, "authorization headers"),
    "queryString": (SECRET_NAME, "tokens in addresses and forms"),
    "params": (SECRET_NAME, "tokens in addresses and forms"),
}
# Branch that is emptied as a whole -> kind of secret: options of a browser context, and bodies of requests.
_BRANCHES = {
    "storageState": "browser storage",
    "storage_state": "browser storage",
    "httpCredentials": "credentials",
    "extraHTTPHeaders": "authorization headers",
    "proxy": "credentials",
    "clientCertificates": "credentials",
    "postData": "form posts",
}
_KEPT_NAMES = ("mimeType", "name")


def clean_value(value: Any, redactor: Redactor) -> Any:
    """Clean any JSON value in its own shape: only strings change, and they stay strings."""
    match value:
        case str():
            return clean_text(value, redactor)
        case [str(tag), {"style": _} as attributes, *children] if is_hidden_in_page(attributes):
            # An element of a snapshot: what it repeats of a field is removed, and what its children do.
            return [tag, clean_value(attributes, redactor), *_emptied_texts(children, redactor)]
        case list():
            return [clean_value(item, redactor) for item in value]
        case dict():
            return {redactor.scrub(key): _clean_entry(value, key, item, redactor) for key, item in value.items()}
        case _:
            return value


def _emptied_texts(children: list[Any], redactor: Redactor) -> list[Any]:
    """Return the children of a snapshot's element without texts: `[tag, attributes, child, ...]`, a text, or a
    reference to an earlier snapshot."""
    return [
        redactor.replace_value("passwords, codes and hidden fields of pages", child)
        if isinstance(child, str)
        else [child[0], *(clean_value(one, redactor) for one in child[1:2]), *_emptied_texts(child[2:], redactor)]
        if isinstance(child, list) and child and isinstance(child[0], str)
        else child
        for child in children
    ]


def clean_body(value: Any, redactor: Redactor) -> Any:
    """Clean a JSON body that a page loaded: the value of a key with a secret's name is removed, whatever it is."""
    match value:
        case list():
            return [clean_body(item, redactor) for item in value]
        case dict():
            is_relay = "credential" in value  # An RTCIceServer: its user name is derived from the same secret.
            return {
                redactor.scrub(key): _replaced(redactor, "tokens in JSON", item)
                if SECRET_NAME.fullmatch(key) or (is_relay and key == "username")
                else clean_body(item, redactor)
                for key, item in value.items()
            }
        case _:
            return clean_value(value, redactor)


def _clean_entry(owner: dict[str, Any], key: str, item: Any, redactor: Redactor) -> Any:
    if key in _BRANCHES:
        return _emptied(item, redactor, _BRANCHES[key])
    if key in _ROWS and isinstance(item, list):
        return [_row(row, *_ROWS[key], redactor) for row in item]
    if _is_hidden_content(owner, key):
        return _replaced(redactor, "passwords, codes and hidden fields of pages", item)
    if key == "params" and isinstance(item, dict):
        return _arguments(item, str(owner.get("method", "")), redactor)
    if isinstance(item, str) and NAME_WITH_SECRET_WORD.fullmatch(key):
        return _replaced(redactor, "tokens in JSON", item)
    return clean_value(item, redactor)


def _is_hidden_content(attributes: dict[str, Any], key: str) -> bool:
    """Tell whether an attribute of an element in a snapshot has secret content."""
    if key == "content":
        return bool(NAME_WITH_SECRET_WORD.fullmatch(str(attributes.get("name", ""))))
    return key in ("__playwright_value_", "value") and is_secret_field(attributes)


def _arguments(params: dict[str, Any], method: str, redactor: Redactor) -> dict[str, Any]:
    """Clean an action's arguments: text typed into a field with a secret's name, and arguments of page scripts."""
    is_secret = method in _TYPED and bool(_SECRET_FIELD.search(str(params.get("selector", ""))))
    cleaned = {}
    for key, item in params.items():
        name = redactor.scrub(key)
        if is_secret and key in ("value", "text", "key"):
            cleaned[name] = _replaced(redactor, "typed passwords and codes", item)
        elif key == "arg" and "evaluate" in method.lower():
            cleaned[name] = _emptied(item, redactor, "arguments of scripts")
        else:
            cleaned[name] = _clean_entry(params, key, item, redactor)
    return cleaned


def _row(row: Any, pattern: re.Pattern[str], why: str, redactor: Redactor) -> Any:
    if isinstance(row, dict) and pattern.fullmatch(str(row.get("name", ""))):
        reason = "cookies" if "cookie" in str(row.get("name", "")).lower() else why
        return {**clean_value(row, redactor), "value": _replaced(redactor, reason, row.get("value"))}
    return clean_value(row, redactor)


def _replaced(redactor: Redactor, why: str, item: Any) -> Any:
    """Return an item's shape without its content."""
    if isinstance(item, list | dict):
        return _emptied(item, redactor, why)
    if isinstance(item, str):
        return redactor.replace_value(why, item)
    return item if item in (None, True, False) else REMOVED


def _emptied(value: Any, redactor: Redactor, why: str) -> Any:
    """Return the same shape with every string removed."""
    match value:
        case str():
            return redactor.replace_value(why, value)
        case list():
            return [_emptied(item, redactor, why) for item in value]
        case dict():
            return {
                redactor.scrub(key): item
                if key == "_file"
                else clean_value(item, redactor)
                if key in _KEPT_NAMES
                else _emptied(item, redactor, why)
                for key, item in value.items()
            }
        case _:
            return value


def clean_json(text: str, redactor: Redactor) -> str:
    """Clean a JSON text by its keys; a text that is not JSON by patterns. Raises nothing."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return clean_text(text, redactor)
    cleaned = clean_body(parsed, redactor)
    return text if cleaned == parsed else json.dumps(cleaned, ensure_ascii=False)
