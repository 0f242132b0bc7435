"""Builds the alarm policy, its routes and channels from the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.channels import ChannelOptions, MailSettings, references_in
from firstbell.runner.alarms.incident import IncidentPolicy
from firstbell.runner.alarms.journey_health import HealthRules
from firstbell.runner.alarms.policy import AlarmPolicy, with_operator
from firstbell.runner.alarms.routing import Route, Severity
from firstbell.runner.alarms.rules.silence import Silence
from firstbell.runner.config.model import Settings
from firstbell.runner.config.secrets import MissingSecret, secret
from firstbell.runner.config.sections.alarms import RouteSection
from firstbell.runner.config.to_schedule import first_bell_of, school_time_of
from firstbell.runner.schedule.maintenance import Maintenance

if TYPE_CHECKING:
    from firstbell.web_access import WebAccess


def alarm_policy_of(
    settings: Settings,
    relies_on: Mapping[str, Sequence[str]] | None = None,
    announced: Callable[[], Sequence[Maintenance]] = lambda: (),
) -> AlarmPolicy:
    """Returns the alarm policy. `relies_on` is known once journeys have been collected."""
    section = settings.alarms
    return AlarmPolicy(
        zone=ZoneInfo(settings.school.timezone),
        district=settings.school.name,
        incidents=incident_policy_of(settings),
        routes=routes_of(settings),
        locations=settings.location_names,
        location_count=settings.location_count,
        contacts={name: service.contact for name, service in settings.services.items()},
        relies_on=relies_on or {},
        otherwise={name: journey.severity for name, journey in settings.journeys.items()},
        plan_b=section.plan_b,
        link=section.link,
        mark=section.mark,
        degraded_counts=settings.diagnosis.alarm_degraded,
        is_school_time=school_time_of(settings),
        first_bell=first_bell_of(settings),
        announced=lambda now: silences_of(announced(), now),
    )


def incident_policy_of(settings: Settings) -> IncidentPolicy:
    """Returns the rules by which incidents open and close."""
    section = settings.alarms
    rules = HealthRules(locations=section.places, window=timedelta(seconds=section.window), passes=section.passes)
    reopen_within = timedelta(seconds=section.reopen_within)
    return IncidentPolicy(service=rules, unseen=section.unseen, open_again_within=reopen_within)


def routes_of(settings: Settings) -> tuple[Route, ...]:
    """Returns the routes of the file, and the operator's."""
    return with_operator([_route(section) for section in settings.alarms.routes])


def silences_of(announced: Sequence[Maintenance], now: datetime) -> list[Silence]:
    """Returns the silences of announced maintenance: no notices about its services while it lasts."""
    return [
        Silence(number=0, until=window.end, by="maintenance", why=str(window), service=service)
        for window in announced
        if window.start <= now < window.end
        for service in (window.services or ("",))
    ]


def channel_options_of(settings: Settings, web: WebAccess | None = None) -> ChannelOptions:
    """Returns the options of channels besides their address. Raises MissingSecret for the mail server's password."""
    mail = settings.alarms.mail
    return ChannelOptions(
        secret=lambda reference: secret(reference).reveal(),
        web=web,
        mail=MailSettings(
            host=mail.host,
            port=mail.port,
            encryption=mail.encryption,
            username=mail.username,
            password=secret(mail.password).reveal() if mail.password else "",
            sender=mail.sender,
        ),
    )


def secrets_of_alarms(settings: Settings) -> list[str]:
    """Returns the secrets of alarms, which no log may show, without missing ones: their channels report them on use."""
    section = settings.alarms
    references = [reference for route in section.routes for address in route.to for reference in references_in(address)]
    references += [section.mail.password] if section.mail.password else []
    heartbeat = section.heartbeat
    references += [heartbeat.url] if heartbeat and not heartbeat.url.startswith("http") else []
    values = []
    for reference in references:
        with suppress(MissingSecret):
            values.append(secret(reference).reveal())
    return values


def _route(section: RouteSection) -> Route:
    return Route(
        name=section.name,
        to=section.to,
        services=frozenset(section.services),
        journeys=frozenset(section.journeys),
        severities=frozenset(section.severities or ((Severity.CRITICAL,) if section.public else ())),
        is_operator=section.operator,
        is_public=section.public,
        repeat=timedelta(seconds=section.repeat),
        escalate_after=timedelta(seconds=section.escalate_after) if section.escalate_after else None,
        escalate_to=section.escalate_to,
    )
