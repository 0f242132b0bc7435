"""Tests the step titles of Playwright calls, without typed text."""

from __future__ import annotations

from typing import Any

import pytest

from firstbell.runner.execution.worker.call_titles import TITLE_LIMIT, title_of

LABEL = 'internal:label="PIN"i'


@pytest.mark.parametrize(
    ("method", "arguments", "title"),
    [
        ("goto", {"url": "https://me:pw@x.example/a?pwd=1#token=2"}, "goes to https://x.example/a"),
        ("goto", {"url": "/sign-in?pwd=1"}, "goes to /sign-in"),
        ("goto", {"url": "data:text/html,<p>secret"}, "goes to data:text/html"),
        ("fill", {"selector": LABEL, "value": "secret"}, 'fills get_by_label("PIN")'),
        ("type", {"selector": LABEL, "text": "secret"}, 'types into get_by_label("PIN")'),
        ("press", {"selector": LABEL, "key": "s"}, 'presses a key in get_by_label("PIN")'),
        ("keyboardType", {"text": "secret"}, "types"),
        (
            "selectOption",
            {"selector": "select", "options": [{"valueOrLabel": "secret"}]},
            'selects in locator("select")',
        ),
        (
            "click",
            {"selector": 'internal:role=list[name="A >> \\"B\\""i] >> internal:role=listitem >> nth=0'},
            'clicks get_by_role("list", name="A >> \\"B\\"").get_by_role("listitem").first',
        ),
        (
            "expect",
            {"selector": LABEL, "expression": "to.have.value", "isNot": True, "expectedText": [{"string": "secret"}]},
            'expects get_by_label("PIN") not to have value',
        ),
        ("expect", {"selector": None, "expression": "to.have.title"}, "expects the page to have title"),
        ("evaluateExpression", {"expression": "1"}, ""),
        ("screenshot", {}, ""),
    ],
)
def test_call_is_titled_by_its_purpose(method: str, arguments: dict[str, Any], title: str) -> None:
    assert title_of(method, arguments) == title


def test_call_title_is_one_bounded_line() -> None:
    said = title_of("click", {"selector": "a\x1b[2J\n" * 200})
    assert len(said) == TITLE_LIMIT
    assert said.isprintable()
