"""Renders a rehearsal as one page: outcome, criteria, figures and plots; it needs no network."""

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
from firstbell.runner.rehearsal.transcript import NOT_OPENED

OUTCOME_TEXT = {"go": "Go", "no-go": "No-go", "the probe was the limit": "No result"}


def report_page(
    document: RehearsalDocument, criteria: Criteria, zone: ZoneInfo, pictures: Mapping[str, bytes] | None = None
) -> str:
    """Renders the page, in the school's time, with pictures (JPEG) of failures by their names."""
    loader = PackageLoader("firstbell.runner.rehearsal.results")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("report.html").render(
        document=document,
        record=document.record,
        word=OUTCOME_TEXT[document.verdict.value],
        began_at=document.record.began_at.astimezone(zone),
        busy=busy_of(document.record.samples),
        steps=document.record.steps,
        plots=_plots(document, criteria),
        pictures={name: base64.b64encode(data).decode() for name, data in (pictures or {}).items()},
    )


def _plots(document: RehearsalDocument, criteria: Criteria) -> list[tuple[str, str, Markup | str]]:
    """Heading, explanation and plot of each figure; a sentence instead of an empty plot."""
    record = document.record
    student_rows = record.student_rows
    joined = [dot for person in student_rows if (dot := _join_dot(person))]
    latencies = [
        PlotDot(at_s=sample.at_s, value=sample.latency_ms, who=person.actor, is_bad=bool(sample.fault))
        for person in student_rows
        for sample in person.looks
        if sample.latency_ms is not None
    ]
    failed = Counter(_failure_point(person) for person in record.people if person.outcome != Outcome.PASSED)
    samples = [(sample.at_s, sample.busy_share * 100) for sample in record.samples]
    return [
        (
            "Join times",
            "Each dot is a student: when they saw and heard the host, or passed their last step, and how long it took.",
            scatter(joined, title="Seconds from the first step to seeing and hearing the host, over time", unit="s")
            or "No student got there.",
        ),
        (
            "Media latency",
            "Each dot is one sample: the delay from the teacher's camera to the student's screen.",
            scatter(latencies, title="Media latency over time", unit="ms", wanted=criteria.latency_ms)
            or "No student saw the teacher.",
        ),
        (
            "Failures by step",
            "The steps at which people failed.",
            bars(failed.most_common(), title="Failures by step") or "No step failed.",
        ),
        (
            "This machine",
            "The share of its processors in use. At 100 % this machine slows the rehearsal down, and times grow.",
            line(samples, title="Processors in use over time", unit="%", most=100.0) or "Too few samples to draw.",
        ),
    ]


def _join_dot(person: PersonRow) -> PlotDot | None:
    proved = next((sample.at_s for sample in person.looks if not sample.fault), None)
    ended = [step.at_s + step.took_s for step in person.steps] if person.outcome == Outcome.PASSED else []
    at_s = proved if proved is not None else max(ended, default=None)
    if at_s is None or not person.steps:
        return None
    return PlotDot(at_s=at_s, value=at_s - person.steps[0].at_s, who=f"{person.actor}, round {person.round}")


def _failure_point(person: PersonRow) -> str:
    if failing := person.failing:
        return failing.title
    return "did not join" if person.said == NOT_OPENED else "between steps"
