"""Compares two checks of a host: certificate, addresses, title, scripts, status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from firstbell.runner.diagnosis.host_check import Certificate, HostCheck, HttpAnswer

SCRIPTS_SHOWN = 3


class ChangedPart(Enum):
    """A part of a host that can change."""

    CERTIFICATE = "certificate"
    ADDRESSES = "addresses"
    TITLE = "title"
    STATUS = "status"
    REDIRECT = "redirect"
    SCRIPTS = "list of scripts"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChange:
    """One difference, as text for people."""

    what: ChangedPart
    was: str
    now: str


def host_changes(before: HostCheck, now: HostCheck) -> tuple[HostChange, ...]:
    """The differences between two checks. A part that only one of them reached does not count as changed."""
    return (*_certificate(before, now), *_addresses(before, now), *_page(before.http, now.http))


def _certificate(before: HostCheck, now: HostCheck) -> Iterator[HostChange]:
    old, new = (check.tls.certificate if check.tls else None for check in (before, now))
    if old and new and old.sha256 != new.sha256:
        yield HostChange(what=ChangedPart.CERTIFICATE, was=_certificate_text(old), now=_certificate_text(new))


def _certificate_text(certificate: Certificate) -> str:
    first = certificate.names[0] if certificate.names else "no name"
    return f"{first}, by {certificate.issuer}, until {certificate.not_after:%Y-%m-%d}, {certificate.sha256[:8]}"


def _addresses(before: HostCheck, now: HostCheck) -> Iterator[HostChange]:
    """A change only if no old address is left: many hosts rotate a few addresses with each answer."""
    old, new = (set(check.names.system.addresses) if check.names else set() for check in (before, now))
    for is_v6 in (False, True):
        was, is_ = ({address for address in found if (":" in address) == is_v6} for found in (old, new))
        if was and is_ and not was & is_:
            yield HostChange(what=ChangedPart.ADDRESSES, was=" ".join(sorted(was)), now=" ".join(sorted(is_)))


def _page(old: HttpAnswer | None, new: HttpAnswer | None) -> Iterator[HostChange]:
    """Changes of a page. A status that stays in its class (200 to 204) is no change; with another status the title is
    not compared."""
    if old is None or new is None or not old.status or not new.status:
        return
    if old.status // 100 != new.status // 100:
        yield HostChange(what=ChangedPart.STATUS, was=str(old.status), now=str(new.status))
    elif old.title != new.title:
        yield HostChange(what=ChangedPart.TITLE, was=old.title, now=new.title)
    if old.location_host and new.location_host and old.location_host != new.location_host:
        yield HostChange(what=ChangedPart.REDIRECT, was=old.location_host, now=new.location_host)
    # An error page has no scripts of its own; its status or title already shows the change.
    if old.scripts and new.scripts and set(old.scripts) != set(new.scripts):
        yield HostChange(
            what=ChangedPart.SCRIPTS, was=_only(old.scripts, new.scripts), now=_only(new.scripts, old.scripts)
        )


def _only(scripts: tuple[str, ...], others: tuple[str, ...]) -> str:
    """The first few scripts that are not among the others."""
    return ", ".join([address for address in scripts if address not in others][:SCRIPTS_SHOWN])
