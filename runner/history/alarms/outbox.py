"""The outbox in history: notices that wait, are claimed for a while, delivered, or given up and seen as such."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, and_, exists, func, select, true, update

from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.outbox import DeliveryState, QueuedNotice
from firstbell.runner.alarms.part import channel
from firstbell.runner.alarms.routing import NoticeKind, Severity
from firstbell.runner.history.alarms.enqueue import MESSAGE
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.database import Database
from firstbell.runner.history.slots.account_locks import IsGone
from firstbell.runner.history.tables.alarms import notifications

# A channel that has not taken a notice for this long is told of by another one, while it is still being tried.
FAILING_AFTER_TRIES = timedelta(seconds=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One row of the outbox, for people to look at."""

    notification: QueuedNotice
    fate: DeliveryState
    due_at: datetime
    said: str
    delivered_at: datetime | None


class OutboxHistory:
    """The outbox of one database, worked by `owner`. Every method raises HistoryError when it is away."""

    def __init__(self, incidents: IncidentService, database: Database, owner: str, is_gone: IsGone) -> None:
        self._incidents = incidents
        self._database = database
        self._owner = owner
        self._is_gone = is_gone

    def claim(self, busy: Collection[str], lease: timedelta) -> QueuedNotice | None:
        """The most urgent notice that is due, whose address is not busy, and which nothing older goes before."""
        with self._database.read() as connection:
            if self._next(connection, busy, self._database.now(connection)) is None:
                return None  # Nothing waits, nearly always: no writer is disturbed for that.
        with self._database.write_alone() as connection:
            now = self._database.now(connection)
            while (row := self._next(connection, busy, now)) is not None:
                this = notifications.c.id == row["id"]
                try:
                    claimed = _notification(row)
                except ValidationError:
                    unread = {
                        "state": DeliveryState.DEAD.value,
                        "said": "it cannot be read: another First Bell has written it",
                    }
                    connection.execute(update(notifications).where(this).values(**unread))
                    continue
                connection.execute(update(notifications).where(this).values(owner=self._owner, lease_until=now + lease))
                return claimed
        return None

    def delivered(self, notification: QueuedNotice, receipt: str) -> None:
        """The other side has it; a channel that was in trouble is well again."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            given = {"state": DeliveryState.DELIVERED.value, "said": receipt, "delivered_at": now}
            if self._mark(connection, notification, **given):
                self._incidents.hear(connection, channel(notification.address), "")

    def again(self, notification: QueuedNotice, said: str, after: timedelta) -> None:
        """Try again after a while; a channel that has been at it for long is told of by another."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            given = {"due_at": now + after, "said": said, "tries": notification.tries + 1}
            if self._mark(connection, notification, **given) and now - notification.made_at >= FAILING_AFTER_TRIES:
                self._incidents.hear(connection, channel(notification.address), _component_status(notification, said))

    def dead(self, notification: QueuedNotice, said: str) -> None:
        """Given up: it stays to be seen, and another channel tells of it."""
        with self._database.write() as connection:
            given: dict[str, object] = {
                "state": DeliveryState.DEAD.value,
                "said": said,
                "tries": notification.tries + 1,
            }
            if self._mark(connection, notification, **given):
                self._incidents.hear(connection, channel(notification.address), _component_status(notification, said))

    def oldest_waiting(self) -> datetime | None:
        """Since when the oldest notice waits that is to be delivered; None when nothing waits."""
        with self._database.read() as connection:
            waits = select(func.min(notifications.c.made_at)).where(
                notifications.c.state == DeliveryState.WAITING.value
            )
            found: datetime | None = connection.execute(waits).scalar_one()
            return found

    def look(
        self, limit: int, *, fates: Collection[DeliveryState] = (), incident: int | None = None
    ) -> list[OutboxEntry]:
        """The latest rows."""
        wanted = select(notifications).order_by(notifications.c.id.desc()).limit(limit)
        if fates:
            wanted = wanted.where(notifications.c.state.in_([fate.value for fate in fates]))
        if incident is not None:
            wanted = wanted.where(notifications.c.incident == incident)
        with self._database.read() as connection:
            return [_outbox_entry(dict(row)) for row in connection.execute(wanted).mappings()]

    def confirm(self, incident: int, route: str, message: Message) -> int:
        """Let the drafts of an incident to a route go, in the words that a person has seen; how many. Drafts of another
        kind have come since and were not seen: they wait on."""
        words = MESSAGE.dump_python(message, mode="json")
        is_seen = (notifications.c.route == route) & (notifications.c.kind == message.kind.value)
        return self._settle_drafts(incident, is_seen, state=DeliveryState.WAITING.value, message=words)

    def drop(self, incident: int) -> int:
        """Take the drafts of an incident back; how many."""
        return self._settle_drafts(incident, true(), state=DeliveryState.DROPPED.value)

    def try_dead_again(self) -> int:
        """Let everything that was given up wait again; how many. What was overtaken is left: who has heard the end
        must not hear the beginning, which would open an alert again that nobody ends."""
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
            left = {"state": DeliveryState.DROPPED.value, "said": "a later one was delivered"}
            connection.execute(update(notifications).where(is_dead, is_overtaken).values(**left))
            again = {"state": DeliveryState.WAITING.value, "due_at": now, "tries": 0}
            return connection.execute(update(notifications).where(is_dead).values(**again)).rowcount

    def _settle_drafts(self, incident: int, which: ColumnElement[bool], **given: object) -> int:
        drafts = (notifications.c.incident == incident) & (notifications.c.state == DeliveryState.DRAFT.value) & which
        with self._database.write() as connection:
            now = self._database.now(connection)
            return connection.execute(update(notifications).where(drafts).values(due_at=now, **given)).rowcount

    def _next(self, connection: Connection, busy: Collection[str], now: datetime) -> Mapping[str, Any] | None:
        older = notifications.alias("older")
        goes_before = exists().where(
            and_(
                older.c.incident == notifications.c.incident,
                older.c.address == notifications.c.address,
                older.c.state == DeliveryState.WAITING.value,
                older.c.id < notifications.c.id,
            )
        )
        wanted = select(notifications).where(
            notifications.c.state == DeliveryState.WAITING.value,
            notifications.c.due_at <= now,
            notifications.c.address.not_in(sorted(busy)),
            ~goes_before,
        )
        for row in connection.execute(wanted.order_by(notifications.c.urgency, notifications.c.id)).mappings():
            is_free = row["lease_until"] is None or row["lease_until"] < now or self._is_gone(row["owner"])
            if is_free:
                return dict(row)
        return None

    def _mark(self, connection: Connection, notification: QueuedNotice, **given: object) -> bool:
        """Mark one that is still ours; another may have taken it after our lease ran out."""
        ours = (
            (notifications.c.id == notification.id)
            & (notifications.c.owner == self._owner)
            & (notifications.c.state == DeliveryState.WAITING.value)
        )
        given |= {"owner": "", "lease_until": None}
        return connection.execute(update(notifications).where(ours).values(**given)).rowcount == 1


def _component_status(notification: QueuedNotice, said: str) -> str:
    """With what was to be told: whoever hears of a dead channel learns by it what the channel has kept from people."""
    return f"notices do not get through to {notification.address}: {said}; untold: {notification.message.subject}"


def _notification(row: Mapping[str, Any], message: Message | None = None) -> QueuedNotice:
    """A row as a notice. Raises ValidationError for one whose words cannot be read, unless others are given."""
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


def _unreadable(row: Mapping[str, Any]) -> Message:
    """What stands in for words that another First Bell has written."""
    return Message(
        kind=NoticeKind(row["kind"]),
        severity=list(Severity)[row["urgency"]],
        incident=row["incident"],
        thread="",
        subject="(it cannot be read)",
        rows=(),
        service="",
        owner="",
        at=row["made_at"],
        since=row["made_at"],
        good_until=row["made_at"],
    )


def _outbox_entry(row: Mapping[str, Any]) -> OutboxEntry:
    try:
        notification = _notification(row)
    except ValidationError:
        notification = _notification(row, _unreadable(row))
    return OutboxEntry(
        notification=notification,
        fate=DeliveryState(row["state"]),
        due_at=row["due_at"],
        said=row["said"],
        delivered_at=row["delivered_at"],
    )
