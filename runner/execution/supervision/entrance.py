"""The entrance for messages of a child process: their texts are cleaned here once, before any code of the parent has
them. The parent does not rely on the child for it: a journey may do anything in its process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel

from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.runner.execution.supervision.protocol import SecretsFound

# Names that other parts are found by; a district's own words, except that a page gives a host its name.
_NAMES = frozenset(
    {"kind", "id", "name", "actor", "service", "observer", "observed", "relies_on", "roles", "file", "sha256"}
    | {"source_sha256", "host", "asked", "from_host", "page_host", "unresolved", "method", "browser", "sign"}
)

Message = TypeVar("Message")


class Entrance:
    """The entrance for one child. `known` are the configured secrets; those that an attempt reports are added until the
    next one begins. Fields of the names in `kept` stay as they are."""

    def __init__(self, known: Iterable[str], *, kept: Iterable[str] = ()) -> None:
        self._known = frozenset(known)
        self._kept = _NAMES.union(kept)
        self._cleaner = TextCleaner(self._known)

    @property
    def found_secrets(self) -> frozenset[str]:
        """The secrets that this attempt has reported."""
        return self._cleaner.values - self._known

    def begin_attempt(self) -> None:
        """Forgets the reported secrets of the attempt before: its session is over."""
        self._cleaner = TextCleaner(self._known)

    def receive(self, message: Message) -> Message | None:
        """Returns a message with clean texts; None for reported secrets, which no other part may have."""
        if isinstance(message, SecretsFound):
            self._cleaner.learn(message.values)
            return None
        return self.cleaned(message)

    def cleaned(self, message: Message) -> Message:
        """Returns a message with clean texts, by all that is known now."""
        cleaned: Message = _cleaned(message, self._cleaner.clean, self._kept)
        return cleaned


def _cleaned(value: Any, clean: Callable[[str], str], kept: frozenset[str]) -> Any:
    match value:
        case str() if not isinstance(value, Enum):
            return clean(value)
        case tuple() | list():
            return type(value)(_cleaned(item, clean, kept) for item in value)
        case dict():
            return {key: _cleaned(item, clean, kept) for key, item in value.items()}
        case BaseModel():
            return value.model_copy(update=_cleaned_fields(value, type(value).model_fields, clean, kept))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **_cleaned_fields(value, (one.name for one in fields(value)), clean, kept))
    return value


def _cleaned_fields(
    owner: object, names: Iterable[str], clean: Callable[[str], str], kept: frozenset[str]
) -> dict[str, Any]:
    return {name: _cleaned(getattr(owner, name), clean, kept) for name in names if name not in kept}
