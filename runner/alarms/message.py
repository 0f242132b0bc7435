"""The words of a notice: a subject line that tells it all, and a few lines for whoever opens it.

What pages said stands in here as text. It is one bounded line of printable characters already (`stage/failures.py`);
each channel escapes it for its own format.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.incident import UNKNOWN_SERVICE, Incident, Symptom
from firstbell.runner.alarms.routing import DueNotice, NoticeKind, NoticeReason, Severity

SUBJECT_LIMIT = 200
SYMPTOMS_SHOWN, REASONS_SHOWN = 6, 4
# A reminder may be on its way for so long; and who has said that it is in hand is not reminded.
REMINDER_SLACK, IN_HAND_NOTE = timedelta(minutes=30), timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """What a notice tells besides its incident. `places` is how many locations there are; `what` is wrong in the words
    of a diagnosis, `sure` how sure that is and `because` why; `fine` what was checked and works, `unseen` the services
    that nobody can judge while this one is in the way; `proof` a link, `evidence` where it lies; `has_draft`: a notice
    to the public waits for a person."""

    zone: ZoneInfo
    places: int
    contact: str = ""
    what: str = ""
    sure: str = ""
    because: tuple[str, ...] = ()
    fine: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    proof: str = ""
    evidence: str = ""
    has_draft: bool = False
    mark: str = ""
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One notice in words. `thread` is the same for all notices of one opening of one incident. `good_until` is when
    the next one comes at the latest, `picture` a JPEG of the failing step, or nothing. A notice to the public has a
    `body` of plain sentences instead of rows."""

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

    @property
    def text(self) -> str:
        """The whole notice as plain text."""
        if self.body:
            return f"{self.subject}\n\n{self.body}"
        return "\n".join([self.subject, "", *(f"{label:<9}{told}" for label, told in self.rows)])


def write_message(owed: DueNotice, around: MessageContext, now: datetime) -> Message:
    """The words of a notice that is owed."""
    incident = owed.incident
    return Message(
        kind=owed.kind,
        severity=owed.severity,
        incident=incident.number,
        thread=_thread(incident),
        subject=_line(_subject(owed, around)),
        rows=tuple((label, _line(told)) for label, told in _rows(owed, around) if told),
        service=incident.subject,
        owner=incident.owner,
        proof=around.proof,
        at=now,
        since=incident.since,
        good_until=now + owed.route.repeat + REMINDER_SLACK
        if owed.kind is not NoticeKind.ACKNOWLEDGED
        else now + IN_HAND_NOTE,
    )


def _line(text: str) -> str:
    """One line of what can be seen: no breaks that end a header, no marks that turn the writing around."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _thread(incident: Incident) -> str:
    """One name for one opening, also where another history counts its incidents from 1."""
    return f"{incident.number}.{incident.openings}.{incident.opened_at.timestamp():.0f}"


def _subject(owed: DueNotice, around: MessageContext) -> str:
    incident = owed.incident
    what, whose, since = _what(incident, around), _owner_of(incident), _clock(incident.since, around)
    match owed.kind:
        case NoticeKind.CLOSED:
            lasted = _duration_text((incident.closed_at or incident.opened_at) - incident.since)
            line = f"[closed] {what}: {whose}, {since} to {_clock(incident.closed_at, around)}, {lasted}"
        case NoticeKind.ACKNOWLEDGED:
            line = f"[acknowledged] {what}: {whose}, since {since}, in hand: {around.acknowledged_by or 'somebody'}"
        case kind:
            word = {NoticeKind.REMINDER: "still ", NoticeKind.ESCALATED: "escalated, "}.get(kind, "")
            places = f"{len(incident.locations)} of {max(around.places, len(incident.locations))} places"
            again = f" ({incident.openings} times)" if incident.openings > 1 else ""
            line = f"[{word}{owed.severity.value}] {what}{again}: {whose}, since {since}, {places}, confirmed"
    line = f"[{around.mark}] {line}" if around.mark else line
    return line if len(line) <= SUBJECT_LIMIT else f"{line[: SUBJECT_LIMIT - 1]}…"


def _what(incident: Incident, around: MessageContext) -> str:
    """The thing that does not work, as a person would say it: what a diagnosis found, else the step that fails."""
    told = [symptom for symptom in incident.symptoms if symptom.ended_at is None] or list(incident.symptoms)
    first = told[0]
    journeys = {symptom.journey for symptom in told}
    more = f" and {len(journeys) - 1} more" if len(journeys) > 1 else ""
    if first.part is not None:
        return f"{first.said}{more}"
    if incident.is_own:
        return f"First Bell cannot judge {first.journey}{more}"
    if around.what:
        return f"{_sentence(incident.subject, around.what)} ({first.journey}{more})"
    return f'{first.actor} "{first.step}" fails in {first.journey}{more}'


def _sentence(service: str, words: str) -> str:
    """The words of a diagnosis as the beginning of a sentence: "it refuses" becomes "Edge refuses"."""
    if words.startswith("it "):
        words = f"{service} {words.removeprefix('it ')}"
    elif words.startswith("its "):
        words = f"{service}: {words}"
    return words[:1].upper() + words[1:]


def _owner_of(incident: Incident) -> str:
    if incident.is_own:
        return "First Bell itself"
    if incident.subject == UNKNOWN_SERVICE:
        return "whose is not known"
    return f"{incident.owner} ({incident.subject})" if incident.owner else incident.subject


def _rows(owed: DueNotice, around: MessageContext) -> list[tuple[str, str]]:
    incident = owed.incident
    contact = f", {around.contact}" if around.contact else ""
    sure = f". Sure: {around.sure}" if around.sure else ""
    return [
        ("What", _what_in_full(incident)),
        ("Whose", f"{_owner_of(incident)}{contact}{sure}" if not incident.is_own else "ours: no service is blamed"),
        ("Because", "; ".join(around.because[:REASONS_SHOWN])),
        ("Where", ", ".join(incident.locations)),
        ("Fine", ", ".join(around.fine)),
        ("Unseen", ", ".join(around.unseen) + f" cannot be judged behind {incident.subject}" if around.unseen else ""),
        ("Proof", " · ".join(filter(None, (around.proof, around.evidence)))),
        ("Public", f"a notice waits to be confirmed: firstbell alarm publish {incident.number}" * around.has_draft),
        ("Next", _next(owed)),
    ]


def _what_in_full(incident: Incident) -> str:
    """Each journey as it was last seen, those that are still broken first: a long story has many that are over."""
    latest = {symptom.journey: symptom for symptom in incident.symptoms}
    told = sorted(latest.values(), key=lambda symptom: symptom.ended_at is not None)
    more = [f"and {len(told) - SYMPTOMS_SHOWN} more"] if len(told) > SYMPTOMS_SHOWN else []
    return "; ".join([*map(_symptom_text, told[:SYMPTOMS_SHOWN]), *more])


def _symptom_text(symptom: Symptom) -> str:
    over = " (well again)" if symptom.ended_at else ""
    if not symptom.step:
        return f"{symptom.journey}: {symptom.said}{over}" if symptom.said else f"{symptom.journey}{over}"
    return f'{symptom.journey}: {symptom.actor} "{symptom.step}": {symptom.said}{over}'


def _next(owed: DueNotice) -> str:
    number = owed.incident.number
    if owed.kind is NoticeKind.CLOSED:
        return ""
    if owed.kind is NoticeKind.ACKNOWLEDGED:
        return "you are told when it is over"
    escalates = ""
    if owed.reason is NoticeReason.OPENED and owed.route.escalate_after and owed.route.escalate_to:
        after, whom = _duration_text(owed.route.escalate_after), ", ".join(owed.route.escalate_to)
        escalates = f"goes to {whom} in {after} · "
    return f"{escalates}acknowledge with: firstbell ack {number}"


def _clock(moment: datetime | None, around: MessageContext) -> str:
    return f"{moment.astimezone(around.zone):%H:%M}" if moment else "?"


def _duration_text(time: timedelta) -> str:
    minutes = max(1, round(time.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
