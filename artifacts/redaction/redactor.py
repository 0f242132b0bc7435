"""The redactor of one run: its known secrets, and the counts of what was removed, by kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from firstbell.artifacts.redaction.known_secrets import REMOVED, KnownSecrets


@dataclass(slots=True)
class Redactor:
    """Removes secrets from a run's files. `removed` counts them by kind, in words that a vendor understands."""

    known: KnownSecrets
    removed: Counter[str] = field(default_factory=Counter)

    def count(self, why: str, times: int = 1) -> None:
        """Count removed secrets of a kind."""
        if times:
            self.removed[why] += times

    def scrub(self, text: str) -> str:
        """Return a text without the known secrets."""
        clean, times = self.known.scrub_and_count(text)
        self.count("known secrets", times)
        return clean

    def replace_value(self, why: str, value: object) -> object:
        """Return the replacement of a value; an empty value stays empty, and is not counted as a secret."""
        if value in ("", None, REMOVED):
            return value
        self.count(why)
        return REMOVED
