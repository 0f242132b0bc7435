"""Finds passwords and codes that stand in clear in a source file: typed, named, handed to a function, or in a table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from firstbell.runner.authoring.field_words import CODE_FIELD, SECRET_FIELD, matches_any

# Methods of Playwright that type what they are given.
TYPING = frozenset({"fill", "type", "press_sequentially"})
# Methods that expect a typed value.
VALUES = frozenset({"to_have_value", "not_to_have_value"})
# The last word of a name that holds a secret itself, and not the field, the label or the variable that has it.
_SECRET_NAME = re.compile(
    r"(^|_)(password|passwd|passphrase|passcode|pwd|pass|pw|secret|pin|totp_key|otp)$", re.IGNORECASE
)
# Selectors, references to where a secret is kept, and addresses.
_NO_SECRET = re.compile(
    r"^\s*([#.\[/(*>]|(css|xpath|text|role|id|data-[\w-]+)=|input\b|env:|file:|keyring:|https?://|\$\{?|<)|\{\{",
    re.IGNORECASE,
)
# A password that a journey types to be refused.
_WRONG = re.compile(r"wrong|invalid|incorrect|bad|not[-_ ]?the|falsch|incorrect[ao]", re.IGNORECASE)


def clear_secrets(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields the line of each secret, and the words or the name by which it is one."""
    names, parameters = _assigned(tree), _parameters(tree)
    found: dict[int, str] = {}
    for node in ast.walk(tree):
        for line, word in _secrets_of(node, names, parameters):
            found.setdefault(line, word)
    yield from sorted(found.items())


def typed_text(call: ast.Call) -> ast.Constant | None:
    """The literal that a call types into a field, or expects in it; None if there is none."""
    typed = _typed(call)
    return typed if isinstance(typed, ast.Constant) and literal_text(typed) is not None else None


def secret_field(call: ast.Call) -> str:
    """The words that identify a field for a secret; empty if none do."""
    return _secret_word(words_of(call))


def words_of(call: ast.Call) -> list[str]:
    """The texts by which a call locates its element: labels, names, selectors."""
    typed = typed_text(call)
    inside = [*ast.walk(call.func), *(node for argument in call.args[:-1] for node in ast.walk(argument))]
    return [
        node.value
        for node in inside
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node is not typed
    ]


def _typed(call: ast.Call) -> ast.expr | None:
    """The value that a call types into a field, or expects in it; of a key, only one that writes."""
    if not isinstance(call.func, ast.Attribute):
        return None
    method = call.func.attr
    by_name = {keyword.arg: keyword.value for keyword in call.keywords}
    typed = call.args[-1] if call.args else by_name.get("value") or by_name.get("text")
    text = literal_text(typed)
    is_key = method == "press" and text is not None and len(text.removeprefix("Shift+")) == 1
    return typed if method in TYPING or method in VALUES or is_key else None


def _secret_word(words: list[str]) -> str:
    return matches_any(words, SECRET_FIELD) or matches_any(words, CODE_FIELD)


def _secrets_of(
    node: ast.AST, names: Mapping[str, ast.expr], parameters: Mapping[str, list[str]]
) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Call):
        yield from _typed_in(node, names)
        yield from _handed_over(node, parameters)
        pairs = [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg]
    elif isinstance(node, ast.Dict):
        pairs = [(literal_text(key) or "", value) for key, value in zip(node.keys, node.values, strict=True)]
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        pairs = [(_name_of(target), node.value) for target in targets] if node.value is not None else []
    elif isinstance(node, ast.arguments):
        last = [*node.posonlyargs, *node.args][-len(node.defaults) or len(node.args) :]
        pairs = [(one.arg, default) for one, default in zip(last, node.defaults, strict=False)]
        pairs += [(one.arg, value) for one, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value]
    else:
        return
    yield from ((value.lineno, name) for name, value in pairs if _SECRET_NAME.search(name) and _is_secret(value))


def _typed_in(call: ast.Call, names: Mapping[str, ast.expr]) -> Iterator[tuple[int, str]]:
    """A text that is typed into a field for a secret: the field by its words, or by the name that the file gives it."""
    typed = _typed(call)
    if typed is None:
        return
    value = names.get(_name_of(typed), typed)
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str) or not value.value:
        return
    name = _name_of(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    field = names.get(name)
    told = [] if field is None else [one.value for one in ast.walk(field) if isinstance(one, ast.Constant)]
    words = [*words_of(call), *([name] if name else []), *(text for text in told if isinstance(text, str))]
    if (word := _secret_word(words)) and not _WRONG.search(value.value):
        yield value.lineno, word


def _handed_over(call: ast.Call, parameters: Mapping[str, list[str]]) -> Iterator[tuple[int, str]]:
    """A text in the place of a parameter that is named as a secret, of a function of the file."""
    own = parameters.get(_name_of(call.func), [])
    if own[:1] in (["self"], ["cls"]):
        own = own[1:]
    for name, value in zip(own, call.args, strict=False):
        if _SECRET_NAME.search(name) and _is_secret(value):
            yield value.lineno, name


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """Name -> its value, for names and attributes that the file assigns once."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            found.setdefault(_name_of(node.targets[0]), []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            found.setdefault(_name_of(node.target), []).append(node.value)
    return {name: values[0] for name, values in found.items() if name and len(values) == 1}


def _parameters(tree: ast.Module) -> dict[str, list[str]]:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name: [one.arg for one in function.args.args] for function in functions}


def _name_of(node: ast.AST | None) -> str:
    """The name of a variable or an attribute, without the object before it; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _is_secret(value: ast.expr) -> bool:
    """Tells whether a value is a text that can be a secret, and no label, selector or reference."""
    text = literal_text(value)
    if not text or _NO_SECRET.search(text) or _WRONG.search(text):
        return False
    return not _secret_word([text]) and len(text) >= 3


def literal_text(node: ast.AST | None) -> str | None:
    """The text of a literal; None for any other node."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
