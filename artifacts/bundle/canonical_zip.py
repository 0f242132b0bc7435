"""A zip whose bytes follow from its members alone: no times, no compression, so that its hash can be had again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

# The first moment that a zip can name.
NO_TIME = (1980, 1, 1, 0, 0, 0)
PLAIN_FILE = 0o600 << 16


def canonical_zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """The zip of some members, in their order. The same members give the same bytes with every zlib and any clock."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as target:
        for name, data in members:
            info = zipfile.ZipInfo(name, NO_TIME)
            info.external_attr, info.create_system = PLAIN_FILE, 3
            target.writestr(info, data)
    return written.getvalue()
