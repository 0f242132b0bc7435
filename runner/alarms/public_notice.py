"""A calm notice to parents and teachers, from a template, for a person to confirm before anybody reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from firstbell.errors import CONFIG, FirstBellError
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind

TEMPLATE = """\
{% if is_over %}{{ doing | capitalize }} works again, since {{ over_at }}.
Thank you for your patience.
{%- else %}Students may have trouble {{ doing }}, since {{ since }}. We know of it and are working on it.
{% if plan_b_works %}Use plan B{{ ": " + plan_b if plan_b else "" }}. We tried it at {{ plan_b_at }}, and it works.
{% else %}Please try again from time to time.
{% endif %}Next update {{ next_update }}.{% endif %}
"""
"""Used where a route names no template of its own; the names in it are those that any template may use."""

ACTIVITIES: Mapping[str, str] = {
    "edge": "reaching our pages",
    "sign-in": "signing in",
    "platform": "finding today's classes",
    "live-class": "joining live sessions",
    "plan-b": "reaching plan B",
}
# Plan B is recommended only where it was seen to work so lately.
FRESH = timedelta(minutes=60)
UPDATE_EVERY_MIN = 30


class BadTemplate(FirstBellError):
    """A template cannot be used; the message says why."""

    exit_code = CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicNoticeContext:
    """What a notice tells. `plan_b_passed_at` is when plan B last passed, None where its last run did not pass."""

    zone: ZoneInfo
    now: datetime
    since: datetime
    over_at: datetime | None
    doing: str
    plan_b: str = ""
    plan_b_passed_at: datetime | None = None


def public_notice(message: Message, situation: PublicNoticeContext, template: str = TEMPLATE) -> Message:
    """The message in the words of the template: its first line is the subject. Raises BadTemplate."""
    try:
        said = SandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(_names(situation)).strip()
    except TemplateError as error:
        raise BadTemplate(f"the template of the public notice cannot be used ({error})") from None
    if not said:
        raise BadTemplate("the template of the public notice says nothing")
    is_over = message.kind is NoticeKind.CLOSED
    subject = f"{_capital(situation.doing)}: {'solved' if is_over else 'we are working on it'}"
    return replace(message, subject=subject, body=said, rows=(), proof="", picture=b"", service="", owner="")


def activity_of(service: str, configured: str = "") -> str:
    """What people cannot do when a service is broken."""
    return configured or ACTIVITIES.get(service, f"using {service}")


def _names(situation: PublicNoticeContext) -> dict[str, object]:
    passed_at = situation.plan_b_passed_at
    return {
        "is_over": situation.over_at is not None,
        "doing": situation.doing,
        "since": _clock(situation.since, situation.zone),
        "over_at": _clock(situation.over_at, situation.zone),
        "plan_b": situation.plan_b,
        "plan_b_works": passed_at is not None and situation.now - passed_at <= FRESH,
        "plan_b_at": _clock(passed_at, situation.zone),
        "next_update": _clock(_next_update(situation.now, situation.zone), situation.zone),
    }


def _next_update(now: datetime, zone: ZoneInfo) -> datetime:
    """The next full or half hour that leaves a quarter of an hour to find something out."""
    local = (now + timedelta(minutes=15)).astimezone(zone).replace(second=0, microsecond=0)
    return local + timedelta(minutes=-local.minute % UPDATE_EVERY_MIN)


def _clock(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}" if moment else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
