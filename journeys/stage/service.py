"""What journeys rely on: services with an owner to call, and the accounts that our people use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One part of the chain between a pupil and a class.

    `url` is its front door; `hosts` are the host names (shell patterns allowed) whose traffic is its own;
    `kind` names the adapter that knows its pages; `options` are that adapter's own settings.
    """

    name: str
    owner: str
    url: str
    kind: str
    contact: str = ""
    hosts: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A synthetic person's account. Secrets are asked for when they are typed, and never before.

    `password` and `totp_key` (base32, RFC 4648) are callables so that no repr, log or traceback can hold them.
    """

    username: str
    display_name: str
    password: Callable[[], str] = field(repr=False)
    totp_key: Callable[[], str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classroom:
    """Where our synthetic people meet: a class of their own with nobody else in it.

    `title` is the class as the platform lists it; `meeting_code` opens the plan B room.
    """

    title: str
    meeting_code: Callable[[], str] = field(repr=False)
