"""The parts of the file that say who is told what, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from runner.alarms.channels import BadAddress, Encryption, Mail, well_formed
from runner.alarms.routing import Route, Severity
from runner.alarms.status import SILENT_AFTER
from runner.alarms.terms import Terms
from runner.config import secrets
from runner.config.durations import Seconds
from runner.config.secrets import Reference
from runner.config.section import Name, Section

_MAIL, _ROUTE, _TERMS = Mail(), Route(name="", to=()), Terms(zone=ZoneInfo("UTC"))
_POLICY = _TERMS.policy


def _address(value: str) -> str:
    try:
        well_formed(value)
    except BadAddress as bad:
        raise ValueError(str(bad)) from None
    return value


def _place(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        return secrets.well_formed(value)
    return value


Address = Annotated[
    str,
    AfterValidator(_address),
    Field(max_length=500, examples=["smtp:it@district.example", "slack:env:SLACK_URL"]),
]
Place = Annotated[str, AfterValidator(_place), Field(examples=["env:FIRSTBELL_HEARTBEAT"])]


class MailSection(Section):
    """How mail leaves."""

    host: str = Field(_MAIL.host, description="The mail server.")
    port: int = Field(_MAIL.port, ge=1, le=65535)
    encryption: Encryption = Field(_MAIL.encryption, description="How the way there is encrypted.")
    username: str = Field("", description="Who signs in there; nobody where left out.")
    password: Reference | None = Field(None, description="A reference to the password.")
    sender: str = Field(_MAIL.sender, description="Who writes.")


class RouteSection(Section):
    """Some people, the ways to them, and what they are told of; a filter that is left out lets everything through."""

    name: Name
    to: tuple[Address, ...] = Field(min_length=1, description="Ways to them, each a kind and where.")
    services: tuple[Name, ...] = Field((), description="Only what these services break.")
    journeys: tuple[Name, ...] = Field((), description="Only incidents that these journeys see.")
    severities: tuple[Severity, ...] = Field((), description="Only while an incident is so urgent.")
    operator: bool = Field(
        default=False, strict=True, description="Told of what First Bell itself cannot do, and of nothing else."
    )
    public: bool = Field(
        default=False, strict=True, description="Parents and teachers: a calm notice, once a person has confirmed it."
    )
    template: Path | None = Field(None, description="The words of a public notice, as a Jinja template.")
    repeat: Seconds = Field(
        _ROUTE.repeat.total_seconds(), description="How often they are reminded until somebody acknowledges."
    )
    escalate_after: Seconds | None = Field(None, description="When others are told if nobody acknowledges.")
    escalate_to: tuple[Name, ...] = Field((), description="Routes that are told then, and not before.")


class HeartbeatSection(Section):
    """Somebody outside who notices when First Bell falls silent."""

    url: Place = Field(description="A reference to a check's address, as Healthchecks gives it; or the address.")
    every: Seconds = Field(60.0, description="How often it is told that all is well.")


class AlarmsSection(Section):
    """When incidents open and close, and who is told."""

    places: int = Field(
        _POLICY.service.places,
        ge=1,
        le=50,
        description="Locations that must see a failure, confirmed, to open an incident.",
    )
    window: Seconds = Field(_POLICY.service.window.total_seconds(), description="Within which they must see it.")
    passes: int = Field(_POLICY.service.passes, ge=1, le=8, description="Passes in a row that close it.")
    unseen: int = Field(
        _POLICY.unseen, ge=1, le=50, description="Times in a row without a judgement after which the operator is told."
    )
    reopen_within: Seconds = Field(
        _POLICY.open_again_within.total_seconds(), description="What breaks again within this is the same incident."
    )
    locations: int = Field(
        _TERMS.places, ge=1, le=50, description="How many locations there are, where others have files of their own."
    )
    silent_after: Seconds = Field(
        SILENT_AFTER.total_seconds(), description="A location that was not heard of for this long is told of."
    )
    plan_b: Name = Field(_TERMS.plan_b, description="The journey that plays what people fall back to.")
    link: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="A page about an incident; {incident} is its number."
    )
    mark: str = Field("", max_length=40, description="Put before every first line, as a test system wants it.")
    mail: MailSection = Field(default_factory=MailSection)
    routes: tuple[RouteSection, ...] = Field((), description="Who is told.")
    heartbeat: HeartbeatSection | None = Field(None, description="The dead man's switch.")
