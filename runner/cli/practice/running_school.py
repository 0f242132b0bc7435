"""The address of the practice school that runs in this folder, in a file for `practice break` and `practice heal`."""

from __future__ import annotations

import json
import os
from pathlib import Path

from firstbell.private_files import private_folder

STATE_FILE = Path(".firstbell/practice.json")
"""The control address of a running practice school; readable by its owner only."""


def announce_school(control: str, token: str) -> None:
    """Writes the address of a school that has started; it takes the place of an earlier one."""
    private_folder(STATE_FILE.parent)
    STATE_FILE.unlink(missing_ok=True)
    with os.fdopen(os.open(STATE_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"control": control, "token": token}, file)


def announced_school() -> tuple[str, str] | None:
    """Returns the control address and the token of the school that was announced last; None if there is none."""
    try:
        state = json.loads(STATE_FILE.read_text())
    except FileNotFoundError:
        return None
    return state["control"], state["token"]


def withdraw_school(token: str) -> None:
    """Removes the address of a school that has closed, unless another has taken its place."""
    found = announced_school()
    if found is not None and found[1] == token:
        STATE_FILE.unlink(missing_ok=True)
