"""Zips whose bytes depend on their members alone: no times and no compression, so their hashes are reproducible."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

# The earliest time that a zip can hold.
NO_TIME = (1980, 1, 1, 0, 0, 0)
PLAIN_FILE = 0o600 << 16


def canonical_zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip of members, in their order. The same members give the same bytes on every machine."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as target:
        for name, data in members:
            info = zipfile.ZipInfo(name, NO_TIME)
            info.external_attr, info.create_system = PLAIN_FILE, 3
            target.writestr(info, data)
    return written.getvalue()
