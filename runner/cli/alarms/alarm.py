"""`firstbell alarm`: tests the routes, lists the outbox, and publishes notices to the public."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.text import Text

from firstbell.labels import Label
from firstbell.runner.alarms.channels import Answer, BadAddress, Delivered, Refused
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.alarms.routing import NoticeKind, Severity
from firstbell.runner.app.alerting import Alerting, channel_of
from firstbell.runner.app.build import config_at
from firstbell.runner.cli.alarms.incidents import open_alerting, outbox_lines
from firstbell.runner.cli.console import confirmed, console, errors_as_sentences, give_up
from firstbell.runner.cli.current_user import whoami
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.config.load import Config
from firstbell.runner.history.alarms.incidents import IncidentDetails
from firstbell.runner.history.alarms.outbox import OutboxEntry

# These show an alarm until a second message closes it.
CLOSED_BY_MESSAGE = ("pagerduty:", "alertmanager:")


@click.group()
def alarm() -> None:
    """Test the routes, read the outbox, publish a notice."""


@alarm.command()
@click.option("--route", default="", help="Only this route; by default all but public ones.")
@CONFIG_OPTION
def test(route: str, config_file: Path | None) -> None:
    """Send a test notice to every address of a route.

    Exits with 0 if all were delivered, else with 1.
    """
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
        addresses = _addresses(config, route)
        now = datetime.now(UTC)
        delivered = [_send_test(config, name, address, now) for name, address in addresses]
    raise SystemExit(0 if all(delivered) else 1)


@alarm.command()
@click.option("--dead", is_flag=True, help="Only notices that could not be delivered.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@CONFIG_OPTION
def outbox(dead: bool, limit: int, config_file: Path | None) -> None:
    """List notices with their delivery state, newest first."""
    with open_alerting(config_file) as (board, zone):
        notices = board.outbox.entries(limit, states=[DeliveryState.DEAD] if dead else ())
    out = console()
    for notice, line in zip(notices, outbox_lines(notices, zone), strict=True):
        out.print(Text(f"incident {notice.notice.incident:<5}", "quiet") + line, soft_wrap=True)
    if not notices:
        out.print("No undelivered notices." if dead else "No notices yet.", style="quiet")
    if any(notice.state is DeliveryState.DEAD for notice in notices):
        out.print(
            "Correct the route, then send them again: firstbell alarm retry (--drop puts them aside)", style="quiet"
        )


@alarm.command()
@click.option("--drop", is_flag=True, help="Put them aside; nothing is sent.")
@CONFIG_OPTION
def retry(*, drop: bool, config_file: Path | None) -> None:
    """Send undelivered notices again, or put them aside."""
    with open_alerting(config_file) as (board, _):
        if drop:
            aside = board.outbox.put_dead_aside(whoami())
            console().print(f"{aside} are put aside." if aside else "No undelivered notices.")
            return
        again = board.outbox.try_dead_again()
    console().print(f"{again} will be sent again while firstbell watch runs." if again else "No undelivered notices.")


@alarm.command()
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help="Send it without asking.")
@click.option("--drop", is_flag=True, help="Withdraw the notice; nothing is sent.")
@CONFIG_OPTION
def publish(number: int, yes: bool, drop: bool, config_file: Path | None) -> None:
    """Show the public notice of an incident, and send it.

    NUMBER is that of the incident. The notice to parents and teachers is sent after your confirmation.
    """
    with open_alerting(config_file) as (board, _):
        incident = board.incidents.find(number)
        drafts = board.outbox.entries(50, states=[DeliveryState.DRAFT], incident=number)
        if not drafts:
            give_up(f"incident {number} has no public notice that waits", code=2)
        if drop:
            board.outbox.drop(number)
            console().print("The notice is withdrawn.")
            return
        # Parents and teachers may have separate routes, with separate texts.
        for route in dict.fromkeys(draft.notice.route for draft in drafts):
            of_route = [draft for draft in drafts if draft.notice.route == route]
            _publish(board, incident, of_route, yes=yes)


def _publish(board: Alerting, details: IncidentDetails, drafts: Sequence[OutboxEntry], *, yes: bool) -> None:
    """Shows the notice of one route, and sends it on confirmation."""
    last = drafts[0].notice
    message = board.in_public_words(details.incident, last)
    _show(message, ", ".join(dict.fromkeys(draft.notice.address for draft in drafts)))
    if not yes and not confirmed("Send it?"):
        console().print("Nothing was sent; the notice still waits.", style="quiet")
        return
    sent = board.outbox.confirm(last.incident, last.route, message)
    if sent:
        console().print(f"{sent} will be sent while firstbell watch runs.")
    else:
        console().print("Nothing was sent: the incident has changed; read the notice again.", style="errored")


def _addresses(config: Config, route: str) -> list[tuple[str, str]]:
    routes = config.settings.alarms.routes
    chosen = [section for section in routes if (section.name == route if route else not section.public)]
    if not chosen:
        known = ", ".join(section.name for section in routes) or "none; add [[alarms.routes]]"
        give_up(f"no route is called '{route}'; there are: {known}" if route else f"routes: {known}", code=3)
    return list(dict.fromkeys((section.name, address) for section in chosen for address in section.to))


def _send_test(config: Config, route: str, address: str, now: datetime) -> bool:
    began = time.monotonic()
    answer: Answer
    try:
        channel = channel_of(config, address)
        opened = _message(config, now, NoticeKind.OPENED)
        answer = channel.deliver(opened, f"test/{now.timestamp():.0f}")
        if isinstance(answer, Delivered) and address.startswith(CLOSED_BY_MESSAGE):
            answer = channel.deliver(_message(config, now, NoticeKind.CLOSED), f"test/{now.timestamp():.0f}/end")
    except BadAddress as bad:
        answer = Refused(reason=str(bad))
    is_delivered = isinstance(answer, Delivered)
    mark, style = ("✓", "passed") if is_delivered else ("✗", "failed")
    result = f"{time.monotonic() - began:.1f} s" if isinstance(answer, Delivered) else answer.reason
    console().print(
        Text.assemble(
            (f"  {mark} ", style), f"{route:<16} {address:<40} ", (result, "quiet" if is_delivered else style)
        ),
        soft_wrap=True,
    )
    return is_delivered


def _message(config: Config, now: datetime, kind: NoticeKind) -> Message:
    """A notice that is marked as a test."""
    return Message(
        kind=kind,
        severity=Severity.INFO,
        incident=0,
        thread=f"test-{now.timestamp():.0f}",
        subject=f"[test] First Bell of {config.settings.school.name} can reach you here; nothing is broken",
        rows=((Label.PROBLEM, "none: a test, sent with firstbell alarm test"), (Label.NEXT, "no action is needed")),
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
