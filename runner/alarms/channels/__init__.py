"""Ways to people, one kind a file; a route's address names its own by what stands before the first colon."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from runner.alarms.message import Message

CHANNELS: Mapping[str, str] = {
    "smtp": "runner.alarms.channels.smtp:Smtp",
    "webhook": "runner.alarms.channels.webhook:Webhook",
    "pagerduty": "runner.alarms.channels.pagerduty:PagerDuty",
}
"""Kind -> "module:Class", imported when it is first used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The other side has it. `receipt` is what it said, such as a message's id."""

    receipt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The other side will never take it: trying again is of no use, and somebody has to be told."""

    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """Not now. `after_s` is what the other side asked for; None leaves it to us."""

    said: str
    after_s: float | None = None


Answer = Delivered | Refused | TryAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """How mail leaves: the server, who writes, and how it is encrypted ("starttls", "tls" or "none")."""

    host: str = "localhost"
    port: int = 25
    encryption: str = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = "First Bell <firstbell@localhost>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """What a channel may be told besides its address. `secret` finds a reference's value."""

    secret: Callable[[str], str]
    mail: Mail = field(default_factory=Mail)


class Channel(Protocol):
    """Somewhere a notice can be delivered, in bounded time, without raising."""

    def deliver(self, message: Message, key: str) -> Answer:
        """Deliver it. The same key again is the same notice, and shows once over there where that is possible."""


class BadAddress(Exception):
    """An address of a channel cannot be used; the message says what would be right."""


def open_channel(address: str, options: ChannelOptions) -> Channel:
    """The channel of an address such as `smtp:it@bayfront.example`. Raises BadAddress, and SecretMissing."""
    kind, _, rest = address.partition(":")
    if kind not in CHANNELS or not rest:
        known = ", ".join(f"{name}:" for name in sorted(CHANNELS))
        raise BadAddress(f"{kind!r} is no way to people; begin with one of {known}")
    module, _, name = CHANNELS[kind].partition(":")
    channel: Channel = getattr(importlib.import_module(module), name)(rest, options)
    return channel
