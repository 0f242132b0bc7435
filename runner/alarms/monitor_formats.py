"""A status in the formats of other monitors: Nagios, PRTG, Prometheus' textfile collector, and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.status import JourneyStatus, Level, Status
from firstbell.runner.alarms.wording.times import clock_text
from firstbell.runner.outcome import Outcome

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

# PRTG shows no more (manual, "Custom Sensors").
PRTG_CHANNELS = 50

Format = Callable[[Status, ZoneInfo], str]


def nagios(status: Status, zone: ZoneInfo) -> str:
    """Formats for Nagios, Icinga, Naemon, Checkmk (MRPE), Centreon: a line, a bar, performance data, more lines."""
    data = [f"'{_quoted(journey)}'={journey.took_s:.3f}s" for journey in status.journeys]
    data += [f"incidents={len(status.incidents)};;0;0", f"undelivered={status.dead};;0;0"]
    first = f"FIRSTBELL {status.level.name} - {_plain(status.summary(zone))} | {' '.join(data)}"
    return "\n".join([first, *(_plain(_line(journey, zone)) for journey in status.journeys)])


def prtg(status: Status, zone: ZoneInfo) -> str:
    """Formats for PRTG's "EXE/Script Advanced" and "HTTP Data Advanced" sensors. Names of channels never change; a
    journey is 2 if it is ok, 0 if it is broken, and 1 if that is unknown."""
    if status.level is Level.UNKNOWN:
        return json.dumps({"prtg": {"error": 1, "text": status.summary(zone)}})
    count: dict[str, object] = {"unit": "Count", "limitmode": 1}
    channels: list[dict[str, object]] = [
        {"channel": "Open incidents", "value": len(status.incidents), **count, "limitmaxerror": 0},
        {"channel": "Undelivered notices", "value": status.dead, **count, "limitmaxwarning": 0},
    ]
    for journey in status.journeys[: (PRTG_CHANNELS - len(channels)) // 2]:
        name = f"{journey.journey} at {journey.location}"
        value = 0 if journey.broken_by else 1 + journey.is_ok
        up = {"channel": name, "value": value, **count, "limitminerror": 1, "limitminwarning": 2}
        took = {"channel": f"{name}, time", "value": round(journey.took_s, 2), "unit": "TimeSeconds", "float": 1}
        channels += [up, took]
    return json.dumps({"prtg": {"result": channels, "text": status.summary(zone)}}, indent=1)


def prometheus(status: Status, zone: ZoneInfo) -> str:
    """Formats for node_exporter's textfile collector. It takes no time stamps: times are gauges of their own."""
    from prometheus_client.exposition import generate_latest  # noqa: PLC0415  # heavy, and for one format only

    del zone
    return generate_latest(status_figures(status)).decode().rstrip("\n")


def status_figures(status: Status) -> CollectorRegistry:
    """Returns the status as gauges for Prometheus."""
    from prometheus_client import CollectorRegistry, Gauge  # noqa: PLC0415  # heavy, and for one format only

    registry = CollectorRegistry()
    by = ["journey", "location"]
    up = Gauge("firstbell_journey_up", "1 if it is ok, 0 if it is broken, NaN if unknown.", by, registry=registry)
    seen = Gauge("firstbell_journey_seen", "1 if its last run could be judged.", by, registry=registry)
    took = Gauge("firstbell_journey_duration_seconds", "How long its last run took.", by, registry=registry)
    ran = Gauge("firstbell_journey_last_run_timestamp_seconds", "When its last run began.", by, registry=registry)
    unwatched = {watch.location for watch in status.unwatched}
    for journey in status.journeys:
        labels = (journey.journey, journey.location)
        is_known = journey.location not in unwatched and not journey.is_unknown
        up.labels(*labels).set(int(journey.is_ok) if is_known else math.nan)
        seen.labels(*labels).set(1 if journey.outcome in (Outcome.PASSED, Outcome.FAILED) else 0)
        took.labels(*labels).set(journey.took_s)
        ran.labels(*labels).set(journey.at.timestamp())
    incident = Gauge(
        "firstbell_incident_open",
        "1 for each incident that is open.",
        ["incident", "service", "owner", "severity"],
        registry=registry,
    )
    for current in status.incidents:
        labels_of = (str(current.incident.number), current.incident.subject, current.incident.owner)
        incident.labels(*labels_of, current.severity.value).set(1)
    Gauge("firstbell_notices_dead", "Notices that were given up.", registry=registry).set(status.dead)
    waits = (status.at - status.waiting_since).total_seconds() if status.waiting_since else 0.0
    Gauge("firstbell_notice_waiting_seconds", "How long the oldest notice waits.", registry=registry).set(waits)
    Gauge("firstbell_watched", "1 while all locations are watched.", registry=registry).set(int(status.is_watched))
    if status.last_seen is not None:
        last_seen = Gauge("firstbell_last_heard_timestamp_seconds", "When all were last watched.", registry=registry)
        last_seen.set(status.last_seen.timestamp())
    return registry


def as_json(status: Status, zone: ZoneInfo) -> str:
    """Formats everything as a JSON document (schema firstbell.status/1)."""
    journeys = [
        {
            "journey": journey.journey,
            "location": journey.location,
            "state": _state(journey),
            "outcome": journey.outcome,
            "at": journey.at.isoformat(),
            "took_s": round(journey.took_s, 3),
        }
        for journey in status.journeys
    ]
    incidents = [
        {
            "number": current.incident.number,
            "service": current.incident.subject,
            "owner": current.incident.owner,
            "severity": current.severity.value,
            "since": current.incident.since.isoformat(),
            "journeys": sorted({symptom.journey for symptom in current.incident.current_symptoms}),
            "acknowledged_by": current.acknowledged_by,
        }
        for current in status.incidents
    ]
    document = {
        "schema": "firstbell.status/1",
        "at": status.at.isoformat(),
        "level": status.level.name.lower(),
        "summary": status.summary(zone),
        "unwatched": [watch.location for watch in status.unwatched],
        "heard": status.last_seen.isoformat() if status.last_seen else None,
        "waiting_since": status.waiting_since.isoformat() if status.waiting_since else None,
        "undelivered": status.dead,
        "journeys": journeys,
        "incidents": incidents,
    }
    return json.dumps(document, indent=1)


FORMATS: Mapping[str, Format] = {"nagios": nagios, "prtg": prtg, "prometheus": prometheus, "json": as_json}
"""Name of a format -> function that writes it."""


def _state(journey: JourneyStatus) -> str:
    if journey.broken_by:
        return f"broken by {journey.broken_by}"
    return f"not judged ({journey.outcome})" if journey.is_unseen else journey.outcome


def _line(journey: JourneyStatus, zone: ZoneInfo) -> str:
    return f"{journey.journey} at {journey.location}: {_state(journey)}, {clock_text(journey.at, zone)}"


def _quoted(journey: JourneyStatus) -> str:
    """Returns a label of performance data, which may hold neither a quote nor an equals sign."""
    return f"{journey.journey}@{journey.location}".replace("'", "").replace("=", "")


def _plain(text: str) -> str:
    """Replaces bars, which would begin performance data."""
    return text.replace("|", "/")
