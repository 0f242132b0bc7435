"""Proves what a store does, with an object of its own: put, read back, refuse other bytes, list, link, and its own.

Who may only write proves what it can: that it may not read is said, and is no fault.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

import urllib3

from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.stores import AlreadyStored, Denied, Store, StoreError, SupportsLinks

LINK_S = 60.0
NOT_ALLOWED = "this machine may not read; whoever looks at evidence needs: firstbell store check --policy reader"


@dataclass(frozen=True, slots=True)
class SelfTestFinding:
    """What a step saw of something that holds. Not `is_fine`: it works, and should be otherwise."""

    said: str
    is_fine: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestResult:
    """One thing that was tried: what, whether the store does it, what was seen, and whether that is as it should be."""

    what: str
    holds: bool
    seen: str
    is_fine: bool = True


@runtime_checkable
class _HasOwnSteps(Protocol):
    def own_steps(self, name: str) -> Mapping[str, Callable[[], SelfTestFinding]]: ...


class SelfTestFailed(Exception):
    """The store does something else than it should; the message says what."""


def self_test(store: Store) -> Iterator[SelfTestResult]:
    """Try one thing after the other, each told as it is done; the first that does not hold ends it."""
    name = f"checks/{datetime.now(UTC):%Y-%m-%d}-{secrets.token_hex(8)}.txt"
    data = b"First Bell tries whether this store keeps what it is given.\n"
    steps: dict[str, Callable[[], SelfTestFinding]] = {
        "can be reached": lambda: _reached(store),
        "keeps what it is given": lambda: _kept(store, name, data),
        "gives it back unchanged": lambda: _same(store, name, data),
        "takes the same bytes twice": lambda: _twice(store, name, data),
        "refuses other bytes under the same name": lambda: _refused(store, name, data),
        "lists it": lambda: _listed(store, name),
    }
    if isinstance(store, SupportsLinks):
        linking = store
        steps["hands out links that open"] = lambda: _opened(linking, name, data)
    if isinstance(store, _HasOwnSteps):
        steps |= store.own_steps(name)
    for what, step in steps.items():
        try:
            seen = step()
            proof = SelfTestResult(what=what, holds=True, seen=seen.said, is_fine=seen.is_fine)
        except (StoreError, SelfTestFailed) as error:
            proof = SelfTestResult(what=what, holds=False, seen=str(error), is_fine=False)
        yield proof
        if not proof.holds:
            return


def _reached(store: Store) -> SelfTestFinding:
    store.check()
    return SelfTestFinding(store.place("checks"))


def _kept(store: Store, name: str, data: bytes) -> SelfTestFinding:
    store.put(name, data, Lifetime.PASSES)
    return SelfTestFinding(name)


def _same(store: Store, name: str, data: bytes) -> SelfTestFinding:
    try:
        got = store.get(name)
    except Denied:
        return SelfTestFinding(NOT_ALLOWED)
    if got != data:
        raise SelfTestFailed(f"{len(data)} bytes were put, and {len(got)} other ones came back")
    return SelfTestFinding(f"{len(got)} bytes")


def _twice(store: Store, name: str, data: bytes) -> SelfTestFinding:
    try:
        store.put(name, data, Lifetime.PASSES)
    except Denied:
        said = "this machine may not look whether they are the same: after a lost answer run.json waits for somebody"
        return SelfTestFinding(f"{said} who may; s3:GetObject would do", is_fine=False)
    return SelfTestFinding("kept once")


def _refused(store: Store, name: str, data: bytes) -> SelfTestFinding:
    try:
        store.put(name, data + b"changed", Lifetime.PASSES)
    except (AlreadyStored, Denied):
        return SelfTestFinding("kept as it was")
    raise SelfTestFailed(
        "it was written over; this store does not know If-None-Match, and evidence in it proves nothing"
    )


def _listed(store: Store, name: str) -> SelfTestFinding:
    try:
        names = store.names("checks/")
    except Denied:
        return SelfTestFinding(NOT_ALLOWED)
    if name not in names:
        raise SelfTestFailed("what was just put is not listed")
    return SelfTestFinding("found")


def _opened(store: SupportsLinks, name: str, data: bytes) -> SelfTestFinding:
    link = store.link(name, for_s=LINK_S)
    try:
        answer = urllib3.request("GET", link.url, timeout=10.0, retries=False)
    except urllib3.exceptions.HTTPError as error:
        raise SelfTestFailed(f"the link cannot be opened from here ({type(error).__name__})") from None
    if answer.status == 403 and b"<Code>AccessDenied<" in answer.data:
        return SelfTestFinding(NOT_ALLOWED)
    if answer.status != 200 or answer.data != data:
        raise SelfTestFailed(f"the link answered {answer.status}")
    return SelfTestFinding(f"{link.why}, here for {LINK_S:.0f} s")
