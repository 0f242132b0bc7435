"""The progress of an incident in a few words, which stand in the brackets of a subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from firstbell.hostile_text import cut
from firstbell.runner.alarms.incident import Incident
from firstbell.runner.alarms.routing import DueNotice, IncidentStatus, NoticeReason, Severity
from firstbell.runner.alarms.wording.problem import from_where
from firstbell.runner.alarms.wording.times import clock_text, duration_text, span_text, until_text

NEWS_SHOWN = 3
# The reason of a closing by hand leaves room for the problem in the subject.
REASON_SHOWN = 80
_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}
_STILL = {NoticeReason.REMINDER_DUE, NoticeReason.MORE_BROKEN, NoticeReason.SNOOZE_OVER}
_FIXED: Mapping[NoticeReason, str] = {
    NoticeReason.ESCALATED: "nobody has acknowledged it",
    NoticeReason.SNOOZE_OVER: "the snooze is over",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFacts:
    """Facts of a state: its status, why it was acknowledged, what other locations see, and the next first bell of the
    day for a journey of the incident (None where it has rung, or there is none)."""

    zone: ZoneInfo
    location_count: int = 1
    status: IncidentStatus | None = None
    elsewhere: tuple[str, ...] = ()
    bell: datetime | None = None
    has_bells: bool = False


def state_text(notice: DueNotice, facts: StateFacts, now: datetime) -> tuple[str, str]:
    """Returns the state that a notice tells, and its detail: "critical", "from home; school not tried yet"."""
    incident, reason = notice.incident, notice.reason
    if reason is NoticeReason.CLOSED:
        return _end_text(incident), _closed_text(incident, facts.zone)
    if reason is NoticeReason.ACKNOWLEDGED:
        return acknowledged_text(facts.status, now, facts.zone), ""
    word = notice.severity.value
    if reason is NoticeReason.MORE_URGENT:
        why = _urgency_text(notice, facts, now)
        return f"now {word}{f': {why}' if why else ''}", from_where(incident, facts.elsewhere, facts.location_count)
    if reason in _STILL:
        word = f"still {word}"
    return word, _detail(notice, facts) or from_where(incident, facts.elsewhere, facts.location_count)


def acknowledged_text(status: IncidentStatus | None, now: datetime, zone: ZoneInfo) -> str:
    """Returns who acknowledged, until when and why: "acknowledged by ana until 16:26 EDT: on it"."""
    by = (status and status.acknowledged_by) or "a person"
    until, why = (status.acknowledged_until, status.acknowledged_why) if status else (None, "")
    till = f" until {until_text(until, now, zone)}" if until else ""
    return f"acknowledged by {by}{till}{f': {why}' if why else ''}"


def _urgency_text(notice: DueNotice, facts: StateFacts, now: datetime) -> str:
    if notice.severity is not Severity.CRITICAL:
        return ""
    if facts.bell is not None and facts.bell > now:
        return f"school starts {clock_text(facts.bell, facts.zone)}"
    return "school hours" if facts.has_bells else ""


def _detail(notice: DueNotice, facts: StateFacts) -> str:
    incident, reason = notice.incident, notice.reason
    if reason is NoticeReason.OPENED and incident.openings > 1:
        return _again_text(incident, facts.zone)
    if reason is NoticeReason.MORE_BROKEN:
        news = list(dict.fromkeys(incident.news_after(notice.told)))
        more = f" and {len(news) - NEWS_SHOWN} more" if len(news) > NEWS_SHOWN else ""
        return f"now also {', '.join(news[:NEWS_SHOWN])}{more}"
    if reason is NoticeReason.REMINDER_DUE:
        return "; ".join(sorted({symptom.progress for symptom in incident.current_symptoms if symptom.progress}))
    return _FIXED.get(reason, "")


def _again_text(incident: Incident, zone: ZoneInfo) -> str:
    """Returns how often it has opened, and when it was well between: "second time; was OK 16:24 to 16:28 EDT"."""
    times = f"{_ORDINALS.get(incident.openings, f'{incident.openings}th')} time"
    well_at = max((symptom.ended_at for symptom in incident.symptoms if symptom.ended_at), default=None)
    again_at = min((symptom.since for symptom in incident.symptoms if not symptom.ended_at), default=None)
    if well_at is None or again_at is None or again_at < well_at:
        return times
    if again_at - well_at < timedelta(minutes=1):
        return f"{times} within a minute"
    return f"{times}; was OK {span_text(well_at, again_at, zone)}"


def _end_text(incident: Incident) -> str:
    """Returns how an incident came to its end."""
    if incident.closed_by:
        by, why = (cut(text, REASON_SHOWN, mark="…") for text in (incident.closed_by, incident.closed_why))
        return f"closed by {by}, not seen to work: {why}"
    return "closed: no longer watched" if incident.is_retired else "closed"


def _closed_text(incident: Incident, zone: ZoneInfo) -> str:
    end = incident.closed_at or incident.opened_at
    return f"{span_text(incident.since, end, zone)}, {duration_text(end - incident.since)}"
