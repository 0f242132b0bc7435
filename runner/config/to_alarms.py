"""The parts of the file that say who is told what, as the alarms' own nouns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.channels import ChannelOptions, MailSettings, references_in
from firstbell.runner.alarms.incident import IncidentPolicy
from firstbell.runner.alarms.journey_health import HealthRules
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import Route, Severity, Silence, with_operator
from firstbell.runner.config.model import Settings
from firstbell.runner.config.secrets import MissingSecret, secret
from firstbell.runner.config.sections.alarms import RouteSection
from firstbell.runner.config.to_schedule import school_time_of
from firstbell.runner.schedule.maintenance import Maintenance


def alarm_policy_of(
    settings: Settings,
    relies_on: Mapping[str, Sequence[str]] | None = None,
    announced: Callable[[], Sequence[Maintenance]] = lambda: (),
) -> AlarmPolicy:
    """By which terms incidents are judged. `relies_on` is known once journeys have been collected."""
    given = settings.alarms
    return AlarmPolicy(
        zone=ZoneInfo(settings.school.timezone),
        incidents=incident_policy_of(settings),
        routes=routes_of(settings),
        location_count=settings.location_count,
        contacts={name: service.contact for name, service in settings.services.items()},
        relies_on=relies_on or {},
        otherwise={name: section.severity for name, section in settings.journeys.items()},
        plan_b=given.plan_b,
        link=given.link,
        mark=given.mark,
        degraded_counts=settings.diagnosis.alarm_degraded,
        is_school_time=school_time_of(settings),
        announced=lambda now: silences_of(announced(), now),
    )


def incident_policy_of(settings: Settings) -> IncidentPolicy:
    """When incidents open and close."""
    given = settings.alarms
    rules = HealthRules(locations=given.places, window=timedelta(seconds=given.window), passes=given.passes)
    return IncidentPolicy(service=rules, unseen=given.unseen, open_again_within=timedelta(seconds=given.reopen_within))


def routes_of(settings: Settings) -> tuple[Route, ...]:
    """Who is told."""
    return with_operator([_route(section) for section in settings.alarms.routes])


def silences_of(announced: Sequence[Maintenance], now: datetime) -> list[Silence]:
    """Announced maintenance holds notices about its services back while it lasts."""
    return [
        Silence(number=0, until=window.end, by="maintenance", why=str(window), service=service)
        for window in announced
        if window.start <= now < window.end
        for service in (window.services or ("",))
    ]


def channel_options_of(settings: Settings) -> ChannelOptions:
    """What channels are told besides their address. Raises MissingSecret for the mail server's password."""
    given = settings.alarms.mail
    return ChannelOptions(
        secret=lambda reference: secret(reference).reveal(),
        mail=MailSettings(
            host=given.host,
            port=given.port,
            encryption=given.encryption,
            username=given.username,
            password=secret(given.password).reveal() if given.password else "",
            sender=given.sender,
        ),
    )


def secrets_of_alarms(settings: Settings) -> list[str]:
    """What alarms know and no log may show, as far as it can be had: who is told with a missing one learns it then."""
    given = settings.alarms
    found = [reference for route in given.routes for address in route.to for reference in references_in(address)]
    found += [given.mail.password] if given.mail.password else []
    found += [given.heartbeat.url] if given.heartbeat and not given.heartbeat.url.startswith("http") else []
    values = []
    for reference in found:
        with suppress(MissingSecret):
            values.append(secret(reference).reveal())
    return values


def _route(given: RouteSection) -> Route:
    return Route(
        name=given.name,
        to=given.to,
        services=frozenset(given.services),
        journeys=frozenset(given.journeys),
        severities=frozenset(given.severities or ((Severity.CRITICAL,) if given.public else ())),
        is_operator=given.operator,
        is_public=given.public,
        repeat=timedelta(seconds=given.repeat),
        escalate_after=timedelta(seconds=given.escalate_after) if given.escalate_after else None,
        escalate_to=given.escalate_to,
    )
