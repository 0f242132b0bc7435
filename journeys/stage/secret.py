"""A secret: a password, a one-time-code key, a meeting code."""

from __future__ import annotations

from collections.abc import Callable


class Secret:
    """A value that reads `<secret>` wherever it is printed, logged, compared in a failing test or put into text.

    Made from a callable, so that the value is fetched when it is needed and stored nowhere before.
    """

    __slots__ = ("_ask",)

    def __init__(self, ask: Callable[[], str]) -> None:
        self._ask = ask

    def reveal(self) -> str:
        """The value itself, for typing it into a page or finding it in evidence. Raises what the source raises."""
        return self._ask()

    def __repr__(self) -> str:
        return "<secret>"
