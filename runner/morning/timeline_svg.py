"""Draws the morning as a time line in SVG, with lanes for the locations and plan B, and rows of text under them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from firstbell.runner.morning.result import PhaseRecord
from firstbell.runner.morning.scenario import HOME_LOCATION, SCHOOL_LOCATION
from firstbell.runner.outcome import Outcome

WIDTH, LEFT, TOP = 1240, 104, 74
LANES = (("from home", HOME_LOCATION), ("from school", SCHOOL_LOCATION), ("plan B", "plan-b"))
LANE_HEIGHT = 58
# In pixels: average width of a letter of the widest fallback font at 12 px; margins beside the text of a column,
# and beside a title next to its clock.
LETTER, BESIDE_TEXT, BESIDE_TITLE = 6.5, 26.0, 64.0
COLOURS = {"passed": "#2e7d4f", "failed": "#b3261e", "errored": "#a15c00", "blind": "#a15c00"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDot:
    """One run in its lane. `has_failed` adds a cross: colour alone does not reach all readers."""

    x: float
    y: float
    colour: str
    has_failed: bool
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One line of text; `is_alarm` if it reports an incident that is open."""

    text: str
    is_alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MorningColumn:
    """One phase: its position, title, dots, and the lines of text under it."""

    x: float
    width: float
    clock: str
    title: tuple[str, ...]
    is_broken: bool
    dots: tuple[RunDot, ...]
    diagnoses: tuple[str, ...]
    alarms: tuple[TextLine, ...]
    parents: tuple[str, ...]


def draw(records: Sequence[PhaseRecord], school: str) -> str:
    """Returns the morning as one SVG file without external references."""
    width = (WIDTH - LEFT) / max(1, len(records))
    columns = [_column(record, LEFT + number * width, width) for number, record in enumerate(records)]
    lanes_end = TOP + LANE_HEIGHT * len(LANES)
    rows = _rows(columns, lanes_end)
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
    ).get_template("morning.svg")
    return template.render(
        columns=columns,
        lanes=[(label, TOP + LANE_HEIGHT * (number + 0.5)) for number, (label, _) in enumerate(LANES)],
        rows=rows,
        width=WIDTH,
        height=rows[-1][1] + 16 + 15 * max(len(column.parents) for column in columns),
        left=LEFT,
        top=TOP,
        lanes_end=lanes_end,
        school=_printable(school),
    )


def _rows(columns: Sequence[MorningColumn], begin: float) -> list[tuple[str, float]]:
    """Returns label and position of each row of text, each below the longest text of the row before."""
    rows, y = [], begin + 22
    for label, name in (("diagnosed", "diagnoses"), ("alarm", "alarms"), ("parents read", "parents")):
        rows.append((label, y))
        y += 20 + 15 * max((len(getattr(column, name)) for column in columns), default=0)
    return rows


def _column(record: PhaseRecord, x: float, width: float) -> MorningColumn:
    diagnoses = dict.fromkeys(run.diagnosis for run in record.runs if run.diagnosis)
    letters, title_letters = int((width - BESIDE_TEXT) / LETTER), int((width - BESIDE_TITLE) / LETTER)
    alarms = [
        TextLine(text=line, is_alarm=alarm.kind != "closed")
        for alarm in record.alarms
        for line in _wrapped(f"+{alarm.at_s:.0f} s {alarm.subject}", letters)
    ]
    return MorningColumn(
        x=x,
        width=width,
        clock=record.phase.clock,
        title=_wrapped(record.phase.title, title_letters),
        is_broken=bool(record.phase.breaks),
        dots=tuple(_dots(record, x, width)),
        diagnoses=tuple(line for text in diagnoses for line in _wrapped(text, letters)) or ("no failure",),
        alarms=tuple(alarms) or (TextLine(text="none"),),
        parents=tuple(line for text in record.parents.splitlines() for line in _wrapped(text, letters)) or ("nothing",),
    )


def _dots(record: PhaseRecord, x: float, width: float) -> list[RunDot]:
    dots = []
    for run in record.runs:
        key = "plan-b" if run.journey == "plan-b" else run.location
        lane = next(number for number, (_, name) in enumerate(LANES) if name == key)
        share = run.at_s / record.lasted_s if record.lasted_s else 0.0
        dot_x, dot_y = x + 16 + share * (width - 32), TOP + LANE_HEIGHT * (lane + 0.5)
        title = _printable(f"{run.journey} from {run.location}: {run.diagnosis or run.outcome}")
        colour, has_failed = COLOURS.get(run.outcome, "#555"), run.outcome == Outcome.FAILED
        dots.append(RunDot(x=dot_x, y=dot_y, colour=colour, has_failed=has_failed, title=title))
    return dots


def _wrapped(text: str, letters: int) -> tuple[str, ...]:
    return tuple(textwrap.wrap(_printable(text), letters))


def _printable(text: str) -> str:
    """Replaces control characters, which XML cannot represent, not even escaped (XML 1.0, 2.2)."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
