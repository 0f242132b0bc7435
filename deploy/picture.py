"""Draws the picture in the README: plays a live class with the first morning's fault, and saves the output as SVG.

.venv/bin/python deploy/picture.py
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

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
    """Plays the class and writes the picture."""
    # Not a terminal, because each frame of a spinner would be in the picture.
    out = Console(record=True, width=WIDTH, theme=Theme(STYLES), highlight=False, emoji=False, file=io.StringIO())
    # In its own folder, so that paths are short.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        file = Path(folder) / "firstbell.toml"
        file.write_text(CONFIG)
        with open_local_runner(load(file), headed=False, quiet=True) as opened:
            if opened.practice is None:
                raise SystemExit("the practice school is not open")
            opened.practice.break_("sessions-empty")
            (card,) = opened.chosen(["live-class"])
            out.print("$ firstbell run live-class")
            opened.play(card, ConsoleReporter(out, ZoneInfo("America/New_York")))
            svg = out.export_svg(title="First Bell")
    # Without rich's web fonts, so that the picture loads nothing from the network.
    PICTURE.write_text(re.sub(r"@font-face\s*\{[^}]*\}", "", svg))


if __name__ == "__main__":
    main()
