"""The evidence page for a vendor's engineer: one file, no script, and no request to any host."""

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
from firstbell.labels import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """The facts of a page besides the run: the district and its time zone, the scope, the failed actions of the traces,
    the counts of removed secrets by kind, the files left out with the reason, and the link to the bag if the page is
    not in it."""

    district: str
    zone: ZoneInfo
    scope: Scope
    failed_actions: tuple[FailedAction, ...] = ()
    removed: Mapping[str, int] | None = None
    left_out: tuple[tuple[str, str], ...] = ()
    bag_link: str = ""
    is_signed: bool = False


def page(view: RunView, context: PageContext, picture: Callable[[str], bytes]) -> bytes:
    """Return index.html. `picture` returns the bytes of a file by its name."""
    failing = view.failing
    text = (
        _environment()
        .get_template("evidence.html")
        .render(
            view=view,
            run=view.run,
            context=context,
            failing=failing,
            headline=headline(view),
            charts=[(media, charts_of(media.samples, failing.ended_s if failing else None)) for media in view.media],
            inline=lambda name: f"data:image/jpeg;base64,{base64.b64encode(picture(name)).decode()}",
            utc=lambda at: f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3],
            local=lambda at: f"{at.astimezone(context.zone):%a %d %b %Y %H:%M:%S %Z (%z)}",
            diagnosis=diagnosis_rows(view),
            facts=facts(view, context),
            bar_style=_bar_style,
        )
    )
    return text.encode(errors="replace")


def side_by_side(view: RunView) -> bytes:
    """Return side-by-side.html: a trace viewer for each actor."""
    return _environment().get_template("side-by-side.html").render(traces=view.traces).encode()


def summary(view: RunView, context: PageContext) -> bytes:
    """Return summary.md: the page in a few lines, for a ticket."""
    text = (
        _environment()
        .get_template("summary.md")
        .render(view=view, headline=headline(view), facts=facts(view, context), context=context, escaped=_escaped)
    )
    return text.encode(errors="replace")


def headline(view: RunView) -> str:
    """Return the run's result in one line, like an alarm's subject."""
    run, failing = view.run, view.failing
    if failing is None:
        return f"{run['journey']} {run['outcome']} from {run['location']}"
    broke = run["broke"] or {}
    owner = f"{broke.get('owner')} ({failing.service})" if broke.get("owner") else failing.service
    # The message of a media proof begins with the expectation, which is the step's title.
    is_media = failing.message.startswith(f"{failing.actor} does not ")
    detail = failing.message.partition(": ")[2] if is_media else failing.message
    detail = f": {detail}" if detail else ""
    return f'{failing.actor} "{failing.title}" {run["outcome"]} at {owner}{detail}'


def diagnosis_rows(view: RunView) -> list[tuple[Label, list[str]]]:
    """Return the lines of the diagnosis by label, without empty ones; none if there is no diagnosis."""
    diagnosis = view.run.get("diagnosis")
    if not diagnosis:
        return []
    owner = view.run.get("services", {}).get(diagnosis["service"], {}).get("owner")
    fallback = "First Bell itself" if str(diagnosis.get("cause", "")).startswith("own-") else "no service can be named"
    rows = [
        (Label.PROBLEM, [diagnosis["words"]]),
        (Label.SERVICE, [", ".join(filter(None, (diagnosis["service"], owner))) or fallback]),
        (Label.CONFIDENCE, [diagnosis["confidence"]]),
        (Label.REASONS, [f"{reason['said']} ({reason['source']})" for reason in diagnosis["because"]]),
        (Label.WORKING, [f"{cleared['name']}: {cleared['why']}" for cleared in diagnosis["cleared"]]),
    ]
    return [(label, lines) for label, lines in rows if lines]


def facts(view: RunView, context: PageContext) -> list[tuple[str, str]]:
    """Return the facts that claims under a service agreement ask for (Microsoft's and Zoom's forms), with labels."""
    run, attempts = view.run, view.run["attempts"]
    began = datetime.fromisoformat(run["started_at"])
    endings = ", ".join(f"attempt {attempt['number']} {attempt['ending'] or 'passed'}" for attempt in attempts)
    offset = view.attempt.get("clock_offset_s")
    people = "1 synthetic person" if len(view.actors) == 1 else f"{len(view.actors)} synthetic people"
    browser = view.attempt.get("browser", "?")
    clocks = "" if offset is None else f"the hosts' clocks were {offset:+.1f} s from ours (good to about a second)"
    rows = [
        ("Result", f"{run['journey']}: {run['outcome']}"),
        ("Time", f"{began.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, for {run['took_s']:.1f} s in all"),
        ("Local time", f"{began.astimezone(context.zone):%A %d %B %Y %H:%M:%S %Z (UTC%z)}"),
        ("Affected", f"{people} at one location, {run['location']}; real users are not counted"),
        ("Attempts", endings),
        ("Measured with", f"First Bell {run['firstbell']}, Playwright {run.get('playwright', '?')}, {browser}"),
        ("System", str(run.get("system", ""))),
        ("Clock", clocks),
        ("Journey file", f"SHA-256 {run['source_sha256']}" if run.get("source_sha256") else ""),
        ("Run", str(run["id"])),
        ("Note", str(run.get("note", ""))),
    ]
    return [(label, value) for label, value in rows if value]


def _bar_style(step: StepView, view: RunView) -> str:
    """Return the CSS of a step's bar on the common clock."""
    whole = max((step.ended_s for step in view.steps), default=0.0) or 1.0
    return f"left: {100 * step.started_s / whole:.2f}%; width: {max(0.6, 100 * step.took_s / whole):.2f}%"


def _escaped(text: str) -> str:
    """Escape Markdown in a text."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|~!" else char for char in str(text))


@lru_cache(1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("firstbell.artifacts.bundle"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
