"""The failure report of a journey in plain pytest: its step, each page's address, and the trace's command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Error as PlaywrightError

from firstbell.artifacts.redaction.by_pattern import url_without_query
from firstbell.journeys.stage.pages.page_signs import TITLE_LIMIT, printable
from firstbell.journeys.stage.pages.page_state import PAGE_READ_MS
from firstbell.runner.execution.worker.stash_keys import REDACTION_REPORTED
from firstbell.runner.pytest_plugin.report_redaction import (
    NOTHING_KEPT_NOTE,
    delete_recordings,
    redact_private_report,
)

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import Page

    from firstbell.journeys.stage.stage import Stage
    from firstbell.journeys.stage.step import StepRecord
    from firstbell.runner.execution.supervision.protocol import JourneyInfo

SECTION = "First Bell"
# pytest shows a section of this report with the failure if its name has the word (`_handle_teardown_sections`).
AT_TEARDOWN = "First Bell at teardown"
CONSOLE_LINES = 5
LINE_LIMIT = 200


def add_failure_section(report: pytest.TestReport, stage: Stage, item: pytest.Item) -> None:
    """Adds the step, the pages and the trace to a report; after a stranger came, removes all but that fact.

    A stranger who was noticed only after the test's end is its failure too, as in a run.
    """
    if (privacy := stage.privacy) is not None:
        redact_private_report(report, privacy.said)
        item.stash[REDACTION_REPORTED] = item.stash.get(REDACTION_REPORTED, False) or report.failed
    if report.when == "call" and report.failed:
        hint = "" if privacy else trace_hint(item.config.getoption("--tracing"))
        report.sections.append((SECTION, "\n".join(line for line in (*stage_lines(stage), hint) if line)))
    if report.when != "teardown":
        return
    if privacy is not None:
        if not item.stash.get(REDACTION_REPORTED, False):
            report.outcome, report.longrepr = "failed", privacy.said
        if delete_recordings(item):
            report.sections.append((AT_TEARDOWN, f"{NOTHING_KEPT_NOTE}: {privacy.said}"))
    elif traces := trace_commands(report.user_properties):
        report.sections.append((AT_TEARDOWN, "\n".join(traces)))


def stage_lines(stage: Stage) -> list[str]:
    """Returns the failing step of a journey, and each actor's page, the failing actor's first; after a stranger came,
    the step and that fact alone."""
    failed, privacy = _failed(stage), stage.privacy
    lines = []
    if failed is not None:
        step = failed.step
        lines.append(f'{step.actor} at "{step.title}" (step {step.position}, {step.service}), {failed.took_s:.1f} s')
    if privacy is not None:
        return [*lines, privacy.said]
    pages = sorted(stage.pages.items(), key=lambda item: failed is not None and item[0] != failed.step.actor)
    for name, page in pages:
        lines += page_lines(page, name)
    return lines


def properties_of(info: JourneyInfo, stage: Stage) -> list[tuple[str, object]]:
    """Returns the properties of a journey for JUnit XML and other reporters: its id, its steps, its failing service."""
    properties: list[tuple[str, object]] = [
        ("firstbell_journey", info.id),
        ("firstbell_source_sha256", info.source_sha256),
        ("firstbell_relies_on", ", ".join(info.relies_on)),
        *(("firstbell_step", _in_a_line(record)) for record in stage.steps),
    ]
    if (failed := _failed(stage)) is not None:
        properties += [("firstbell_failing_step", _in_a_line(failed)), ("firstbell_service", failed.step.service)]
    return properties


def _in_a_line(record: StepRecord) -> str:
    step = record.step
    how = record.ending.kind.value if record.ending else "passed"
    return f"{step.position} {step.actor}: {step.title} ({step.service}) {how}, {record.took_s:.1f} s"


def _failed(stage: Stage) -> StepRecord | None:
    """Returns the first step that failed: later failures follow from it."""
    return next((record for record in stage.steps if record.ending is not None), None)


def page_lines(page: Page, name: str) -> list[str]:
    """Returns a page's address and the last errors of its console. Never raises, so that the failure is reported."""
    try:
        lines = [f"{name}: {printable(url_without_query(page.url), LINE_LIMIT)}"]
        if not page.is_closed():
            # Page.title() has no time limit, and a page may hang. In an array, as an empty title is waited for else.
            (title,) = page.wait_for_function("() => [document.title]", timeout=PAGE_READ_MS).json_value()
            lines[0] += f'   "{printable(title, TITLE_LIMIT)}"'
        errors = [message.text for message in page.console_messages() if message.type == "error"]
    except PlaywrightError as error:
        return [f"{name}: the page does not answer ({printable(error.message.splitlines()[0], LINE_LIMIT)})"]
    return [*lines, *(f"  console: {printable(text, LINE_LIMIT)}" for text in errors[-CONSOLE_LINES:])]


def trace_commands(properties: Sequence[tuple[str, object]]) -> list[str]:
    """Returns the commands that open pytest-playwright's traces; their paths are known at teardown."""
    traces = [str(value) for name, value in properties if name == "playwright_trace"]
    return [f"playwright show-trace {_near(trace)}" for trace in traces]


def trace_hint(tracing: str | None) -> str:
    """Returns how to get a trace next time; empty if one is recorded."""
    return "" if tracing not in (None, "off") else "for a trace: pytest --tracing retain-on-failure"


def _near(path: str) -> str:
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path
