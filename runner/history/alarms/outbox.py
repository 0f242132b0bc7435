"""The outbox in history: notices wait, are claimed for a while, and are delivered or given up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, select, true, update

from firstbell.runner.alarms.channels import keeps_alerts
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.outbox import FAILING_AFTER, DeliveryState, QueuedNotice
from firstbell.runner.alarms.routing import NoticeKind, Severity
from firstbell.runner.history.alarms.enqueue import MESSAGE
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.account_locks import IsGone
from firstbell.runner.history.tables.alarms import notifications

# A try that is due at the end of FAILING_AFTER may start a little later.
FAILING_SLACK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One row of the outbox, with its state."""

    notice: QueuedNotice
    state: DeliveryState
    due_at: datetime
    said: str
    delivered_at: datetime | None


class OutboxHistory:
    """The outbox of one database, whose claims belong to `owner`. Raises HistoryError when it cannot be reached."""

    def __init__(self, incidents: IncidentService, database: Database, owner: str, is_gone: IsGone) -> None:
        self._incidents = incidents
        self._database = database
        self._owner = owner
        self._is_gone = is_gone

    def claim(self, busy: Collection[str], lease: timedelta) -> QueuedNotice | None:
        """Claims the most urgent notice that is due, has no older one of its opening before it, and whose address is
        not busy. Closings come last. What still waits of an earlier opening is dropped, because a late closing would
        be false; a channel that keeps alerts still gets it, for an alert of its own."""
        with self._database.read() as connection:
            if self._next(connection, busy, self._database.now(connection), lease) is None:
                return None  # The usual case, which needs no lock for writing.
        with self._database.write_exclusively() as connection:
            now = self._database.now(connection)
            while (row := self._next(connection, busy, now, lease)) is not None:
                this = _as_read(row)
                try:
                    claimed = _queued_notice(row)
                except ValidationError:
                    unreadable = "the notice cannot be read: another version of First Bell has written it"
                    dead = {"state": DeliveryState.DEAD.value, "said": unreadable}
                    connection.execute(update(notifications).where(this).values(**dead))
                    continue
                ours = {"owner": self._owner, "lease_until": now + lease}
                if connection.execute(update(notifications).where(this).values(**ours)).rowcount != 1:
                    continue
                if not keeps_alerts(claimed.address):
                    _drop_overtaken(connection, row)
                return claimed
        return None

    def mark_delivered(self, notice: QueuedNotice, receipt: str) -> None:
        """Marks a notice as delivered, and its channel as working."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            values = {"state": DeliveryState.DELIVERED.value, "said": receipt, "delivered_at": now}
            if self._mark(connection, notice, **values):
                self._incidents.record_channel(connection, notice.address, "")

    def retry_later(self, notice: QueuedNotice, reason: str, after: timedelta) -> None:
        """Marks a notice for another try after a while. A channel that has failed for FAILING_AFTER, or asks for a
        longer wait, opens an incident."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            made_at = min(notice.made_at, now)  # Later, it would be due at once.
            values = {"due_at": now + after, "said": reason, "tries": notice.tries + 1, "made_at": made_at}
            age = now - notice.made_at
            is_failing = age >= FAILING_AFTER - FAILING_SLACK or age + after > FAILING_AFTER + FAILING_SLACK
            if self._mark(connection, notice, **values) and is_failing:
                self._incidents.record_channel(connection, notice.address, _channel_problem(notice, reason))

    def mark_dead(self, notice: QueuedNotice, reason: str) -> None:
        """Gives a notice up: it stays in the outbox, and its channel opens an incident."""
        with self._database.write() as connection:
            values = {"state": DeliveryState.DEAD.value, "said": reason, "tries": notice.tries + 1}
            if self._mark(connection, notice, **values):
                self._incidents.record_channel(connection, notice.address, _channel_problem(notice, reason))

    def oldest_waiting(self) -> datetime | None:
        """Returns since when the oldest notice waits; None when none waits."""
        with self._database.read() as connection:
            waits = select(func.min(notifications.c.made_at)).where(
                notifications.c.state == DeliveryState.WAITING.value
            )
            found: datetime | None = connection.execute(waits).scalar_one()
            return found

    def entries(
        self, limit: int, *, states: Collection[DeliveryState] = (), incident: int | None = None
    ) -> list[OutboxEntry]:
        """Returns the latest entries, newest first."""
        query = select(notifications).order_by(notifications.c.id.desc()).limit(limit)
        if states:
            query = query.where(notifications.c.state.in_([state.value for state in states]))
        if incident is not None:
            query = query.where(notifications.c.incident == incident)
        with self._database.read() as connection:
            return [_outbox_entry(dict(row)) for row in connection.execute(query).mappings()]

    def confirm(self, incident: int, route: str, message: Message) -> int:
        """Releases the drafts of an incident to a route, with the message that a person has seen; returns their count.
        Drafts of another kind were made since and not seen: they go on waiting."""
        content = MESSAGE.dump_python(message, mode="json")
        is_seen = (notifications.c.route == route) & (notifications.c.kind == message.kind.value)
        return self._end_drafts(incident, is_seen, state=DeliveryState.WAITING.value, message=content)

    def drop(self, incident: int) -> int:
        """Drops the drafts of an incident; returns their count."""
        return self._end_drafts(incident, true(), state=DeliveryState.DROPPED.value)

    def put_dead_aside(self, by: str) -> int:
        """Puts the notices that were given up aside, in the name of a person; returns their count."""
        is_dead = notifications.c.state == DeliveryState.DEAD.value
        said = notifications.c.said + f"; put aside by {by}"
        with self._database.write() as connection:
            aside = update(notifications).where(is_dead).values(state=DeliveryState.PUT_ASIDE.value, said=said)
            return connection.execute(aside).rowcount

    def try_dead_again(self) -> int:
        """Retries the notices that were given up; returns their count. If a later one was delivered, it is dropped: an
        opening after the closing would open an alert that is never closed."""
        later = notifications.alias("later")
        is_overtaken = exists().where(
            and_(
                later.c.incident == notifications.c.incident,
                later.c.opening == notifications.c.opening,
                later.c.address == notifications.c.address,
                later.c.state == DeliveryState.DELIVERED.value,
                later.c.id > notifications.c.id,
            )
        )
        is_dead = notifications.c.state == DeliveryState.DEAD.value
        with self._database.write() as connection:
            now = self._database.now(connection)
            dropped = {"state": DeliveryState.DROPPED.value, "said": "a later one was delivered"}
            connection.execute(update(notifications).where(is_dead, is_overtaken).values(**dropped))
            again = {"state": DeliveryState.WAITING.value, "due_at": now, "tries": 0}
            return connection.execute(update(notifications).where(is_dead).values(**again)).rowcount

    def _end_drafts(self, incident: int, criterion: ColumnElement[bool], **values: object) -> int:
        drafts = (
            (notifications.c.incident == incident) & (notifications.c.state == DeliveryState.DRAFT.value) & criterion
        )
        with self._database.write() as connection:
            now = self._database.now(connection)
            return connection.execute(update(notifications).where(drafts).values(due_at=now, **values)).rowcount

    def _next(
        self, connection: Connection, busy: Collection[str], now: datetime, lease: timedelta
    ) -> Mapping[str, Any] | None:
        """Returns the next notice. One that was made in the future, or leased for longer than a lease, was written by a
        clock that went astray: it is due, and free."""
        older = notifications.alias("older")
        has_older = exists().where(
            and_(
                older.c.incident == notifications.c.incident,
                older.c.opening == notifications.c.opening,
                older.c.address == notifications.c.address,
                older.c.state == DeliveryState.WAITING.value,
                older.c.id < notifications.c.id,
            )
        )
        query = select(notifications).where(
            notifications.c.state == DeliveryState.WAITING.value,
            (notifications.c.due_at <= now) | (notifications.c.made_at > now),
            notifications.c.address.not_in(sorted(busy)),
            ~has_older,
        )
        is_closing = case((notifications.c.kind == NoticeKind.CLOSED.value, 1), else_=0)
        in_order = query.order_by(is_closing, notifications.c.urgency, notifications.c.id)
        for row in connection.execute(in_order).mappings():
            until = row["lease_until"]
            if until is None or not now <= until <= now + lease or self._is_gone(row["owner"]):
                return dict(row)
        return None

    def _mark(self, connection: Connection, notice: QueuedNotice, **values: object) -> bool:
        """Updates a notice if its claim still holds; another process may have claimed it after the lease expired."""
        ours = (
            (notifications.c.id == notice.id)
            & (notifications.c.owner == self._owner)
            & (notifications.c.state == DeliveryState.WAITING.value)
        )
        values |= {"owner": "", "lease_until": None}
        return connection.execute(update(notifications).where(ours).values(**values)).rowcount == 1


def _as_read(row: Mapping[str, Any]) -> ColumnElement[bool]:
    """Returns the condition that a notice still waits as it was read: whoever held it may have delivered it since."""
    return and_(
        notifications.c.id == row["id"],
        notifications.c.state == DeliveryState.WAITING.value,
        notifications.c.lease_until.is_not_distinct_from(row["lease_until"]),
    )


def _drop_overtaken(connection: Connection, row: Mapping[str, Any]) -> None:
    """Drops what no process is delivering of earlier openings of the same incident, to the same address."""
    is_overtaken = and_(
        notifications.c.incident == row["incident"],
        notifications.c.address == row["address"],
        notifications.c.opening < row["opening"],
        notifications.c.state == DeliveryState.WAITING.value,
        notifications.c.lease_until.is_(None),
    )
    dropped = {"state": DeliveryState.DROPPED.value, "said": "the incident has opened again"}
    connection.execute(update(notifications).where(is_overtaken).values(**dropped))


def _channel_problem(notice: QueuedNotice, reason: str) -> str:
    """Returns the problem of a channel, with the subject of the notice that it did not take."""
    return f"notices cannot be delivered to {notice.address}: {reason}; not delivered: {notice.message.subject}"


def _queued_notice(row: Mapping[str, Any], message: Message | None = None) -> QueuedNotice:
    """Returns the notice of a row. Raises ValidationError if no message is given and the stored one cannot be read."""
    return QueuedNotice(
        id=row["id"],
        key=row["key"],
        incident=row["incident"],
        route=row["route"],
        address=row["address"],
        message=message or MESSAGE.validate_python(row["message"], strict=False),
        picture=row["picture"],
        tries=row["tries"],
        made_at=row["made_at"],
    )


def _unreadable_message(row: Mapping[str, Any]) -> Message:
    """Returns a stand-in for a message that another version of First Bell has written."""
    return Message(
        kind=NoticeKind(row["kind"]),
        severity=list(Severity)[row["urgency"]],
        incident=row["incident"],
        thread="",
        subject="(message cannot be read)",
        rows=(),
        service="",
        owner="",
        at=row["made_at"],
        since=row["made_at"],
        good_until=row["made_at"],
    )


def _outbox_entry(row: Mapping[str, Any]) -> OutboxEntry:
    try:
        notice = _queued_notice(row)
    except ValidationError:
        notice = _queued_notice(row, _unreadable_message(row))
    return OutboxEntry(
        notice=notice,
        state=DeliveryState(row["state"]),
        due_at=row["due_at"],
        said=row["said"],
        delivered_at=row["delivered_at"],
    )
