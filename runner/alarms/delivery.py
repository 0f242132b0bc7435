"""Takes what lies in the outbox to people: claim, deliver, mark, and look for the next. One bad notice, one dead
channel or a database that is away never stops the loop.

If we die after a claim, it runs out and the notice goes again; if we die between delivery and mark, it goes twice with
the same key, and receivers that know keys show it once.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from runner.alarms.channels import Answer, BadAddress, Channel, Delivered, Refused, TryAgain
from runner.alarms.outbox import Notification, Outbox

log = structlog.get_logger()

# Longer than any channel takes: they answer within 20 to 30 s.
LEASE = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(hours=24)
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0
LOOK_AGAIN_S, AWAY_S = 0.25, 3.0
# As many channels are served at once; each gets one notice after the other.
HANDS = 8

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
        try:
            channel = self._opened(notification.address)
            if notification.picture:
                message = replace(message, picture=self._picture(notification.picture))
            return channel.deliver(message, notification.key)
        except BadAddress as error:
            return Refused(said=str(error))
        except Exception as error:
            log.exception("delivery.channel_failed", key=notification.key)
            return TryAgain(said=f"the channel failed ({type(error).__name__})")

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
                if datetime.now(UTC) - notification.made_at > GIVE_UP_AFTER:
                    self._outbox.dead(notification, f"given up: {said}")
                    log.error("notice.given_up", said=said, **told)
                else:
                    wait_s = wait_of(notification.tries) if after_s is None else after_s
                    self._outbox.again(notification, said, timedelta(seconds=wait_s))
                    log.warning("notice.waits", said=said, wait_s=round(wait_s, 1), **told)


def wait_of(tries: int) -> float:
    """How long to wait after so many tries before, in seconds: twice as long each time, spread so that a receiver that
    comes back is not met by everybody at once."""
    return min(FIRST_WAIT_S * 2.0 ** min(tries, 20), LONGEST_WAIT_S) * random.uniform(0.5, 1.5)  # noqa: S311  # no secret
