"""Statements of a recording as a journey writes them: as recorded, but for the page's name, addresses of services, and
what must not stand in a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from firstbell.runner.authoring.recording.typed_secrets import (
    CUT,
    NAMELESS,
    RecordedSecrets,
    is_going,
    is_nameless,
    replace_values,
)
from firstbell.runner.authoring.source_edits import (
    Edit,
    edited,
    edited_statement,
    is_unseen,
    lines_of,
    meaning_of,
    quoted,
)
from firstbell.runner.authoring.template import variable_of_role
from firstbell.runner.authoring.urls import page_of

# What is set for a recording and not for a journey: a sign-in, and a device that the recorder knows only in parts.
PASSING = frozenset({"storage_state", "viewport", "user_agent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyRequest:
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
class RewrittenStatement:
    """A statement as it is written, and what it says."""

    lines: list[str]
    meaning: object


def rewritten(
    recorded: str, statement: ast.stmt, hidden: RecordedSecrets, wanted: JourneyRequest
) -> RewrittenStatement:
    """A statement as it was recorded, but for the page's name, addresses of services, what must not stand there, and
    characters that nobody sees."""
    who = variable_of_role(wanted.role)
    edits: list[Edit] = []
    is_cut = False
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and is_going(node) and isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "page" and not node.keywords:
                edits.append(Edit(node=node.func, text=f"{who}.go"))
        elif isinstance(node, ast.Name) and node.id == "page":
            edits.append(Edit(node=node, text=f"{who}.page"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = _text(node, node.value, hidden, wanted)
            edits += [Edit(node=node, text=text)] if text else []
            is_cut = is_cut or (
                node in hidden.cut and not any(_is_same(node.value, door) for door in wanted.doors.values())
            )
    made = _with(edits, recorded, statement)
    comments = [*([CUT] if is_cut else []), *([NAMELESS] if is_nameless(statement, hidden) else [])]
    return RewrittenStatement(lines=[*comments, *made.lines], meaning=made.meaning)


def fixtures(
    recorded: str, module: ast.Module, function: ast.FunctionDef, wanted: JourneyRequest
) -> Iterator[RewrittenStatement]:
    """What codegen wrote beside the test, such as a device's settings: it stays, but for where a sign-in was kept, and
    for the account's own device."""
    for node in module.body:
        if not isinstance(node, ast.FunctionDef) or node is function:
            continue
        settings = [
            one.value for one in ast.walk(node) if isinstance(one, ast.Return) and isinstance(one.value, ast.Dict)
        ]
        lasting = {one: _lasting(one, wanted.device) for one in settings}
        if all(lasting.values()):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            above = lines_of(recorded)[first - 1 : node.lineno - 1]
            made = _with([Edit(node=one, text=f"{{{left}}}") for one, left in lasting.items()], recorded, node)
            yield RewrittenStatement(lines=[*above, *made.lines], meaning=made.meaning)


def _with(edits: Sequence[Edit], recorded: str, statement: ast.stmt) -> RewrittenStatement:
    texts: dict[object, str] = {edit.node: edit.text for edit in edited_statement(statement, edits)}
    return RewrittenStatement(lines=edited(recorded, statement, edits), meaning=meaning_of(statement, texts))


def _text(node: ast.expr, text: str, hidden: RecordedSecrets, wanted: JourneyRequest) -> str:
    """What stands for a literal; empty where it stays as it was written."""
    if node in hidden.pages:
        return _address(text, hidden.pages[node], hidden.values, wanted.doors)
    return hidden.texts.get(node) or (quoted(text) if is_unseen(text) else "")


def _address(text: str, page: str, values: Mapping[str, str], doors: Mapping[str, str]) -> str:
    """An address that is gone to, without keys, and from the front door that the configuration names."""
    nearest = sorted(doors.items(), key=lambda one: -len(one[1]))
    for name, door in nearest:
        if _is_same(text, door):
            return f'school.service("{name}").url'
    for name, door in nearest:
        base = page_of(door).rstrip("/")
        rest = page[len(base) :]
        if page.startswith(base) and rest in ("", "/"):
            return f'school.service("{name}").url'
        if page.startswith(base) and rest[0] == "/" and door == page_of(door):
            return f'school.service("{name}").url.rstrip("/") + {replace_values(rest, values) or quoted(rest)}'
    return replace_values(page, values) or (quoted(page) if page != text or is_unseen(page) else "")


def _is_same(address: str, door: str) -> bool:
    return address.rstrip("/") == door.rstrip("/")


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
