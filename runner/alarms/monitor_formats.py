"""A status as other monitors read it: Nagios and its kin, PRTG, Prometheus' textfile collector, and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.status import JourneyStatus, Level, Status
from firstbell.runner.outcome import Outcome

# PRTG shows no more (manual, "Custom Sensors").
PRTG_CHANNELS = 50

Format = Callable[[Status, ZoneInfo], str]


def nagios(status: Status, zone: ZoneInfo) -> str:
    """For Nagios, Icinga, Naemon, Checkmk (MRPE) and Centreon: a line, performance data behind a bar, more lines."""
    data = [f"'{_quoted(one)}'={one.took_s:.3f}s" for one in status.journeys]
    data += [f"incidents={len(status.incidents)};;0;0", f"undelivered={status.dead};;0;0"]
    first = f"FIRSTBELL {status.level.name} - {_plain(status.summary)} | {' '.join(data)}"
    more = [_line(one, zone) for one in status.journeys]
    return "\n".join([first, *map(_plain, more)])


def prtg(status: Status, zone: ZoneInfo) -> str:
    """For PRTG's "EXE/Script Advanced" and "HTTP Data Advanced" sensors. Names of channels never change; a journey is 2
    where it is well, 0 where it is broken, and 1 where nobody knows."""
    del zone
    if status.level is Level.UNKNOWN:
        return json.dumps({"prtg": {"error": 1, "text": status.summary}})
    count: dict[str, object] = {"unit": "Count", "limitmode": 1}
    channels: list[dict[str, object]] = [
        {"channel": "Open incidents", "value": len(status.incidents), **count, "limitmaxerror": 0},
        {"channel": "Undelivered notices", "value": status.dead, **count, "limitmaxwarning": 0},
    ]
    for one in status.journeys[: (PRTG_CHANNELS - len(channels)) // 2]:
        name = f"{one.journey} at {one.location}"
        how = 0 if one.broken_by else 1 + one.is_well
        up = {"channel": name, "value": how, **count, "limitminerror": 1, "limitminwarning": 2}
        took = {"channel": f"{name}, time", "value": round(one.took_s, 2), "unit": "TimeSeconds", "float": 1}
        channels += [up, took]
    return json.dumps({"prtg": {"result": channels, "text": status.summary}}, indent=1)


def prometheus(status: Status, zone: ZoneInfo) -> str:
    """For node_exporter's textfile collector, which takes no time stamps: times are gauges of their own."""
    from prometheus_client import CollectorRegistry, Gauge  # noqa: PLC0415  # heavy, and for one format only
    from prometheus_client.exposition import generate_latest  # noqa: PLC0415

    del zone
    registry = CollectorRegistry()
    by = ["journey", "location"]
    up = Gauge(
        "firstbell_journey_up", "1 if it is well, 0 if it is broken, NaN if nobody knows.", by, registry=registry
    )
    seen = Gauge("firstbell_journey_seen", "1 if its last run could be judged.", by, registry=registry)
    took = Gauge("firstbell_journey_duration_seconds", "How long its last run took.", by, registry=registry)
    ran = Gauge("firstbell_journey_last_run_timestamp_seconds", "When its last run began.", by, registry=registry)
    for one in status.journeys:
        is_known = status.is_watched and not one.is_doubtful
        up.labels(one.journey, one.location).set(int(one.is_well) if is_known else math.nan)
        seen.labels(one.journey, one.location).set(1 if one.outcome in (Outcome.PASSED, Outcome.FAILED) else 0)
        took.labels(one.journey, one.location).set(one.took_s)
        ran.labels(one.journey, one.location).set(one.at.timestamp())
    incident = Gauge(
        "firstbell_incident_open",
        "1 for each incident that is open.",
        ["incident", "service", "owner", "severity"],
        registry=registry,
    )
    for open_one in status.incidents:
        told = open_one.incident
        incident.labels(str(told.number), told.subject, told.owner, open_one.severity.value).set(1)
    Gauge("firstbell_notices_dead", "Notices that were given up.", registry=registry).set(status.dead)
    waits = (status.at - status.waiting_since).total_seconds() if status.waiting_since else 0.0
    Gauge("firstbell_notice_waiting_seconds", "How long the oldest notice waits.", registry=registry).set(waits)
    Gauge("firstbell_watched", "1 while the service is there.", registry=registry).set(int(status.is_watched))
    if status.heard is not None:
        heard = Gauge("firstbell_last_heard_timestamp_seconds", "When it was last there.", registry=registry)
        heard.set(status.heard.timestamp())
    return generate_latest(registry).decode().rstrip("\n")


def as_json(status: Status, zone: ZoneInfo) -> str:
    """The whole, as a document (schema firstbell.status/1)."""
    del zone
    journeys = [
        {
            "journey": one.journey,
            "location": one.location,
            "state": _state(one),
            "outcome": one.outcome,
            "at": one.at.isoformat(),
            "took_s": round(one.took_s, 3),
        }
        for one in status.journeys
    ]
    incidents = [
        {
            "number": one.incident.number,
            "service": one.incident.subject,
            "owner": one.incident.owner,
            "severity": one.severity.value,
            "since": one.incident.since.isoformat(),
            "journeys": sorted({symptom.journey for symptom in one.incident.symptoms if symptom.ended_at is None}),
            "acknowledged_by": one.acknowledged_by,
        }
        for one in status.incidents
    ]
    document = {
        "schema": "firstbell.status/1",
        "at": status.at.isoformat(),
        "level": status.level.name.lower(),
        "summary": status.summary,
        "heard": status.heard.isoformat() if status.heard else None,
        "waiting_since": status.waiting_since.isoformat() if status.waiting_since else None,
        "undelivered": status.dead,
        "journeys": journeys,
        "incidents": incidents,
    }
    return json.dumps(document, indent=1)


FORMATS: Mapping[str, Format] = {"nagios": nagios, "prtg": prtg, "prometheus": prometheus, "json": as_json}
"""Name -> what writes it."""


def _state(one: JourneyStatus) -> str:
    if one.broken_by:
        return f"broken by {one.broken_by}"
    return one.outcome if not one.is_unseen else f"not judged ({one.outcome})"


def _line(one: JourneyStatus, zone: ZoneInfo) -> str:
    return f"{one.journey} at {one.location}: {_state(one)}, {one.at.astimezone(zone):%H:%M}"


def _quoted(one: JourneyStatus) -> str:
    """A label of performance data: neither quote nor equals sign may stand in it."""
    return f"{one.journey}@{one.location}".replace("'", "").replace("=", "")


def _plain(text: str) -> str:
    """A bar would begin performance data."""
    return text.replace("|", "/")
