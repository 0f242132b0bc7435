"""Rewrites recorded statements for a journey: the page variable, addresses of services, and secrets change; the rest
stays as recorded."""

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

# Settings for a recording only: a stored sign-in, and the screen and user agent of a device.
PASSING = frozenset({"storage_state", "viewport", "user_agent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyRequest:
    """The journey to write. `doors` has the address of each service and `hosts` its own hosts; `values` are texts that
    must not be in a file, each with the expression that replaces it. `device` is empty for the account's own."""

    name: str
    role: str
    doors: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    is_signed_in: bool = False
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenStatement:
    """A rewritten statement, and its meaning for comparison."""

    lines: list[str]
    meaning: object


def rewritten(
    recorded: str, statement: ast.stmt, hidden: RecordedSecrets, request: JourneyRequest
) -> RewrittenStatement:
    """Rewrites a statement: the page variable, addresses of services, secrets, and invisible characters; the rest stays
    as recorded."""
    actor = variable_of_role(request.role)
    edits: list[Edit] = []
    is_cut = False
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and is_going(node) and isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "page" and not node.keywords:
                edits.append(Edit(node=node.func, text=f"{actor}.go"))
        elif isinstance(node, ast.Name) and node.id == "page":
            edits.append(Edit(node=node, text=f"{actor}.page"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = _text(node, node.value, hidden, request)
            edits += [Edit(node=node, text=text)] if text else []
            is_cut = is_cut or (
                node in hidden.cut and not any(_is_same(node.value, entry) for entry in request.doors.values())
            )
    made = _with(edits, recorded, statement)
    comments = [*([CUT] if is_cut else []), *([NAMELESS] if is_nameless(statement, hidden) else [])]
    return RewrittenStatement(lines=[*comments, *made.lines], meaning=made.meaning)


def fixtures(
    recorded: str, module: ast.Module, function: ast.FunctionDef, request: JourneyRequest
) -> Iterator[RewrittenStatement]:
    """Fixtures that codegen wrote, such as a device's settings, without the stored sign-in and the account's own
    device."""
    for node in module.body:
        if not isinstance(node, ast.FunctionDef) or node is function:
            continue
        settings = [
            part.value for part in ast.walk(node) if isinstance(part, ast.Return) and isinstance(part.value, ast.Dict)
        ]
        lasting = {part: _lasting_settings(part, request.device) for part in settings}
        if all(lasting.values()):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            above = lines_of(recorded)[first - 1 : node.lineno - 1]
            made = _with([Edit(node=part, text=f"{{{left}}}") for part, left in lasting.items()], recorded, node)
            yield RewrittenStatement(lines=[*above, *made.lines], meaning=made.meaning)


def _with(edits: Sequence[Edit], recorded: str, statement: ast.stmt) -> RewrittenStatement:
    texts: dict[object, str] = {edit.node: edit.text for edit in edited_statement(statement, edits)}
    return RewrittenStatement(lines=edited(recorded, statement, edits), meaning=meaning_of(statement, texts))


def _text(node: ast.expr, text: str, hidden: RecordedSecrets, request: JourneyRequest) -> str:
    """The replacement of a literal; empty if it stays as recorded."""
    if node in hidden.pages:
        return _address(text, hidden.pages[node], hidden.values, request.doors)
    return hidden.texts.get(node) or (quoted(text) if is_unseen(text) else "")


def _address(text: str, page: str, values: Mapping[str, str], doors: Mapping[str, str]) -> str:
    """An address without keys, relative to the service's address in the configuration."""
    nearest = sorted(doors.items(), key=lambda part: -len(part[1]))
    for name, entry in nearest:
        if _is_same(text, entry):
            return f'school.service("{name}").url'
    for name, entry in nearest:
        base = page_of(entry).rstrip("/")
        rest = page[len(base) :]
        if page.startswith(base) and rest in ("", "/"):
            return f'school.service("{name}").url'
        if page.startswith(base) and rest[0] == "/" and entry == page_of(entry):
            return f'school.service("{name}").url.rstrip("/") + {replace_values(rest, values) or quoted(rest)}'
    return replace_values(page, values) or (quoted(page) if page != text or is_unseen(page) else "")


def _is_same(address: str, entry: str) -> bool:
    return address.rstrip("/") == entry.rstrip("/")


def _lasting_settings(settings: ast.Dict, device: str) -> str:
    """Settings of a context with the requested device, and without the file of a sign-in, which is deleted after the
    recording. Settings that codegen wrote for a device, by its name (`**`) or in parts, are replaced by one entry."""
    pairs = zip(settings.keys, settings.values, strict=True)
    left = [
        f"{ast.unparse(key)}: {ast.unparse(value)}"
        for key, value in pairs
        if key is not None and getattr(key, "value", "") not in PASSING
    ]
    return ", ".join([*([f"**playwright.devices[{quoted(device)}]"] if device else []), *left])
