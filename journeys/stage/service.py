"""The services that journeys rely on, each with an owner to call, and the accounts of the actors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from firstbell.journeys.stage.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One part of the chain between a pupil and a class.

    `url` is its front door; `hosts` are the host names (shell patterns allowed) whose traffic is its own; `relays` the
    STUN and TURN servers of its calls, such as "turn:relay.example:3478";
    `kind` names the adapter that knows its pages; `options` are that adapter's own settings.
    """

    name: str
    owner: str
    url: str
    kind: str
    contact: str = ""
    hosts: tuple[str, ...] = ()
    relays: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def own_hosts(self) -> tuple[str, ...]:
        """The names of its hosts, that of its front door included."""
        door = urlsplit(self.url).hostname
        return tuple(dict.fromkeys((*((door,) if door else ()), *self.hosts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A synthetic person's account. `totp_key` is base32 (RFC 4648) where a second factor is asked for, `passkey` JSON
    (see firstbell.journeys.auth.passkey); `browser` and `device` belong to this account; empty for those of the whole
    configuration."""

    username: str
    display_name: str
    password: Secret
    totp_key: Secret | None = None
    passkey: Secret | None = None
    browser: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classroom:
    """The class in which the actors meet; no real person belongs to it.

    `title` is the class as the platform lists it; `meeting_code` opens the plan B room.
    """

    title: str
    meeting_code: Secret | None = None
