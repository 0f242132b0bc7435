"""A rehearsal as one page: the verdict, what it rests on, and plots; it opens anywhere, without network."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from firstbell.runner.outcome import Outcome
from firstbell.runner.rehearsal.capacity import busy_of
from firstbell.runner.rehearsal.criteria import Criteria
from firstbell.runner.rehearsal.document import PersonRow, RehearsalDocument
from firstbell.runner.rehearsal.results.svg_plots import PlotDot, bars, line, scatter
from firstbell.runner.rehearsal.scenario import SEES, STEPS
from firstbell.runner.rehearsal.transcript import NOT_OPENED

WORDS = {"go": "Go", "no-go": "No-go", "the probe was the limit": "No verdict"}


def report_page(
    document: RehearsalDocument, wanted: Criteria, zone: ZoneInfo, pictures: Mapping[str, bytes] | None = None
) -> str:
    """The page, in the school's time, with pictures (JPEG) of what remains of those who failed, by their names."""
    loader = PackageLoader("firstbell.runner.rehearsal.results")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("report.html").render(
        document=document,
        record=document.record,
        word=WORDS[document.verdict.value],
        began_at=document.record.began_at.astimezone(zone),
        busy=busy_of(document.record.samples),
        steps=STEPS,
        plots=_plots(document, wanted),
        pictures={name: base64.b64encode(data).decode() for name, data in (pictures or {}).items()},
    )


def _plots(document: RehearsalDocument, wanted: Criteria) -> list[tuple[str, str, Markup | str]]:
    """Heading, what is said of it, and the picture; a picture that would be empty is left out, and said so."""
    record = document.record
    pupils = record.pupils
    joined = [found for person in pupils if (found := _joined(person))]
    looks = [
        PlotDot(at_s=look.at_s, value=look.latency_ms, who=person.actor, is_bad=bool(look.fault))
        for person in pupils
        for look in person.looks
        if look.latency_ms is not None
    ]
    failed = Counter(_where(person) for person in record.people if person.outcome != Outcome.PASSED)
    samples = [(sample.at_s, sample.busy_share * 100) for sample in record.samples]
    return [
        (
            "Join times",
            "Each dot is a student: when they saw and heard the teacher, and how long after opening the portal.",
            scatter(joined, title="Seconds from the portal to seeing and hearing, over time", unit="s")
            or "Nobody came that far.",
        ),
        (
            "Media latency",
            "Each dot is one look of a student at the teacher's picture: how late it was, glass to glass.",
            scatter(looks, title="Media latency over time", unit="ms", wanted=wanted.latency_ms)
            or "Nobody saw the teacher.",
        ),
        (
            "Failures by step",
            "Where those who did not get through were stopped.",
            bars(failed.most_common(), title="Failures by step") or "Nobody was stopped.",
        ),
        (
            "This machine",
            "The share of all its processors in use. Where it stays at 100 %, times and delays are this machine's own.",
            line(samples, title="Processors in use over time", unit="%", most=100.0) or "Too short to draw.",
        ),
    ]


def _joined(person: PersonRow) -> PlotDot | None:
    last = person.step(SEES)
    if last is None:
        return None
    at_s = last.at_s + last.took_s
    return PlotDot(at_s=at_s, value=at_s - person.steps[0].at_s, who=f"{person.actor}, round {person.round}")


def _where(person: PersonRow) -> str:
    if failing := person.failing:
        return failing.title
    return "never came" if person.said == NOT_OPENED else "between steps"
