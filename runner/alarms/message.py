"""The message of a notice: a subject that is the alarm, and labelled rows for the person who opens it.

Text of pages stands in it as it is. It is one bounded line of printable characters already (`stage/failures.py`); each
channel escapes it for its own format.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from firstbell.labels import LABEL_WIDTH, Label
from firstbell.runner.alarms.incident import UNKNOWN_SERVICE, Incident, Symptom
from firstbell.runner.alarms.routing import DueNotice, NoticeKind, NoticeReason, Severity

SUBJECT_LIMIT = 200
# The reason of a closing by hand leaves room for the problem in the subject.
REASON_SHOWN = 80
SYMPTOMS_SHOWN, REASONS_SHOWN, NEWS_SHOWN = 6, 4, 3
# A reminder may take this long to arrive; after an acknowledgement no reminder comes.
REMINDER_SLACK, ACKNOWLEDGED_VALIDITY = timedelta(minutes=30), timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """Facts of a message besides its incident. `problem` is the problem in the words of a diagnosis, with its
    `confidence` and `reasons`; `working` is known to work, `unknown` are services that could not be tested because the
    broken one comes before them; `proof` is a link, `evidence` its location; `has_draft`: a notice to the public waits
    for a person."""

    zone: ZoneInfo
    location_count: int
    contact: str = ""
    problem: str = ""
    confidence: str = ""
    reasons: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    proof: str = ""
    evidence: str = ""
    has_draft: bool = False
    mark: str = ""
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The text of one notice. `thread` is the same for all notices of one opening of an incident. `good_until` is when
    the next one comes at the latest, `picture` a JPEG of the failing step, or nothing. A notice to the public has a
    `body` of plain sentences instead of rows; `told` counts the incident's news when it was written. The names of the
    fields are stored."""

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

    @property
    def text(self) -> str:
        """The whole message as plain text."""
        body = self.body or "\n".join(f"{label:<{LABEL_WIDTH}}{value}" for label, value in self.rows)
        return f"{self.subject}\n\n{body}"


def write_message(notice: DueNotice, context: MessageContext, now: datetime) -> Message:
    """Returns the message of a notice."""
    incident = notice.incident
    is_acknowledged = notice.kind is NoticeKind.ACKNOWLEDGED
    return Message(
        kind=notice.kind,
        severity=notice.severity,
        incident=incident.number,
        thread=_thread(incident),
        subject=_line(_subject(notice, context)),
        rows=tuple((label.value, _line(value)) for label, value in _rows(notice, context) if value),
        service=incident.subject,
        owner=incident.owner,
        proof=context.proof,
        at=now,
        since=incident.since,
        told=incident.told,
        good_until=now + (ACKNOWLEDGED_VALIDITY if is_acknowledged else notice.route.repeat + REMINDER_SLACK),
    )


def clock_text(moment: datetime, zone: ZoneInfo) -> str:
    """Returns a time of day in the school's zone, with the zone's name."""
    return f"{moment.astimezone(zone):%H:%M %Z}"


def _line(text: str) -> str:
    """Returns one line of printable characters: no line ends, which could end a header, no marks that reverse text."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _thread(incident: Incident) -> str:
    """Returns a unique name of one opening, even where another database counts its incidents from 1."""
    return f"{incident.number}.{incident.openings}.{incident.opened_at.timestamp():.0f}"


def _subject(notice: DueNotice, context: MessageContext) -> str:
    incident = notice.incident
    headline = f"{_problem(incident, context)}: {_owner(incident)}"
    since = clock_text(incident.since, context.zone)
    match notice.kind:
        case NoticeKind.CLOSED:
            end, zone = incident.closed_at or incident.opened_at, context.zone
            lasted = _duration_text(end - incident.since)
            word = _end_word(incident)
            line = f"[{word}] {headline}, {incident.since.astimezone(zone):%H:%M} to {clock_text(end, zone)}, {lasted}"
        case NoticeKind.ACKNOWLEDGED:
            line = f"[acknowledged] {headline}, since {since}, acknowledged by {context.acknowledged_by or 'a person'}"
        case kind:
            word = {NoticeKind.REMINDER: "still ", NoticeKind.ESCALATED: "escalated, "}.get(kind, "")
            seen = len(incident.locations)
            locations = f"{seen} of {max(context.location_count, seen)} locations"
            again = f", opened {incident.openings} times" if incident.openings > 1 else ""
            tag, news = f"[{word}{notice.severity.value}]", _news(notice)
            line = f"{tag} {news}{headline}, since {since}, {locations}, confirmed{again}"
    line = f"[{context.mark}] {line}" if context.mark else line
    return line if len(line) <= SUBJECT_LIMIT else f"{line[: SUBJECT_LIMIT - 1]}…"


def _end_word(incident: Incident) -> str:
    """Returns how an incident came to its end."""
    if incident.closed_by:
        why = incident.closed_why
        why = why if len(why) <= REASON_SHOWN else f"{why[: REASON_SHOWN - 1]}…"
        return f"closed by {incident.closed_by[:REASON_SHOWN]}, not seen to work: {why}"
    return "closed: no longer watched" if incident.is_retired else "closed"


def _news(notice: DueNotice) -> str:
    """Returns what has joined an incident since its last notice to the route, where this is why it is told."""
    if notice.reason is not NoticeReason.MORE_BROKEN:
        return ""
    news = list(dict.fromkeys(notice.incident.news_after(notice.told)))
    more = f" and {len(news) - NEWS_SHOWN} more" if len(news) > NEWS_SHOWN else ""
    return f"now also {', '.join(news[:NEWS_SHOWN])}{more}: "


def _problem(incident: Incident, context: MessageContext) -> str:
    """Returns what does not work: the words of the diagnosis, else the step that fails."""
    symptoms = incident.current_symptoms
    first = symptoms[0]
    journeys = {symptom.journey for symptom in symptoms}
    more = f" and {len(journeys) - 1} more" if len(journeys) > 1 else ""
    if first.part is not None:
        return f"{first.said}{more}"
    if incident.is_own:
        return f"First Bell cannot judge {first.journey}{more}"
    if context.problem:
        return f"{_sentence(incident.subject, context.problem)} ({first.journey}{more})"
    return f'{first.actor} "{first.step}" fails in {first.journey}{more}'


def _sentence(service: str, words: str) -> str:
    """Returns the words of a diagnosis as a sentence: "it refuses" becomes "Edge refuses"."""
    if words.startswith("it "):
        words = f"{service} {words.removeprefix('it ')}"
    elif words.startswith("its "):
        words = f"{service}: {words}"
    return words[:1].upper() + words[1:]


def _owner(incident: Incident) -> str:
    if incident.is_own:
        return "First Bell itself"
    if incident.subject == UNKNOWN_SERVICE:
        return "service not known"
    return f"{incident.owner} ({incident.subject})" if incident.owner else incident.subject


def _rows(notice: DueNotice, context: MessageContext) -> list[tuple[Label, str]]:
    incident = notice.incident
    is_blamed = not incident.is_own and incident.subject != UNKNOWN_SERVICE
    service = ", ".join(filter(None, (incident.subject, incident.owner))) if is_blamed else _owner(incident)
    call = ", ".join(filter(None, (incident.owner, context.contact))) if is_blamed else ""
    not_tested = f"{', '.join(context.unknown)} (cannot be tested while {incident.subject} is broken)"
    return [
        (Label.PROBLEM, _problem_in_full(incident)),
        (Label.SERVICE, f"{service}; no service is blamed" if incident.is_own else service),
        (Label.CALL, call),
        (Label.CONFIDENCE, "" if incident.is_own else context.confidence),
        (Label.REASONS, "; ".join(context.reasons[:REASONS_SHOWN])),
        (Label.WORKING, ", ".join(context.working)),
        (Label.UNKNOWN, not_tested if context.unknown else ""),
        (Label.EVIDENCE, " · ".join(filter(None, (context.proof, context.evidence)))),
        (Label.NEXT, _next(notice, context)),
    ]


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
            after, routes = _duration_text(notice.route.escalate_after), ", ".join(notice.route.escalate_to)
            steps.append(f"escalates to {routes} in {after}")
        steps.append(f"acknowledge with: firstbell ack {number}")
    if context.has_draft:
        steps.append(f"confirm the notice to the public with: firstbell alarm publish {number}")
    return " · ".join(steps)


def _duration_text(time: timedelta) -> str:
    minutes = max(1, round(time.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
