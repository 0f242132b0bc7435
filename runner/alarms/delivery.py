"""Takes what lies in the outbox to people: claim, deliver, mark, and look for the next. One bad notice, one dead
channel or a database that is away never stops the loop.

If we die after a claim, it runs out and the notice goes again; if we die between delivery and mark, it goes twice with
the same key, and receivers that know keys show it once.
"""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from runner.alarms.channels import Answer, BadAddress, Channel, Delivered, Refused, TryAgain
from runner.alarms.message import Message
from runner.alarms.outbox import Notification, Outbox

log = structlog.get_logger()

# Longer than anything may take.
LEASE = timedelta(seconds=60)
LIMIT_S = 45.0  # Channels answer within 20 to 30 s where the other side does not drip.
PICTURE_S = 5.0  # An alarm does not wait for a store that is away.
GIVE_UP_AFTER = timedelta(hours=24)
FEWEST_TRIES = 20  # Whatever its age: a person has let it go again, or nobody was there to try.
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0
LOOK_AGAIN_S, AWAY_S = 0.25, 3.0
# As many channels are served at once; each gets one notice after the other.
HANDS = 8

T = TypeVar("T")
Open = Callable[[str], Channel]
Picture = Callable[[str], bytes]


class Delivery:
    """Delivers until it is closed. `opened` gives the channel of an address, `picture` an object of the store."""

    def __init__(self, outbox: Outbox, opened: Open, picture: Picture = lambda _name: b"") -> None:
        self._outbox = outbox
        self._opened = opened
        self._picture = picture
        self._busy: set[str] = set()
        self._closing = threading.Event()
        self._look = threading.Event()
        self._hands = ThreadPoolExecutor(HANDS, thread_name_prefix="delivery")
        self._thread = threading.Thread(target=self._work, name="delivery", daemon=True)

    def start(self) -> Delivery:
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
                claimed = self._outbox.claim(tuple(self._busy), LEASE) if len(self._busy) < HANDS else None
            except Exception as error:
                log.warning("delivery.outbox_away", said=str(error))
                self._closing.wait(AWAY_S)
                continue
            if claimed is None:
                self._look.wait(LOOK_AGAIN_S)
                continue
            self._busy.add(claimed.address)
            self._hands.submit(self._take, claimed)

    def _take(self, notification: Notification) -> None:
        try:
            self._mark(notification, self._deliver(notification))
        except Exception as error:
            # Not marked: the claim runs out, and it goes again with the same key.
            log.warning("delivery.not_marked", key=notification.key, said=str(error))
        finally:
            self._busy.discard(notification.address)
            self._look.set()

    def _deliver(self, notification: Notification) -> Answer:
        message = notification.message
        if notification.picture:
            name = notification.picture
            message = replace(message, picture=_within(PICTURE_S, lambda: self._picture(name)) or b"")
        answer = _within(LIMIT_S, lambda: self._answer(notification, message))
        return answer or TryAgain(said=f"no answer within {LIMIT_S:.0f} s")

    def _answer(self, notification: Notification, message: Message) -> Answer:
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

    def _mark(self, notification: Notification, answer: Answer) -> None:
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
                    wait_s = wait_of(notification.tries, after_s)
                    self._outbox.again(notification, said, timedelta(seconds=wait_s))
                    log.warning("notice.waits", said=said, wait_s=round(wait_s, 1), **told)


def _within(limit_s: float, ask: Callable[[], T]) -> T | None:
    """What is answered within a bound; None where it takes longer, or fails: sockets have time-outs for each byte,
    and one that drips keeps nobody's hands. What is left behind ends by itself, and never keeps us from ending."""
    found: list[T] = []

    def answer() -> None:
        try:
            found.append(ask())
        except Exception as error:
            log.warning("delivery.not_answered", said=type(error).__name__)

    asking = threading.Thread(target=answer, name="delivery-asks", daemon=True)
    asking.start()
    asking.join(limit_s)
    return found[0] if found else None


def wait_of(tries: int, asked_s: float | None = None) -> float:
    """How long to wait after so many tries before, in seconds: twice as long each time, spread so that a receiver that
    comes back is not met by everybody at once. What the receiver asked for is waited at least; who asks for nothing
    is not asked again at once for ever."""
    wait_s = min(FIRST_WAIT_S * 2.0 ** min(tries, 20), LONGEST_WAIT_S) * random.uniform(0.5, 1.5)  # noqa: S311  # no secret
    return max(wait_s, asked_s or 0.0)
