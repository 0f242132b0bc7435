"""Cron expressions: tells whether one is valid, and its due times. DST nights follow Debian's cron: a fixed time in the
skipped hour is due right after it, one in the repeated hour is due once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

# A leap day is the rarest date of a cron expression: one comes within eight years, even around 2100.
NEVER = timedelta(days=366 * 9)
# Enough due times of the busiest pattern to see its shortest gap, which may lie at the turn of an hour or a day.
DUE_TIMES = 3000


def refusal_of(crontab: str) -> str | None:
    """Says why a text is no usable cron expression; None if it is one."""
    try:
        first = next(CronSim(crontab, datetime(2026, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        return f'this is no valid cron expression ({error}); write one such as "*/10 7-15 * * mon-fri"'
    if first is None or first - datetime(2026, 1, 1, tzinfo=UTC) > NEVER:
        return "this is never due, because there is no such date; correct the day or the month"
    return None


def shortest_gap_s(crontab: str) -> float:
    """Returns the least time between two due times of a valid expression, in seconds."""
    times = islice(CronSim(crontab, datetime(2026, 1, 1, tzinfo=UTC)), DUE_TIMES)
    return min((later - earlier).total_seconds() for earlier, later in pairwise(times))


def due_between(crontab: str, since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yields due times from `since` (included) to `until` (excluded), in UTC. The expression is in school time."""
    for local in CronSim(crontab, since.astimezone(zone) - timedelta(minutes=1)):
        at = local.astimezone(UTC)
        if at >= until:
            return
        if at >= since:
            yield at
