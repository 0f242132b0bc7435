"""Draws the picture in the README: plays a live class for real, with the first morning's fault, and saves it.

.venv/bin/python deploy/picture.py
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.theme import Theme

from firstbell.runner.app.local_runner import open_local_runner
from firstbell.runner.cli.console import STYLES
from firstbell.runner.cli.render.run_text import ConsoleReporter
from firstbell.runner.config.load import load

CONFIG = '[school]\nname = "Practice"\ntimezone = "America/New_York"\npractice = true\n'
PICTURE = Path(__file__).resolve().with_name("run.svg")
WIDTH = 130


def main() -> None:
    """Play, and draw."""
    # Not a terminal: a spinner would leave each of its turns in the picture.
    out = Console(record=True, width=WIDTH, theme=Theme(STYLES), highlight=False, emoji=False, file=io.StringIO())
    # In its folder, as people do: then paths are short.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        file = Path(folder) / "firstbell.toml"
        file.write_text(CONFIG)
        with open_local_runner(load(file), headed=False, quiet=True) as opened:
            if opened.practice is None:
                raise SystemExit("the practice school is not open")
            opened.practice.break_("sessions-empty")
            (card,) = opened.chosen(["live-class"])
            out.print("$ firstbell run live-class")
            opened.play(card, ConsoleReporter(out))
            told = out.export_svg(title="First Bell")
    # The picture must load from nowhere else: without rich's web fonts, any monospace font will do.
    PICTURE.write_text(re.sub(r"@font-face\s*\{[^}]*\}", "", told))


if __name__ == "__main__":
    main()
