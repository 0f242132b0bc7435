"""A store in a folder of this machine, or of one that it has mounted."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from artifacts.lifetime import Lifetime
from artifacts.retention import HOLDS
from artifacts.stores import AlreadyKept, StoreError, StoreOptions


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

        Nothing notes the lifetime: where a file lies says it, and `retention` goes by that.
        """
        del lifetime
        target = self._path(name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            number, written = tempfile.mkstemp(dir=target.parent, prefix=".")
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                self._link(Path(written), target, data)
            finally:
                Path(written).unlink()
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
        found = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())
        return sorted(
            name for name in found if name.startswith(prefix) and not PurePosixPath(name).name.startswith(".")
        )

    def hold(self, names: Sequence[str], by: str) -> None:
        """Note them in a file that the sweeper reads."""
        note = self._note(names)
        try:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(json.dumps({"by": by, "names": list(names)}, indent=1))
        except OSError as error:
            raise self._refused(error) from None

    def let_go(self, names: Sequence[str], lifetime: Lifetime) -> None:
        """Forget the note about them."""
        del lifetime
        self._note(names).unlink(missing_ok=True)

    def _note(self, names: Sequence[str]) -> Path:
        """The same names are one note, however often they are asked to be kept."""
        return self.root / HOLDS / f"{hashlib.sha256(json.dumps(sorted(names)).encode()).hexdigest()[:16]}.json"

    def place(self, name: str) -> str:
        """Its path, as short as it can be said from here."""
        path = self._path(name)
        with contextlib.suppress(ValueError, OSError):
            return str(path.relative_to(Path.cwd()))
        return str(path)

    def _link(self, written: Path, target: Path, data: bytes) -> None:
        try:
            target.hardlink_to(written)
        except FileExistsError:
            if target.read_bytes() != data:
                raise AlreadyKept(f"{target} is already kept with another content") from None

    def _path(self, name: str) -> Path:
        pure = PurePosixPath(name)
        if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in name:
            raise StoreError(f"{name!r} is no name for a file in a store", permanent=True)
        return self.root.joinpath(*pure.parts)

    def _refused(self, error: OSError) -> StoreError:
        reason = error.strerror or type(error).__name__
        said = f"store.url: nothing can be kept in {self.root} ({reason}); make it writable or name another folder"
        return StoreError(said, permanent=False)
