"""Explains imports of modules by their names before `firstbell.`: `journeys`, `runner` and `artifacts`."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from importlib.util import find_spec

OLD_PACKAGES = ("journeys", "runner", "artifacts")
IMPORTED = re.compile(rf"(?:from|import)\s+((?:{'|'.join(OLD_PACKAGES)})(?:\.\w+)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamedImport:
    """An import of `old`, which is `firstbell.{old}` now. Its text is one sentence."""

    file: str
    line: int
    old: str

    @property
    def cause(self) -> str:
        """The sentence without file and line."""
        return f"'{self.old}' is now 'firstbell.{self.old}'; change this line to import it from there"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.cause}"


def renamed_import(error: BaseException) -> RenamedImport | None:
    """Returns the import by an old name that raised an error; None if the module is missing for another reason.

    A project may have packages of its own with these names: only names that exist in First Bell count.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ModuleNotFoundError):
        cause = cause.__cause__ or cause.__context__
    if cause is None or cause.name not in OLD_PACKAGES:
        return None
    for frame in reversed(traceback.extract_tb(cause.__traceback__)):
        found = IMPORTED.search(frame.line or "")
        if found and _exists(f"firstbell.{found[1]}"):
            return RenamedImport(file=frame.filename, line=frame.lineno or 1, old=found[1])
    return None


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
