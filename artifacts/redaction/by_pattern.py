"""Redaction of any text by patterns: tokens in addresses, JSON and headers, and hidden fields of pages."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from firstbell.artifacts.redaction.known_secrets import REMOVED
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.secret_words import SECRET_PART as _CREDENTIAL_WORDS
from firstbell.secret_words import SECRET_WHOLE as _CREDENTIAL_NAMES

# Each pattern takes time in proportion to the text, whatever the text: it starts at most once in each run of
# characters, and it never gives characters back (possessive and atomic groups).
# A part of a path that is long and looks random: an invitation, a password reset, a signed name.
RANDOM_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_\-.~=])(?=[A-Za-z_\-.~=]*+\d)(?=[0-9_\-.~=]*+[A-Za-z])[A-Za-z0-9_\-.~=]{24,}+"
)

_WITH_WORD = rf"(?>[a-z0-9_.\-]*?(?:{_CREDENTIAL_WORDS}))[a-z0-9_.\-]*+"
NAME_WITH_SECRET_WORD = re.compile(_WITH_WORD, re.IGNORECASE)
_NAME = rf"(?:{_WITH_WORD}|(?:{_CREDENTIAL_NAMES})(?![a-z0-9_.\-]))"
SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
# A name and its value in an address: in its query, in its fragment, or in a form sent as text.
_PARAMETER = re.compile(
    rf"(?P<lead>[?&#;]|^|\\u0026)(?P<name>{_NAME})(?P<is>=)(?P<value>[^&#;\s\"'<>\\]++)", re.IGNORECASE
)
# The same percent-encoded once: in an address within an address.
_NESTED = re.compile(
    rf"(?P<lead>%3F|%26|%23)(?P<name>{_NAME})(?P<is>%3D)(?P<value>(?:[^&#;%\s\"'<>\\]|%(?!26|23))++)", re.IGNORECASE
)
# A quote, after as many backslashes as the opening one has, ends a text; with more or fewer it is part of the text.
_QUOTED = r"(?P<quote>(?<!\\)\\*+[\"'])(?P<value>(?:[^\"'\\]|(?!(?P=quote))\\*+[\"']|\\++(?![\"']))*+)(?:(?P=quote)|\Z)"
# A name and its text in JSON inside other text, escaped or not.
_PAIR = re.compile(rf"(?P<lead>[\"']{_WITH_WORD}\\*+[\"']\s*+:\s*+){_QUOTED}", re.IGNORECASE)
# A tag ends at the first ">" that is in no quoted value; one without an end goes on to the end of the text.
_TAG = re.compile(r"<(?:input|meta)\b(?:[^=>]|=\s*+\\*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))?+)*+>?", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rf"(?P<name>[^\s\"'<>/=\\]++)(?:(?P<is>\s*+=\s*+)(?:{_QUOTED}|(?P<bare>[^\s\"'>][^\s>]*+)))?+", re.IGNORECASE
)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}+", re.IGNORECASE)
_COOKIE = re.compile(r"\b((?:set-)?cookie:\s*)[^\r\n\"]+", re.IGNORECASE)
_JWT = re.compile(
    r"(?<![A-Za-z0-9_-])(?P<lead>(?>[A-Za-z0-9_-]*?\b(?=eyJ)))eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+"
)


def clean_text(text: str, redactor: Redactor) -> str:
    """Remove the values of secret parameters and of hidden fields, tokens, and known secrets from a text."""
    if "=" in text or "%3" in text:
        text = _without_values(_PARAMETER, text, redactor, "tokens in addresses and forms")
        text = _without_values(_NESTED, text, redactor, "tokens in addresses and forms")
    if "<" in text:
        text = _TAG.sub(lambda found: _tag(found[0], redactor), text)
    if ":" in text:
        text = _PAIR.sub(
            lambda found: _record_removal(
                redactor,
                "tokens in JSON",
                f"{found['lead']}{found['quote']}{REMOVED}{found['quote']}" if found["value"] else found[0],
                found["value"] or REMOVED,
            ),
            text,
        )
        text = _COOKIE.sub(lambda found: _record_removal(redactor, "cookies", f"{found[1]}{REMOVED}"), text)
    text = _BEARER.sub(lambda found: _record_removal(redactor, "authorization headers", f"{found[1]} {REMOVED}"), text)
    if "eyJ" in text:
        text = _JWT.sub(lambda found: _record_removal(redactor, "signed tokens", f"{found['lead']}{REMOVED}"), text)
    return redactor.scrub(text)


def is_secret_field(attributes: dict[str, object]) -> bool:
    """Tell whether a page's field has secret content: a password, a one-time code, or a hidden value."""
    kind = str(attributes.get("type", "")).lower()
    autocomplete = str(attributes.get("autocomplete", "")).lower()
    name = str(attributes.get("name", ""))
    is_declared = "password" in autocomplete or autocomplete.endswith("one-time-code") or is_hidden_in_page(attributes)
    return kind in ("password", "hidden") or is_declared or bool(NAME_WITH_SECRET_WORD.fullmatch(name))


def is_hidden_in_page(attributes: dict[str, object]) -> bool:
    """Tell whether an element has the style that hides its text from pictures (`hidden_fields.js`)."""
    style = str(attributes.get("style", ""))
    return "-webkit-text-security:" in style or "-webkit-text-fill-color: transparent !important" in style


def _without_values(pattern: re.Pattern[str], text: str, redactor: Redactor, why: str) -> str:
    def replacement(found: re.Match[str]) -> str:
        return _record_removal(redactor, why, f"{found['lead']}{found['name']}{found['is']}{REMOVED}", found["value"])

    return pattern.sub(replacement, text)


def _tag(tag: str, redactor: Redactor) -> str:
    attributes: dict[str, str] = {}
    for found in _ATTRIBUTE.finditer(tag):
        attributes.setdefault(found["name"].lower(), html.unescape(found["value"] or found["bare"] or ""))
    is_meta = tag[:5].lower() == "<meta"
    attribute = "content" if is_meta else "value"
    named_as_secret = bool(NAME_WITH_SECRET_WORD.fullmatch(attributes.get("name", "")))
    is_secret = named_as_secret if is_meta else is_secret_field({**attributes})
    if not is_secret or attributes.get(attribute, "") in ("", REMOVED):
        return tag
    redactor.count("hidden fields of pages")
    return _ATTRIBUTE.sub(lambda found: _without_value(found) if found["name"].lower() == attribute else found[0], tag)


def _without_value(found: re.Match[str]) -> str:
    quote = found["quote"] or '"'
    return f"{found['name']}={quote}{REMOVED}{quote}"


def _record_removal(redactor: Redactor, why: str, replacement: str, value: str = "") -> str:
    if value != REMOVED:
        redactor.count(why)
    return replacement


def url_without_query(url: str) -> str:
    """Return an address without user, query, fragment, random parts of its path, and content of data: addresses."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    if parts.scheme == "data":
        return f"data:{parts.path.partition(',')[0]}"
    host = parts.netloc.rpartition("@")[2]
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    slashes = "//" if host or parts.scheme == "file" else ""
    return f"{scheme}{slashes}{host}{RANDOM_TOKEN.sub(REMOVED, parts.path)}"
