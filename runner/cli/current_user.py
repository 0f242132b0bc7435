"""Who gives a command, where it is written down."""

from __future__ import annotations

import getpass


def whoami() -> str:
    """The name that this machine knows the person by."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
