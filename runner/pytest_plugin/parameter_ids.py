"""Removes secrets from the ids of parametrized tests: terminal, JUnit and the folders of recordings have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from firstbell.runner.execution.worker.stash_keys import DISTRICT

if TYPE_CHECKING:
    from firstbell.artifacts.redaction.text_cleaner import TextCleaner

_FIXTURES = frozenset({"district", "school", "classroom", "stage", "actor", "teacher", "student"})


class ParameterIds:
    """Renames the tests of a session in which a test uses First Bell, once all of them are collected."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Cleans the names of tests with parameters. The configuration is read only if there are any."""
        named = [item for item in items if hasattr(item, "callspec")]
        uses_first_bell = any(not _FIXTURES.isdisjoint(getattr(item, "fixturenames", ())) for item in items)
        if not named or not uses_first_bell or DISTRICT in config.stash:
            return
        from firstbell.compat.pytest import rename_item

        cleaner = _cleaner_of(config)
        for item in named:
            rename_item(item, cleaner.clean(item.name), cleaner.clean(item.nodeid))


def _cleaner_of(config: pytest.Config) -> TextCleaner:
    """Returns the cleaner of the configured secrets. A configuration that cannot be read is reported by the tests; the
    practice school's secrets are made later, so that no id can have them."""
    from firstbell.artifacts.redaction.text_cleaner import TextCleaner
    from firstbell.errors import FirstBellError
    from firstbell.runner.pytest_plugin.session import secrets_before_opening

    try:
        explicit = config.getoption("--firstbell-config")
        return TextCleaner(secrets_before_opening(explicit, config.invocation_params.dir))
    except FirstBellError:
        return TextCleaner()
