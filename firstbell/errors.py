"""The base class of every foreseen error, with the exit code of the command that it ends."""

from __future__ import annotations

ERRORED = 2
"""The exit code for this machine, its database, its store or its browser."""

CONFIG = 3
"""The exit code for a configuration, or a journey's source, that cannot be used."""


class FirstBellError(Exception):
    """A foreseen error. The message is one sentence: what happened and what to do."""

    exit_code: int = ERRORED
