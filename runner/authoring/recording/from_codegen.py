"""Turns what Playwright's codegen recorded into a journey: steps with names, and the account's secrets for typed ones.

Locators and their order stay as recorded. Pure: text in, text out, and nothing of it is run.
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
# What is said at the end of a recording that ends with something done, and nothing seen.
ENDING = (
    "# Say here what must be seen in the end, or this passes on an empty page, with such a line (expect comes from",
    '# playwright.sync_api): expect({who}.page.get_by_role("heading", name="...")).to_be_visible()',
)
# What steps are called whose names say nothing of anybody.
OWN_TITLES = frozenset({"opens the portal", "signs in", "looks"})


class InvalidRecording(FirstBellError):
    """There is nothing in a recording to make a journey of; the message says what to do."""


@dataclass(slots=True, kw_only=True)
class _JourneyStep:
    """One step while it is put together. `is_open`: a form is being filled in, and what follows belongs to it."""

    title: str
    service: str
    lines: list[str] = field(default_factory=list)
    is_open: bool = False
    signs_in: bool = False

    def written(self, who: str) -> list[str]:
        """As Python."""
        first = f'with {who}.step({quoted(self.title)}, relies_on="{self.service}"):'
        return [first, *(f"    {line}" if line else "" for line in self.lines)]


def journey_of(recorded: str, wanted: JourneyRequest) -> str:
    """The text of a journey. Raises InvalidRecording, also where the text would not be what was recorded."""
    module, function = _parsed(recorded)
    steps, promised = _steps(recorded, function, wanted)
    beside = list(fixtures(recorded, module, function, wanted))
    entrances = entrances_of([wanted.role])
    body = [line for step in steps for line in step.written(variable_of_role(wanted.role))]
    asked = [name for name in ("school", "classroom") if f"{name}." in "\n".join(body)]
    quoted = ", ".join(f'"{name}"' for name in dict.fromkeys(step.service for step in steps))
    lines = [
        '"""Recorded: say in one sentence what this journey proves."""',
        "",
        *_imports(beside, body),
        *(line for fixture in beside for line in ("", "", *fixture.lines)),
        "",
        "",
        f'@pytest.mark.journey("{wanted.name}", relies_on=[{quoted}])',
        f"def test_{variable(wanted.name)}({', '.join(arguments_of([wanted.role], asked))}):",
        *(f"    {line}" for line in (*entrances, *body)),
    ]
    text = "\n".join(lines) + "\n"
    meanings = [*(meaning_of_line(line) for line in entrances), *promised.meanings]
    promised = replace(promised, meanings=meanings, fixtures=[fixture.meaning for fixture in beside])
    if said := verify_failure(text, promised):
        raise InvalidRecording(
            f"nothing was written, because the journey {said}; record again, on fewer pages at a time"
        )
    return text


def _parsed(recorded: str) -> tuple[ast.Module, ast.FunctionDef]:
    try:
        module = ast.parse(recorded)
    except SyntaxError:  # codegen leaves a function without a body when nothing was done
        raise InvalidRecording("nothing was recorded; record again, and use the page before you close it") from None
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            return module, node
    raise InvalidRecording("this is no recording for pytest; make one with: firstbell record")


def _steps(
    recorded: str, function: ast.FunctionDef, wanted: JourneyRequest
) -> tuple[list[_JourneyStep], ExpectedJourney]:
    """The steps, and what they are to say together."""
    hidden = recorded_secrets_in(function, variable_of_role(wanted.role), wanted.values)
    steps = _StepBuilder(wanted)
    for statement in function.body:
        if comment := left_out(statement):
            steps.leave(comment)
        elif not isinstance(statement, ast.Pass):
            steps.take(recorded_step_of(statement, hidden), rewritten(recorded, statement, hidden, wanted))
    if not steps.done:
        raise InvalidRecording("nothing was recorded; record again, and use the page before you close it")
    steps.done[-1].lines += steps.held
    ending = () if steps.looks else [line.format(who=variable_of_role(wanted.role)) for line in ENDING]
    steps.done[-1].lines += ending
    promised = ExpectedJourney(
        meanings=steps.meanings, comments=COMMENTS.union(ending), values=hidden.values, titles=OWN_TITLES
    )
    return steps.done, promised


class _StepBuilder:
    """Puts moves together into steps: a page that is opened, a form that is filled in and sent, a sign-in."""

    def __init__(self, wanted: JourneyRequest) -> None:
        self.done: list[_JourneyStep] = []
        self.meanings: list[object] = []
        self._wanted = wanted
        self._service = next(iter(wanted.doors or wanted.hosts), "edge")
        self.held: list[str] = []
        self.looks = False
        if wanted.is_signed_in:
            self._enter()

    def leave(self, comment: str) -> None:
        """A statement that is left out, with what is said of it; once, where there are several in a row."""
        lines = self.done[-1].lines if self.done and self.done[-1].lines else self.held
        if lines[-1:] != [comment]:
            lines.append(comment)

    def take(self, move: RecordedStep, written: RewrittenStatement) -> None:
        """One more move. A handler that is set up belongs to what sets it off, which comes next."""
        self.meanings.append(written.meaning)
        self.looks = move.act is RecordedAction.LOOKS
        if move.act is RecordedAction.PREPARES:
            self.held += written.lines
            return
        step = self._step_for(move)
        step.lines += [*self.held, *written.lines]
        self.held = []

    def _step_for(self, move: RecordedStep) -> _JourneyStep:
        last = self.done[-1] if self.done else None
        match move.act:
            case RecordedAction.GOES:
                self._service = self._service_at(move.host) or self._service
                return self._begin(self._arrival(move))
            case RecordedAction.FILLS:
                return self._filling(move, last)
            case RecordedAction.PRESSES if last is not None and last.is_open:
                last.is_open = False
                last.title = "signs in" if last.signs_in else f"{last.title}, {move.title}"
                return last
            case RecordedAction.PRESSES | RecordedAction.FOLLOWS:
                return self._begin(move.title)
            case _:
                return last or self._begin("looks")

    def _filling(self, move: RecordedStep, last: _JourneyStep | None) -> _JourneyStep:
        goes_on = last is not None and (last.is_open or (last.signs_in and move.is_secret))
        step = last if last is not None and goes_on else self._begin(move.title)
        step.is_open = True
        if move.is_secret and not step.signs_in:
            step.signs_in = True
            step.title = "signs in"
            step.service = SIGN_IN if SIGN_IN in self._known else step.service
            # Whoever has signed in stands where the classes are, as far as addresses can tell.
            self._service = PLATFORM if PLATFORM in self._known else self._service
        return step

    def _begin(self, title: str) -> _JourneyStep:
        step = _JourneyStep(title=title, service=self._service)
        self.done.append(step)
        return step

    def _enter(self) -> None:
        """The steps of somebody who was signed in before the recording began."""
        who, known = variable_of_role(self._wanted.role), self._known
        ways = {"edge": ("opens the portal", "open_portal"), SIGN_IN: ("signs in", "sign_in")}
        for service, (title, way) in ways.items():
            if service in known:
                line = f"school.{way}({who})"
                self.done.append(_JourneyStep(title=title, service=service, lines=[line]))
                self.meanings.append(meaning_of_line(line))
        self._service = PLATFORM if PLATFORM in known else self._service

    @property
    def _known(self) -> set[str]:
        return {*self._wanted.doors, *self._wanted.hosts}

    def _service_at(self, host: str) -> str:
        owners = (name for name, hosts in self._wanted.hosts.items() if host in hosts)
        return next(owners, "")

    def _arrival(self, move: RecordedStep) -> str:
        door = self._wanted.doors.get("edge", "")
        return "opens the portal" if door and move.url.rstrip("/") == door.rstrip("/") else move.title


def _imports(beside: Sequence[RewrittenStatement], body: Sequence[str]) -> list[str]:
    text = "\n".join(line for line in body if not line.lstrip().startswith("#"))
    everything = "\n".join([text, *(line for one in beside for line in one.lines)])
    standard = [f"import {name}" for name in ("re", "time") if f"{name}." in text]
    ours = ["", "from firstbell.journeys.auth.totp import totp"] if TOTP in text else []
    theirs = ["from playwright.sync_api import expect"] if "expect(" in everything else []
    return [*standard, *([""] if standard else []), "import pytest", *theirs, *ours]
