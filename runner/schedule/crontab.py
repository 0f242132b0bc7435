"""A cron expression: whether it can be used, and when it is due. DST nights are as Debian's cron has them: a fixed
hour that is skipped is made up for right after, one that comes twice is due once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

# A leap day is the rarest thing that cron can mean: it comes within eight years even around 2100.
NEVER = timedelta(days=366 * 9)
# Enough fires of the busiest pattern to see its shortest gap, which may lie at the turn of an hour or a day.
LOOKED_AT = 3000


def refusal_of(crontab: str) -> str | None:
    """Why a text cannot be used as a cron expression; None if it can."""
    try:
        first = next(CronSim(crontab, datetime(2026, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        return f'this is no cron expression ({error}); write one such as "*/10 7-15 * * mon-fri"'
    if first is None or first - datetime(2026, 1, 1, tzinfo=UTC) > NEVER:
        return "this can never be due; there is no such date"
    return None


def shortest_gap_s(crontab: str) -> float:
    """The least time between two fires of a usable expression, in seconds."""
    fires = islice(CronSim(crontab, datetime(2026, 1, 1, tzinfo=UTC)), LOOKED_AT)
    return min((later - earlier).total_seconds() for earlier, later in pairwise(fires))


def due_between(crontab: str, since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """When it is due from `since` (included) to `until` (not), in UTC; the expression is in the school's time."""
    for fire in CronSim(crontab, since.astimezone(zone) - timedelta(minutes=1)):
        at = fire.astimezone(UTC)
        if at >= until:
            return
        if at >= since:
            yield at
