"""Makes the browser trust additional authorities: a HOME with a certificate database of its own.

Chromium on Linux reads `$HOME/.pki/nssdb` and offers no other option; the user's own database stays untouched.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from firstbell.errors import FirstBellError
from firstbell.private_files import private_folder

CERTUTIL_S = 30.0


class TrustError(FirstBellError):
    """The browser cannot be made to trust an authority; the message is one sentence and says what to do."""


def ca_home(cas: Sequence[Path], state: Path) -> Path:
    """Returns a folder below `state` to launch the browser with as HOME, so that it trusts the authorities in these PEM
    files, one in each. The same authorities give the same folder, which is made once. Raises TrustError."""
    contents = [_read(ca) for ca in cas]
    digest = hashlib.sha256(b"\0".join(sorted(contents))).hexdigest()[:20]
    home = state / "trust" / digest
    if home.is_dir():
        return home
    if shutil.which("certutil") is None:
        raise TrustError(
            "certutil, which makes a browser trust your authority, is not installed; install it (Debian: libnss3-tools)"
        )
    private_folder(home.parent)
    # Created aside and renamed: another worker that does the same at this moment sees all of it or nothing.
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="new-") as made:
        _fill(Path(made) / "home", cas)
        try:
            (Path(made) / "home").rename(home)
        except OSError:
            if not home.is_dir():
                raise
    return home


def _fill(home: Path, cas: Sequence[Path]) -> None:
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    _certutil(database, "-N", "--empty-password")
    for number, ca in enumerate(cas):
        _certutil(database, "-A", "-t", "C,,", "-n", f"authority {number}", "-i", str(ca), about=ca)


def _certutil(database: Path, *arguments: str, about: Path | None = None) -> None:
    command = ["certutil", "-d", f"sql:{database}", *arguments]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=CERTUTIL_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise TrustError(
            f"certutil has not answered in {CERTUTIL_S:.0f} s; run it by hand: {' '.join(command)}"
        ) from None
    if result.returncode:
        output = " ".join(result.stderr.split())
        problem = f"{about} cannot be used as an authority" if about else "a certificate database cannot be made"
        raise TrustError(f"{problem}: {output}")


def _read(ca: Path) -> bytes:
    try:
        return ca.read_bytes()
    except OSError as error:
        raise TrustError(f"{ca} cannot be read ({error.strerror}); correct the path") from None
