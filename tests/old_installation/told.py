"""The facts that the commands of an installation print at one moment, without their wording.

`told` is what make.py keeps beside an installation and what the test compares with.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.old_installation.running import Installation

PROSE = {"said", "words", "why", "note", "summary", "text", "degraded", "because", "cleared", "what"}
"""Keys whose values are sentences; a version may word them anew."""

JOURNEYS = ("portal", "class-page", "bus-times", "login", "greeting", "live-class-high", "live-class", "sign-in")
# One by bells with a lead-in, one by cron, one that plays another.
LISTED = ("greeting", "sign-in", "live-class-high")
ROUTES = ("it-on-call", "head-of-it", "buses", "bells", "parents")
SHOWN = ("passed", "failed", "errored")


def told(place: Installation, at: datetime) -> dict[str, Any]:
    """All facts, as JSON has them."""
    runs = place.json("runs", "--limit", "1000", "--json", at=at)
    by_outcome = {outcome: next(run["id"] for run in runs if run["outcome"] == outcome) for outcome in SHOWN}
    incidents = place.json("incidents", "--json", at=at)
    return {
        "check": _check(place, at),
        "runs": facts_of(runs),
        "shown": {run: facts_of(place.json("show", run[-6:], "--json", at=at)) for run in by_outcome.values()},
        "diagnosed": {run: facts_of(place.json("diagnose", run, "--json", at=at)) for run in by_outcome.values()},
        "uptime": place.json("uptime", "--days", "30", "--json", at=at),
        "uptime of a group": place.json("uptime", "--days", "30", "--group", "elementary", "--json", at=at),
        "gaps": _gaps(place, at),
        "status": _status(place, at),
        "incidents": facts_of(incidents),
        "incident": [facts_of(place.json("incidents", str(one["number"]), "--json", at=at)) for one in incidents],
        "outbox": _outbox(place, at),
        "silences": _silences(place, at),
        "held": place.json("evidence", "held", "--json", at=at),
        "handed out": place.json("evidence", "log", "--json", at=at),
        "schedule": _schedule(place, at),
    }


def facts_of(document: Any) -> Any:
    """A document without its sentences."""
    if isinstance(document, Mapping):
        return {key: facts_of(value) for key, value in document.items() if key not in PROSE}
    if isinstance(document, list):
        return [facts_of(one) for one in document]
    return document


def missing(old: Any, new: Any, where: str = "") -> list[str]:
    """The facts that are missing or different now. A document may have more keys than it had."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        gone = [f"{where}.{key} is gone" for key in old if key not in new]
        return gone + [said for key in old if key in new for said in missing(old[key], new[key], f"{where}.{key}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [said for number, (one, other) in pairs for said in missing(one, other, f"{where}[{number}]")]
    return [] if old == new else [f"{where}: {old!r} was told, now {new!r}"]


def _check(place: Installation, at: datetime) -> dict[str, Any]:
    done = place.command("check", "--json", at=at)
    document = json.loads(done.stdout)
    areas = sorted({one["area"] for one in document["findings"]})
    return {"exit code": done.returncode, "holds": document["holds"], "areas": areas}


def _gaps(place: Installation, at: datetime) -> list[list[str]]:
    """Slots that were not played, by state and number."""
    said = place.command("runs", "--limit", "1000", at=at).stdout
    return sorted(list(found) for found in re.findall(r"(?m)^(missed|skipped)\W+(\d+) slot", said))


def _status(place: Installation, at: datetime) -> dict[str, Any]:
    """The exit codes, and per journey what Prometheus is told."""
    figures = place.command("status", "--format", "prometheus", at=at)
    kept = [line for line in figures.stdout.splitlines() if line.startswith("firstbell_journey")]
    return {
        "exit code": place.command("status", at=at).returncode,
        "for nagios": place.command("status", "--format", "nagios", at=at).returncode,
        "for prometheus": figures.returncode,
        "journeys": sorted(kept),
    }


def _outbox(place: Installation, at: datetime) -> dict[str, int]:
    """How many notices each route has of each incident."""
    said = place.command("alarm", "outbox", "--limit", "200", at=at).stdout
    found = re.findall(rf"incident (\d+)\b.*?\b({'|'.join(ROUTES)})\b", said)
    return dict(sorted(Counter(f"{number} by {route}" for number, route in found).items()))


def _silences(place: Installation, at: datetime) -> list[list[str]]:
    """Number, what is silenced, and the hour at which it ends."""
    said = place.command("silence", "list", at=at).stdout
    return [list(found) for found in re.findall(r"(?m)^\s*(\d+)\s+(\S+)\s.*?\b(\d\d:\d\d)\b", said)]


def _schedule(place: Installation, at: datetime) -> dict[str, Any]:
    """The exit code, and per journey how often each time of day comes in two weeks."""
    whole = place.command("schedule", "--days", "14", at=at)
    found: dict[str, Any] = {"exit code": whole.returncode, "named": [one for one in JOURNEYS if one in whole.stdout]}
    for journey in LISTED:
        said = place.command("schedule", "--days", "14", "--journey", journey, at=at).stdout
        found[journey] = dict(sorted(Counter(re.findall(r"\b\d\d:\d\d:\d\d\b", said)).items()))
    return found
