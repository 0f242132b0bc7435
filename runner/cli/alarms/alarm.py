"""`firstbell alarm`: are people reached? A test by every way, what lies in the outbox, and notices to the public."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.text import Text

from firstbell.runner.alarms.channels import Answer, BadAddress, Delivered, Refused
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.alarms.routing import NoticeKind, Severity
from firstbell.runner.app.alerting import Alerting, channel_of
from firstbell.runner.app.build import config_at
from firstbell.runner.cli.alarms.incidents import open_alerting, outbox_lines
from firstbell.runner.cli.console import console, errors_as_sentences, give_up
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.config.load import Config
from firstbell.runner.history.alarms.incidents import IncidentDetails
from firstbell.runner.history.alarms.outbox import OutboxEntry

# What these show stays until it is told to go.
PUBLIC_NOTICE_STAYS = ("pagerduty:", "alertmanager:")


@click.group()
def alarm() -> None:
    """See that people are reached: by a test, by what lies in the outbox, and by a notice to the public."""


@alarm.command()
@click.option("--route", default="", help="Only this route; all but public ones, if left out.")
@CONFIG_OPTION
def test(route: str, config_file: Path | None) -> None:
    """Send a marked test by every way of a route, and say what became of each.

    Exits with 0 if all were delivered, else with 1.
    """
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
        addresses = _addresses(config, route)
        now = datetime.now(UTC)
        delivered = [_send_test(config, name, address, now) for name, address in addresses]
    raise SystemExit(0 if all(delivered) else 1)


@alarm.command()
@click.option("--dead", is_flag=True, help="Only what was given up.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@CONFIG_OPTION
def outbox(dead: bool, limit: int, config_file: Path | None) -> None:
    """List notices, the latest first, and what became of each."""
    with open_alerting(config_file) as (board, zone):
        parcels = board.outbox.look(limit, fates=[DeliveryState.DEAD] if dead else ())
    out = console()
    for parcel, line in zip(parcels, outbox_lines(parcels, zone), strict=True):
        out.print(Text(f"incident {parcel.notification.incident:<5}", "quiet") + line, soft_wrap=True)
    if not parcels:
        out.print("Nothing was given up." if dead else "Nobody was told anything yet.", style="quiet")
    if any(parcel.fate is DeliveryState.DEAD for parcel in parcels):
        out.print("When the way is mended, let them go again with: firstbell alarm retry", style="quiet")


@alarm.command()
@CONFIG_OPTION
def retry(config_file: Path | None) -> None:
    """Let everything that was given up go again."""
    with open_alerting(config_file) as (board, _):
        again = board.outbox.try_dead_again()
    console().print(f"{again} go again as soon as First Bell watches." if again else "Nothing was given up.")


@alarm.command()
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help="Send it without asking: you have read what it will say.")
@click.option("--drop", is_flag=True, help="Send nothing: take the notice back.")
@CONFIG_OPTION
def publish(number: int, yes: bool, drop: bool, config_file: Path | None) -> None:
    """Show what parents and teachers would read about incident NUMBER, and send it if you confirm."""
    with open_alerting(config_file) as (board, _):
        told = board.incidents.find(number)
        drafts = board.outbox.look(50, fates=[DeliveryState.DRAFT], incident=number)
        if not drafts:
            give_up(f"no notice to the public waits for incident {number}", code=2)
        if drop:
            board.outbox.drop(number)
            console().print("Taken back.")
            return
        # Parents and teachers may have a route each, with words of its own.
        for route in dict.fromkeys(draft.notification.route for draft in drafts):
            of_route = [draft for draft in drafts if draft.notification.route == route]
            _publish(board, told, of_route, yes=yes)


def _publish(board: Alerting, told: IncidentDetails, drafts: Sequence[OutboxEntry], *, yes: bool) -> None:
    """One route's notice: shown, and sent if it is confirmed."""
    last = drafts[0].notification
    message = board.in_public_words(told.incident, last)
    _show(message, ", ".join(dict.fromkeys(draft.notification.address for draft in drafts)))
    if not yes and not click.confirm("Send it?", default=False):
        console().print("Nothing was sent; it still waits.", style="quiet")
        return
    sent = board.outbox.confirm(last.incident, last.route, message)
    if sent:
        console().print(f"{sent} on the way, as soon as First Bell watches.")
    else:
        console().print("Nothing was sent: meanwhile things have changed; look again.", style="errored")


def _addresses(config: Config, route: str) -> list[tuple[str, str]]:
    routes = config.settings.alarms.routes
    chosen = [one for one in routes if one.name == route] if route else [one for one in routes if not one.public]
    if not chosen:
        known = ", ".join(one.name for one in routes) or "none; add [[alarms.routes]]"
        give_up(f"no route is called '{route}'; there are: {known}" if route else f"routes: {known}", code=3)
    return list(dict.fromkeys((one.name, address) for one in chosen for address in one.to))


def _send_test(config: Config, route: str, address: str, now: datetime) -> bool:
    began = time.monotonic()
    answer: Answer
    try:
        channel = channel_of(config, address)
        opened = _message(config, now, NoticeKind.OPENED)
        answer = channel.deliver(opened, f"test/{now.timestamp():.0f}")
        if isinstance(answer, Delivered) and address.startswith(PUBLIC_NOTICE_STAYS):
            answer = channel.deliver(_message(config, now, NoticeKind.CLOSED), f"test/{now.timestamp():.0f}/end")
    except BadAddress as bad:
        answer = Refused(said=str(bad))
    is_there = isinstance(answer, Delivered)
    mark, style = ("✓", "passed") if is_there else ("✗", "failed")
    said = f"{time.monotonic() - began:.1f} s" if isinstance(answer, Delivered) else answer.said
    console().print(
        Text.assemble((f"  {mark} ", style), f"{route:<16} {address:<40} ", (said, "quiet" if is_there else style)),
        soft_wrap=True,
    )
    return is_there


def _message(config: Config, now: datetime, kind: NoticeKind) -> Message:
    """A notice that nobody can take for a real one."""
    return Message(
        kind=kind,
        severity=Severity.INFO,
        incident=0,
        thread=f"test-{now.timestamp():.0f}",
        subject=f"[test] First Bell of {config.settings.school.name} reaches you by this way; nothing is broken",
        rows=(("What", "a test that somebody has sent with: firstbell alarm test"), ("Next", "nothing is to be done")),
        service="",
        owner="",
        at=now,
        since=now,
        good_until=now + timedelta(minutes=5),
    )


def _show(message: Message, to: str) -> None:
    out = console()
    out.print(Text.assemble(("To       ", "quiet"), to), soft_wrap=True)
    out.print(Text.assemble(("Subject  ", "quiet"), message.subject), soft_wrap=True)
    out.print()
    out.print(Text(message.body), soft_wrap=True)
    out.print()
