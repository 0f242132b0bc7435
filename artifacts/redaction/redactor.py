"""What cleans: the secrets that are known, and a tally of all that was swept away, by why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from firstbell.artifacts.redaction.known_secrets import REMOVED, KnownSecrets


@dataclass(slots=True)
class Redactor:
    """Goes over one run's files. `removed` counts what it took, in words that a vendor understands."""

    known: KnownSecrets
    removed: Counter[str] = field(default_factory=Counter)

    def note(self, why: str, times: int = 1) -> None:
        """Count something that was taken."""
        if times:
            self.removed[why] += times

    def scrub(self, text: str) -> str:
        """A text without the known secrets."""
        clean, times = self.known.scrub_and_count(text)
        self.note("known secrets", times)
        return clean

    def take(self, why: str, value: object) -> object:
        """What stands in place of something: nothing for nothing, so that an empty field is not told as a secret."""
        if value in ("", None, REMOVED):
            return value
        self.note(why)
        return REMOVED
