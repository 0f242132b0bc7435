"""Turns what Playwright's codegen recorded into a journey: steps with names, and the account's secrets for typed ones.

Locators and their order stay as recorded. Pure: text in, text out, and nothing of it is run.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from runner.writing.edits import Edit, edited, is_unseen, lines_of, made_of, meaning_of, quoted
from runner.writing.moves import Act, Move, move_of
from runner.writing.proving import Promised, broken_promise
from runner.writing.template import arguments_of, entrances_of, person, variable
from runner.writing.typed import is_sign_in, replacements

SIGN_IN, PLATFORM = "sign-in", "platform"
TOTP = "totp("
# What is set for a recording and not for a journey: a sign-in, and a device that the recorder knows only in parts.
PASSING = frozenset({"storage_state", "viewport", "user_agent"})
# What steps are called whose names say nothing of anybody.
OWN_TITLES = frozenset({"opens the portal", "signs in", "looks"})


class NoRecording(Exception):
    """There is nothing in a recording to make a journey of; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The journey that is to come of it. `doors` is the front door of each service and `hosts` what is its own;
    `values` are what must not stand in a file, each with the attribute of the actor that says it. `device` is what
    the journey's people hold where that is not the account's own."""

    name: str
    role: str
    doors: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    is_signed_in: bool = False
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A statement as it is written, and what it says."""

    lines: list[str]
    meaning: object


@dataclass(slots=True, kw_only=True)
class _Step:
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


def journey_of(recorded: str, wanted: Wanted) -> str:
    """The text of a journey. Raises NoRecording, also where the text would not be what was recorded."""
    module, function = _parsed(recorded)
    steps, promised = _steps(recorded, function, wanted)
    fixtures = _fixtures(recorded, module, function, wanted)
    entrances = entrances_of([wanted.role])
    body = [line for step in steps for line in step.written(person(wanted.role))]
    asked = [name for name in ("school", "classroom") if f"{name}." in "\n".join(body)]
    quoted = ", ".join(f'"{name}"' for name in dict.fromkeys(step.service for step in steps))
    lines = [
        '"""Recorded: say in one sentence what this journey proves."""',
        "",
        *_imports(module, body),
        *(line for fixture in fixtures for line in ("", "", *fixture.lines)),
        "",
        "",
        f'@pytest.mark.journey("{wanted.name}", relies_on=[{quoted}])',
        f"def test_{variable(wanted.name)}({', '.join(arguments_of([wanted.role], asked))}):",
        *(f"    {line}" for line in (*entrances, *body)),
    ]
    text = "\n".join(lines) + "\n"
    meanings = [*(_meaning(line) for line in entrances), *promised.meanings]
    promised = replace(promised, meanings=meanings, fixtures=[fixture.meaning for fixture in fixtures])
    if said := broken_promise(text, promised):
        raise NoRecording(f"nothing was written, because the journey {said}; record again, on fewer pages at a time")
    return text


def _parsed(recorded: str) -> tuple[ast.Module, ast.FunctionDef]:
    try:
        module = ast.parse(recorded)
    except SyntaxError:  # codegen leaves a function without a body when nothing was done
        raise NoRecording("nothing was recorded; record again, and use the page before you close it") from None
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            return module, node
    raise NoRecording("this is no recording for pytest; make one with: firstbell record")


def _steps(recorded: str, function: ast.FunctionDef, wanted: Wanted) -> tuple[list[_Step], Promised]:
    """The steps, and what they are to say together."""
    texts = replacements(function, person(wanted.role), wanted.values)
    steps = _Steps(wanted)
    for statement in function.body:
        if not isinstance(statement, ast.Pass):
            steps.take(move_of(statement, texts), _written(recorded, statement, texts, wanted))
    if not steps.done:
        raise NoRecording("nothing was recorded; record again, and use the page before you close it")
    typed = {str(node.value) for node, text in texts.items() if is_sign_in(text) and isinstance(node, ast.Constant)}
    return steps.done, Promised(meanings=steps.meanings, values={*wanted.values, *typed}, titles=OWN_TITLES)


class _Steps:
    """Puts moves together into steps: a page that is opened, a form that is filled in and sent, a sign-in."""

    def __init__(self, wanted: Wanted) -> None:
        self.done: list[_Step] = []
        self.meanings: list[object] = []
        self._wanted = wanted
        self._service = next(iter(wanted.doors or wanted.hosts), "edge")
        self._held: list[str] = []
        if wanted.is_signed_in:
            self._enter()

    def take(self, move: Move, written: _Written) -> None:
        """One more move. A handler that is set up belongs to what sets it off, which comes next."""
        self.meanings.append(written.meaning)
        if move.act is Act.PREPARES:
            self._held += written.lines
            return
        step = self._step_for(move)
        step.lines += [*self._held, *written.lines]
        self._held = []

    def _step_for(self, move: Move) -> _Step:
        last = self.done[-1] if self.done else None
        match move.act:
            case Act.GOES:
                self._service = self._service_at(move.host) or self._service
                return self._begin(self._arrival(move))
            case Act.FILLS:
                return self._filling(move, last)
            case Act.PRESSES if last is not None and last.is_open:
                last.is_open = False
                last.title = "signs in" if last.signs_in else f"{last.title}, {move.title}"
                return last
            case Act.PRESSES | Act.FOLLOWS:
                return self._begin(move.title)
            case _:
                return last or self._begin("looks")

    def _filling(self, move: Move, last: _Step | None) -> _Step:
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

    def _begin(self, title: str) -> _Step:
        step = _Step(title=title, service=self._service)
        self.done.append(step)
        return step

    def _enter(self) -> None:
        """The steps of somebody who was signed in before the recording began."""
        who, known = person(self._wanted.role), self._known
        ways = {"edge": ("opens the portal", "open_portal"), SIGN_IN: ("signs in", "sign_in")}
        for service, (title, way) in ways.items():
            if service in known:
                line = f"school.{way}({who})"
                self.done.append(_Step(title=title, service=service, lines=[line]))
                self.meanings.append(_meaning(line))
        self._service = PLATFORM if PLATFORM in known else self._service

    @property
    def _known(self) -> set[str]:
        return {*self._wanted.doors, *self._wanted.hosts}

    def _service_at(self, host: str) -> str:
        owners = (name for name, hosts in self._wanted.hosts.items() if host in hosts)
        return next(owners, "")

    def _arrival(self, move: Move) -> str:
        door = self._wanted.doors.get("edge", "")
        return "opens the portal" if door and move.url.rstrip("/") == door.rstrip("/") else move.title


def _written(recorded: str, statement: ast.stmt, texts: Mapping[ast.expr, str], wanted: Wanted) -> _Written:
    """A statement as it was recorded, but for the page's name, addresses of services, what must not stand there, and
    characters that nobody sees."""
    who = person(wanted.role)
    edits = [Edit(node=node, text=text) for node, text in texts.items()]
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and node.id == "page":
            edits.append(Edit(node=node, text=f"{who}.page"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "goto":
            edits += _going(node, node.func, who, wanted)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_unseen(node.value):
            edits.append(Edit(node=node, text=quoted(node.value)))
    return _with(edits, recorded, statement)


def _with(edits: Sequence[Edit], recorded: str, statement: ast.stmt) -> _Written:
    texts: dict[object, str] = {edit.node: edit.text for edit in made_of(statement, edits)}
    return _Written(lines=edited(recorded, statement, edits), meaning=meaning_of(statement, texts))


def _meaning(line: str) -> object:
    return meaning_of(ast.parse(line).body[0], {})


def _going(call: ast.Call, func: ast.Attribute, who: str, wanted: Wanted) -> list[Edit]:
    """`page.goto("https://...")` as the actor goes, from the front door that the configuration names."""
    if not isinstance(func.value, ast.Name) or func.value.id != "page" or len(call.args) != 1 or call.keywords:
        return []
    edits = [Edit(node=func, text=f"{who}.go")]
    address = call.args[0]
    if isinstance(address, ast.Constant) and isinstance(address.value, str):
        for name, door in wanted.doors.items():
            base = door.rstrip("/")
            rest = address.value[len(base) :]
            if address.value.startswith(base) and rest[:1] in ("", "/", "?", "#"):
                tail = "" if rest in ("", "/") else f'.rstrip("/") + {quoted(rest)}'
                return [*edits, Edit(node=address, text=f'school.service("{name}").url{tail}')]
    return edits


def _imports(module: ast.Module, body: Sequence[str]) -> list[str]:
    text = "\n".join(body)
    fixtures = "".join(ast.unparse(node) for node in module.body if isinstance(node, ast.FunctionDef))
    standard = [f"import {name}" for name in ("re", "time") if f"{name}." in text]
    ours = ["", "from journeys.auth.totp import totp"] if TOTP in text else []
    theirs = ["from playwright.sync_api import expect"] if "expect(" in text or "expect(" in fixtures else []
    return [*standard, *([""] if standard else []), "import pytest", *theirs, *ours]


def _fixtures(recorded: str, module: ast.Module, function: ast.FunctionDef, wanted: Wanted) -> list[_Written]:
    """What codegen wrote beside the test, such as a device's settings: it stays, but for where a sign-in was kept, and
    for the account's own device."""
    kept: list[_Written] = []
    for node in module.body:
        if not isinstance(node, ast.FunctionDef) or node is function:
            continue
        settings = [
            one.value for one in ast.walk(node) if isinstance(one, ast.Return) and isinstance(one.value, ast.Dict)
        ]
        lasting = {one: _lasting(one, wanted.device) for one in settings}
        if all(lasting.values()):
            edits = [Edit(node=one, text=f"{{{left}}}") for one, left in lasting.items()]
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            written = _with(edits, recorded, node)
            above = lines_of(recorded)[first - 1 : node.lineno - 1]
            kept.append(_Written(lines=[*above, *written.lines], meaning=written.meaning))
    return kept


def _lasting(settings: ast.Dict, device: str) -> str:
    """Settings of a context with the device that was asked for, and without the file of a sign-in, which is gone when
    the recording is over. Whatever codegen wrote of a device, by its name (`**`) or in parts, stands there once."""
    pairs = zip(settings.keys, settings.values, strict=True)
    left = [
        f"{ast.unparse(key)}: {ast.unparse(value)}"
        for key, value in pairs
        if key is not None and getattr(key, "value", "") not in PASSING
    ]
    return ", ".join([*([f"**playwright.devices[{quoted(device)}]"] if device else []), *left])
