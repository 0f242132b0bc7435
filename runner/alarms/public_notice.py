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
from firstbell.runner.alarms.wording.times import clock_text, date_text
from firstbell.runner.diagnosis.cause import Cause

TEMPLATE = """\
{% if is_over %}{{ doing | capitalize }} works again, since {{ over_at }}.
Thank you for your patience.
{%- else %}Students may have trouble {{ doing }}, since {{ since }}. We know of it, and a fix is under way.
{% if plan_b_works %}Use {{ plan_b_name or "plan B" }}{{ ": " + plan_b if plan_b else "" }}. \
We tried it at {{ plan_b_at }}, and it works.
{% else %}Please try again from time to time.
{% endif %}Next update {{ next_update }}.{% endif %}
{{ district }}, {{ date }}
"""
"""Template of a route that names none; the names in it are those that any template may use."""

ACTIVITIES: Mapping[str, str] = {
    "edge": "reaching our pages",
    "sign-in": "signing in",
    "platform": "finding today's classes",
    "live-class": "joining live sessions",
    "plan-b": "reaching plan B",
}
_NOUNS: Mapping[str, str] = {
    "edge": "our pages",
    "sign-in": "the sign-in",
    "platform": "the class list",
    "live-class": "live classes",
    "plan-b": "plan B",
}
# Only for causes that a rule has seen: see `wording/problem.py`.
_PROBLEMS: Mapping[Cause, str] = {
    Cause.SILENT: "sound problems",
    Cause.BLACK: "picture problems",
    Cause.FROZEN: "picture problems",
    Cause.NO_MEDIA: "picture problems",
    Cause.SLOW: "long waiting times",
}
# Plan B is recommended only if it passed this recently.
FRESH = timedelta(minutes=60)
UPDATE_EVERY_MIN = 30


class BadTemplate(FirstBellError):
    """A template cannot be used; the message says why."""

    exit_code = CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicNoticeContext:
    """Facts of a notice. `doing` is what people cannot do, `noun` the thing as families call it, `plan_b` the link and
    `plan_b_name` the name that they know. `plan_b_passed_at` is when plan B last passed; None if it failed since."""

    zone: ZoneInfo
    now: datetime
    since: datetime
    over_at: datetime | None
    doing: str
    problem: str
    noun: str = ""
    district: str = ""
    plan_b_name: str = ""
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
    subject = _subject(context, is_over=message.kind is NoticeKind.CLOSED)
    nothing = {"topic": "", "proof": "", "shows": "", "no_picture": "", "service": "", "owner": ""}
    return replace(message, subject=subject, body=body, rows=(), picture=b"", **nothing)  # type: ignore[arg-type]


def _subject(context: PublicNoticeContext, *, is_over: bool) -> str:
    """Returns "Live classes have sound problems; a fix is under way", or that what people do works again."""
    noun = context.noun or context.doing
    start = f"{noun[:1].upper()}{noun[1:]}"
    if not context.noun:
        return f"{start}: {'solved' if is_over else 'a fix is under way'}"
    verb = "work again" if noun.endswith("s") else "works again"
    return (
        f"{start} {verb}"
        if is_over
        else (f"{start} {'have' if noun.endswith('s') else 'has'} {context.problem}; a fix is under way")
    )


def noun_of(service: str, configured: str = "") -> str:
    """Returns the thing that is broken as families call it; empty where only the configured activity is known."""
    return "" if configured else _NOUNS.get(service, "")


def problem_of(cause: str) -> str:
    """Returns the problem of a diagnosis's cause in the words of families: "sound problems"."""
    return next((words for known, words in _PROBLEMS.items() if known.value == cause), "problems")


def activity_of(service: str, configured: str = "") -> str:
    """Returns the activity that a broken service prevents."""
    return configured or ACTIVITIES.get(service, f"using {service}")


def _names(context: PublicNoticeContext) -> dict[str, object]:
    passed_at = context.plan_b_passed_at
    return {
        "is_over": context.over_at is not None,
        "doing": context.doing,
        "problem": context.problem,
        "district": context.district,
        "date": date_text(context.now, context.zone),
        "since": _clock(context.since, context.zone),
        "over_at": _clock(context.over_at, context.zone),
        "plan_b_name": context.plan_b_name,
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
    return clock_text(moment, zone) if moment else ""
