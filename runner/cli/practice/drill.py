"""`firstbell drill`: breaks the practice school, and times the alarm from the fault to each notice."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from firstbell.runner.alarms.local_receiver import AlarmReceiver, alarm_receiver
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.alarms.wording.times import date_text
from firstbell.runner.app.build import config_at
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.app.open_config import embedded_district
from firstbell.runner.cli.alarms.incidents import outbox_lines
from firstbell.runner.cli.console import console, echo, errors_as_sentences, give_up
from firstbell.runner.cli.opening import zone_of
from firstbell.runner.cli.options import CONFIG_OPTION, JSON_OPTION
from firstbell.runner.cli.render.alarm_timeline import Timeline, TimelineReporter
from firstbell.runner.cli.render.run_text import UNJUDGED
from firstbell.runner.config.errors import NoConfig
from firstbell.runner.config.load import Config
from firstbell.runner.config.search import FILE_NAME
from firstbell.runner.config.sections.alarms import AlarmsSection, RouteSection
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.history.alarms.outbox import OutboxEntry
from firstbell.runner.outcome import Outcome

JOURNEY, FAULT = "live-class", "sessions-empty"
DELIVERY_S = 60.0
# A run without a judgement blames no service; `firstbell watch` would run again in some minutes.
TRIES = 3
POLL_S = 0.05
ENDED = {DeliveryState.DELIVERED, DeliveryState.DEAD}


@click.command()
@click.option("--route", default="", help="Only this route; by default all but public ones.")
@JSON_OPTION
@CONFIG_OPTION
def drill(route: str, as_json: bool, config_file: Path | None) -> None:
    """Break the practice school and time the alarm.

    Only the school is not real: browsers, incidents and the routes of your configuration are. Notices are marked with
    [drill]. Without routes, a receiver on this machine takes them. Your history is not changed.

    Exits with 0 if every notice was delivered, else with 1.
    """
    with errors_as_sentences(), _drill_config(config_file, route) as (config, box):
        timeline = Timeline()
        with open_local_runner(config, headed=False, quiet=True, alarms=True) as opened:
            notices = _drill(opened, timeline, quiet=as_json)
    is_delivered = bool(notices) and all(notice.state is DeliveryState.DELIVERED for notice in notices)
    if as_json:
        echo(json.dumps(_document(timeline, notices, is_delivered=is_delivered), indent=1))
    else:
        _print(timeline, notices, box, zone_of(config), is_delivered=is_delivered)
    raise SystemExit(0 if is_delivered else 1)


@contextmanager
def _drill_config(config_file: Path | None, route: str) -> Iterator[tuple[Config, AlarmReceiver | None]]:
    """The practice school in a folder of its own, with the routes of the configuration or a local receiver."""
    try:
        alarms = config_at(config_file, Path.cwd()).settings.alarms
    except NoConfig:
        if config_file is not None:
            raise
        alarms = AlarmsSection()
    routes = [section for section in alarms.routes if (section.name == route if route else not section.public)]
    if route and not routes:
        give_up(f"no route is called '{route}'; see [[alarms.routes]]", code=3)
    with tempfile.TemporaryDirectory(prefix="firstbell-drill-") as folder, alarm_receiver() as box:
        if not routes:
            routes = [RouteSection(name="inbox", to=(box.address,))]
        base = embedded_district()
        # Without filters, which would stop a drill, and without escalation, which would wake others.
        unfiltered = [RouteSection(name=section.name, to=section.to) for section in routes]
        alarms_ = alarms.model_copy(update={"routes": tuple(unfiltered), "mark": "drill", "heartbeat": None})
        settings = base.settings.model_copy(update={"alarms": alarms_})
        config = Config(settings=settings, file=Path(folder) / FILE_NAME, positions={})
        yield config, None if alarms.routes else box


def _drill(opened: LocalRunner, timeline: Timeline, *, quiet: bool) -> list[OutboxEntry]:
    """Plays the drill, from the fault to the closing notice, and returns the notices."""
    school, entry = opened.practice, opened.chosen([JOURNEY])[0]
    assert school is not None  # noqa: S101  # the configuration asks for it
    report = _progress_printer(quiet=quiet)
    report("running a live class without a fault")
    if opened.play(entry, SilentReporter()).run.outcome is not Outcome.PASSED:
        give_up("the practice school fails without a fault; see why with: firstbell demo", code=2)
    report("breaking the practice school, and running the class again")
    timeline.reached("fault")
    school.break_(FAULT)
    for _ in range(TRIES):
        result = opened.play(entry, TimelineReporter(SilentReporter(), timeline))
        if incidents := opened.alerting.incidents.recent(1):
            break
        reason = result.document.attempts[-1].said or "the class took place"
        report(f"{result.document.outcome}, {UNJUDGED} ({reason}); running again")
    else:
        give_up(f"no incident in {TRIES} runs; the last run {result.document.outcome}: {reason}", code=2)
    number = incidents[0].incident.number
    notices = _delivered(opened, number, 1)
    timeline.reached("opened", min((notice.notice.made_at for notice in notices), default=None))
    _note_delivery(timeline, "delivered", notices)
    report("removing the fault, and running until the incident closes")
    school.heal(FAULT)
    timeline.reached("healed")
    for _ in range(opened.runtime.config.settings.alarms.passes + TRIES - 1):
        opened.play(entry, SilentReporter())
        closed_at = opened.alerting.incidents.find(number).incident.closed_at
        if closed_at is not None:
            break
    if closed_at is not None:
        timeline.reached("closed", closed_at)
    ended = _delivered(opened, number, 2)
    _note_delivery(timeline, "told that it is over", ended[: len(ended) - len(notices)])
    return ended


def _delivered(opened: LocalRunner, number: int, per_address: int) -> list[OutboxEntry]:
    """The notices of an incident when each is delivered or refused, or after DELIVERY_S as they are then."""
    addresses = {address for route in opened.runtime.config.settings.alarms.routes for address in route.to}
    deadline = time.monotonic() + DELIVERY_S
    while True:
        notices = opened.alerting.outbox.entries(200, incident=number)
        has_ended = all(notice.state in ENDED for notice in notices) and len(notices) >= per_address * len(addresses)
        if has_ended or time.monotonic() > deadline:
            return notices
        time.sleep(POLL_S)


def _note_delivery(timeline: Timeline, name: str, notices: list[OutboxEntry]) -> None:
    if times := [notice.delivered_at for notice in notices if notice.delivered_at]:
        timeline.reached(name, max(times))


def _progress_printer(*, quiet: bool) -> Callable[[str], None]:
    return (lambda _step: None) if quiet else lambda step: console().print(f"  {step} ...", style="quiet")


def _print(
    timeline: Timeline, notices: list[OutboxEntry], box: AlarmReceiver | None, zone: ZoneInfo, *, is_delivered: bool
) -> None:
    out = console()
    out.print(Text(f"\n  {date_text(datetime.now(UTC), zone)}, times in {zone.key}", "quiet"))
    for line in timeline.lines(zone):
        out.print(line)
    out.print()
    for line in outbox_lines(notices[::-1], zone):
        out.print(line, soft_wrap=True)
    if box is not None:
        out.print("  No routes are configured: a receiver on this machine took the notices.", style="quiet")
    alarmed_s = timeline.took_s("fault", "delivered")
    took = f" {alarmed_s:.1f} s after the fault" if alarmed_s is not None else ""
    summary = f"Every notice was delivered{took}." if is_delivered else "Not every notice was delivered."
    out.print(Text(f"\n{summary}", "passed" if is_delivered else "failed"))


def _document(timeline: Timeline, notices: list[OutboxEntry], *, is_delivered: bool) -> dict[str, object]:
    return {
        "schema": "firstbell.drill/1",
        "well": is_delivered,
        "legs": {name: at.isoformat() for name, at in timeline.moments.items()},
        "fault_to_alarm_s": timeline.took_s("fault", "delivered"),
        "notices": [
            {
                "kind": notice.notice.message.kind.value,
                "to": notice.notice.address,
                "fate": notice.state.value,
                "said": notice.said,
                "delivered_at": notice.delivered_at.isoformat() if notice.delivered_at else None,
            }
            for notice in reversed(notices)
        ],
    }
