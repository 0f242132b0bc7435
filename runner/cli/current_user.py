"""The name of the person who runs a command, for records."""

from __future__ import annotations

import getpass


def whoami() -> str:
    """The login name; "unknown" where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
