"""`firstbell drill`: breaks the practice school and proves that people would hear of it, with a time for each leg."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from rich.text import Text

from firstbell.runner.alarms.local_receiver import AlarmReceiver, alarm_receiver
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.app.build import config_at
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.app.open_config import embedded_district
from firstbell.runner.cli.alarms.incidents import outbox_lines
from firstbell.runner.cli.console import console, errors_as_sentences, give_up
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.cli.render.alarm_timeline import Timeline, TimelineReporter
from firstbell.runner.config.errors import NoConfig
from firstbell.runner.config.load import Config
from firstbell.runner.config.search import FILE_NAME
from firstbell.runner.config.sections.alarms import AlarmsSection, RouteSection
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.history.alarms.outbox import OutboxEntry
from firstbell.runner.outcome import Outcome

JOURNEY, FAULT = "live-class", "sessions-empty"
DELIVERY_S = 60.0
# A run that this machine could not judge accuses nobody, and a service would play again in ten minutes.
TRIES = 3
LOOK_AGAIN_S = 0.05
ENDED = {DeliveryState.DELIVERED, DeliveryState.DEAD}


@click.command()
@click.option("--route", default="", help="Only this route of the configuration; all but public ones, if left out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@CONFIG_OPTION
def drill(route: str, as_json: bool, config_file: Path | None) -> None:
    """Break the practice school and see that people hear of it, and of its end.

    Everything but the school is real: browsers, incidents, the routes of your configuration and their receivers, who
    read [drill] in the first line. Without routes, a receiver on this machine takes the notices. Your history is not
    touched. Exits with 0 if every notice was delivered, else with 1.
    """
    with errors_as_sentences(), _given(config_file, route) as (config, box):
        legs = Timeline()
        with open_local_runner(config, headed=False, quiet=True, alarms=True) as opened:
            parcels = _drill(opened, legs, quiet=as_json)
    is_well = bool(parcels) and all(parcel.fate is DeliveryState.DELIVERED for parcel in parcels)
    if as_json:
        click.echo(json.dumps(_document(legs, parcels, is_well=is_well), indent=1))
    else:
        _tell(legs, parcels, box, is_well=is_well)
    raise SystemExit(0 if is_well else 1)


@contextmanager
def _given(config_file: Path | None, route: str) -> Iterator[tuple[Config, AlarmReceiver | None]]:
    """The practice school in a folder of its own, with the routes of the configuration or with an inbox."""
    try:
        alarms = config_at(config_file, Path.cwd()).settings.alarms
    except NoConfig:
        if config_file is not None:
            raise
        alarms = AlarmsSection()
    routes = [one for one in alarms.routes if (one.name == route if route else not one.public)]
    if route and not routes:
        give_up(f"no route is called '{route}'; see [[alarms.routes]]", code=3)
    with tempfile.TemporaryDirectory(prefix="firstbell-drill-") as folder, alarm_receiver() as box:
        if not routes:
            routes = [RouteSection(name="inbox", to=(box.address,))]
        base = embedded_district()
        # Filters would keep a drill from people; escalation would wake others.
        open_to_all = [RouteSection(name=one.name, to=one.to) for one in routes]
        given = alarms.model_copy(update={"routes": tuple(open_to_all), "mark": "drill", "heartbeat": None})
        settings = base.settings.model_copy(update={"alarms": given})
        config = Config(settings=settings, file=Path(folder) / FILE_NAME, places={})
        yield config, None if alarms.routes else box


def _drill(opened: LocalRunner, legs: Timeline, *, quiet: bool) -> list[OutboxEntry]:
    """From the fault to the closing notice; what was sent."""
    school, piece = opened.practice, opened.chosen([JOURNEY])[0]
    assert school is not None  # noqa: S101  # the configuration asks for it
    say = _progress_printer(quiet=quiet)
    say("a live class before anything is broken")
    if opened.play(piece, SilentReporter()).run.outcome is not Outcome.PASSED:
        give_up("the practice school is not well to begin with; see why with: firstbell demo", code=2)
    say("breaking the practice school, and playing on")
    legs.reached("fault")
    school.break_(FAULT)
    for _ in range(TRIES):
        performed = opened.play(piece, TimelineReporter(SilentReporter(), legs))
        if told := opened.switchboard.incidents.recent(1):
            break
        said = performed.document.attempts[-1].said or "the class was held all the same"
        say(f"{performed.document.outcome}, which accuses nobody ({said}); playing again")
    else:
        give_up(f"nothing was noticed in {TRIES} classes; the last {performed.document.outcome}: {said}", code=2)
    number = told[0].incident.number
    parcels = _delivered(opened, number, 1)
    legs.reached("opened", min((parcel.notification.made_at for parcel in parcels), default=None))
    _note_delivery(legs, "delivered", parcels)
    say("mending it, and playing until it is believed")
    school.heal(FAULT)
    legs.reached("healed")
    for _ in range(opened.staging.config.settings.alarms.passes + TRIES - 1):
        opened.play(piece, SilentReporter())
        closed_at = opened.switchboard.incidents.find(number).incident.closed_at
        if closed_at is not None:
            break
    if closed_at is not None:
        legs.reached("closed", closed_at)
    ended = _delivered(opened, number, 2)
    _note_delivery(legs, "told that it is over", ended[: len(ended) - len(parcels)])
    return ended


def _delivered(opened: LocalRunner, number: int, laps: int) -> list[OutboxEntry]:
    """The notices of an incident once each has come to an end, or after a while as they are then."""
    addresses = {address for route in opened.staging.config.settings.alarms.routes for address in route.to}
    deadline = time.monotonic() + DELIVERY_S
    while True:
        parcels = opened.switchboard.outbox.look(200, incident=number)
        has_ended = all(parcel.fate in ENDED for parcel in parcels) and len(parcels) >= laps * len(addresses)
        if has_ended or time.monotonic() > deadline:
            return parcels
        time.sleep(LOOK_AGAIN_S)


def _note_delivery(legs: Timeline, name: str, parcels: list[OutboxEntry]) -> None:
    if times := [parcel.delivered_at for parcel in parcels if parcel.delivered_at]:
        legs.reached(name, max(times))


def _progress_printer(*, quiet: bool) -> Callable[[str], None]:
    return (lambda _said: None) if quiet else lambda said: console().print(f"  {said} ...", style="quiet")


def _tell(legs: Timeline, parcels: list[OutboxEntry], box: AlarmReceiver | None, *, is_well: bool) -> None:
    out = console()
    out.print()
    for line in legs.lines():
        out.print(line)
    out.print()
    for line in outbox_lines(parcels[::-1], datetime.now().astimezone().tzinfo):
        out.print(line, soft_wrap=True)
    if box is not None:
        out.print("  No routes are configured: a receiver on this machine took the notices.", style="quiet")
    alarmed_s = legs.took_s("fault", "delivered")
    took = f" {alarmed_s:.1f} s after the fault" if alarmed_s is not None else ""
    said = f"Everybody was told{took}, and told that it is over." if is_well else "Not every notice was delivered."
    out.print(Text(f"\n{said}", "passed" if is_well else "failed"))


def _document(legs: Timeline, parcels: list[OutboxEntry], *, is_well: bool) -> dict[str, object]:
    return {
        "schema": "firstbell.drill/1",
        "well": is_well,
        "legs": {name: at.isoformat() for name, at in legs.moments.items()},
        "fault_to_alarm_s": legs.took_s("fault", "delivered"),
        "notices": [
            {
                "kind": parcel.notification.message.kind.value,
                "to": parcel.notification.address,
                "fate": parcel.fate.value,
                "said": parcel.said,
                "delivered_at": parcel.delivered_at.isoformat() if parcel.delivered_at else None,
            }
            for parcel in reversed(parcels)
        ],
    }
