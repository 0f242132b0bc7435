"""A store in a local or mounted folder."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from firstbell.artifacts import fsync
from firstbell.artifacts.holds import HOLDS, LegalHold, UnreadableHold, current_holds, hold_note
from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.stores import AlreadyStored, StoreError, StoreOptions

# The prefix of a file that a process is writing. If the process dies, the file is never listed, and swept a day later.
UNFINISHED = ".unfinished-"


class FolderStore:
    """A store of plain files. Each is written under a temporary name, made durable and linked: whole or absent."""

    def __init__(self, url: str, _options: StoreOptions) -> None:
        self.root = Path(url.removeprefix("file://")).expanduser().absolute()

    def check(self) -> None:
        """Make the folder, and write a file into it."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise self._refused(error) from None

    def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
        """Store a file once. Linking fails if the name exists, so two writers cannot overwrite each other.

        The lifetime is not recorded: `retention` derives it from the file's path. When this returns, the file and its
        name survive a power cut: the spool removes its copy then.
        """
        del lifetime
        target = self._path(name)
        try:
            fsync.make_folder(target.parent)
            if target.exists():
                _must_be(target, data)
            else:
                self._write(target, data)
            fsync.fsync_folder(target.parent)
        except OSError as error:
            raise self._refused(error) from None

    def get(self, name: str) -> bytes:
        """Return a file's content."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise StoreError(f"{name} is not in {self.root}", permanent=True) from None
        except OSError as error:
            raise self._refused(error) from None

    def names(self, prefix: str) -> list[str]:
        """Return all names that begin with a prefix."""
        folder, _, _ = prefix.rpartition("/")
        top = self._path(folder) if folder else self.root
        try:
            found = [path.relative_to(self.root).as_posix() for path in top.rglob("*") if path.is_file()]
        except OSError as error:
            raise self._refused(error) from None
        return sorted(
            name for name in found if name.startswith(prefix) and not PurePosixPath(name).name.startswith(".")
        )

    def hold(self, names: Sequence[str], by: str) -> None:
        """Write a note that `retention` reads."""
        self.put(*hold_note(names, by, datetime.now(UTC), is_held=True), Lifetime.HELD)

    def let_go(self, names: Sequence[str], lifetime: Lifetime) -> None:
        """Write a note that the hold has ended; the files' paths still give their lifetime."""
        del lifetime
        self.put(*hold_note(names, "", datetime.now(UTC), is_held=False), Lifetime.HELD)

    def held(self) -> list[LegalHold]:
        """Return the holds in force."""
        try:
            return current_holds({name: self.get(name) for name in self.names(f"{HOLDS}/")})
        except UnreadableHold as error:
            raise StoreError(f"{self.root}: {error}", permanent=True) from None

    def address(self, name: str) -> str:
        """Return a file's path, relative to the working directory if it is below it."""
        path = self._path(name)
        with contextlib.suppress(ValueError, OSError):
            return str(path.relative_to(Path.cwd()))
        return str(path)

    @staticmethod
    def _write(target: Path, data: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=UNFINISHED)
        os.close(descriptor)
        try:
            fsync.write(Path(temporary), data)
            _link(Path(temporary), target, data)
        finally:
            Path(temporary).unlink()

    def _path(self, name: str) -> Path:
        pure = PurePosixPath(name)
        if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in name:
            raise StoreError(f"{name!r} is not a valid file name in a store", permanent=True)
        return self.root.joinpath(*pure.parts)

    def _refused(self, error: OSError) -> StoreError:
        reason = error.strerror or type(error).__name__
        message = f"store.url: {self.root} cannot be written ({reason}); make it writable or name another folder"
        return StoreError(message, permanent=False)


def _link(temporary: Path, target: Path, data: bytes) -> None:
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        _must_be(target, data)


def _must_be(target: Path, data: bytes) -> None:
    if target.read_bytes() != data:
        raise AlreadyStored(f"{target} already exists with different content") from None
