"""What plain pytest does not tell and does not keep: secrets, and anything of a class into which a stranger came.

Recorded runs are cleaned as files (`artifacts/redaction`); here it is pytest's own reports that are, before terminal,
JUnit XML and the main process of pytest-xdist are handed them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstbell.artifacts.redaction.by_pattern import clean_text
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.compat.pytest import TerminalRepr
from firstbell.runner.execution.worker.stash_keys import OUTPUT_FOLDER

# What a page may have put into a message, and a terminal would obey: all but line breaks and pytest's own colours.
_OBEYED = re.compile(
    "\x1b(?!\\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# Properties that are our own, and what pytest-playwright calls its files.
_OWN = "firstbell_"
_THEIRS = ("test-*.png", "trace*.zip", "video*.webm")
NOTHING_KEPT_NOTE = "nothing that pytest-playwright recorded of this test was kept"


def redact_secrets(report: pytest.TestReport, known: KnownSecrets) -> None:
    """Take known secrets, and what is secret by its kind, out of everything that a report says."""
    broom = Redactor(known)

    def clean(text: str) -> str:
        return clean_text(text, broom)

    report.longrepr = _each_text(report.longrepr, lambda text: _OBEYED.sub("", clean(text)))
    report.sections = [(name, clean(text)) for name, text in report.sections]
    report.user_properties = [
        (name, _OBEYED.sub("", clean(value)) if isinstance(value, str) else value)
        for name, value in report.user_properties
    ]


def redact_private_report(report: pytest.TestReport, said: str) -> None:
    """Leave of a report that it ended, and why nothing else is told: what failed may quote the page, and so may what
    was printed, logged and noted."""
    if report.longrepr is not None:
        report.longrepr = said
    report.sections = []
    report.user_properties = [one for one in report.user_properties if one[0].startswith(_OWN)]
    vars(report).pop("extras", None)  # What pytest-html shows: pictures, for one.


def delete_recordings(item: pytest.Item) -> bool:
    """Delete what pytest-playwright has kept of a test; whether there was anything.

    A project may have it kept in a folder that is not the test's alone, outside of --output: then only the files go
    that pytest-playwright names.
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
    """What pytest shows of a failure, in its own shape, with each text in it cleaned."""
    match value:
        case str():
            return clean(value)
        case list():
            return [_each_text(item, clean) for item in value]
        case tuple():
            return tuple(_each_text(item, clean) for item in value)
        case TerminalRepr():
            for name, held in vars(value).items():
                setattr(value, name, _each_text(held, clean))
    return value
