"""Ways to people, one kind a file; a route's address names its own by what stands before the first colon."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from firstbell.errors import CONFIG, FirstBellError
from firstbell.runner.alarms.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind:
    """One kind of channel: its class as "module:Class", what stands behind the colon of an address, and an example."""

    where: str
    shape: str
    example: str


_REFERENCE = r"(?:env|file):[^\s#@]+"
CHANNELS: Mapping[str, ChannelKind] = {
    "smtp": ChannelKind(
        where="firstbell.runner.alarms.channels.smtp:Smtp", shape=r"[^@\s]+@[^@\s]+", example="smtp:it@district.example"
    ),
    "slack": ChannelKind(
        where="firstbell.runner.alarms.channels.slack:Slack", shape=_REFERENCE, example="slack:env:SLACK_URL"
    ),
    "teams": ChannelKind(
        where="firstbell.runner.alarms.channels.teams:Teams", shape=_REFERENCE, example="teams:env:TEAMS_URL"
    ),
    "pagerduty": ChannelKind(
        where="firstbell.runner.alarms.channels.pagerduty:PagerDuty",
        shape=rf"{_REFERENCE}(@https?://\S+)?",
        example="pagerduty:env:PAGERDUTY_KEY",
    ),
    "sns": ChannelKind(
        where="firstbell.runner.alarms.channels.sns:Sns",
        shape=r"arn:[\w-]+:sns:[\w-]+:\d+:[\w.-]+(@https?://\S+)?",
        example="sns:arn:aws:sns:us-east-1:123456789012:alarms",
    ),
    "alertmanager": ChannelKind(
        where="firstbell.runner.alarms.channels.alertmanager:Alertmanager",
        shape=rf"https?://[^\s#]+(#{_REFERENCE})?",
        example="alertmanager:http://localhost:9093",
    ),
    "webhook": ChannelKind(
        where="firstbell.runner.alarms.channels.webhook:Webhook",
        shape=rf"(https?://[^\s#]+|{_REFERENCE})(#{_REFERENCE})?",
        example="webhook:https://desk.district.example/hook#env:WEBHOOK_KEY",
    ),
    "apprise": ChannelKind(
        where="firstbell.runner.alarms.channels.apprise:Apprise", shape=_REFERENCE, example="apprise:env:NTFY_URL"
    ),
}
"""Kind -> what it is; its module is imported when it is first used."""


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


Encryption = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How mail leaves: the server, who writes, and how it is encrypted."""

    host: str = "localhost"
    port: int = 25
    encryption: Encryption = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = "First Bell <firstbell@localhost>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """What a channel may be told besides its address. `secret` finds a reference's value."""

    secret: Callable[[str], str]
    mail: MailSettings = field(default_factory=MailSettings)


class Channel(Protocol):
    """Somewhere a notice can be delivered, in bounded time, without raising."""

    def deliver(self, message: Message, key: str) -> Answer:
        """Deliver it. The same key again is the same notice, and shows once over there where that is possible."""


class BadAddress(FirstBellError):
    """An address of a channel cannot be used; the message says what would be right, and never repeats it."""

    exit_code = CONFIG


def split_address(address: str) -> tuple[ChannelKind, str]:
    """The kind of an address, and what stands behind its colon. Raises BadAddress."""
    name, _, rest = address.partition(":")
    if name not in CHANNELS:
        known = ", ".join(f"{kind}:" for kind in sorted(CHANNELS))
        raise BadAddress(f"this is no way to people; begin with one of {known}")
    kind = CHANNELS[name]
    if not re.fullmatch(kind.shape, rest):
        raise BadAddress(f'this is no address for {name}; write one such as "{kind.example}"')
    if re.search(r"https?://[^/\s]*@", rest):
        raise BadAddress(f"no name and password are written here; let {name} refer to them, as in env:NAME")
    return kind, rest


def open_channel(address: str, options: ChannelOptions) -> Channel:
    """The channel of an address such as `smtp:it@bayfront.example`. Raises BadAddress, and SecretMissing."""
    kind, rest = split_address(address)
    module, _, name = kind.where.partition(":")
    channel: Channel = getattr(importlib.import_module(module), name)(rest, options)
    return channel


def references_in(address: str) -> list[str]:
    """The references to secrets that an address holds."""
    return re.findall(_REFERENCE, address.partition(":")[2])


def checked_url(text: str, what: str) -> str:
    """An address of the web that a reference has led to. Raises BadAddress."""
    if not text.startswith(("https://", "http://")):
        raise BadAddress(f"{what} begins with https://; correct what the reference leads to")
    return text
