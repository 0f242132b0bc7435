"""Channels that deliver notices, one kind per module; an address begins with the name of its kind and a colon."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from firstbell.errors import CONFIG, FirstBellError
from firstbell.runner.alarms.message import Message

if TYPE_CHECKING:  # The configuration is read without urllib3.
    from firstbell.web_access import WebAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind:
    """One kind of channel: its class in this package ("module:Class"), a pattern of the address after the colon, an
    example, whether it keeps one alert for each opening until its closing comes, and whether a restart of it forgets
    these."""

    target: str
    pattern: str
    example: str
    keeps_alerts: bool = False
    forgets_alerts: bool = False


_REFERENCE = r"(?:env|file):[^\s#@]+"
CHANNELS: Mapping[str, ChannelKind] = {
    "smtp": ChannelKind(
        target="smtp:Smtp",
        pattern=r"[^@\s]+@[^@\s]+",
        example="smtp:it@district.example",
    ),
    "slack": ChannelKind(target="slack:Slack", pattern=_REFERENCE, example="slack:env:SLACK_URL"),
    "teams": ChannelKind(target="teams:Teams", pattern=_REFERENCE, example="teams:env:TEAMS_URL"),
    "pagerduty": ChannelKind(
        target="pagerduty:PagerDuty",
        pattern=rf"{_REFERENCE}(@https?://\S+)?",
        example="pagerduty:env:PAGERDUTY_KEY",
        keeps_alerts=True,
    ),
    "sns": ChannelKind(
        target="sns:Sns",
        pattern=r"arn:[\w-]+:sns:[\w-]+:\d+:[\w.-]+(@https?://\S+)?",
        example="sns:arn:aws:sns:us-east-1:123456789012:alarms",
    ),
    "alertmanager": ChannelKind(
        target="alertmanager:Alertmanager",
        pattern=rf"https?://[^\s#]+(#{_REFERENCE})?",
        example="alertmanager:http://localhost:9093",
        keeps_alerts=True,
        forgets_alerts=True,
    ),
    "webhook": ChannelKind(
        target="webhook:Webhook",
        pattern=rf"(https?://[^\s#]+|{_REFERENCE})(#{_REFERENCE})?",
        example="webhook:https://desk.district.example/hook#env:WEBHOOK_KEY",
    ),
    "apprise": ChannelKind(target="apprise:Apprise", pattern=_REFERENCE, example="apprise:env:NTFY_URL"),
}
"""Name of a kind -> its definition; the module is imported when it is first used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The receiver has taken the notice. `receipt` is its answer, such as the id of a message."""

    receipt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The receiver will never take the notice: another try is useless, and the operator is alarmed."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """The receiver does not take the notice now. `after_s` is the wait that it asked for, if any."""

    reason: str
    after_s: float | None = None


Answer = Delivered | Refused | TryAgain
Encryption = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Settings for outgoing mail: the server, the encryption and the sender."""

    host: str = "localhost"
    port: int = 25
    encryption: Encryption = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = "First Bell <firstbell@localhost>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """Options of a channel besides its address. `secret` returns the value of a reference, `web` is the way of
    HTTP, None the environment's."""

    secret: Callable[[str], str]
    mail: MailSettings = field(default_factory=MailSettings)
    web: WebAccess | None = None


class Channel(Protocol):
    """Delivers notices in bounded time and without raising."""

    def deliver(self, message: Message, key: str) -> Answer:
        """Delivers a notice. The same key again is the same notice, which the receiver shows once if it can."""


@runtime_checkable
class WebChannel(Protocol):
    """A channel that posts to one `url`."""

    url: str


class BadAddress(FirstBellError):
    """An address of a channel cannot be used; the message names the correct form, and never repeats the address."""

    exit_code = CONFIG


def split_address(address: str) -> tuple[ChannelKind, str]:
    """Splits an address into its kind and the rest after the colon. Raises BadAddress."""
    name, _, rest = address.partition(":")
    if name not in CHANNELS:
        known = ", ".join(f"{kind}:" for kind in sorted(CHANNELS))
        raise BadAddress(f"this address has no known kind of channel; begin it with one of {known}")
    kind = CHANNELS[name]
    if not re.fullmatch(kind.pattern, rest):
        raise BadAddress(f'this is not an address for {name}; write one such as "{kind.example}"')
    if re.search(r"https?://[^/\s]*@", rest):
        raise BadAddress(f"an address must not hold a user name or password; let {name} refer to them, as in env:NAME")
    return kind, rest


def open_channel(address: str, options: ChannelOptions) -> Channel:
    """Opens the channel of an address such as `smtp:it@bayfront.example`. Raises BadAddress and SecretMissing."""
    kind, rest = split_address(address)
    module, _, name = kind.target.partition(":")
    channel: Channel = getattr(importlib.import_module(f"{__name__}.{module}"), name)(rest, options)
    return channel


def keeps_alerts(address: str) -> bool:
    """Returns whether the channel of an address keeps one alert for each opening until its closing comes."""
    kind = CHANNELS.get(address.partition(":")[0])
    return kind is not None and kind.keeps_alerts


def forgets_alerts(address: str) -> bool:
    """Returns whether the channel of an address forgets its alerts when it is restarted, so that those in force are
    sent again and again."""
    kind = CHANNELS.get(address.partition(":")[0])
    return kind is not None and kind.forgets_alerts


def references_in(address: str) -> list[str]:
    """Returns the references to secrets in an address."""
    return re.findall(_REFERENCE, address.partition(":")[2])


def checked_url(text: str, name: str) -> str:
    """Returns a web address that was read from a reference. Raises BadAddress."""
    if not text.startswith(("https://", "http://")):
        raise BadAddress(f"{name} must begin with https://; correct the value of the reference")
    return text
