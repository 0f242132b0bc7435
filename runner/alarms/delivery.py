"""Delivery of notices from the outbox: claim, deliver, mark, and claim the next. A notice that cannot be read, a dead
channel or an unreachable database never stops the loop.

If the process dies after a claim, the claim expires and the notice is sent again; if it dies between delivery and mark,
the notice goes twice with the same key, and receivers that know keys show it once.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from firstbell.backoff import Backoff
from firstbell.runner.alarms.channels import Answer, BadAddress, Channel, Delivered, Refused, TryAgain
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.outbox import FAILING_AFTER, Outbox, QueuedNotice
from firstbell.time_limit import TimeLimitPassed, within

log = structlog.get_logger()

# Longer than a delivery may take.
LEASE = timedelta(seconds=60)
LIMIT_S = 45.0  # Channels answer within 20 to 30 s unless the other side sends byte by byte.
PICTURE_S = 5.0  # An alarm does not wait for a store that cannot be reached.
GIVE_UP_AFTER = timedelta(hours=24)
FEWEST_TRIES = 20  # Whatever its age: a person has retried it, or no service was running.
BACKOFF = Backoff(first_s=2.0, longest_s=300.0, spread=(0.5, 1.5))
POLL_S, DATABASE_RETRY_S = 0.25, 3.0
# Channels that are served at once; each gets one notice after the other.
WORKERS = 8

OpenChannel = Callable[[str], Channel]
FetchPicture = Callable[[str], bytes]


class NoticeDelivery:
    """Delivers notices in threads until it is closed. `open_channel` returns the channel of an address, `fetch_picture`
    an object of the store."""

    def __init__(
        self, outbox: Outbox, open_channel: OpenChannel, fetch_picture: FetchPicture = lambda _name: b""
    ) -> None:
        self._outbox = outbox
        self._open_channel = open_channel
        self._fetch_picture = fetch_picture
        self._busy: set[str] = set()
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="delivery")
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> NoticeDelivery:
        """Starts the thread."""
        self._thread.start()
        return self

    def nudge(self) -> None:
        """Checks the outbox at once."""
        self._wake.set()

    def close(self) -> None:
        """Claims no more notices, and waits for the deliveries in progress."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._workers.shutdown(wait=True)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            try:
                claimed = self._outbox.claim(tuple(self._busy), LEASE) if len(self._busy) < WORKERS else None
            except Exception as error:
                log.warning("delivery.outbox_unreachable", error=str(error))
                self._closing.wait(DATABASE_RETRY_S)
                continue
            if claimed is None:
                self._wake.wait(POLL_S)
                continue
            self._busy.add(claimed.address)
            self._workers.submit(self._process, claimed)

    def _process(self, notice: QueuedNotice) -> None:
        try:
            self._mark(notice, self._deliver(notice))
        except Exception as error:
            # Not marked: the claim expires, and the notice is sent again with the same key.
            log.warning("delivery.not_marked", key=notice.key, error=str(error))
        finally:
            self._busy.discard(notice.address)
            self._wake.set()

    def _deliver(self, notice: QueuedNotice) -> Answer:
        message = notice.message
        if notice.picture:
            message = replace(message, picture=self._picture(notice.picture))
        # Sockets have time-outs for each byte: a channel that sends byte by byte must not keep a thread busy.
        try:
            return within(LIMIT_S, lambda: self._send(notice, message), name="delivery-asks")
        except TimeLimitPassed:
            return TryAgain(reason=f"no answer within {LIMIT_S:.0f} s")

    def _picture(self, name: str) -> bytes:
        """Fetches a picture from the store; empty if the store does not return it in time."""
        try:
            return within(PICTURE_S, lambda: self._fetch_picture(name), name="delivery-picture")
        except Exception as error:
            log.warning("delivery.picture_missing", error=type(error).__name__)
            return b""

    def _send(self, notice: QueuedNotice, message: Message) -> Answer:
        try:
            return self._open_channel(notice.address).deliver(message, notice.key)
        except BadAddress as error:
            return Refused(reason=str(error))
        except Exception as error:
            # The text of the error is not logged: an address that cannot be parsed may hold a secret.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            kind, where = type(error).__name__, f"{frame.name}:{frame.lineno}"
            log.error("delivery.channel_failed", key=notice.key, error=kind, where=where)
            return TryAgain(reason=f"the channel failed ({kind})")

    def _mark(self, notice: QueuedNotice, answer: Answer) -> None:
        details = {"key": notice.key, "to": notice.address, "tries": notice.tries + 1}
        match answer:
            case Delivered(receipt=receipt):
                self._outbox.mark_delivered(notice, receipt)
                log.info("notice.delivered", **details)
            case Refused(reason=reason):
                self._outbox.mark_dead(notice, reason)
                log.error("notice.refused", reason=reason, **details)
            case TryAgain(reason=reason, after_s=after_s):
                age = datetime.now(UTC) - notice.made_at
                if age > GIVE_UP_AFTER and notice.tries >= FEWEST_TRIES:
                    self._outbox.mark_dead(notice, f"given up: {reason}")
                    log.error("notice.given_up", reason=reason, **details)
                else:
                    wait_s = backoff_s(notice.tries, after_s, age.total_seconds())
                    self._outbox.retry_later(notice, reason, timedelta(seconds=wait_s))
                    log.warning("notice.retry", reason=reason, wait_s=round(wait_s, 1), **details)


def backoff_s(tries: int, requested_s: float | None = None, age_s: float = 0.0) -> float:
    """Returns how long to wait after so many tries, in seconds: at least as long as the receiver asked for, and no
    longer than until the channel counts as failing, so that the next way is told in time."""
    wait_s = BACKOFF.wait_s(tries)
    if age_s < (failing_s := FAILING_AFTER.total_seconds()):
        wait_s = min(wait_s, failing_s - age_s)
    return max(wait_s, requested_s or 0.0)
