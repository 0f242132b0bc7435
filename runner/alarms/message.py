"""The message of a notice: a subject that is the alarm, and labelled rows for the person who opens it.

Text of pages stands in it as it is. It is one bounded line of printable characters already (`stage/failures.py`); each
channel escapes it for its own format.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from firstbell.hostile_text import cut as cut_text
from firstbell.labels import LABEL_WIDTH, Label
from firstbell.runner.alarms.incident import UNKNOWN_SERVICE, Incident, Symptom
from firstbell.runner.alarms.routing import DueNotice, IncidentStatus, NoticeKind, NoticeReason, Severity
from firstbell.runner.alarms.wording.problem import DiagnosedProblem, from_where, owner_text, problem_text
from firstbell.runner.alarms.wording.progress import StateFacts, acknowledged_text, state_text
from firstbell.runner.alarms.wording.times import clock_text, date_text, duration_text, moment_text, span_text
from firstbell.runner.diagnosis.cause import Cause

SUBJECT_LIMIT, TOPIC_LIMIT, DETAIL_ROOM = 200, 150, 20
WITH_PICTURE = (NoticeKind.OPENED, NoticeKind.ESCALATED)
_ROUND = {ord("["): "(", ord("]"): ")"}
SYMPTOMS_SHOWN, REASONS_SHOWN = 6, 4
# A reminder may take this long to arrive; after an acknowledgement no reminder comes.
REMINDER_SLACK, ACKNOWLEDGED_VALIDITY = timedelta(minutes=30), timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """Facts of a message besides its incident.

    `problem` is the problem in the words of a diagnosis, with its `cause`, `confidence` and `reasons`; `step_s` is how
    long the failing step took. `working` is known to work, `unknown` are services that could not be tested because the
    broken one comes before them; `elsewhere` is what the other locations see. `proof` is a link, `evidence` its
    location, `no_picture` why the failing step has none. `has_draft`: a notice to the public waits for a person.
    `topic` is that of the opening's first notice.
    """

    zone: ZoneInfo
    location_count: int = 1
    district: str = ""
    contact: str = ""
    problem: str = ""
    cause: Cause | None = None
    step_s: float = 0.0
    confidence: str = ""
    reasons: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    proof: str = ""
    evidence: str = ""
    no_picture: str = ""
    has_draft: bool = False
    mark: str = ""
    topic: str = ""
    status: IncidentStatus | None = None
    bell: datetime | None = None
    has_bells: bool = False

    @property
    def state(self) -> StateFacts:
        """The facts that the brackets of a subject are made of."""
        return StateFacts(
            zone=self.zone,
            status=self.status,
            location_count=self.location_count,
            elsewhere=self.elsewhere,
            bell=self.bell,
            has_bells=self.has_bells,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The text of one notice.

    `thread` and `topic` are the same for all notices of one opening of an incident. `good_until` is when the next one
    comes at the latest, `picture` a JPEG of the failing step, or nothing; `shows` says what it shows, `no_picture` why
    there is none. A notice to the public has a `body` of plain sentences instead of rows; `told` counts the incident's
    news when it was written. The names of the fields are stored.
    """

    kind: NoticeKind
    severity: Severity
    incident: int
    thread: str
    subject: str
    rows: tuple[tuple[str, str], ...]
    service: str
    owner: str
    proof: str = ""
    picture: bytes = b""
    at: datetime
    since: datetime
    good_until: datetime
    body: str = ""
    told: int = 0
    topic: str = ""
    shows: str = ""
    no_picture: str = ""

    @property
    def text(self) -> str:
        """The whole message as plain text."""
        body = self.body or "\n".join(f"{label:<{LABEL_WIDTH}}{value}" for label, value in self.rows)
        return f"{self.subject}\n\n{body}"


def write_message(notice: DueNotice, context: MessageContext, now: datetime) -> Message:
    """Returns the message of a notice."""
    incident, topic = notice.incident, context.topic or _topic(notice.incident, context)
    has_picture = notice.kind in WITH_PICTURE and not incident.is_own
    is_acknowledged = notice.kind is NoticeKind.ACKNOWLEDGED
    return Message(
        kind=notice.kind,
        severity=notice.severity,
        incident=incident.number,
        thread=_thread(incident),
        subject=_subject(notice, context, topic, now),
        topic=topic,
        rows=tuple((label.value, _line(value)) for label, value in _rows(notice, context, now) if value),
        service=incident.subject,
        owner=incident.owner,
        proof=context.proof,
        shows=_line(_shows(incident, context)) if has_picture and not context.no_picture else "",
        no_picture=f"No picture: {context.no_picture}." if has_picture and context.no_picture else "",
        at=now,
        since=incident.since,
        told=incident.told,
        good_until=now + (ACKNOWLEDGED_VALIDITY if is_acknowledged else notice.route.repeat + REMINDER_SLACK),
    )


def _line(text: str) -> str:
    """Returns one line of printable characters: no line ends, which could end a header, no marks that reverse text."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _thread(incident: Incident) -> str:
    """Returns a unique name of one opening, even where another database counts its incidents from 1."""
    return f"{incident.number}.{incident.openings}.{incident.opened_at.timestamp():.0f}"


def _subject(notice: DueNotice, context: MessageContext, topic: str, now: datetime) -> str:
    """Returns the subject: in brackets all that changes, then the topic, which is the same in all notices of one
    opening. Gmail compares subjects without what stands in brackets (getsentry/sentry#4374)."""
    mark = f"[{context.mark}] " if context.mark else ""
    room = SUBJECT_LIMIT - len(f"{mark}[] [] {topic}")
    # A bracket in them would end them.
    word, detail = (_line(text).translate(_ROUND) for text in state_text(notice, context.state, now))
    word = _cut(word, max(room, DETAIL_ROOM))
    detail = _cut(detail, max(room - len(word), DETAIL_ROOM))
    return f"{mark}[{word}] {f'[{detail}] ' if detail else ''}{topic}"


def _topic(incident: Incident, context: MessageContext) -> str:
    """Returns what is broken, whose it is, where and since when, within TOPIC_LIMIT."""
    since = moment_text(incident.since, context.zone)
    rest = ", ".join(filter(None, (owner_text(incident), context.district)))
    tail = f": {_cut(_line(rest), TOPIC_LIMIT // 2)}, since {since}"
    found = DiagnosedProblem(words=context.problem, cause=context.cause, step_s=context.step_s)
    return f"{_cut(_line(problem_text(incident, found)), TOPIC_LIMIT - len(tail))}{tail}"


def _cut(text: str, limit: int) -> str:
    return cut_text(text, limit, mark="…")


def _rows(notice: DueNotice, context: MessageContext, now: datetime) -> list[tuple[Label, str]]:
    incident = notice.incident
    is_blamed = not incident.is_own and incident.subject != UNKNOWN_SERVICE
    service = ", ".join(filter(None, (incident.subject, incident.owner))) if is_blamed else owner_text(incident)
    call = ", ".join(filter(None, (incident.owner, context.contact))) if is_blamed else ""
    where = from_where(incident, context.elsewhere, context.location_count)
    not_tested = f"{', '.join(context.unknown)} (cannot be tested while {incident.subject} is broken)"
    return [
        (Label.PROBLEM, _problem_in_full(incident)),
        (Label.WHERE, ("was failing " if not incident.is_open else "failing ") + where if where else ""),
        (Label.TIME, _time(incident, context, now)),
        (Label.DISTRICT, context.district),
        (Label.SERVICE, f"{service}; no service is blamed" if incident.is_own else service),
        (Label.CALL, call),
        (Label.CONFIDENCE, "" if incident.is_own else context.confidence),
        (Label.REASONS, "; ".join(context.reasons[:REASONS_SHOWN])),
        (Label.WORKING, ", ".join(context.working)),
        (Label.UNKNOWN, not_tested if context.unknown else ""),
        (Label.EVIDENCE, " · ".join(filter(None, (context.proof, context.evidence)))),
        (Label.STATE, _acknowledged(notice, context, now)),
        (Label.NEXT, _next(notice, context)),
    ]


def _shows(incident: Incident, context: MessageContext) -> str:
    first = incident.current_symptoms[0]
    return f'The {first.actor or "person"}\'s page at "{first.step}", {moment_text(first.since, context.zone)}'


def _time(incident: Incident, context: MessageContext, now: datetime) -> str:
    """Returns since when, with the date, and how long; for a closed one from when to when."""
    day, zone = date_text(incident.since, context.zone), context.zone
    if incident.closed_at is not None:
        lasted = duration_text(incident.closed_at - incident.since)
        return f"{day}, {span_text(incident.since, incident.closed_at, zone)} ({lasted})"
    return f"since {day}, {clock_text(incident.since, zone)} ({duration_text(now - incident.since)} ago)"


def _acknowledged(notice: DueNotice, context: MessageContext, now: datetime) -> str:
    """Returns the acknowledgement in force, which a person who is told more has to know."""
    status = context.status
    is_told = status is not None and notice.incident.is_open and status.is_acknowledged(now)
    return acknowledged_text(status, now, context.zone) if is_told else ""


def _problem_in_full(incident: Incident) -> str:
    """Returns the latest symptom of each journey, the current ones first: a long incident has many that are over."""
    latest = {symptom.journey: symptom for symptom in incident.symptoms}
    symptoms = sorted(latest.values(), key=lambda symptom: symptom.ended_at is not None)
    more = [f"and {len(symptoms) - SYMPTOMS_SHOWN} more"] if len(symptoms) > SYMPTOMS_SHOWN else []
    return "; ".join([*map(_symptom_text, symptoms[:SYMPTOMS_SHOWN]), *more])


def _symptom_text(symptom: Symptom) -> str:
    where = f" at {', '.join(symptom.locations)}" if symptom.part is None else ""
    step = f'{symptom.actor} "{symptom.step}"' if symptom.step else ""
    progress = f" ({symptom.progress})" if symptom.progress else ""
    end = "closed by hand" if symptom.is_by_hand else "works again"
    ended = " (no longer watched)" if symptom.is_retired else f" ({end})"
    over = ended if symptom.ended_at else progress
    return ": ".join(filter(None, (f"{symptom.journey}{where}", step, symptom.said))) + over


def _next(notice: DueNotice, context: MessageContext) -> str:
    number, steps = notice.incident.number, []
    if notice.kind is NoticeKind.ACKNOWLEDGED:
        steps.append("a notice follows when it is over")
    elif notice.kind is not NoticeKind.CLOSED:
        if notice.reason is NoticeReason.OPENED and notice.route.escalate_after and notice.route.escalate_to:
            after, routes = duration_text(notice.route.escalate_after), ", ".join(notice.route.escalate_to)
            steps.append(f"escalates to {routes} in {after}")
        steps.append(f"acknowledge with: firstbell ack {number}")
    if context.has_draft:
        steps.append(f"confirm the notice to the public with: firstbell alarm publish {number}")
    return " · ".join(steps)
