"""The fixtures of a journey, for many players at once: pytest itself sets up one test at a time."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstbell.compat.pytest import fixture_definitions, value_by_pytest
from firstbell.runner.rehearsal.plays.turns import CannotRehearse

if TYPE_CHECKING:
    import pytest

# Fixtures that belong to one browser or one test.
OF_ONE = frozenset({"page", "context", "browser", "new_context", "playwright", "stage", "request"})


class JourneyFixtures:
    """Sets up fixtures of the district's own files for each player. `is_own` tells whether a file is one of them."""

    def __init__(self, item: pytest.Function, is_own: Callable[[Path], bool]) -> None:
        self._item = item
        self._is_own = is_own
        self._shared: dict[str, object] = {}

    def prepare(self, given: tuple[str, ...]) -> None:
        """Has pytest set up the session's fixtures of its plugins, before it is played. Raises CannotRehearse for a
        journey with a fixture that only one player can have."""
        for name in self._names():
            self._prepare(name, {*given, "request"} if name != "request" else {*given})

    def _prepare(self, name: str, done: set[str]) -> None:
        definition = self._definition(name)
        if name in done or name in self._shared or definition is None:
            return
        if name in OF_ONE:
            raise CannotRehearse(
                f'the fixture "{name}" is of one test and one browser; a rehearsal needs the people of a journey: '
                "teacher, student, actor"
            )
        if self._is_own(_file_of(definition.func)):
            for argument in definition.argnames:
                self._prepare(argument, {*done, name})
        elif definition.scope == "session":
            self._shared[name] = value_by_pytest(self._item, name)
        else:
            raise CannotRehearse(
                f'the fixture "{name}" of a plugin is set up for one test; a rehearsal has many people'
            )

    @contextmanager
    def values(self, given: Mapping[str, object]) -> Iterator[dict[str, object]]:
        """The arguments of the journey for one player, set up and torn down in its own turn."""
        known = {**self._shared, **_parameters(self._item), **given}
        with ExitStack() as stack:
            for name in self._names():
                self._set_up(name, known, stack)
            yield {name: known[name] for name in inspect.signature(self._item.obj).parameters}

    def _names(self) -> list[str]:
        direct = list(inspect.signature(self._item.obj).parameters)
        automatic = [
            name
            for name in self._item.fixturenames
            if name not in direct and (found := self._definition(name)) and self._is_own(_file_of(found.func))
        ]
        return [*automatic, *direct]

    def _definition(self, name: str) -> pytest.FixtureDef[Any] | None:
        found = fixture_definitions(self._item, name)
        return found[-1] if found else None

    def _set_up(self, name: str, known: dict[str, object], stack: ExitStack) -> object:
        if name in known:
            return known[name]
        definition = self._definition(name)
        if definition is None:
            raise CannotRehearse(f'there is no fixture "{name}" in a rehearsal')
        arguments = {argument: self._set_up(argument, known, stack) for argument in definition.argnames}
        function = definition.func
        if "self" in inspect.signature(function).parameters:
            function = function.__get__(self._item.instance)
        made = function(**arguments)
        known[name] = stack.enter_context(contextmanager(lambda: made)()) if inspect.isgenerator(made) else made
        return known[name]


def _parameters(item: pytest.Function) -> dict[str, object]:
    given = getattr(item, "callspec", None)
    return dict(given.params) if given else {}


def _file_of(function: Callable[..., object]) -> Path:
    return Path(inspect.unwrap(function).__code__.co_filename)
