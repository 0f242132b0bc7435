"""`[alarms]`: rules for incidents, routes to people, the mail server and the heartbeat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from firstbell.runner.alarms.channels import BadAddress, Encryption, MailSettings, split_address
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import Route, Severity
from firstbell.runner.alarms.status import SILENT_AFTER
from firstbell.runner.config import secrets
from firstbell.runner.config.durations import Seconds
from firstbell.runner.config.secrets import Reference
from firstbell.runner.config.sections import ADDRESS_FAULTS, Name, Pattern, Section

_MAIL, _ROUTE, _ALARMS = MailSettings(), Route(name="", to=()), AlarmPolicy(zone=ZoneInfo("UTC"))
_INCIDENTS = _ALARMS.incidents


def _address(value: str) -> str:
    try:
        split_address(value)
    except BadAddress as bad:
        raise ValueError(str(bad)) from None
    return value


def _url_or_reference(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        return secrets.well_formed(value)
    return value


Address = Annotated[
    str,
    AfterValidator(_address),
    Field(max_length=500, examples=["smtp:it@district.example", "slack:env:SLACK_URL"]),
]
UrlOrReference = Annotated[str, AfterValidator(_url_or_reference), Field(examples=["env:FIRSTBELL_HEARTBEAT"])]


Link = Annotated[
    str,
    Pattern(r"^(https?://\S+)?$", "this address names no host; add one after http:// or https://", ADDRESS_FAULTS[:2]),
]


class MailSection(Section):
    """The mail server for `smtp:` addresses."""

    host: str = Field(_MAIL.host, description="The mail server.")
    port: int = Field(_MAIL.port, ge=1, le=65535, description="The port of the mail server.")
    encryption: Encryption = Field(_MAIL.encryption, description="Encryption of the connection.")
    username: str = Field("", description="The user name at the mail server; without it, no sign-in.")
    password: Reference | None = Field(None, description="A reference to the password at the mail server.")
    sender: str = Field(_MAIL.sender, description="The sender of the mails.")


class RouteSection(Section):
    """Addresses of people, and filters for their incidents; a filter that is left out lets everything through."""

    name: Name = Field(description="The name of the route.")
    to: tuple[Address, ...] = Field(
        min_length=1,
        description="Addresses, each a kind of channel and a destination, such as `smtp:it@district.example`.",
    )
    services: tuple[Name, ...] = Field((), description="Only incidents of these services.")
    journeys: tuple[Name, ...] = Field((), description="Only incidents that break these journeys.")
    severities: tuple[Severity, ...] = Field((), description="Only incidents of these severities.")
    operator: bool = Field(
        default=False,
        strict=True,
        description="Receives incidents of First Bell itself, and no others unless `services` names them.",
    )
    public: bool = Field(
        default=False,
        strict=True,
        description="For parents and teachers: a calm notice, sent only after a person confirms it.",
    )
    template: Path | None = Field(None, description="A Jinja template for the public notice.")
    repeat: Seconds = Field(
        _ROUTE.repeat.total_seconds(), description="The interval of reminders, until an acknowledgement."
    )
    escalate_after: Seconds | None = Field(
        None, description="Time without an acknowledgement after which `escalate_to` is notified."
    )
    escalate_to: tuple[Name, ...] = Field((), description="Routes that are notified only then.")


class HeartbeatSection(Section):
    """An outside check that raises an alarm when First Bell falls silent."""

    url: UrlOrReference = Field(
        description="The check's address, or a reference to it; the convention of Healthchecks."
    )
    every: Seconds = Field(60.0, description="How often the address is called; its check needs a grace of twice that.")


class AlarmsSection(Section):
    """Rules for opening and closing incidents."""

    places: int = Field(
        _INCIDENTS.service.locations,
        ge=1,
        le=50,
        description="How many locations must confirm a failure before an incident opens.",
    )
    window: Seconds = Field(
        _INCIDENTS.service.window.total_seconds(), description="The time within which those locations must see it."
    )
    passes: int = Field(_INCIDENTS.service.passes, ge=1, le=8, description="Passes in a row that close an incident.")
    unseen: int = Field(
        _INCIDENTS.unseen,
        ge=1,
        le=50,
        description="Runs in a row that could not be judged, after which the operator is notified.",
    )
    reopen_within: Seconds = Field(
        _INCIDENTS.open_again_within.total_seconds(),
        description="A service that breaks again within this time opens the same incident again.",
    )
    locations: int = Field(
        _ALARMS.location_count,
        ge=1,
        le=50,
        description="The number of locations in all, if other machines have files of their own.",
    )
    silent_after: Seconds = Field(
        SILENT_AFTER.total_seconds(), description="A location that is silent for this long is reported to the operator."
    )
    plan_b: Name = Field(_ALARMS.plan_b, description="The journey that plays plan B.")
    link: Link = Field(
        "",
        description="The address of a page about an incident; `{incident}` becomes its number.",
    )
    mark: str = Field("", max_length=40, description="Text before every subject line, to mark a test system.")
    mail: MailSection = Field(default_factory=MailSection)
    routes: tuple[RouteSection, ...] = Field((), description="Routes to people.")
    heartbeat: HeartbeatSection | None = Field(None, description="An outside check.")
