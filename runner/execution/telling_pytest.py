"""What a failing journey shows in plain pytest: its step, where each page stood, and what opens the trace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Error as PlaywrightError

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from journeys.stage.stage import Stage
    from journeys.stage.step import StepRecord
    from runner.execution.messages import JourneyCard

SECTION = "First Bell"
# pytest shows a section of this report with the failure if its name holds the word (`_handle_teardown_sections`).
AT_TEARDOWN = "First Bell at teardown: the trace"
CONSOLE_LINES = 5
LINE_LIMIT = 200


def told_by_stage(stage: Stage) -> list[str]:
    """The failing step of a journey, and each actor's page, the one whose step failed first."""
    failed = _failed(stage)
    lines = []
    if failed is not None:
        step = failed.step
        lines.append(f'{step.actor} at "{step.title}" (step {step.position}, {step.service}), {failed.took_s:.1f} s')
    cast = sorted(stage.pages.items(), key=lambda one: failed is not None and one[0] != failed.step.actor)
    for name, page in cast:
        lines += told_by_page(page, name)
    return lines


def properties_of(card: JourneyCard, stage: Stage) -> list[tuple[str, object]]:
    """What JUnit XML and other reporters are told of a journey: which it is, its steps, whose the failing one is."""
    told: list[tuple[str, object]] = [
        ("firstbell_journey", card.id),
        ("firstbell_source_sha256", card.source_sha256),
        ("firstbell_relies_on", ", ".join(card.relies_on)),
        *(("firstbell_step", _in_a_line(record)) for record in stage.steps),
    ]
    if (failed := _failed(stage)) is not None:
        told += [("firstbell_failing_step", _in_a_line(failed)), ("firstbell_service", failed.step.service)]
    return told


def _in_a_line(record: StepRecord) -> str:
    step = record.step
    how = record.ending.kind.value if record.ending else "passed"
    return f"{step.position} {step.actor}: {step.title} ({step.service}) {how}, {record.took_s:.1f} s"


def _failed(stage: Stage) -> StepRecord | None:
    """The first step that went wrong: what comes after it, where anything does, comes of it."""
    return next((record for record in stage.steps if record.ending is not None), None)


def told_by_page(page: Page, name: str) -> list[str]:
    """Where a page stands and the last errors of its console. Never raises: the failure itself must be told."""
    try:
        lines = [f"{name}: {page.url}"]
        if not page.is_closed():
            lines[0] += f'   "{page.title()}"'
        errors = [message.text for message in page.console_messages() if message.type == "error"]
    except PlaywrightError as error:
        return [f"{name}: the page does not answer ({error.message.splitlines()[0][:LINE_LIMIT]})"]
    return [*lines, *(f"  console: {' '.join(text.split())[:LINE_LIMIT]}" for text in errors[-CONSOLE_LINES:])]


def told_of_traces(properties: Sequence[tuple[str, object]]) -> list[str]:
    """The traces that pytest-playwright has kept, as the commands that open them; it tells of them at teardown."""
    kept = [str(value) for name, value in properties if name == "playwright_trace"]
    return [f"playwright show-trace {_near(trace)}" for trace in kept]


def without_trace(tracing: str | None) -> str:
    """What to add for a trace next time; empty where one is made."""
    return "" if tracing not in (None, "off") else "for a trace: pytest --tracing retain-on-failure"


def _near(path: str) -> str:
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path
