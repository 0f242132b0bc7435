"""`firstbell incidents` and `firstbell ack`: the list of incidents, one incident, and its acknowledgement."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.table import Table
from rich.text import Text

from firstbell.runner.alarms.incident import Incident, Symptom
from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.alarms.routing import Severity
from firstbell.runner.app.alerting import Alerting, alerting_for
from firstbell.runner.cli.console import console, echo, give_up
from firstbell.runner.cli.current_user import whoami
from firstbell.runner.cli.opening import open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION, JSON_OPTION, LIMIT_OPTION
from firstbell.runner.cli.parse_until import parse_until
from firstbell.runner.history.alarms.incidents import IncidentDetails
from firstbell.runner.history.alarms.outbox import OutboxEntry

STYLES = {Severity.CRITICAL: "failed", Severity.WARNING: "errored", Severity.INFO: "quiet"}
MAX_WIDTH = 48
DELIVERY_STATE_NAMES = {
    DeliveryState.DRAFT: ("waits for confirmation", "errored"),
    DeliveryState.WAITING: ("waits", "errored"),
    DeliveryState.DELIVERED: ("delivered", "passed"),
    DeliveryState.DEAD: ("not delivered", "failed"),
    DeliveryState.DROPPED: ("withdrawn", "quiet"),
    DeliveryState.PUT_ASIDE: ("put aside", "quiet"),
}


@contextmanager
def open_alerting(config_file: Path | None) -> Iterator[tuple[Alerting, ZoneInfo]]:
    """Opens the incidents and the outbox of the configuration, with the school's time zone."""
    with open_history(config_file) as (config, database):
        yield alerting_for(config, database), zone_of(config)


class _Incidents(click.Group):
    """Commands about incidents. A number, an option or nothing stands for `show`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts `show` before nothing, and before its options."""
        is_show = not args or (args[0].startswith("-") and args[0] not in ("-h", "--help"))
        return super().parse_args(ctx, ["show", *args] if is_show else args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Takes a number for that of an incident to show."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


@click.group(cls=_Incidents)
def incidents() -> None:
    """List incidents, show one, or close one.

    `firstbell incidents` lists them and `firstbell incidents 217` shows one, as `show` does.
    """


@incidents.command()
@click.argument("number", type=int, required=False)
@click.option("--open", "only_open", is_flag=True, help="Only open incidents.")
@LIMIT_OPTION
@JSON_OPTION
@CONFIG_OPTION
def show(number: int | None, only_open: bool, limit: int, as_json: bool, config_file: Path | None) -> None:
    """List incidents, or show one.

    Open incidents come first. NUMBER selects one: its symptoms, its log and its notices.
    """
    with open_alerting(config_file) as (board, zone):
        if number is not None:
            details, notices = board.incidents.find(number), board.outbox.entries(200, incident=number)
        else:
            found = board.incidents.recent(limit, only_open=only_open)
    if number is not None:
        echo(json.dumps(_document(details), indent=1)) if as_json else _print(details, notices, zone)
    elif as_json:
        echo(json.dumps([_document(details) for details in found], indent=1))
    else:
        _list(found, zone)


@incidents.command()
@click.argument("number", type=int)
@click.option("--reason", required=True, help="The reason, for colleagues.")
@click.option("--by", default="", help="Your name; by default the login name.")
@CONFIG_OPTION
def close(number: int, reason: str, by: str, config_file: Path | None) -> None:
    """Close an incident by hand.

    Recipients of its notices are told who closed it and why. A failure that is confirmed later opens it again.
    """
    if not reason.strip():
        give_up("the reason is empty; say why the incident is over", code=2)
    with open_alerting(config_file) as (board, _):
        details = board.incidents.close(number, by=by or whoami(), why=reason.strip())
    console().print(Text(f"Incident {number} is closed by {details.incident.closed_by}."), soft_wrap=True)
    console().print("Families are told nothing: nobody has seen the service work.", style="quiet")


@click.command()
@click.argument("number", type=int)
@click.option("--why", default="", help="What is being done.")
@click.option("--by", default="", help="Your name; by default the login name.")
@click.option("--until", default="", help='Remind again after this: "30m", "15:30".')
@CONFIG_OPTION
def ack(number: int, why: str, by: str, until: str, config_file: Path | None) -> None:
    """Acknowledge an incident: no reminders, no escalation.

    With --until, reminders begin again if the incident is still open then.
    """
    with open_alerting(config_file) as (board, zone):
        ends = parse_until(until, zone, datetime.now(UTC)) if until else None
        details = board.incidents.acknowledge(number, by=by or whoami(), why=why, until=ends)
    then = f" until {ends.astimezone(zone):%a %H:%M}" if ends else ""
    out = console()
    out.print(Text(f"Incident {number} is acknowledged{then}: {details.status.acknowledged_by}"), soft_wrap=True)
    out.print("Recipients of its notices get a notice of this, and of its end.", style="quiet")


def _list(found: list[IncidentDetails], zone: ZoneInfo) -> None:
    out = console()
    if not found:
        out.print("No incidents.", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("no.", "state", "since", "lasted", "service", "problem", "acknowledged"):
        table.add_column(column, no_wrap=column != "problem")
    for details in found:
        incident, status = details.incident, details.status
        word = (status.severity.value, STYLES[status.severity]) if incident.is_open else ("closed", "quiet")
        table.add_row(
            str(incident.number),
            Text(*word),
            f"{incident.since.astimezone(zone):%a %d %b %H:%M}",
            _lasted(incident),
            Text(_service_text(incident)),
            Text(_problem(incident)),
            Text(status.acknowledged_by),
        )
    out.print(table)


def _print(details: IncidentDetails, notices: list[OutboxEntry], zone: ZoneInfo) -> None:
    out, incident, status = console(), details.incident, details.status
    by_hand = f" by {incident.closed_by}: {incident.closed_why}" if incident.closed_by else ""
    state = status.severity.value if incident.is_open else f"closed{by_hand}"
    style = STYLES[status.severity] if incident.is_open else "passed"
    out.print(
        Text.assemble((f"Incident {incident.number}  ", "strong"), (state, style), f"  {_service_text(incident)}")
    )
    for symptom in incident.symptoms:
        out.print(_symptom(symptom, zone), soft_wrap=True)
    if left_out := incident.symptoms_left_out:
        out.print(Text(f"  and {left_out} more between the first and the latest, which are over", "quiet"))
    if status.acknowledged_by:
        why = f": {details.why}" if details.why else ""
        out.print(Text(f"  acknowledged at {_clock(status.acknowledged_at, zone)}, {status.acknowledged_by}{why}"))
    out.print(Text("\nLog", "quiet"))
    for entry in details.log:
        run = f"   firstbell show {entry.run_id[-6:]}" if entry.run_id else ""
        line = Text.assemble((f"  {_clock(entry.at, zone)}  ", "quiet"), f"{entry.what}: {entry.why}", (run, "quiet"))
        out.print(line, soft_wrap=True)
    if notices:
        out.print(Text("\nNotices", "quiet"))
    for line in outbox_lines(notices[::-1], zone):
        out.print(line, soft_wrap=True)


def outbox_lines(entries: Sequence[OutboxEntry], zone: tzinfo | None) -> Iterator[Text]:
    """One line for each notice, with its delivery state."""
    route = max((len(entry.notice.route) for entry in entries), default=0)
    address = max((len(entry.notice.address) for entry in entries), default=0)
    for entry in entries:
        yield _outbox_line(entry, zone, min(route, MAX_WIDTH), min(address, MAX_WIDTH))


def _outbox_line(entry: OutboxEntry, zone: tzinfo | None, route: int, address: int) -> Text:
    notice, (word, style) = entry.notice, DELIVERY_STATE_NAMES[entry.state]
    reason = (
        f" ({entry.said})" if entry.said and entry.state not in (DeliveryState.DRAFT, DeliveryState.DELIVERED) else ""
    )
    at = entry.delivered_at or notice.made_at
    return Text.assemble(
        (f"  {_clock(at, zone)}  ", "quiet"),
        f"{notice.message.kind.value:<12}  {notice.route:<{route}}  {notice.address:<{address}}  ",
        (word, style),
        (reason, style),
    )


def _symptom(symptom: Symptom, zone: ZoneInfo) -> Text:
    until = f" to {_clock(symptom.ended_at, zone)}" if symptom.ended_at else ""
    where = f" at {', '.join(symptom.locations)}" if symptom.locations else ""
    step = f'{symptom.actor} "{symptom.step}": ' if symptom.step else ""
    progress = f"; {symptom.progress}" if symptom.progress else ""
    return Text(
        f"  {symptom.journey} since {_clock(symptom.since, zone)}{until}{where}: {step}{symptom.said}{progress}"
    )


def _problem(incident: Incident) -> str:
    shown = [symptom for symptom in incident.symptoms if symptom.ended_at is None] or list(incident.symptoms)
    journeys = ", ".join(dict.fromkeys(symptom.journey for symptom in shown))
    first = shown[0]
    return f'{journeys}: {first.actor} "{first.step}"' if first.step else first.said or journeys


def _service_text(incident: Incident) -> str:
    if incident.is_own:
        return "First Bell itself"
    return f"{incident.owner} ({incident.subject})" if incident.owner else incident.subject


def _lasted(incident: Incident) -> str:
    minutes = round(((incident.closed_at or datetime.now(UTC)) - incident.since).total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def _clock(at: datetime | None, zone: tzinfo | None) -> str:
    return f"{at.astimezone(zone):%a %H:%M:%S}" if at else ""


def _document(details: IncidentDetails) -> dict[str, object]:
    incident, status = details.incident, details.status
    return {
        "number": incident.number,
        "service": incident.subject,
        "owner": incident.owner,
        "severity": status.severity.value,
        "since": incident.since.isoformat(),
        "opened_at": incident.opened_at.isoformat(),
        "closed_at": incident.closed_at.isoformat() if incident.closed_at else None,
        "openings": incident.openings,
        "acknowledged_by": status.acknowledged_by,
        "closed_by": incident.closed_by,
        "closed_why": incident.closed_why,
        "symptoms": [
            {
                "journey": symptom.journey,
                "since": symptom.since.isoformat(),
                "ended_at": symptom.ended_at.isoformat() if symptom.ended_at else None,
                "locations": symptom.locations,
                "actor": symptom.actor,
                "step": symptom.step,
                "said": symptom.said,
                "run_id": symptom.run_id,
            }
            for symptom in incident.symptoms
        ],
        "symptoms_left_out": incident.symptoms_left_out,
        "log": [
            {"at": entry.at.isoformat(), "what": entry.what, "why": entry.why, "run_id": entry.run_id}
            for entry in details.log
        ],
    }
