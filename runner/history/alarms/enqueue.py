"""Notices that are owed, put into the outbox in words, one row for each address."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, select, update

from firstbell.runner.alarms.message import Message, MessageContext, write_message
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import DueNotice, IncidentStatus, NoticeKind, SentNotice, Severity, addresses_for
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.history.tables.alarms import notifications
from firstbell.runner.history.tables.runs import runs, steps
from firstbell.runner.history.upsert import insert_of
from firstbell.runner.outcome import Outcome

MESSAGE = TypeAdapter(Message)

_SHOWN = (NoticeKind.OPENED, NoticeKind.ESCALATED)
# How far back a run still says that something is fine.
FRESH = timedelta(hours=3)
_UNDELIVERED = (DeliveryState.DRAFT.value, DeliveryState.DROPPED.value)
_URGENCY = {severity: rank for rank, severity in enumerate(Severity)}


def sent_of(connection: Connection, incident: int) -> list[SentNotice]:
    """The notices of an incident that are in the outbox, each once however many addresses it goes to."""
    columns = [notifications.c[name] for name in ("opening", "route", "kind", "made_at", "urgency", "address", "state")]
    body = notifications.c.message["body"].as_string().label("body")
    rows = connection.execute(select(*columns, body).where(notifications.c.incident == incident)).all()
    notices: dict[tuple[int, str, str, datetime], list[Any]] = {}
    for row in rows:
        notices.setdefault((row.opening, row.route, row.kind, row.made_at), []).append(row)
    return [
        SentNotice(
            incident=incident,
            opening=opening,
            route=route,
            kind=NoticeKind(kind),
            at=at,
            severity=list(Severity)[min(row.urgency for row in same)],
            to=tuple(row.address for row in same if row.state != DeliveryState.DROPPED.value),
            is_public=any(row.body or row.state in _UNDELIVERED for row in same),
        )
        for (opening, route, kind, at), same in notices.items()
    ]


def write_notices(
    connection: Connection, due: Sequence[DueNotice], standing: IncidentStatus, terms: AlarmPolicy, now: datetime
) -> int:
    """Put what is owed into the outbox; how many rows were new."""
    if not due:
        return 0
    has_draft = any(one.route.is_public for one in due)
    around, picture = message_context(connection, standing, terms, has_draft=has_draft)
    rows = [
        {
            "key": f"{one.key}/{hashlib.sha256(address.encode()).hexdigest()[:8]}",
            "incident": one.incident.number,
            "opening": one.incident.openings,
            "route": one.route.name,
            "kind": one.kind.value,
            "address": address,
            "urgency": _URGENCY[one.severity],
            "message": MESSAGE.dump_python(write_message(one, around, now), mode="json"),
            # What a student's screen shows is for those who mend it, not for parents.
            "picture": picture if one.kind in _SHOWN and not one.route.is_public else "",
            "state": (DeliveryState.DRAFT if one.route.is_public else DeliveryState.WAITING).value,
            "made_at": now,
            "due_at": now,
        }
        for one in due
        for address in dict.fromkeys(addresses_for(one, terms.routes))
    ]
    once = insert_of(connection)(notifications).on_conflict_do_nothing(index_elements=["key"])
    return len(connection.execute(once.returning(notifications.c.id), rows).all())


def drop_drafts(connection: Connection, incident: int) -> None:
    """Take back what nobody has confirmed: its time is over, and what nobody was told of has no end to be told."""
    drafts = (notifications.c.incident == incident) & (notifications.c.state == DeliveryState.DRAFT.value)
    overtaken = {"state": DeliveryState.DROPPED.value, "said": "overtaken before anybody confirmed it"}
    connection.execute(update(notifications).where(drafts).values(**overtaken))


def message_context(
    connection: Connection, standing: IncidentStatus, terms: AlarmPolicy, *, has_draft: bool = False
) -> tuple[MessageContext, str]:
    """What a notice tells besides its incident, as history knows it now; and the picture of the failing step."""
    incident = standing.incident
    going_on = [symptom for symptom in incident.symptoms if symptom.ended_at is None] or list(incident.symptoms)
    first = going_on[0]
    run = connection.execute(select(runs).where(runs.c.id == first.run_id)).mappings().one_or_none()
    found: dict[str, Any] = (run["diagnosis"] if run else None) or {}
    is_known = found.get("cause") != Cause.UNKNOWN.value
    reached = _reached(connection, first.run_id)
    passed = _passed(connection, {symptom.journey for symptom in incident.symptoms}, terms, first.since)
    cleared = [one for one in found.get("cleared", ()) if one["name"] not in {*reached, *passed}]
    around = MessageContext(
        zone=terms.zone,
        places=terms.places,
        contact=terms.contacts.get(incident.subject, ""),
        what=found["words"] if is_known and found.get("service") == incident.subject else "",
        sure=found.get("confidence", ""),
        because=tuple(one["said"] for one in found.get("because", ())),
        fine=(
            *(f"{service} ({took_s:.1f} s)" for service, took_s in reached.items() if service != incident.subject),
            *(f"{one['name']}: {one['why']}" for one in cleared),
            *(f"{journey} passed at {at}" for journey, at in passed.items()),
        ),
        unseen=_behind(incident.subject, terms.relies_on.get(first.journey, ()), reached),
        proof=terms.link.format(incident=incident.number) if terms.link else "",
        evidence=f"{run['evidence']} (firstbell evidence {first.run_id[-6:]} --open)" if run else "",
        acknowledged_by=standing.acknowledged_by,
        has_draft=has_draft,
        mark=terms.mark,
    )
    return around, run["picture"] if run else ""


def _behind(subject: str, needed: Sequence[str], reached: Collection[str]) -> tuple[str, ...]:
    """The services that a journey needs after the one that is broken, and could not come to."""
    later = needed[needed.index(subject) + 1 :] if subject in needed else needed
    return tuple(service for service in later if service != subject and service not in reached)


def _reached(connection: Connection, run_id: str) -> dict[str, float]:
    """The services whose steps all went well in a run's last attempt, and how long they took together."""
    wanted = select(steps.c.attempt, steps.c.service, steps.c.started_s, steps.c.ended_s, steps.c.ending)
    rows = connection.execute(wanted.where(steps.c.run_id == run_id).order_by(steps.c.position)).all()
    last = max((row.attempt for row in rows), default=0)
    took: dict[str, float] = {}
    bad = {row.service for row in rows if row.attempt == last and row.ending}
    for row in rows:
        if row.attempt == last and row.service not in bad:
            took[row.service] = took.get(row.service, 0.0) + row.ended_s - row.started_s
    return took


def _passed(connection: Connection, broken: Iterable[str], terms: AlarmPolicy, since: datetime) -> dict[str, str]:
    """Other journeys whose latest run has passed, and when: what people can still rely on."""
    passed = {}
    for journey in terms.relies_on:
        if journey in broken:
            continue
        latest = select(runs.c.outcome, runs.c.started_at).where(runs.c.journey == journey)
        row = connection.execute(latest.order_by(runs.c.started_at.desc()).limit(1)).one_or_none()
        if row is not None and row.outcome == Outcome.PASSED and row.started_at >= since - FRESH:
            passed[journey] = f"{row.started_at.astimezone(terms.zone):%H:%M}"
    return passed
