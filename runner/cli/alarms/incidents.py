"""`firstbell incidents` and `firstbell ack`: what people are, or were, alarmed about, and who has it in hand."""

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
from firstbell.runner.cli.console import console
from firstbell.runner.cli.current_user import whoami
from firstbell.runner.cli.opening import open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.cli.parse_until import parse_until
from firstbell.runner.history.alarms.incidents import IncidentDetails
from firstbell.runner.history.alarms.outbox import OutboxEntry

STYLES = {Severity.CRITICAL: "failed", Severity.WARNING: "errored", Severity.INFO: "quiet"}
WIDEST = 48
DELIVERY_STATE_NAMES = {
    DeliveryState.DRAFT: ("waits to be confirmed", "errored"),
    DeliveryState.WAITING: ("waits", "errored"),
    DeliveryState.DELIVERED: ("delivered", "passed"),
    DeliveryState.DEAD: ("given up", "failed"),
    DeliveryState.DROPPED: ("taken back", "quiet"),
}


@contextmanager
def open_alerting(config_file: Path | None) -> Iterator[tuple[Alerting, ZoneInfo]]:
    """The alarms of the configuration, for looking and for saying."""
    with open_history(config_file) as (config, database):
        yield alerting_for(config, database), zone_of(config)


@click.command()
@click.argument("number", type=int, required=False)
@click.option("--open", "only_open", is_flag=True, help="Only those that go on.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@CONFIG_OPTION
def incidents(number: int | None, only_open: bool, limit: int, as_json: bool, config_file: Path | None) -> None:
    """List incidents, the open ones first; or tell one as a story, by its NUMBER."""
    with open_alerting(config_file) as (board, zone):
        if number is not None:
            told, parcels = board.incidents.find(number), board.outbox.look(200, incident=number)
        else:
            found = board.incidents.recent(limit, only_open=only_open)
    if number is not None:
        click.echo(json.dumps(_document(told), indent=1)) if as_json else _tell(told, parcels, zone)
    elif as_json:
        click.echo(json.dumps([_document(one) for one in found], indent=1))
    else:
        _list(found, zone)


@click.command()
@click.argument("number", type=int)
@click.option("--why", default="", help="What is being done about it.")
@click.option("--by", default="", help="Who has it in hand; you, if left out.")
@click.option("--until", default="", help='Only until then, and remind again: "30m", "15:30".')
@CONFIG_OPTION
def ack(number: int, why: str, by: str, until: str, config_file: Path | None) -> None:
    """Say that somebody has an incident in hand: nobody is reminded of it, and it does not escalate.

    With --until it is a snooze: if it is still open then, people are reminded again.
    """
    with open_alerting(config_file) as (board, zone):
        ends = parse_until(until, zone, datetime.now(UTC)) if until else None
        told = board.incidents.acknowledge(number, by=by or whoami(), why=why, until=ends)
    then = f" until {ends.astimezone(zone):%a %H:%M}" if ends else ""
    out = console()
    out.print(Text(f"Incident {number} is in hand{then}: {told.standing.acknowledged_by}"), soft_wrap=True)
    out.print("Whoever was told of it is told of that, and of its end.", style="quiet")


def _list(found: list[IncidentDetails], zone: ZoneInfo) -> None:
    out = console()
    if not found:
        out.print("No incidents.", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("no.", "state", "since", "lasted", "whose", "what", "in hand"):
        table.add_column(column, no_wrap=column != "what")
    for told in found:
        incident, standing = told.incident, told.standing
        word = (standing.severity.value, STYLES[standing.severity]) if incident.is_open else ("closed", "quiet")
        table.add_row(
            str(incident.number),
            Text(*word),
            f"{incident.since.astimezone(zone):%a %d %b %H:%M}",
            _lasted(incident),
            Text(_owner_of(incident)),
            Text(_what(incident)),
            Text(standing.acknowledged_by),
        )
    out.print(table)


def _tell(told: IncidentDetails, parcels: list[OutboxEntry], zone: ZoneInfo) -> None:
    out, incident, standing = console(), told.incident, told.standing
    state = standing.severity.value if incident.is_open else "closed"
    style = STYLES[standing.severity] if incident.is_open else "passed"
    out.print(Text.assemble((f"Incident {incident.number}  ", "strong"), (state, style), f"  {_owner_of(incident)}"))
    for symptom in incident.symptoms:
        out.print(_symptom(symptom, zone), soft_wrap=True)
    if standing.acknowledged_by:
        why = f": {told.why}" if told.why else ""
        out.print(Text(f"  in hand since {_clock(standing.acknowledged_at, zone)}, {standing.acknowledged_by}{why}"))
    out.print(Text("\nHow it went", "quiet"))
    for entry in told.log:
        run = f"   firstbell show {entry.run_id[-6:]}" if entry.run_id else ""
        line = Text.assemble((f"  {_clock(entry.at, zone)}  ", "quiet"), f"{entry.what}: {entry.why}", (run, "quiet"))
        out.print(line, soft_wrap=True)
    if parcels:
        out.print(Text("\nWho was told", "quiet"))
    for line in outbox_lines(parcels[::-1], zone):
        out.print(line, soft_wrap=True)


def outbox_lines(parcels: Sequence[OutboxEntry], zone: tzinfo | None) -> Iterator[Text]:
    """Notices and what became of each, one below the other."""
    route = max((len(parcel.notification.route) for parcel in parcels), default=0)
    address = max((len(parcel.notification.address) for parcel in parcels), default=0)
    for parcel in parcels:
        yield _outbox_line(parcel, zone, min(route, WIDEST), min(address, WIDEST))


def _outbox_line(parcel: OutboxEntry, zone: tzinfo | None, route: int, address: int) -> Text:
    one, (word, style) = parcel.notification, DELIVERY_STATE_NAMES[parcel.fate]
    said = (
        f" ({parcel.said})"
        if parcel.said and parcel.fate in (DeliveryState.WAITING, DeliveryState.DEAD, DeliveryState.DROPPED)
        else ""
    )
    at = parcel.delivered_at or one.made_at
    return Text.assemble(
        (f"  {_clock(at, zone)}  ", "quiet"),
        f"{one.message.kind.value:<12}  {one.route:<{route}}  {one.address:<{address}}  ",
        (word, style),
        (said, style),
    )


def _symptom(symptom: Symptom, zone: ZoneInfo) -> Text:
    until = f" to {_clock(symptom.ended_at, zone)}" if symptom.ended_at else ""
    where = f" at {', '.join(symptom.locations)}" if symptom.locations else ""
    step = f'{symptom.actor} "{symptom.step}": ' if symptom.step else ""
    return Text(f"  {symptom.journey} since {_clock(symptom.since, zone)}{until}{where}: {step}{symptom.said}")


def _what(incident: Incident) -> str:
    shown = [symptom for symptom in incident.symptoms if symptom.ended_at is None] or list(incident.symptoms)
    journeys = ", ".join(dict.fromkeys(symptom.journey for symptom in shown))
    first = shown[0]
    return f'{journeys}: {first.actor} "{first.step}"' if first.step else first.said or journeys


def _owner_of(incident: Incident) -> str:
    if incident.is_own:
        return "First Bell itself"
    return f"{incident.owner} ({incident.subject})" if incident.owner else incident.subject


def _lasted(incident: Incident) -> str:
    minutes = round(((incident.closed_at or datetime.now(UTC)) - incident.since).total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def _clock(at: datetime | None, zone: tzinfo | None) -> str:
    return f"{at.astimezone(zone):%a %H:%M:%S}" if at else ""


def _document(told: IncidentDetails) -> dict[str, object]:
    incident, standing = told.incident, told.standing
    return {
        "number": incident.number,
        "service": incident.subject,
        "owner": incident.owner,
        "severity": standing.severity.value,
        "since": incident.since.isoformat(),
        "opened_at": incident.opened_at.isoformat(),
        "closed_at": incident.closed_at.isoformat() if incident.closed_at else None,
        "openings": incident.openings,
        "acknowledged_by": standing.acknowledged_by,
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
        "log": [
            {"at": entry.at.isoformat(), "what": entry.what, "why": entry.why, "run_id": entry.run_id}
            for entry in told.log
        ],
    }
