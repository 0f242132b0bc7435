"""The notice to parents and teachers: made from a template, and sent only after a person has confirmed it."""

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
"""Template of a route that names none; the names in it are those that any template may use."""

ACTIVITIES: Mapping[str, str] = {
    "edge": "reaching our pages",
    "sign-in": "signing in",
    "platform": "finding today's classes",
    "live-class": "joining live sessions",
    "plan-b": "reaching plan B",
}
# Plan B is recommended only if it passed this recently.
FRESH = timedelta(minutes=60)
UPDATE_EVERY_MIN = 30


class BadTemplate(FirstBellError):
    """A template cannot be used; the message says why."""

    exit_code = CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicNoticeContext:
    """Facts of a notice. `plan_b_passed_at` is when plan B last passed, None if its last run did not pass."""

    zone: ZoneInfo
    now: datetime
    since: datetime
    over_at: datetime | None
    doing: str
    plan_b: str = ""
    plan_b_passed_at: datetime | None = None


def public_notice(message: Message, context: PublicNoticeContext, template: str = TEMPLATE) -> Message:
    """Returns the message with the template's text as its body. Raises BadTemplate."""
    try:
        body = SandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(_names(context)).strip()
    except TemplateError as error:
        raise BadTemplate(f"the template of the public notice cannot be used ({error}); correct it") from None
    if not body:
        raise BadTemplate("the template of the public notice gives an empty text; correct it")
    is_over = message.kind is NoticeKind.CLOSED
    subject = f"{context.doing[:1].upper()}{context.doing[1:]}: {'solved' if is_over else 'we are working on it'}"
    nothing = {"topic": "", "proof": "", "shows": "", "no_picture": "", "service": "", "owner": ""}
    return replace(message, subject=subject, body=body, rows=(), picture=b"", **nothing)  # type: ignore[arg-type]


def activity_of(service: str, configured: str = "") -> str:
    """Returns the activity that a broken service prevents."""
    return configured or ACTIVITIES.get(service, f"using {service}")


def _names(context: PublicNoticeContext) -> dict[str, object]:
    passed_at = context.plan_b_passed_at
    return {
        "is_over": context.over_at is not None,
        "doing": context.doing,
        "since": _clock(context.since, context.zone),
        "over_at": _clock(context.over_at, context.zone),
        "plan_b": context.plan_b,
        "plan_b_works": passed_at is not None and context.now - passed_at <= FRESH,
        "plan_b_at": _clock(passed_at, context.zone),
        "next_update": _clock(_next_update(context.now, context.zone), context.zone),
    }


def _next_update(now: datetime, zone: ZoneInfo) -> datetime:
    """Returns the next full or half hour that is at least a quarter of an hour away."""
    local = (now + timedelta(minutes=15)).astimezone(zone).replace(second=0, microsecond=0)
    return local + timedelta(minutes=-local.minute % UPDATE_EVERY_MIN)


def _clock(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}" if moment else ""
