"""Proves what a store does, with an object of its own: put, read back, refuse other bytes, list, link."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import urllib3

from artifacts.lifetime import Lifetime
from artifacts.stores import AlreadyKept, Links, Store, StoreError

LINK_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One thing that was tried: what, whether the store does it, and what was seen."""

    what: str
    holds: bool
    seen: str


class NotProved(Exception):
    """The store does something else than it should; the message says what."""


def prove(store: Store) -> Iterator[Proof]:
    """Try one thing after the other, each told as it is done; the first that does not hold ends it."""
    name = f"checks/{datetime.now(UTC):%Y-%m-%d}-{secrets.token_hex(8)}.txt"
    data = b"First Bell tries whether this store keeps what it is given.\n"
    steps: dict[str, Callable[[], str]] = {
        "can be reached": lambda: _reached(store),
        "keeps what it is given": lambda: _kept(store, name, data),
        "gives it back unchanged": lambda: _same(store.get(name), data),
        "takes the same bytes twice": lambda: _kept(store, name, data),
        "refuses other bytes under the same name": lambda: _refused(store, name, data),
        "lists it": lambda: _listed(store, name),
    }
    if isinstance(store, Links):
        linking = store
        steps["hands out links that open"] = lambda: _opened(linking, name, data)
    for what, step in steps.items():
        try:
            proof = Proof(what=what, holds=True, seen=step())
        except (StoreError, NotProved) as error:
            proof = Proof(what=what, holds=False, seen=str(error))
        yield proof
        if not proof.holds:
            return


def _reached(store: Store) -> str:
    store.check()
    return store.place("checks")


def _kept(store: Store, name: str, data: bytes) -> str:
    store.put(name, data, Lifetime.PASSES)
    return name


def _same(got: bytes, data: bytes) -> str:
    if got != data:
        raise NotProved(f"{len(data)} bytes were put, and {len(got)} other ones came back")
    return f"{len(got)} bytes"


def _refused(store: Store, name: str, data: bytes) -> str:
    try:
        store.put(name, data + b"changed", Lifetime.PASSES)
    except AlreadyKept:
        return "kept as it was"
    raise NotProved("it was written over; this store does not know If-None-Match, and evidence in it proves nothing")


def _listed(store: Store, name: str) -> str:
    if name not in store.names("checks/"):
        raise NotProved("what was just put is not listed")
    return "found"


def _opened(store: Links, name: str, data: bytes) -> str:
    link = store.link(name, for_s=LINK_S)
    try:
        answer = urllib3.request("GET", link.url, timeout=10.0, retries=False)
    except urllib3.exceptions.HTTPError as error:
        raise NotProved(f"the link cannot be opened from here ({type(error).__name__})") from None
    if answer.status != 200 or answer.data != data:
        raise NotProved(f"the link answered {answer.status}")
    return f"{link.why}, here for {LINK_S:.0f} s"
