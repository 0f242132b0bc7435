"""The secrets that the logs of a service must not show."""

from __future__ import annotations

from firstbell.artifacts.redaction.known_secrets import KnownSecrets


class LogSecrets:
    """The secrets of every configuration so far: a run that began with an earlier one may still log its own."""

    def __init__(self) -> None:
        self._known = KnownSecrets(())

    def add(self, known: KnownSecrets) -> None:
        """Adds the secrets of a configuration. A thread that logs meanwhile uses the ones before."""
        self._known = self._known.union(known)

    def scrub(self, text: str) -> str:
        """Returns the text without the secrets."""
        return self._known.scrub(text)
