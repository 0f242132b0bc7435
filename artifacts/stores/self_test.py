"""The self-test of a store, with a test object: put, read back, refuse other bytes, list, link, and steps of its own.

A machine that may only write passes: that it may not read is reported, and is no failure.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

import urllib3

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.stores import AlreadyStored, Denied, Store, StoreError, SupportsLinks

LINK_S, LINK_TIMEOUT_S = 60.0, 10.0
OVERWRITTEN = (
    "they were accepted; this bucket ignores If-None-Match, and evidence in it proves nothing. Some stores do so only "
    "in a bucket with versioning: use one without, or another store"
)
NOT_ALLOWED = "this machine may not read; a reader's policy: firstbell store check --policy reader"


@dataclass(frozen=True, slots=True)
class SelfTestFinding:
    """The finding of a passed step. Not `is_fine` is a warning: the store works, and should be set up otherwise."""

    text: str
    is_fine: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestResult:
    """The result of a step: its name, whether it passed, and its finding. Not `is_fine` on a passed step is a
    warning."""

    name: str
    passed: bool
    text: str
    is_fine: bool = True


@runtime_checkable
class _HasExtraSteps(Protocol):
    def extra_steps(self, name: str) -> Mapping[str, Callable[[], SelfTestFinding]]: ...

    def explained(self, error: StoreError, name: str) -> str: ...


class SelfTestFailed(Exception):
    """The store does not do what it should; the message says what it does."""


def self_test(store: Store) -> Iterator[SelfTestResult]:
    """Run the steps one by one, and yield the result of each; the first that fails is the last."""
    name = f"checks/{datetime.now(UTC):%Y-%m-%d}-{secrets.token_hex(8)}.txt"
    data = b"First Bell checks that this store keeps an object.\n"
    steps: dict[str, Callable[[], SelfTestFinding]] = {
        "can be reached": lambda: _reach(store),
        "stores an object": lambda: _put(store, name, data),
        "returns it unchanged": lambda: _read_back(store, name, data),
        "accepts the same bytes again": lambda: _put_again(store, name, data),
        "refuses other bytes under the same name": lambda: _put_other_bytes(store, name, data),
        "lists it": lambda: _list(store, name),
    }
    if isinstance(store, SupportsLinks):
        link_store = store
        steps["makes links that open"] = lambda: _open_link(link_store, name, data)
    if isinstance(store, _HasExtraSteps):
        steps |= store.extra_steps(name)
    for step_name, step in steps.items():
        try:
            finding = step()
            yield SelfTestResult(name=step_name, passed=True, text=finding.text, is_fine=finding.is_fine)
        except (StoreError, SelfTestFailed) as error:
            text = str(error)
            if isinstance(store, _HasExtraSteps) and isinstance(error, StoreError):
                text = store.explained(error, name)
            yield SelfTestResult(name=step_name, passed=False, text=text, is_fine=False)
            return


def _reach(store: Store) -> SelfTestFinding:
    store.check()
    way = f", {store.way()}" if isinstance(store, SupportsLinks) else ""
    return SelfTestFinding(f"{store.address('checks')}{way}")


def _put(store: Store, name: str, data: bytes) -> SelfTestFinding:
    store.put(name, data, Lifetime.PASSES)
    return SelfTestFinding(name)


def _read_back(store: Store, name: str, data: bytes) -> SelfTestFinding:
    try:
        stored = store.get(name)
    except Denied:
        return SelfTestFinding(NOT_ALLOWED)
    if stored != data:
        raise SelfTestFailed(f"{len(data)} bytes were sent, and {len(stored)} different bytes came back")
    return SelfTestFinding(f"{len(stored)} bytes")


def _put_again(store: Store, name: str, data: bytes) -> SelfTestFinding:
    try:
        store.put(name, data, Lifetime.PASSES)
    except Denied:
        text = "this machine may not compare them: after a lost answer a run waits in the spool; allow s3:GetObject"
        return SelfTestFinding(text, is_fine=False)
    return SelfTestFinding("stored once")


def _put_other_bytes(store: Store, name: str, data: bytes) -> SelfTestFinding:
    try:
        store.put(name, data + b"changed", Lifetime.PASSES)
    except (AlreadyStored, Denied):
        with suppress(Denied):
            if store.get(name) != data:
                raise SelfTestFailed("they were refused, and kept all the same") from None
        return SelfTestFinding("unchanged")
    raise SelfTestFailed(OVERWRITTEN)


def _list(store: Store, name: str) -> SelfTestFinding:
    try:
        names = store.names("checks/")
    except Denied:
        return SelfTestFinding(NOT_ALLOWED)
    if name not in names:
        raise SelfTestFailed("the stored object is not listed")
    return SelfTestFinding("found")


def _open_link(store: SupportsLinks, name: str, data: bytes) -> SelfTestFinding:
    link = store.link(name, for_s=LINK_S)
    try:
        answer = store.web.pool(link.url, urllib3.Timeout(LINK_TIMEOUT_S)).request("GET", link.url)
    except urllib3.exceptions.HTTPError as error:
        raise SelfTestFailed(f"the link cannot be opened from here ({type(error).__name__})") from None
    if answer.status == 403 and b"<Code>AccessDenied<" in answer.data:
        return SelfTestFinding(NOT_ALLOWED)
    if answer.status != 200 or answer.data != data:
        raise SelfTestFailed(f"the link answered {answer.status}")
    return SelfTestFinding(f"{link.why}, for {LINK_S:.0f} s")
