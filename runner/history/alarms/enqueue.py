"""Notices that are owed, put into the outbox as messages, one row for each address."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, select, update

from firstbell.runner.alarms.incident import Incident
from firstbell.runner.alarms.message import WITH_PICTURE, Message, MessageContext, write_message
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.alarms.policy import AlarmPolicy, addresses_for
from firstbell.runner.alarms.routing import DueNotice, IncidentStatus, NoticeKind, SentNotice, Severity
from firstbell.runner.alarms.wording.times import clock_text
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.history.tables.alarms import notifications
from firstbell.runner.history.tables.runs import runs, steps
from firstbell.runner.history.upsert import insert_of
from firstbell.runner.outcome import Outcome

MESSAGE = TypeAdapter(Message)

# A run that is older says nothing about what works now.
FRESH = timedelta(hours=3)
_WITHDRAWN = (DeliveryState.DROPPED.value, DeliveryState.PUT_ASIDE.value)
_URGENCY = {severity: rank for rank, severity in enumerate(Severity)}


def sent_notices(connection: Connection, incident: int) -> list[SentNotice]:
    """Reads the notices of an incident in the outbox, each once however many addresses it goes to."""
    columns = [notifications.c[name] for name in ("opening", "route", "kind", "made_at", "urgency", "address", "state")]
    body = notifications.c.message["body"].as_string().label("body")
    told = notifications.c.message["told"].as_integer().label("told")
    rows = connection.execute(select(*columns, body, told).where(notifications.c.incident == incident)).all()
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
            to=tuple(row.address for row in same if row.state not in _WITHDRAWN),
            is_public=any(row.body for row in same),
            told=max(row.told or 0 for row in same),
        )
        for (opening, route, kind, at), same in notices.items()
    ]


def write_notices(
    connection: Connection, due: Sequence[DueNotice], status: IncidentStatus, policy: AlarmPolicy, now: datetime
) -> int:
    """Puts notices that are due into the outbox; returns the number of new rows."""
    if not due:
        return 0
    has_draft = any(notice.route.is_public for notice in due)
    context, picture = message_context(connection, status, policy, now, has_draft=has_draft)
    rows = [
        {
            "key": f"{notice.key}/{hashlib.sha256(address.encode()).hexdigest()[:8]}",
            "incident": notice.incident.number,
            "opening": notice.incident.openings,
            "route": notice.route.name,
            "kind": notice.kind.value,
            "address": address,
            "urgency": _URGENCY[notice.severity],
            "message": MESSAGE.dump_python(write_message(notice, context, now), mode="json"),
            # A picture of a student's screen is not for parents.
            "picture": picture if notice.kind in WITH_PICTURE and not notice.route.is_public else "",
            "state": (DeliveryState.DRAFT if notice.route.is_public else DeliveryState.WAITING).value,
            "made_at": now,
            "due_at": now,
        }
        for notice in due
        for address in dict.fromkeys(addresses_for(notice, policy.routes))
    ]
    once = insert_of(connection)(notifications).on_conflict_do_nothing(index_elements=["key"])
    return len(connection.execute(once.returning(notifications.c.id), rows).all())


def drop_drafts(connection: Connection, incident: int) -> None:
    """Drops the drafts of an incident that no person has confirmed: they are out of date."""
    drafts = (notifications.c.incident == incident) & (notifications.c.state == DeliveryState.DRAFT.value)
    overtaken = {"state": DeliveryState.DROPPED.value, "said": "out of date before it was confirmed"}
    connection.execute(update(notifications).where(drafts).values(**overtaken))


def message_context(
    connection: Connection, status: IncidentStatus, policy: AlarmPolicy, now: datetime, *, has_draft: bool = False
) -> tuple[MessageContext, str]:
    """Returns the facts of a message besides its incident, from history, and the picture of the failing step."""
    incident = status.incident
    first = incident.current_symptoms[0]
    run = connection.execute(select(runs).where(runs.c.id == first.run_id)).mappings().one_or_none()
    found: dict[str, Any] = (run["diagnosis"] if run else None) or {}
    is_known = found.get("cause") != Cause.UNKNOWN.value and found.get("service") == incident.subject
    bell = policy.first_bell(first.journey, now)
    reached = _reached(connection, first.run_id)
    passed = _passed(connection, {symptom.journey for symptom in incident.symptoms}, policy, first.since)
    cleared = [service for service in found.get("cleared", ()) if service["name"] not in {*reached, *passed}]
    context = MessageContext(
        zone=policy.zone,
        location_count=policy.location_count,
        district=policy.district,
        contact=policy.contacts.get(incident.subject, ""),
        problem=found["words"] if found and is_known else "",
        cause=_cause(found) if is_known else None,
        step_s=_failing_step_s(connection, first.run_id),
        confidence=_confidence(found),
        reasons=tuple(reason["said"] for reason in found.get("because", ())),
        working=(
            *(f"{service} ({took_s:.1f} s)" for service, took_s in reached.items() if service != incident.subject),
            *(f"{service['name']}: {service['why']}" for service in cleared),
            *(f"{journey} passed at {at}" for journey, at in passed.items()),
        ),
        elsewhere=_elsewhere(connection, incident, policy) if incident.is_open and not incident.is_own else (),
        unknown=_not_reached(incident.subject, policy.relies_on.get(first.journey, ()), reached),
        proof=policy.link.format(incident=incident.number) if policy.link else "",
        evidence=f"{run['evidence']} (firstbell evidence {first.run_id[-6:]} --open)" if run else "",
        topic=_topic(connection, incident),
        status=status,
        bell=bell,
        has_bells=bell is not None,
        no_picture=_no_picture(run),
        has_draft=has_draft,
        mark=policy.mark,
    )
    return context, run["picture"] if run else ""


def _no_picture(run: RowMapping | None) -> str:
    """Returns why there is no picture of a run's failing step; empty if there is one."""
    if run is None:
        return "the run is no longer in history"
    if run["picture"]:
        return ""
    return "this journey's pages are private" if run["is_private"] else "the failing step takes none"


def _topic(connection: Connection, incident: Incident) -> str:
    """Returns the topic of the first notice of an opening; empty where none has been written."""
    topic = notifications.c.message["topic"].as_string()
    of_opening = (notifications.c.incident == incident.number) & (notifications.c.opening == incident.openings)
    rows = connection.execute(select(topic).where(of_opening).order_by(notifications.c.id)).scalars()
    return next(filter(None, rows), "")


def _cause(found: Mapping[str, Any]) -> Cause | None:
    return next((cause for cause in Cause if cause.value == found.get("cause")), None)


def _failing_step_s(connection: Connection, run_id: str) -> float:
    """Returns how long the failing step of a run's last attempt took; 0 if none failed."""
    took = select(steps.c.ended_s - steps.c.started_s).where(steps.c.run_id == run_id, steps.c.ending != "")
    return connection.execute(took.order_by(steps.c.attempt.desc(), steps.c.position).limit(1)).scalar() or 0.0


def _elsewhere(connection: Connection, incident: Incident, policy: AlarmPolicy) -> tuple[str, ...]:
    """Returns what the locations that do not see an incident have seen of its first journey since it began."""
    first = incident.current_symptoms[0]
    since = (runs.c.journey == first.journey) & (runs.c.started_at >= first.since)
    rows = connection.execute(select(runs.c.location, runs.c.outcome).where(since).order_by(runs.c.started_at)).all()
    latest = dict.fromkeys(policy.locations, "") | {row.location: row.outcome for row in rows}
    words = {"": "{} not tried yet", Outcome.PASSED: "works from {}", Outcome.FAILED: "not confirmed from {}"}
    others = [(name, outcome) for name, outcome in latest.items() if name not in incident.locations]
    return tuple(words.get(outcome, "{} not judged").format(name) for name, outcome in others)


def _confidence(diagnosis: Mapping[str, Any]) -> str:
    """Returns the confidence of a diagnosis, with its reason in brackets."""
    if not diagnosis:
        return ""
    tries = "failed twice" if diagnosis.get("seen_twice") else "failed once"
    network = ", this location's network works" if diagnosis.get("way_proven") else ""
    return f"{diagnosis['confidence']} ({tries}{network})"


def _not_reached(subject: str, needed: Sequence[str], reached: Collection[str]) -> tuple[str, ...]:
    """Returns the services that a journey needs after the broken one, and could not reach."""
    later = needed[needed.index(subject) + 1 :] if subject in needed else needed
    return tuple(service for service in later if service != subject and service not in reached)


def _reached(connection: Connection, run_id: str) -> dict[str, float]:
    """Returns the services whose steps all passed in a run's last attempt, and how long they took together."""
    query = select(steps.c.attempt, steps.c.service, steps.c.started_s, steps.c.ended_s, steps.c.ending)
    rows = connection.execute(query.where(steps.c.run_id == run_id).order_by(steps.c.position)).all()
    last = max((row.attempt for row in rows), default=0)
    took: dict[str, float] = {}
    broken = {row.service for row in rows if row.attempt == last and row.ending}
    for row in rows:
        if row.attempt == last and row.service not in broken:
            took[row.service] = took.get(row.service, 0.0) + row.ended_s - row.started_s
    return took


def _passed(connection: Connection, broken: Iterable[str], policy: AlarmPolicy, since: datetime) -> dict[str, str]:
    """Returns other journeys whose latest run has passed, and when."""
    passed = {}
    for journey in policy.relies_on:
        if journey in broken:
            continue
        latest = select(runs.c.outcome, runs.c.started_at).where(runs.c.journey == journey)
        row = connection.execute(latest.order_by(runs.c.started_at.desc()).limit(1)).one_or_none()
        if row is not None and row.outcome == Outcome.PASSED and row.started_at >= since - FRESH:
            passed[journey] = clock_text(row.started_at, policy.zone)
    return passed
