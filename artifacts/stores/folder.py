"""A store in a folder of this machine, or of one that it has mounted."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from firstbell.artifacts import fsync
from firstbell.artifacts.holds import HOLDS, LegalHold, UnreadableHold, current_holds, hold_note
from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.stores import AlreadyStored, StoreError, StoreOptions

# What somebody who died while writing leaves behind: never listed, and swept a day later.
UNFINISHED = ".unfinished-"


class FolderStore:
    """Each file is written beside its place, made durable and then linked in: it is there whole or not at all."""

    def __init__(self, url: str, _options: StoreOptions) -> None:
        self.root = Path(url.removeprefix("file://")).expanduser().absolute()

    def check(self) -> None:
        """Make the folder, and write something into it."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise self._refused(error) from None

    def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
        """Keep it, once. Linking fails where a file of that name exists, so two writers cannot overwrite each other.

        Nothing notes the lifetime: where a file lies says it, and `retention` goes by that. When this returns, the
        file outlives a power cut, its name too: the spool forgets it then.
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
        """What is kept."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise StoreError(f"{name} is not in {self.root}", permanent=True) from None
        except OSError as error:
            raise self._refused(error) from None

    def names(self, prefix: str) -> list[str]:
        """All names that begin with a prefix."""
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
        """Leave a note that the sweeper reads."""
        self.put(*hold_note(names, by, datetime.now(UTC), is_held=True), Lifetime.HELD)

    def let_go(self, names: Sequence[str], lifetime: Lifetime) -> None:
        """Leave a note that it is over; where a file lies still says its lifetime."""
        del lifetime
        self.put(*hold_note(names, "", datetime.now(UTC), is_held=False), Lifetime.HELD)

    def held(self) -> list[LegalHold]:
        """What is held now."""
        try:
            return current_holds({name: self.get(name) for name in self.names(f"{HOLDS}/")})
        except UnreadableHold as error:
            raise StoreError(f"{self.root}: {error}", permanent=True) from None

    def place(self, name: str) -> str:
        """Its path, as short as it can be said from here."""
        path = self._path(name)
        with contextlib.suppress(ValueError, OSError):
            return str(path.relative_to(Path.cwd()))
        return str(path)

    @staticmethod
    def _write(target: Path, data: bytes) -> None:
        number, written = tempfile.mkstemp(dir=target.parent, prefix=UNFINISHED)
        os.close(number)
        try:
            fsync.write(Path(written), data)
            _link(Path(written), target, data)
        finally:
            Path(written).unlink()

    def _path(self, name: str) -> Path:
        pure = PurePosixPath(name)
        if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in name:
            raise StoreError(f"{name!r} is no name for a file in a store", permanent=True)
        return self.root.joinpath(*pure.parts)

    def _refused(self, error: OSError) -> StoreError:
        reason = error.strerror or type(error).__name__
        said = f"store.url: nothing can be kept in {self.root} ({reason}); make it writable or name another folder"
        return StoreError(said, permanent=False)


def _link(written: Path, target: Path, data: bytes) -> None:
    try:
        target.hardlink_to(written)
    except FileExistsError:
        _must_be(target, data)


def _must_be(target: Path, data: bytes) -> None:
    if target.read_bytes() != data:
        raise AlreadyStored(f"{target} is already kept with another content") from None
