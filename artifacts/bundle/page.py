"""The page that a vendor's engineer opens: one file, no script, nothing from anywhere else."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from firstbell.artifacts.bundle.charts import charts_of
from firstbell.artifacts.bundle.run_view import RunView, StepView
from firstbell.artifacts.bundle.scope import Scope
from firstbell.artifacts.bundle.trace_summary import FailedAction


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """What the page tells besides the run: the district, its zone, whom it is for, what failed in the traces, what was
    removed from the files and why, and where the whole bag can be had, if it is not where the page is."""

    district: str
    zone: ZoneInfo
    scope: Scope
    failed_actions: tuple[FailedAction, ...] = ()
    removed: Mapping[str, int] | None = None
    left_out: tuple[tuple[str, str], ...] = ()
    bag_link: str = ""
    is_signed: bool = False


def page(story: RunView, setting: PageContext, picture: Callable[[str], bytes]) -> bytes:
    """index.html. `picture` gives the bytes of a file by its name."""
    failing = story.failing
    text = (
        _environment()
        .get_template("evidence.html")
        .render(
            story=story,
            run=story.run,
            setting=setting,
            failing=failing,
            headline=headline(story),
            beside=[moment for moment in story.moments if moment is not failing],
            charts=[(media, charts_of(media.samples, failing.ended_s if failing else None)) for media in story.media],
            inline=lambda name: f"data:image/jpeg;base64,{base64.b64encode(picture(name)).decode()}",
            utc=lambda moment: f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3],
            local=lambda moment: f"{moment.astimezone(setting.zone):%a %d %b %Y %H:%M:%S %Z (%z)}",
            facts=facts(story, setting),
            trace_is_one=len(story.traces) > 1,
            place=_place,
        )
    )
    return text.encode(errors="replace")


def side_by_side(story: RunView) -> bytes:
    """side-by-side.html: a viewer for each actor, named."""
    number = story.attempt["number"]
    return _environment().get_template("side-by-side.html").render(traces=story.traces, number=number).encode()


def summary(story: RunView, setting: PageContext) -> bytes:
    """summary.md: the same in a few lines, for a ticket."""
    text = (
        _environment()
        .get_template("summary.md")
        .render(story=story, headline=headline(story), facts=facts(story, setting), setting=setting, plain=_plain)
    )
    return text.encode(errors="replace")


def headline(story: RunView) -> str:
    """What the run came to, in the manner of an alarm's subject."""
    run, failing = story.run, story.failing
    if failing is None:
        return f"{run['journey']} {run['outcome']} from {run['location']}"
    broke = run["broke"] or {}
    owner = f"{broke.get('owner')} ({failing.service})" if broke.get("owner") else failing.service
    # A media proof opens with what was expected, which the step's title has just said.
    said = failing.said.partition(": ")[2] if failing.said.startswith(f"{failing.actor} does not ") else failing.said
    said = f": {said}" if said else ""
    return f'{failing.actor} "{failing.title}" {run["outcome"]} at {owner}{said}'


def facts(story: RunView, setting: PageContext) -> list[tuple[str, str]]:
    """What claims under a service agreement ask for (Microsoft's and Zoom's forms): what, when, who, how measured."""
    run, attempts = story.run, story.run["attempts"]
    began = datetime.fromisoformat(run["started_at"])
    endings = ", ".join(f"attempt {one['number']} {one['ending'] or 'passed'}" for one in attempts)
    offset = story.attempt.get("clock_offset_s")
    affected = f"{len(story.actors)} synthetic people from one location, {run['location']}"
    browser = story.attempt.get("browser", "?")
    clocks = "" if offset is None else f"the hosts' clocks were {offset:+.1f} s from ours (good to about a second)"
    rows = [
        ("What", f"{run['journey']}: {run['outcome']}"),
        ("When", f"{began.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, for {run['took_s']:.1f} s in all"),
        ("There", f"{began.astimezone(setting.zone):%A %d %B %Y %H:%M:%S %Z (UTC%z)}"),
        ("Who was affected", f"{affected}: one sample, and no count of real users"),
        ("What was tried", endings),
        ("How it was measured", f"First Bell {run['firstbell']}, Playwright {run.get('playwright', '?')}, {browser}"),
        ("On", str(run.get("system", ""))),
        ("Clock", clocks),
        ("Journey", f"source file with SHA-256 {run['source_sha256']}" if run.get("source_sha256") else ""),
        ("Run", str(run["id"])),
        ("Note", str(run.get("note", ""))),
    ]
    return [(label, told) for label, told in rows if told]


def _place(moment: StepView, story: RunView) -> str:
    """Where a step lies on the common clock, as the two percentages of a bar."""
    whole = max((one.ended_s for one in story.moments), default=0.0) or 1.0
    return f"left: {100 * moment.started_s / whole:.2f}%; width: {max(0.6, 100 * moment.took_s / whole):.2f}%"


def _plain(text: str) -> str:
    """Text that no Markdown reader takes for markup."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>#|~!" else one for one in str(text))


@lru_cache(1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("firstbell.artifacts.bundle"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
