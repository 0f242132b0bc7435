"""Addresses in a recording: what of them is a page, and what may let anybody in who reads it."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import parse_qsl, unquote, urlsplit

PARTS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*:)?(?P<host>//[^/?#]*)?(?P<path>[^?#]*)", re.IGNORECASE)
# As a browser or as people write them: https://host/..., or host.example/...
IN_TEXT = re.compile(r"""\b(?:https?://|[\w-]+(?:\.[\w-]+)+(?::\d+)?/)[^\s"'<>]+""", re.IGNORECASE)
# Names of parameters that hold a key, as meeting rooms, single sign-on and signed addresses call theirs.
KEY = re.compile(
    r"pwd|passw|pass(code)?|pin|otp|.*token|.*ticket|secret|.*signature|sig|api-?_?key|key|auth|.*session(id)?|sid|jwt"
    r"|samlresponse|tk|zak|x-amz-credential|jsessionid",
    re.IGNORECASE,
)


def page_of(address: str, values: Collection[str] = ()) -> str:
    """An address without user, parameters, query and fragment, and without what follows one of some values that stands
    in its path in another form."""
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
    """Whether an address says more than its page."""
    return len(address.rstrip("?#;/")) > len(page_of(address).rstrip("/"))


def without_keys(text: str) -> str:
    """A text that ends with the page of the first address in it that says more than that. Playwright looks for a part
    of a text, so what it began with is still found."""
    for found in IN_TEXT.finditer(text):
        if has_more(found[0]):
            return text[: found.start()] + page_of(found[0])
    return text


def key_in(text: str) -> str:
    """The name under which an address in a text holds a key; empty where none does."""
    for address in IN_TEXT.findall(text):
        parts = PARTS.match(address)
        if parts is None:
            continue
        if parts["host"] and ":" in parts["host"].rpartition("@")[0]:
            return "user:password"
        more = parts["path"].partition(";")[2] + "&" + address[parts.end() :]
        for name, value in parse_qsl(re.sub("[?#;]+", "&", more)):
            if value and KEY.fullmatch(name):
                return name
    return ""


def path_of(address: str) -> str:
    """The path of an address."""
    found = PARTS.match(address)
    return found["path"] if found else ""


def host_of(address: str) -> str:
    """The host of an address; empty where it has none that can be read."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
