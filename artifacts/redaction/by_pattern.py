"""What is secret by its kind in any text: tokens in addresses, JSON and headers, and the hidden parts of pages."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from firstbell.artifacts.redaction.known_secrets import REMOVED
from firstbell.artifacts.redaction.redactor import Redactor

# A part of a path that is long and looks drawn by lot: an invitation, a reset, a signed name.
RANDOM_TOKEN = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_\-.~=]{24,}")

_CREDENTIAL_WORDS = "token|secret|password|passwd|passcode|credential|saml|assertion|signature|api[_-]?key"
_CREDENTIAL_NAMES = "code|code_verifier|state|nonce|launch|ticket|session|sessionid|sid|jwt|auth|otp|pwd|sig|relaystate"
NAME_WITH_SECRET_WORD = re.compile(rf"[a-z0-9_.\-]*(?:{_CREDENTIAL_WORDS})[a-z0-9_.\-]*", re.IGNORECASE)
_NAME = rf"(?:[a-z0-9_.-]*(?:{_CREDENTIAL_WORDS})[a-z0-9_.-]*|{_CREDENTIAL_NAMES})"
SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
# A name and its value in an address: in its query, in its fragment, or in a form sent as text.
_PARAMETER = re.compile(
    rf"(?P<lead>[?&#;]|^|amp;|u0026)(?P<name>{_NAME})(?P<is>=)(?P<value>[^&#;\s\"'<>\\]+)", re.IGNORECASE
)
# The same percent-encoded once, as it stands in an address within an address.
_NESTED = re.compile(rf"(?P<lead>%3F|%26|%23)(?P<name>{_NAME})(?P<is>%3D)(?P<value>[^&#;%\s\"'<>\\]+)", re.IGNORECASE)
# A name and its text in JSON that stands inside something else, escaped or not.
_PAIR = re.compile(
    rf"(?P<lead>\\?[\"'](?:[a-z0-9_.-]*(?:{_CREDENTIAL_WORDS})[a-z0-9_.-]*)\\?[\"']\s*:\s*\\?[\"'])(?P<value>[^\"'\\]+)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?:input|meta)\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z-]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_COOKIE = re.compile(r"\b((?:set-)?cookie:\s*)[^\r\n\"]+", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")


def clean_text(text: str, broom: Redactor) -> str:
    """The text without the values of secret parameters, of fields that nobody sees, of tokens, and of known secrets."""
    if "=" in text or "%3" in text:
        text = _without(_PARAMETER, text, broom, "tokens in addresses and forms")
        text = _without(_NESTED, text, broom, "tokens in addresses and forms")
    if "<" in text:
        text = _TAG.sub(lambda found: _tag(found[0], broom), text)
    if ":" in text:
        text = _PAIR.sub(
            lambda found: _record_removal(broom, "tokens in JSON", f"{found['lead']}{REMOVED}", found["value"]), text
        )
        text = _COOKIE.sub(lambda found: _record_removal(broom, "cookies", f"{found[1]}{REMOVED}"), text)
    text = _BEARER.sub(lambda found: _record_removal(broom, "authorization headers", f"{found[1]} {REMOVED}"), text)
    if "eyJ" in text:
        text = _JWT.sub(lambda _found: _record_removal(broom, "signed tokens", REMOVED), text)
    return broom.scrub(text)


def is_secret_field(attributes: dict[str, object]) -> bool:
    """Whether a page's field holds what should not be read: a password, a one-time code, or what the page hides."""
    kind = str(attributes.get("type", "")).lower()
    complete = str(attributes.get("autocomplete", "")).lower()
    name = str(attributes.get("name", ""))
    is_told = "password" in complete or complete == "one-time-code"
    return kind in ("password", "hidden") or is_told or bool(NAME_WITH_SECRET_WORD.fullmatch(name))


def _without(pattern: re.Pattern[str], text: str, broom: Redactor, why: str) -> str:
    def instead(found: re.Match[str]) -> str:
        return _record_removal(broom, why, f"{found['lead']}{found['name']}{found['is']}{REMOVED}", found["value"])

    return pattern.sub(instead, text)


def _tag(tag: str, broom: Redactor) -> str:
    given = {name.lower(): value.strip("\"'") for name, value in _ATTRIBUTE.findall(tag)}
    kept = "content" if tag[:5].lower() == "<meta" else "value"
    is_secret = (
        NAME_WITH_SECRET_WORD.fullmatch(given.get("name", "")) if kept == "content" else is_secret_field({**given})
    )
    if not is_secret or not given.get(kept) or given[kept] == REMOVED:
        return tag
    broom.note("hidden fields of pages")
    return _ATTRIBUTE.sub(lambda found: f'{found[1]}="{REMOVED}"' if found[1].lower() == kept else found[0], tag)


def _record_removal(broom: Redactor, why: str, instead: str, value: str = "") -> str:
    if value != REMOVED:
        broom.note(why)
    return instead


def url_without_query(url: str) -> str:
    """Where a page stands, without what an address may carry along: user, query, fragment, invitations, content."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    if parts.scheme == "data":
        return f"data:{parts.path.partition(',')[0]}"
    host = parts.netloc.rpartition("@")[2]
    before = f"{parts.scheme}:" if parts.scheme else ""
    between = "//" if host or parts.scheme == "file" else ""
    return f"{before}{between}{host}{RANDOM_TOKEN.sub(REMOVED, parts.path)}"
