"""Splits addresses of a recording into the page and parts that may give access, such as keys."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import parse_qsl, unquote, urlsplit

PARTS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*:)?(?P<host>//[^/?#]*)?(?P<path>[^?#]*)", re.IGNORECASE)
# Addresses in text: https://host/..., or host.example/...
IN_TEXT = re.compile(r"""\b(?:https?://|[\w-]+(?:\.[\w-]+)+(?::\d+)?/)[^\s"'<>]+""", re.IGNORECASE)
# Names of parameters with a key, as used by meeting rooms, single sign-on and signed addresses.
KEY = re.compile(
    r"pwd|passw|pass(code)?|pin|otp|.*token|.*ticket|secret|.*signature|sig|api-?_?key|key|auth|.*session(id)?|sid|jwt"
    r"|samlresponse|tk|zak|x-amz-credential|jsessionid",
    re.IGNORECASE,
)


def page_of(address: str, values: Collection[str] = ()) -> str:
    """An address without user, parameters, query and fragment. The path ends before a part that holds one of `values`
    in encoded form."""
    found = PARTS.match(address)
    if found is None:
        return address
    host = "//" + found["host"][2:].rpartition("@")[2] if found["host"] else ""
    kept: list[str] = []
    for part in re.sub(r";[^/]*", "", found["path"]).split("/"):
        if any(value in unquote(part) and value not in part for value in values if value):
            kept.append("")
            break
        kept.append(part)
    return (found["scheme"] or "") + host + "/".join(kept)


def has_more(address: str) -> bool:
    """Tells whether an address has more than its page."""
    return len(address.rstrip("?#;/")) > len(page_of(address).rstrip("/"))


def without_keys(text: str) -> str:
    """Cuts a text after the page of the first address that has more than its page. Playwright matches parts of a text,
    so the beginning still matches."""
    for found in IN_TEXT.finditer(text):
        if has_more(found[0]):
            return text[: found.start()] + page_of(found[0])
    return text


def key_in(text: str) -> str:
    """The parameter name of a key in an address of a text; empty if there is none."""
    for address in IN_TEXT.findall(text):
        parts = PARTS.match(address)
        if parts is None:
            continue
        if parts["host"] and ":" in parts["host"].rpartition("@")[0]:
            return "user:password"
        parameters = parts["path"].partition(";")[2] + "&" + address[parts.end() :]
        for name, value in parse_qsl(re.sub("[?#;]+", "&", parameters)):
            if value and KEY.fullmatch(name):
                return name
    return ""


def path_of(address: str) -> str:
    """The path of an address."""
    found = PARTS.match(address)
    return found["path"] if found else ""


def host_of(address: str) -> str:
    """The host of an address; empty if there is none or it is invalid."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
