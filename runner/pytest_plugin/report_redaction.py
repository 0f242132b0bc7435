"""Redacts pytest's reports: secrets, and everything about a class into which a stranger came.

Recorded runs are redacted as files (`artifacts/redaction`); here pytest's own reports are, before terminal, JUnit XML
and the main process of pytest-xdist get them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.compat.pytest import TerminalRepr
from firstbell.runner.execution.worker.stash_keys import OUTPUT_FOLDER

# Control characters of a page that a terminal would obey: all but line breaks and pytest's own colours.
_CONTROL_CHARACTERS = re.compile(
    "\x1b(?!\\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# First Bell's own properties, and the names of pytest-playwright's files.
_OWN = "firstbell_"
_THEIRS = ("test-*.png", "trace*.zip", "video*.webm")
NOTHING_KEPT_NOTE = "nothing that pytest-playwright recorded of this test was kept"


def redact_secrets(report: pytest.TestReport, cleaner: TextCleaner) -> None:
    """Removes known secrets, and texts that are secret by their kind, from every text of a report."""
    report.longrepr = _each_text(report.longrepr, lambda text: clean_shown(text, cleaner))
    report.sections = [(name, cleaner.clean(text)) for name, text in report.sections]
    report.user_properties = clean_properties(report.user_properties, cleaner)


def clean_shown(text: str, cleaner: TextCleaner) -> str:
    """Returns a text without secrets, and without what a terminal would obey."""
    return _CONTROL_CHARACTERS.sub("", cleaner.clean(text))


def clean_properties(properties: Iterable[tuple[str, object]], cleaner: TextCleaner) -> list[tuple[str, object]]:
    """Returns properties without secrets in names and values. A value that is no text becomes one if it has any."""
    return [(clean_shown(name, cleaner), _clean_value(value, cleaner)) for name, value in properties]


def _clean_value(value: object, cleaner: TextCleaner) -> object:
    clean = clean_shown(str(value), cleaner)
    return clean if isinstance(value, str) or clean != str(value) else value


def redact_private_report(report: pytest.TestReport, message: str) -> None:
    """Replaces the failure of a report with `message` and removes the rest: a failure may quote the page, and so may
    output, logs and properties."""
    if report.longrepr is not None:
        report.longrepr = message
    report.sections = []
    report.user_properties = [item for item in report.user_properties if item[0].startswith(_OWN)]
    vars(report).pop("extras", None)  # Shown by pytest-html, such as pictures.


def delete_recordings(item: pytest.Item) -> bool:
    """Deletes pytest-playwright's files of a test. Returns whether there were any.

    A project may keep them in a folder that is not the test's alone, outside of --output: then only files with
    pytest-playwright's names are deleted.
    """
    folder = Path(item.stash[OUTPUT_FOLDER])
    if not folder.is_dir():
        return False
    if item.config.invocation_params.dir / item.config.getoption("--output") in folder.parents:
        shutil.rmtree(folder)
        return True
    named = [file for pattern in _THEIRS for file in folder.glob(pattern)]
    for file in named:
        file.unlink(missing_ok=True)
    return bool(named)


def _each_text(value: Any, clean: Callable[[str], str]) -> Any:
    """Returns pytest's failure in its own shape, with each text in it redacted."""
    match value:
        case str():
            return clean(value)
        case list():
            return [_each_text(item, clean) for item in value]
        case tuple():
            return tuple(_each_text(item, clean) for item in value)
        case TerminalRepr():
            for name, attribute_value in vars(value).items():
                setattr(value, name, _each_text(attribute_value, clean))
    return value
