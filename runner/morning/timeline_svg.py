"""The morning as one picture: a time line with a lane for each location, for plan B, for alarms and for parents."""

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
# A letter of the widest font that stands in for the system's own at 12 px, on average; what stands left and right of
# the words of a column, and of a title beside its clock.
LETTER, BESIDE_WORDS, BESIDE_TITLE = 6.5, 26.0, 64.0
COLOURS = {"passed": "#2e7d4f", "failed": "#b3261e", "errored": "#a15c00", "blind": "#a15c00"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDot:
    """One run in its lane. `has_failed` shows as a cross as well: colour alone does not tell everybody."""

    x: float
    y: float
    colour: str
    has_failed: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One line of words; `is_alarm` where it tells of something that has opened."""

    words: str
    is_alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MorningColumn:
    """One scene: where it stands, its words, its dots, and the lines under it."""

    x: float
    width: float
    clock: str
    title: tuple[str, ...]
    is_broken: bool
    dots: tuple[RunDot, ...]
    found: tuple[str, ...]
    alarms: tuple[TextLine, ...]
    parents: tuple[str, ...]


def draw(records: Sequence[PhaseRecord], school: str) -> str:
    """The morning as SVG, for any browser and any printer; it asks nobody for anything."""
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
    """The rows of words under the lanes, each below the longest text of the one before."""
    rows, at = [], begin + 22
    for label, name in (("diagnosed", "found"), ("alarm", "alarms"), ("parents read", "parents")):
        rows.append((label, at))
        at += 20 + 15 * max((len(getattr(column, name)) for column in columns), default=0)
    return rows


def _column(record: PhaseRecord, x: float, width: float) -> MorningColumn:
    found = dict.fromkeys(played.said for played in record.played if played.said)
    words, beside_clock = int((width - BESIDE_WORDS) / LETTER), int((width - BESIDE_TITLE) / LETTER)
    alarms = [
        TextLine(words=line, is_alarm=heard.kind != "closed")
        for heard in record.heard
        for line in _wrapped(f"+{heard.at_s:.0f} s {heard.subject}", words)
    ]
    return MorningColumn(
        x=x,
        width=width,
        clock=record.scene.clock,
        title=_wrapped(record.scene.title, beside_clock),
        is_broken=bool(record.scene.breaks),
        dots=tuple(_dots(record, x, width)),
        found=tuple(line for said in found for line in _wrapped(said, words)) or ("nothing is wrong",),
        alarms=tuple(alarms) or (TextLine(words="none"),),
        parents=tuple(line for said in record.parents.splitlines() for line in _wrapped(said, words)) or ("nothing",),
    )


def _dots(record: PhaseRecord, x: float, width: float) -> list[RunDot]:
    dots = []
    for played in record.played:
        key = "plan-b" if played.journey == "plan-b" else played.location
        lane = next(number for number, (_, name) in enumerate(LANES) if name == key)
        share = played.at_s / record.lasted_s if record.lasted_s else 0.0
        at_x, at_y = x + 16 + share * (width - 32), TOP + LANE_HEIGHT * (lane + 0.5)
        said = _printable(f"{played.journey} from {played.location}: {played.said or played.outcome}")
        colour, has_failed = COLOURS.get(played.outcome, "#555"), played.outcome == Outcome.FAILED
        dots.append(RunDot(x=at_x, y=at_y, colour=colour, has_failed=has_failed, said=said))
    return dots


def _wrapped(text: str, letters: int) -> tuple[str, ...]:
    return tuple(textwrap.wrap(_printable(text), letters))


def _printable(text: str) -> str:
    """XML has no way to write control characters, not even escaped ones (XML 1.0, 2.2)."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
