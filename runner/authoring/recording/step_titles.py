"""Describes one recorded line as an action: opens a page, follows a link, fills in a field, presses a button."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from enum import Enum

from firstbell.runner.authoring.clear_secrets import TYPING
from firstbell.runner.authoring.recording.typed_secrets import RecordedSecrets, is_sign_in
from firstbell.runner.authoring.urls import host_of, path_of

FIELDS = frozenset({"textbox", "searchbox", "combobox", "spinbutton", "checkbox", "radio", "switch", "slider"})
LINKS = frozenset({"link", "tab", "menuitem", "treeitem"})
CHOOSING = frozenset({"check", "uncheck", "select_option", "set_input_files", "set_checked", "clear"})
CLICKING = frozenset({"click", "dblclick", "tap"})
TITLE_LIMIT = 60


class RecordedAction(Enum):
    """The kind of an action."""

    GOES = "goes"
    FOLLOWS = "follows"
    FILLS = "fills"
    PRESSES = "presses"
    LOOKS = "looks"
    PREPARES = "prepares"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStep:
    """One recorded action. `title` is the title of a step that begins with it; `url` the page it goes to, if any."""

    act: RecordedAction
    title: str = ""
    url: str = ""
    is_secret: bool = False

    @property
    def host(self) -> str:
        """The host of the page it goes to."""
        return host_of(self.url)


def recorded_step_of(statement: ast.stmt, hidden: RecordedSecrets) -> RecordedStep:
    """Describes a statement; no title quotes `hidden` values.

    A `with` statement that waits for a window or a file is described by its body.
    """
    if isinstance(statement, ast.With):
        return recorded_step_of(statement.body[0], hidden)
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return RecordedStep(act=RecordedAction.OTHER)
    method = call.func.attr
    if method in {"once", "on", "route_from_har", "route"}:
        return RecordedStep(act=RecordedAction.PREPARES)
    if _begins_with_expect(call):
        return RecordedStep(act=RecordedAction.LOOKS)
    if method == "goto":
        address = call.args[0] if call.args else None
        page = "" if address is None else hidden.pages.get(address, "")
        title = f"opens {page_title_of(page)}" if address not in hidden.texts else "opens the page"
        return RecordedStep(act=RecordedAction.GOES, title=title, url=page)
    return _action_of(call, method, hidden)


def _action_of(call: ast.Call, method: str, hidden: RecordedSecrets) -> RecordedStep:
    """Describes an action on an element."""
    role, name = _element(call, hidden)
    if method in TYPING or method in CHOOSING:
        typed = call.args[-1] if call.args else None
        is_secret = typed is not None and is_sign_in(hidden.texts.get(typed, "")) and method in TYPING
        return RecordedStep(act=RecordedAction.FILLS, title=f"fills in {name}", is_secret=is_secret)
    if method == "press":
        key = _text(call.args[-1], hidden) if call.args else ""
        return RecordedStep(
            act=RecordedAction.PRESSES if key == "Enter" else RecordedAction.FILLS, title="presses Enter"
        )
    if method in CLICKING and role in FIELDS:
        return RecordedStep(act=RecordedAction.FILLS, title=f"fills in {name}")
    if method in CLICKING and role in LINKS:
        return RecordedStep(act=RecordedAction.FOLLOWS, title=f"opens {name}")
    if method in CLICKING:
        return RecordedStep(act=RecordedAction.PRESSES, title=f"presses {name}")
    return RecordedStep(act=RecordedAction.OTHER)


def _element(call: ast.Call, hidden: RecordedSecrets) -> tuple[str, str]:
    """The role and the name of the element of a call, by the last locator with a name."""
    node: ast.expr = call.func.value if isinstance(call.func, ast.Attribute) else call
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            first = _text(node.args[0], hidden) if node.args else ""
            match node.func.attr:
                case "get_by_role":
                    return first, _short(_text(keywords.get("name"), hidden) or f"the {first}")
                case "get_by_label" | "get_by_placeholder":
                    return "textbox", _short(first) or "the field"  # codegen names a button by its role
                case "get_by_text" | "get_by_title" | "get_by_alt_text" | "get_by_test_id":
                    return "", _short(first) or "the page"
                case "locator":
                    return "", _short(_plain(first))
            node = node.func.value
        else:
            node = node.value if isinstance(node, ast.Attribute) else node.func
    return "", "the page"


def page_title_of(url: str) -> str:
    """A page title from its address: the last readable part of the path, else the host."""
    for part in reversed([part for part in path_of(url).split("/") if part]):
        words = re.sub(r"\.\w{2,5}$", "", part)
        if (
            re.search(r"[A-Za-z]{3}", words)
            and not re.fullmatch(r"[0-9a-fA-F-]{8,}", words)
            and len(words) <= TITLE_LIMIT
        ):
            return re.sub(r"[-_+]+", " ", words)
    return host_of(url) or "the page"


def _plain(selector: str) -> str:
    return selector.strip("#.[]") or "the page"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= TITLE_LIMIT else text[: TITLE_LIMIT - 1] + "…"


def _begins_with_expect(call: ast.Call) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "expect"
        for node in ast.walk(call)
    )


def _text(node: ast.expr | None, hidden: RecordedSecrets) -> str:
    """The text of a literal; empty for other nodes and for hidden values."""
    if node in hidden.texts:
        return ""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
