"""The secrets that an attempt meets and the configuration does not know: one-time codes, session cookies, tokens in
storage, contents of password fields. The parent gets them before any text that may quote them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as PlaywrightError

from firstbell.artifacts.redaction.by_pattern import SECRET_NAME, is_secret_field
from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.compat.playwright import read_untraced
from firstbell.runner.execution.supervision.protocol import SecretsFound

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

    from firstbell.runner.execution.supervision.pipe import WorkerEnd

# A cookie with less holds a setting ("light", "en-US"), whose value is a word of other texts.
SHORTEST_TOKEN = 12
LONGEST = 4096
MOST_VALUES = 500
# A page that is alive answers in milliseconds; one that hangs is not waited for.
PAGE_S = 0.5
MOST_FRAMES = 8
_DEPTH = 4
_SCRIPT = Path(__file__).with_name("page_secrets.js").read_text()


class ReportingCleaner(TextCleaner):
    """The cleaner of a worker's texts: secrets that it learns are reported to the parent."""

    def __init__(self, end: WorkerEnd, values: Iterable[str]) -> None:
        self._end = end
        self._reported = frozenset(values)
        super().__init__(self._reported)

    def learn(self, values: Iterable[str]) -> None:
        """Adds secrets, and reports them."""
        super().learn(values)
        if more := self.values - self._reported:
            self._reported |= more
            self._end.send(SecretsFound(values=tuple(sorted(more))))


def secrets_of(context: BrowserContext, *, with_pages: bool) -> set[str]:
    """Returns the tokens in a context's cookies, and if `with_pages`, the secrets in fields and storage of its pages.

    Empty if the browser does not answer.
    """
    found: set[str] = set()
    with suppress(PlaywrightError, AttributeError, TypeError):  # Its calls are private, and an upgrade may move them.
        frames = [frame for page in context.pages for frame in page.frames] if with_pages else []
        cookies, *read = read_untraced(context, frames[:MOST_FRAMES], _SCRIPT, PAGE_S)
        if isinstance(cookies, list):
            found.update(_tokens(cookie.get("value", "") for cookie in cookies))
        for answer in read:
            if isinstance(answer, dict):
                found.update(_in_fields(answer["fields"]))
                found.update(_in_storage(answer["storage"]))
    return set(sorted(value for value in found if len(value) <= LONGEST)[:MOST_VALUES])


def _tokens(values: Iterable[str]) -> Iterator[str]:
    """Yields the values that cannot be guessed: long, without a space, with a digit."""
    for value in values:
        if len(value) >= SHORTEST_TOKEN and not any(map(str.isspace, value)) and any(map(str.isdigit, value)):
            yield value


def _in_fields(fields: Iterable[dict[str, str]]) -> Iterator[str]:
    for field in fields:
        if field["type"] == "hidden":
            yield from _tokens([field["value"]])
        elif is_secret_field({**field}):
            yield field["value"]


def _in_storage(entries: Iterable[list[str]]) -> Iterator[str]:
    for name, value in entries:
        try:
            yield from _in_json(name, json.loads(value), _DEPTH)
        except (ValueError, RecursionError):
            yield from _in_json(name, value, _DEPTH)


def _in_json(name: str, value: Any, depth: int) -> Iterator[str]:
    """Yields the texts of a stored value that are named as a secret, or are tokens by what they look like."""
    match value:
        case str():
            yield from [value] if SECRET_NAME.fullmatch(name) and len(value) >= SHORTEST_TOKEN else _tokens([value])
        case dict() if depth:
            for key, item in value.items():
                yield from _in_json(key, item, depth - 1)
        case list() if depth:
            for item in value:
                yield from _in_json(name, item, depth - 1)
