"""Step titles for Playwright calls, never with typed text.

Methods and their arguments go by the names of Playwright's protocol, which are the same for all its languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from firstbell.artifacts.redaction.by_pattern import url_without_query
from firstbell.journeys.stage.pages.page_signs import printable

TITLE_LIMIT = 120
# Calls that are steps. Every other call (reading a page, waiting for an event, opening and closing) belongs to the
# step before it.
VERBS: Mapping[str, str] = {
    "goto": "goes to {url}",
    "fetch": "asks {url}",
    "reload": "loads the page again",
    "goBack": "goes back",
    "goForward": "goes forward",
    "click": "clicks {locator}",
    "dblclick": "double-clicks {locator}",
    "tap": "taps {locator}",
    "fill": "fills {locator}",
    "type": "types into {locator}",
    "press": "presses a key in {locator}",
    "check": "checks {locator}",
    "uncheck": "unchecks {locator}",
    "selectOption": "selects in {locator}",
    "setInputFiles": "chooses files in {locator}",
    "waitForSelector": "waits for {locator}",
    "dragAndDrop": "drags {source} to {target}",
    "keyboardType": "types",
    "keyboardInsertText": "types",
    "keyboardPress": "presses a key",
    "mouseClick": "clicks at a point",
    "expect": "expects {locator} {expected}",
}
_QUOTED = r'"(?:[^"\\]|\\.)*"'
# A locator's parts in the protocol, and the method of Python's API for each.
_BY: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"internal:label=({_QUOTED})[is]?"), "get_by_label({0})"),
    (re.compile(rf"internal:text=({_QUOTED})[is]?"), "get_by_text({0})"),
    (re.compile(rf"internal:testid=\[[\w-]+=({_QUOTED})[is]?\]"), "get_by_test_id({0})"),
    (re.compile(rf"internal:attr=\[placeholder=({_QUOTED})[is]?\]"), "get_by_placeholder({0})"),
    (re.compile(rf"internal:attr=\[title=({_QUOTED})[is]?\]"), "get_by_title({0})"),
    (re.compile(rf"internal:attr=\[alt=({_QUOTED})[is]?\]"), "get_by_alt_text({0})"),
    (re.compile(rf"internal:role=(\w+)\[name=({_QUOTED})[is]?\]"), 'get_by_role("{0}", name={1})'),
    (re.compile(r"internal:role=(\w+)"), 'get_by_role("{0}")'),
    (re.compile(r"nth=0()"), "first"),
    (re.compile(r"nth=-1()"), "last"),
    (re.compile(r"nth=(\d+)"), "nth({0})"),
)
_PARTS = re.compile(rf"(?:\s>>\s)?((?:{_QUOTED}|(?!\s>>\s).)+)", re.DOTALL)
SELECTOR_LIMIT = 1000


def title_of(method: str, arguments: Mapping[str, Any]) -> str:
    """Returns the title of a call as one bounded line; empty for a call that is no step."""
    template = VERBS.get(method)
    if template is None:
        return ""
    title = template.format(
        url=url_without_query(str(arguments.get("url", ""))),
        locator=locator_of(arguments.get("selector")),
        source=locator_of(arguments.get("source")),
        target=locator_of(arguments.get("target")),
        expected=_expected(arguments),
    )
    return printable(title, TITLE_LIMIT)


def locator_of(selector: object) -> str:
    """Returns a locator in the syntax of Python's API, as near as possible; "the page" if there is none."""
    if not isinstance(selector, str) or not selector:
        return "the page"
    return ".".join(_part(part) for part in _PARTS.findall(selector[:SELECTOR_LIMIT]))


def _part(part: str) -> str:
    for pattern, written in _BY:
        if found := pattern.fullmatch(part):
            return written.format(*found.groups())
    return f"locator({json.dumps(part, ensure_ascii=False)})"


def _expected(arguments: Mapping[str, Any]) -> str:
    """Returns the expectation without its text or value: that may be what was typed."""
    plain = str(arguments.get("expression", "")).replace(".", " ")
    return f"not {plain}" if arguments.get("isNot") else plain
