"""Serves the library until Ctrl-C: `python -m tests.demo_site 8810`."""

from __future__ import annotations

import contextlib
import sys

from tests.demo_site.library import READER, serve

DEFAULT_PORT = 8810


def main() -> None:
    """Serve, and say where and for whom."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_PORT
    with serve(port) as library, contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(f"{library.url} is open; {READER.name} signs in with card {READER.card}, PIN {READER.pin}\n")
        sys.stdout.flush()
        library.until_interrupted()


if __name__ == "__main__":
    main()
