"""Removes secrets from pytest's outputs that are not reports of tests: warnings, log files, properties of the suite."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

import pytest

from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.compat.pytest import log_handlers, suite_properties
from firstbell.runner.pytest_plugin.report_redaction import clean_properties, clean_shown


class OutputRedaction:
    """The plugin of a session whose secrets are known. It changes what is written, never what a test sees."""

    def __init__(self, config: pytest.Config, cleaner: TextCleaner) -> None:
        self._cleaner = cleaner
        for handler in log_handlers(config):
            handler.setFormatter(_CleanFormatter(handler.formatter or logging.Formatter(), cleaner))

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Cleans the message of a warning before the terminal and pytest-xdist have it. Its category stays."""
        said = str(warning_message.message)
        if (clean := clean_shown(said, self._cleaner)) != said:
            warning_message.message = Warning(clean)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Cleans the properties of the suite before JUnit XML is written."""
        properties = suite_properties(session.config)
        properties[:] = clean_properties(properties, self._cleaner)
        return (yield)


class _CleanFormatter(logging.Formatter):
    """Cleans what another formatter has written; the record, which tests may look at, stays as it is."""

    def __init__(self, inner: logging.Formatter, cleaner: TextCleaner) -> None:
        super().__init__()
        self._inner = inner
        self._cleaner = cleaner

    def format(self, record: logging.LogRecord) -> str:
        """Returns a record as one clean text."""
        return clean_shown(self._inner.format(record), self._cleaner)
