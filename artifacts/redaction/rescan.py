"""The scan after redaction: a known secret that is left in a file, a member or a name puts the file in quarantine."""

from __future__ import annotations

import io
import zipfile
import zlib

from firstbell.artifacts.redaction.known_secrets import KnownSecrets

UNPACKED_BYTES = 64 << 20
GZIP = b"\x1f\x8b"


class Quarantined(Exception):
    """A file must not leave this machine; the message says why, without the secret."""


def rescan(name: str, data: bytes, known: KnownSecrets) -> None:
    """Search a file for each known secret in each of its forms. Raises Quarantined."""
    if known.found_in(name.encode(errors="replace")):
        raise Quarantined("a secret was left in the name of a file")
    if is_zip := data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            for member in members.infolist():
                rescan(member.filename, members.read(member), known)
    # Of a zip, the members were read one by one; beside them it has only what this program writes.
    if known.found_in(data, as_it_is=is_zip) or known.found_in(_unpacked(data)):
        raise Quarantined(f"a secret was left in {name[:60]} after cleaning")


def _unpacked(data: bytes) -> bytes:
    """Return the content of gzip data. Raises Quarantined if it is larger than UNPACKED_BYTES."""
    if not data.startswith(GZIP):
        return b""
    inflater = zlib.decompressobj(wbits=31)
    try:
        unpacked = inflater.decompress(data, UNPACKED_BYTES)
    except zlib.error:
        return b""
    if inflater.unconsumed_tail:
        raise Quarantined("a compressed file is too large to be scanned")
    return unpacked
