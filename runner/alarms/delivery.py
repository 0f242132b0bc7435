"""Takes what lies in the outbox to people: claim, deliver, mark, and look for the next. One bad notice, one dead
channel or a database that is away never stops the loop.

If we die after a claim, it runs out and the notice goes again; if we die between delivery and mark, it goes twice with
the same key, and receivers that know keys show it once.
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
from firstbell.runner.alarms.outbox import Outbox, QueuedNotice
from firstbell.time_limit import TimeLimitPassed, within

log = structlog.get_logger()

# Longer than anything may take.
LEASE = timedelta(seconds=60)
LIMIT_S = 45.0  # Channels answer within 20 to 30 s where the other side does not drip.
PICTURE_S = 5.0  # An alarm does not wait for a store that is away.
GIVE_UP_AFTER = timedelta(hours=24)
FEWEST_TRIES = 20  # Whatever its age: a person has let it go again, or nobody was there to try.
BACKOFF = Backoff(first_s=2.0, longest_s=300.0, spread=(0.5, 1.5))
LOOK_AGAIN_S, DATABASE_RETRY_S = 0.25, 3.0
# As many channels are served at once; each gets one notice after the other.
WORKERS = 8

OpenChannel = Callable[[str], Channel]
FetchPicture = Callable[[str], bytes]


class NoticeDelivery:
    """Delivers until it is closed. `opened` gives the channel of an address, `picture` an object of the store."""

    def __init__(self, outbox: Outbox, opened: OpenChannel, picture: FetchPicture = lambda _name: b"") -> None:
        self._outbox = outbox
        self._opened = opened
        self._picture = picture
        self._busy: set[str] = set()
        self._closing = threading.Event()
        self._look = threading.Event()
        self._hands = ThreadPoolExecutor(WORKERS, thread_name_prefix="delivery")
        self._thread = threading.Thread(target=self._work, name="delivery", daemon=True)

    def start(self) -> NoticeDelivery:
        """Begin."""
        self._thread.start()
        return self

    def nudge(self) -> None:
        """Look at once: something may have come to lie there."""
        self._look.set()

    def close(self) -> None:
        """Claim nothing more, and let what is under way end."""
        self._closing.set()
        self._look.set()
        if self._thread.is_alive():
            self._thread.join()
        self._hands.shutdown(wait=True)

    def _work(self) -> None:
        while not self._closing.is_set():
            self._look.clear()
            try:
                claimed = self._outbox.claim(tuple(self._busy), LEASE) if len(self._busy) < WORKERS else None
            except Exception as error:
                log.warning("delivery.outbox_away", said=str(error))
                self._closing.wait(DATABASE_RETRY_S)
                continue
            if claimed is None:
                self._look.wait(LOOK_AGAIN_S)
                continue
            self._busy.add(claimed.address)
            self._hands.submit(self._take, claimed)

    def _take(self, notification: QueuedNotice) -> None:
        try:
            self._mark(notification, self._deliver(notification))
        except Exception as error:
            # Not marked: the claim runs out, and it goes again with the same key.
            log.warning("delivery.not_marked", key=notification.key, said=str(error))
        finally:
            self._busy.discard(notification.address)
            self._look.set()

    def _deliver(self, notification: QueuedNotice) -> Answer:
        message = notification.message
        if notification.picture:
            message = replace(message, picture=self._picture_of(notification.picture))
        # Sockets have time-outs for each byte, and a channel that drips must not keep one of ours busy.
        try:
            return within(LIMIT_S, lambda: self._answer(notification, message), name="delivery-asks")
        except TimeLimitPassed:
            return TryAgain(said=f"no answer within {LIMIT_S:.0f} s")

    def _picture_of(self, name: str) -> bytes:
        """A picture from the store; empty where the store does not give it in time."""
        try:
            return within(PICTURE_S, lambda: self._picture(name), name="delivery-picture")
        except Exception as error:
            log.warning("delivery.not_answered", said=type(error).__name__)
            return b""

    def _answer(self, notification: QueuedNotice, message: Message) -> Answer:
        try:
            return self._opened(notification.address).deliver(message, notification.key)
        except BadAddress as error:
            return Refused(said=str(error))
        except Exception as error:
            # What it says is not logged: an address that cannot be read may hold a secret, and stands in there whole.
            where = traceback.extract_tb(error.__traceback__)[-1]
            kind, place = type(error).__name__, f"{where.name}:{where.lineno}"
            log.error("delivery.channel_failed", key=notification.key, said=kind, where=place)
            return TryAgain(said=f"the channel failed ({kind})")

    def _mark(self, notification: QueuedNotice, answer: Answer) -> None:
        told = {"key": notification.key, "to": notification.address, "tries": notification.tries + 1}
        match answer:
            case Delivered(receipt=receipt):
                self._outbox.delivered(notification, receipt)
                log.info("notice.delivered", **told)
            case Refused(said=said):
                self._outbox.dead(notification, said)
                log.error("notice.refused", said=said, **told)
            case TryAgain(said=said, after_s=after_s):
                is_old = datetime.now(UTC) - notification.made_at > GIVE_UP_AFTER
                if is_old and notification.tries >= FEWEST_TRIES:
                    self._outbox.dead(notification, f"given up: {said}")
                    log.error("notice.given_up", said=said, **told)
                else:
                    wait_s = backoff_s(notification.tries, after_s)
                    self._outbox.again(notification, said, timedelta(seconds=wait_s))
                    log.warning("notice.waits", said=said, wait_s=round(wait_s, 1), **told)


def backoff_s(tries: int, asked_s: float | None = None) -> float:
    """How long to wait after so many tries before, in seconds: at least as long as the receiver asked for. Who asks for
    nothing is not asked again at once for ever."""
    return max(BACKOFF.wait_s(tries), asked_s or 0.0)
