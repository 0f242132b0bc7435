"""Turns the output of Playwright's codegen into a journey: named steps, and account secrets instead of typed ones.

Locators and their order stay as recorded. Pure: text in, text out; no recorded code is run.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from firstbell.errors import FirstBellError
from firstbell.runner.authoring.recording.statements import JourneyRequest, RewrittenStatement, fixtures, rewritten
from firstbell.runner.authoring.recording.step_titles import RecordedAction, RecordedStep, recorded_step_of
from firstbell.runner.authoring.recording.typed_secrets import (
    CUT,
    KEYS,
    NAMELESS,
    SNAPSHOT,
    left_out,
    recorded_secrets_in,
)
from firstbell.runner.authoring.recording.verify import ExpectedJourney, verify_failure
from firstbell.runner.authoring.source_edits import meaning_of_line, quoted
from firstbell.runner.authoring.template import arguments_of, entrances_of, variable, variable_of_role

SIGN_IN, PLATFORM = "sign-in", "platform"
TOTP = "totp("
COMMENTS = frozenset({CUT, KEYS, NAMELESS, SNAPSHOT})
# The comment at the end of a recording that ends with an action and expects nothing.
ENDING = (
    "# Add what must be visible at the end, or this passes on an empty page, with a line such as (expect comes from",
    '# playwright.sync_api): expect({who}.page.get_by_role("heading", name="...")).to_be_visible()',
)
# Step titles that hold no recorded text.
OWN_TITLES = frozenset({"opens the portal", "signs in", "looks"})


class InvalidRecording(FirstBellError):
    """A recording cannot become a journey; the message says what to do."""


@dataclass(slots=True, kw_only=True)
class _JourneyStep:
    """One step under construction. `is_open`: a form is being filled in, and the next actions belong to it."""

    title: str
    service: str
    lines: list[str] = field(default_factory=list)
    is_open: bool = False
    signs_in: bool = False

    def source(self, actor: str) -> list[str]:
        """The step as Python source."""
        first = f'with {actor}.step({quoted(self.title)}, relies_on="{self.service}"):'
        return [first, *(f"    {line}" if line else "" for line in self.lines)]


def journey_of(recorded: str, request: JourneyRequest) -> str:
    """Writes a journey. Raises InvalidRecording, also if the result would differ from the recording."""
    module, function = _parsed(recorded)
    steps, expected = _steps(recorded, function, request)
    fixture_functions = list(fixtures(recorded, module, function, request))
    entrances = entrances_of([request.role])
    body = [line for step in steps for line in step.source(variable_of_role(request.role))]
    school_fixtures = [name for name in ("school", "classroom") if f"{name}." in "\n".join(body)]
    quoted = ", ".join(f'"{name}"' for name in dict.fromkeys(step.service for step in steps))
    lines = [
        '"""Recorded: say in one sentence what this journey proves."""',
        "",
        *_imports(fixture_functions, body),
        *(line for fixture in fixture_functions for line in ("", "", *fixture.lines)),
        "",
        "",
        f'@pytest.mark.journey("{request.name}", relies_on=[{quoted}])',
        f"def test_{variable(request.name)}({', '.join(arguments_of([request.role], school_fixtures))}):",
        *(f"    {line}" for line in (*entrances, *body)),
    ]
    text = "\n".join(lines) + "\n"
    meanings = [*(meaning_of_line(line) for line in entrances), *expected.meanings]
    expected = replace(expected, meanings=meanings, fixtures=[fixture.meaning for fixture in fixture_functions])
    if said := verify_failure(text, expected):
        raise InvalidRecording(
            f"nothing was written, because the journey {said}; record again, on fewer pages at a time"
        )
    return text


def _parsed(recorded: str) -> tuple[ast.Module, ast.FunctionDef]:
    try:
        module = ast.parse(recorded)
    except SyntaxError:  # codegen writes a function without a body when nothing was done
        raise InvalidRecording("nothing was recorded; record again, and use the page before you close it") from None
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            return module, node
    raise InvalidRecording("this is not a recording for pytest; make one with: firstbell record")


def _steps(
    recorded: str, function: ast.FunctionDef, request: JourneyRequest
) -> tuple[list[_JourneyStep], ExpectedJourney]:
    """The steps, and the expected content of the journey."""
    hidden = recorded_secrets_in(function, variable_of_role(request.role), request.values)
    builder = _StepBuilder(request)
    for statement in function.body:
        if comment := left_out(statement):
            builder.omit(comment)
        elif not isinstance(statement, ast.Pass):
            builder.add(recorded_step_of(statement, hidden), rewritten(recorded, statement, hidden, request))
    if not builder.steps:
        raise InvalidRecording("nothing was recorded; record again, and use the page before you close it")
    builder.steps[-1].lines += builder.pending
    ending = (
        () if builder.ends_with_expectation else [line.format(who=variable_of_role(request.role)) for line in ENDING]
    )
    builder.steps[-1].lines += ending
    expected = ExpectedJourney(
        meanings=builder.meanings, comments=COMMENTS.union(ending), values=hidden.values, titles=OWN_TITLES
    )
    return builder.steps, expected


class _StepBuilder:
    """Groups recorded actions into steps: opening a page, filling in and sending a form, a sign-in."""

    def __init__(self, request: JourneyRequest) -> None:
        self.steps: list[_JourneyStep] = []
        self.meanings: list[object] = []
        self._request = request
        self._service = next(iter(request.doors or request.hosts), "edge")
        self.pending: list[str] = []
        self.ends_with_expectation = False
        if request.is_signed_in:
            self._add_sign_in()

    def omit(self, comment: str) -> None:
        """Omits a statement and adds a comment; one comment for several in a row."""
        lines = self.steps[-1].lines if self.steps and self.steps[-1].lines else self.pending
        if lines[-1:] != [comment]:
            lines.append(comment)

    def add(self, recorded_step: RecordedStep, rewritten_statement: RewrittenStatement) -> None:
        """Adds an action. A handler belongs to the action that triggers it, which comes next."""
        self.meanings.append(rewritten_statement.meaning)
        self.ends_with_expectation = recorded_step.act is RecordedAction.LOOKS
        if recorded_step.act is RecordedAction.PREPARES:
            self.pending += rewritten_statement.lines
            return
        step = self._step_for(recorded_step)
        step.lines += [*self.pending, *rewritten_statement.lines]
        self.pending = []

    def _step_for(self, recorded_step: RecordedStep) -> _JourneyStep:
        last = self.steps[-1] if self.steps else None
        match recorded_step.act:
            case RecordedAction.GOES:
                self._service = self._service_at(recorded_step.host) or self._service
                return self._begin(self._page_title(recorded_step))
            case RecordedAction.FILLS:
                return self._form_step(recorded_step, last)
            case RecordedAction.PRESSES if last is not None and last.is_open:
                last.is_open = False
                last.title = "signs in" if last.signs_in else f"{last.title}, {recorded_step.title}"
                return last
            case RecordedAction.PRESSES | RecordedAction.FOLLOWS:
                return self._begin(recorded_step.title)
            case _:
                return last or self._begin("looks")

    def _form_step(self, recorded_step: RecordedStep, last: _JourneyStep | None) -> _JourneyStep:
        goes_on = last is not None and (last.is_open or (last.signs_in and recorded_step.is_secret))
        step = last if last is not None and goes_on else self._begin(recorded_step.title)
        step.is_open = True
        if recorded_step.is_secret and not step.signs_in:
            step.signs_in = True
            step.title = "signs in"
            step.service = SIGN_IN if SIGN_IN in self._services else step.service
            # After the sign-in the actor is on the platform, as far as addresses show.
            self._service = PLATFORM if PLATFORM in self._services else self._service
        return step

    def _begin(self, title: str) -> _JourneyStep:
        step = _JourneyStep(title=title, service=self._service)
        self.steps.append(step)
        return step

    def _add_sign_in(self) -> None:
        """Adds the steps of an actor who was signed in before the recording."""
        actor, known = variable_of_role(self._request.role), self._services
        ways = {"edge": ("opens the portal", "open_portal"), SIGN_IN: ("signs in", "sign_in")}
        for service, (title, method) in ways.items():
            if service in known:
                line = f"school.{method}({actor})"
                self.steps.append(_JourneyStep(title=title, service=service, lines=[line]))
                self.meanings.append(meaning_of_line(line))
        self._service = PLATFORM if PLATFORM in known else self._service

    @property
    def _services(self) -> set[str]:
        return {*self._request.doors, *self._request.hosts}

    def _service_at(self, host: str) -> str:
        owners = (name for name, hosts in self._request.hosts.items() if host in hosts)
        return next(owners, "")

    def _page_title(self, recorded_step: RecordedStep) -> str:
        entry = self._request.doors.get("edge", "")
        return (
            "opens the portal" if entry and recorded_step.url.rstrip("/") == entry.rstrip("/") else recorded_step.title
        )


def _imports(fixture_functions: Sequence[RewrittenStatement], body: Sequence[str]) -> list[str]:
    text = "\n".join(line for line in body if not line.lstrip().startswith("#"))
    all_text = "\n".join([text, *(line for fixture in fixture_functions for line in fixture.lines)])
    standard_imports = [f"import {name}" for name in ("re", "time") if f"{name}." in text]
    firstbell_imports = ["", "from firstbell.journeys.auth.totp import totp"] if TOTP in text else []
    playwright_imports = ["from playwright.sync_api import expect"] if "expect(" in all_text else []
    return [
        *standard_imports,
        *([""] if standard_imports else []),
        "import pytest",
        *playwright_imports,
        *firstbell_imports,
    ]
