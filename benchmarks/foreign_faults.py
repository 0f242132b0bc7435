"""The second catalogue of faults: real products, broken from outside by other means than the practice school's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace

from tests.foreign.breakage import (
    crawling,
    database_changed,
    dead,
    disk_full,
    filtered,
    locked,
    missing,
    out_of_descriptors,
    suspended,
)
from tests.foreign.district import CONTROL_HOST, HOSTS, District
from tests.foreign.janus import MEDIA_PORTS, PAGE
from tests.foreign.kolibri import STUDENT as PUPIL

JOURNEYS = {
    "sign-in": "profile",
    "learning": "learn",
    "room": "lesson",
    "": "profile",
    "sign-in-killed": "lesson",
    "sign-in-suspended": "lesson",
    "account-password-changed": "lesson",
}
"""The journey that meets a fault, by the fault or else by its service."""
Means = Callable[[District], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFault:
    """One fault. `service` is the service at fault, "" for the probe's own location. `causes` are the words that are
    right; "unknown" is right only where the page tells no more. With `is_ours` the account is at fault: the service may
    be named as the one that refuses it, and no other."""

    name: str
    journey: str
    service: str
    causes: frozenset[str]
    means: Means
    is_ours: bool = False

    @property
    def right_services(self) -> frozenset[str]:
        """The services that a right diagnosis may name."""
        return frozenset({self.service, ""}) if self.is_ours else frozenset({self.service})


def _fault(name: str, service: str, causes: str, means: Means) -> ForeignFault:
    journey = JOURNEYS.get(name) or JOURNEYS[service]
    return ForeignFault(name=name, journey=journey, service=service, causes=frozenset(causes.split()), means=means)


def _account_fault(name: str, service: str, causes: str, means: Means) -> ForeignFault:
    return replace(_fault(name, service, causes, means), is_ours=True)


def _to(host: str, verdict: str) -> str:
    return f"ip daddr {HOSTS[host]} tcp dport 1024-65535 {verdict}"


_LOW, _HIGH = MEDIA_PORTS
NO_UDP = f"udp dport {_LOW}-{_HIGH} drop"
"""Drops what people send to the media server."""
NO_DIRECT_UDP = f"ip saddr != {HOSTS['room']} udp dport {_LOW}-{_HIGH} drop"
"""The same, but not what the relay sends on."""
CUT_AFTER_REQUEST = "ct state established tcp flags & (psh | ack) == (psh | ack) reject with tcp reset"


@contextmanager
def _relay(district: District, secret: str, *, is_running: bool) -> Iterator[None]:
    """Hands out a relay with a secret, where nothing but the relay gets through."""
    server = {"urls": district.relay.url, "username": district.relay.user, "credential": secret}
    district.room.set_ice_servers([server])
    with ExitStack() as stack:
        stack.callback(district.room.set_ice_servers, [])
        stack.enter_context(filtered(NO_DIRECT_UDP))
        if not is_running:
            stack.enter_context(dead(district.relay))
        yield


@contextmanager
def _room_of(district: District, places: int) -> Iterator[None]:
    """Restarts the media server with a room of another size; 0 for none."""
    with dead(district.janus):
        district.janus.set_places(places)
    try:
        yield
    finally:
        with dead(district.janus):
            district.janus.set_places(district.janus.places)


@contextmanager
def _account(district: District, **changes: object) -> Iterator[None]:
    """Changes the student's account at the sign-in."""
    district.sign_in.set_student(**changes)
    try:
        yield
    finally:
        district.sign_in.set_student()


def _pupil(district: District, change: str, back: str) -> AbstractContextManager[None]:
    """Changes the pupil's row in the platform's database by two expressions, the second of which undoes the first."""
    known = f"full_name = '{PUPIL['full_name']}'"
    update = "UPDATE kolibriauth_facilityuser SET"
    return database_changed(
        district.learning.database, f"{update} {change} WHERE {known}", f"{update} {back} WHERE {known}"
    )


def _new_password(district: District) -> AbstractContextManager[None]:
    return _pupil(district, "password = password || 'x'", "password = substr(password, 1, length(password) - 1)")


def _account_gone(district: District) -> AbstractContextManager[None]:
    return _pupil(district, "username = 'zzgone'", f"username = '{PUPIL['username']}'")


STOPPED = "slow no-answer"
SIGN_IN_FAULTS = (
    _fault("sign-in-killed", "sign-in", "refused", lambda d: dead(d.sign_in)),
    _fault("sign-in-suspended", "sign-in", STOPPED, lambda d: suspended(d.sign_in)),
    _fault("sign-in-dropped", "sign-in", "no-answer", lambda _: filtered(_to("sign-in", "drop"))),
    _fault("sign-in-reset", "sign-in", "cut refused", lambda _: filtered(_to("sign-in", CUT_AFTER_REQUEST))),
    _fault("sign-in-crawls", "sign-in", STOPPED, lambda d: crawling(d.sign_in)),
    _fault(
        "sign-in-no-descriptors",
        "sign-in",
        f"{STOPPED} cut refused",
        lambda d: out_of_descriptors(d.sign_in),
    ),
    _fault(
        "sign-in-database-locked",
        "sign-in",
        f"server-error token-failed unknown {STOPPED}",
        lambda d: locked(d.sign_in.database),
    ),
    _fault(
        "sign-in-page-missing",
        "sign-in",
        "dead-link server-error",
        lambda d: missing(d.sign_in.folder / "webapp" / "login.html"),
    ),
    _fault(
        "sign-in-script-missing",
        "sign-in",
        "blank server-error unknown",
        lambda d: missing(d.sign_in.folder / "webapp" / "login.js"),
    ),
    _account_fault(
        "account-password-changed",
        "sign-in",
        "credentials-refused",
        lambda d: _account(d, password="Another-password-1"),
    ),
    _account_fault(
        "account-disabled", "sign-in", "credentials-refused account-locked", lambda d: _account(d, enabled=False)
    ),
)
LEARNING_FAULTS = (
    _fault("learning-killed", "learning", "refused", lambda d: dead(d.learning)),
    _fault("learning-suspended", "learning", STOPPED, lambda d: suspended(d.learning)),
    _fault("learning-dropped", "learning", "no-answer", lambda _: filtered(_to("learning", "drop"))),
    _fault("learning-crawls", "learning", STOPPED, lambda d: crawling(d.learning)),
    _fault(
        "learning-database-locked",
        "learning",
        f"server-error {STOPPED}",
        lambda d: locked(d.learning.database),
    ),
    _fault("learning-disk-full", "learning", f"server-error {STOPPED}", lambda d: disk_full(d.learning)),
    _account_fault("pupil-password-changed", "learning", "credentials-refused", _new_password),
    _account_fault("pupil-account-gone", "learning", "credentials-refused unknown", _account_gone),
)
ROOM_FAULTS = (
    _fault("room-page-killed", "room", "refused", lambda d: dead(d.room)),
    _fault("room-page-missing", "room", "dead-link server-error", lambda d: missing(d.room.folder / "site" / PAGE)),
    _fault("media-server-killed", "room", "refused signalling", lambda d: dead(d.janus)),
    _fault("media-server-suspended", "room", f"signalling {STOPPED}", lambda d: suspended(d.janus)),
    _fault("scripts-host-killed", "room", "blank refused unknown", lambda d: dead(d.scripts)),
    _fault("scripts-host-dropped", "room", f"blank {STOPPED}", lambda _: filtered(_to("scripts", "drop"))),
    _fault("media-udp-dropped", "room", "udp-blocked ice-failed", lambda _: filtered(NO_UDP)),
    _fault("room-full", "room", "capacity", lambda d: _room_of(d, 1)),
    _fault("relay-wrong-secret", "room", "relay-refused", lambda d: _relay(d, "not-the-secret", is_running=True)),
    _fault(
        "relay-killed",
        "room",
        "udp-blocked ice-failed",
        lambda d: _relay(d, d.relay.secret, is_running=False),
    ),
)
OWN_FAULTS = (
    _fault(
        "own-network-dropped",
        "",
        "own-network",
        lambda _: filtered(_to("sign-in", "drop"), f"ip daddr {CONTROL_HOST} drop"),
    ),
)
CATALOGUE = {fault.name: fault for fault in (*SIGN_IN_FAULTS, *LEARNING_FAULTS, *ROOM_FAULTS, *OWN_FAULTS)}
"""All faults by name."""
