"""The scope of a bag: one service and its hosts, or everything."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote, urlsplit

CALLS = ("live-class", "plan-b")
"""The services with media."""
# An address ends where the next one begins: it may be a value in the query of another.
_ADDRESS = re.compile(r"(?:https?|wss?)://(?:(?!(?:https?|wss?)(?::|%3A))[^\s\"'<>)])+", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:(?<=//)|(?<![\w./@-]))((?:[\w-]+\.)+[a-z][\w-]+(?::\d+)?|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|"
    r"\[[0-9a-f:.]+\](?::\d+)?)(/[^\s\"'<>)]*)?(?![\w-])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A service, its owner, its host names, and those of other owners' services (`*` is allowed in both). Without a
    service the scope covers everything."""

    service: str = ""
    owner: str = ""
    hosts: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def is_narrow(self) -> bool:
        """True if anything is left out."""
        return bool(self.service)

    def covers_host(self, host: str) -> bool:
        """Tell whether a host, with or without a port, is this service's own: one of its patterns fits it more closely
        than any of another owner. A host that both name is of neither, since a path does not show whose page it is."""
        if not self.is_narrow:
            return True
        name = _name_of(host)
        return bool(name) and _closest(name, self.hosts) > _closest(name, self.others)

    def covers_hosts(self, hosts: Iterable[str] | None) -> bool:
        """Tell whether a page with frames of these hosts is this service's own. None and no host: not known."""
        found = tuple(hosts or ())
        return not self.is_narrow or (bool(found) and all(map(self.covers_host, found)))

    def covers_address(self, url: str) -> bool:
        """Tell whether an address is on one of its hosts."""
        return self.covers_host(_netloc_of(url))

    def names_only_own_hosts(self, text: str) -> bool:
        """Tell whether every host that a text names, in whatever percent encoding, is its own."""
        return all(self.covers_host(found[1]) for found in _NAMED.finditer(_decoded(text)))

    def cut(self, value: Any) -> Any:
        """Cut other hosts' addresses in the texts of a JSON value to the host."""
        match value:
            case str():
                return self._cut(value)
            case list():
                return [self.cut(item) for item in value]
            case dict():
                return {self._cut(str(key)): self.cut(item) for key, item in value.items()}
            case _:
                return value

    def _cut(self, text: str) -> str:
        if not self.is_narrow or ("." not in text and "[" not in text):
            return text
        shown = self._cut_once(text)
        plain = _decoded(shown)
        return shown if plain == shown or plain == (again := self._cut_once(plain)) else again

    def _cut_once(self, text: str) -> str:
        text = _ADDRESS.sub(lambda found: found[0] if self.covers_address(found[0]) else host_of(found[0]), text)
        return _NAMED.sub(
            lambda found: found[0] if not found[2] or self.covers_host(found[1]) else f"{found[1]}/", text
        )

    def covers_service(self, service: str) -> bool:
        """Tell whether it covers steps that rely on a service."""
        return not self.is_narrow or service == self.service


def host_of(url: str) -> str:
    """Return an address without all that follows the host, and without a user's name."""
    return f"{url.partition('://')[0]}://{_netloc_of(url).rpartition('@')[2]}/"


def _netloc_of(url: str) -> str:
    """Return what stands between `//` and the path. A browser takes a backslash for a slash."""
    return re.split(r"[/?#\\]", url.partition("://")[2], maxsplit=1)[0]


def _decoded(text: str) -> str:
    return unquote(unquote(text)).replace("\\/", "/") if "%" in text or "\\" in text else text


def _name_of(host: str) -> str:
    """Return a host name as patterns are compared: lower case, in ASCII, no port, no brackets; empty if it is none."""
    try:
        given = f"[{host}]" if host.count(":") > 1 and "[" not in host else host
        name = (urlsplit(f"//{given}").hostname or "").rstrip(".")
    except ValueError:
        return ""
    return _ascii(name)


def _ascii(name: str) -> str:
    try:
        return name.lower() if name.isascii() else name.encode("idna").decode().lower()
    except UnicodeError:
        return ""


def _closest(name: str, patterns: Iterable[str]) -> tuple[bool, int]:
    """Return how closely patterns fit a name: exactly or not, and the letters of the longest; lowest if none does."""
    plain = (_ascii(pattern.strip("[].")) for pattern in patterns)
    fitting = [("*" not in one, len(one)) for one in plain if one and fnmatchcase(name, one.replace("[", "[[]"))]
    return max(fitting, default=(False, 0))
