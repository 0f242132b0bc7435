"""The essence of a failed expectation or action of Playwright: the locator, and what was found in its place.

Playwright writes the locator into its call log only, and what was found on several lines (the texts below are those of
Playwright 1.5x and 1.6x for Python; a test plays the real ones). A value or a text of a page may be a password or a
child's name: that it differs is told, and not what it is, unless the step quotes.
"""

from __future__ import annotations

import re
import traceback

from firstbell.hostile_text import cut

_LOCATOR = re.compile(
    r"^\s*-? ?waiting for (?!element to be |navigation|event |response |request )(.+?)(?: to be \w+)?$", re.MULTILINE
)
_RESOLVED = re.compile(r"locator resolved to (?:(hidden|visible) )?(<.+>|\d+ elements?)\s*$", re.MULTILINE)
_BLOCKED = re.compile(
    r"^\s*- (element is (?:not |outside ).+|<.+> intercepts pointer events|.*Element is not .+)$", re.MULTILINE
)
# At the beginning of its line: the text of a page can hold the same words.
_STRICT = re.compile(r"^(?:[\w.]+: )?Error: strict mode violation: (.+) resolved to (\d+) elements", re.MULTILINE)
_EVENT = re.compile(r"^waiting for (navigation .+|event .+|response .+|request .+)$", re.MULTILINE)
_ACTUAL = re.compile(r"^Actual value: ?(.*)$", re.MULTILINE)
# A comparison of pytest shows the values that it compared.
_COMPARISON = re.compile(r"^assert\b")
_TAG = re.compile(r"<([\w-]+)((?:\s+[\w:.-]+(?:=\"[^\"]*\")?)*)")
_ATTRIBUTE = re.compile(r"([\w:.-]+)=\"([^\"]*)\"")
# Attributes that a developer writes and that name no person.
_STRUCTURE = frozenset({"id", "class", "role", "type", "name", "data-testid"})
# A locator can be long, and what was found stands behind it in a message of bounded length.
LOCATOR_LIMIT = 110
FOUND_LIMIT = 70


def is_ambiguous(text: str) -> bool:
    """Tells whether a locator fitted several elements: the journey must be more exact, and no service is to blame."""
    return _STRICT.search(text) is not None


def comparison_text(error: AssertionError) -> str | None:
    """Returns the statement of an `assert` without a message of its own, whose text shows the values; else None."""
    if not _COMPARISON.match(str(error)):
        return None
    frames = traceback.extract_tb(error.__traceback__)
    line = (frames[-1].line or "").strip() if frames else ""
    return f"{line if _COMPARISON.match(line) else 'an assertion'} does not hold"


def expectation_text(text: str, *, quotes: bool = False) -> str:
    """Returns what was expected, of which locator, and what was found instead; its words only where the step
    `quotes`."""
    head = text.partition("Call log:")[0].strip()
    first = next((line.strip() for line in head.splitlines() if line.strip()), text)
    if found := _STRICT.search(text):
        expected = "" if found[0].startswith(first) or first.startswith(found[0]) else f"{first}; "
        return f"{expected}the locator is ambiguous: {_short(found[1], LOCATOR_LIMIT)} fits {found[2]} elements"
    if "Call log:" not in text and "logs ===" not in text and "\n" not in text.strip():
        return first
    parts = [first.removesuffix("."), *_locator(text, first), *_found(text, quotes=quotes)]
    return "; ".join(dict.fromkeys(part for part in parts if part))


def _locator(text: str, first: str) -> list[str]:
    """The locator, or the event that was waited for."""
    found = _LOCATOR.search(text) or _EVENT.search(text)
    if found is None or found[1].strip() in first:
        return []
    return [f"waited for {_short(found[1].strip(), LOCATOR_LIMIT)}"]


def _found(text: str, *, quotes: bool) -> list[str]:
    """The finding: another value, the element as it is, or nothing."""
    blocked = _BLOCKED.findall(text)
    resolved = _RESOLVED.findall(text)
    actual = _ACTUAL.search(text)
    if blocked:
        return [_short(blocked[-1].strip() if quotes else _structure(blocked[-1]), FOUND_LIMIT)]
    if actual and actual[1].strip() != "None":
        value = _short(actual[1], FOUND_LIMIT) or "nothing"
        return [f"found: {value if quotes or value == 'nothing' else 'another value'}"]
    if resolved:
        state, element = resolved[-1]
        return [
            f"found: {f'{state} ' if state else ''}{_short(element if quotes else _structure(element), FOUND_LIMIT)}"
        ]
    is_gone = "element(s) not found" in text or _LOCATOR.search(text) is not None
    return ["found: no such element"] if is_gone else []


def _structure(text: str) -> str:
    """Returns a line about an element with its tag and the attributes that name no person, and without its text."""
    if (tag := _TAG.search(text)) is None:
        return text
    kept = "".join(f' {name}="{value}"' for name, value in _ATTRIBUTE.findall(tag[2]) if name in _STRUCTURE)
    about = " intercepts pointer events" if text.rstrip().endswith("intercepts pointer events") else ""
    return f"<{tag[1]}{kept}>{about}"


def _short(text: str, limit: int) -> str:
    return cut(" ".join(text.split()), limit, mark="…")
