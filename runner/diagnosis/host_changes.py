"""What has become different about a host between two checks: a certificate, addresses, a title, scripts, a status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from firstbell.runner.diagnosis.host_check import Certificate, HostCheck, HttpAnswer

SCRIPTS_SHOWN = 3


class ChangedPart(Enum):
    """What can change."""

    CERTIFICATE = "certificate"
    ADDRESSES = "addresses"
    TITLE = "title"
    STATUS = "status"
    REDIRECT = "redirect"
    SCRIPTS = "list of scripts"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChange:
    """One thing that is different, in words for people."""

    what: ChangedPart
    was: str
    now: str


def host_changes(before: HostCheck, now: HostCheck) -> tuple[HostChange, ...]:
    """What both checks have seen and seen differently. What one of them did not come to has not changed."""
    return (*_certificate(before, now), *_addresses(before, now), *_page(before.http, now.http))


def _certificate(before: HostCheck, now: HostCheck) -> Iterator[HostChange]:
    old, new = (check.tls.certificate if check.tls else None for check in (before, now))
    if old and new and old.sha256 != new.sha256:
        yield HostChange(what=ChangedPart.CERTIFICATE, was=_in_words(old), now=_in_words(new))


def _in_words(certificate: Certificate) -> str:
    first = certificate.names[0] if certificate.names else "nobody"
    return f"{first}, by {certificate.issuer}, until {certificate.not_after:%Y-%m-%d}, {certificate.sha256[:8]}"


def _addresses(before: HostCheck, now: HostCheck) -> Iterator[HostChange]:
    """Only when no address is left of those there were: many hosts turn a few around with each answer."""
    old, new = (set(check.names.system.addresses) if check.names else set() for check in (before, now))
    for is_v6 in (False, True):
        was, is_ = ({one for one in found if (":" in one) == is_v6} for found in (old, new))
        if was and is_ and not was & is_:
            yield HostChange(what=ChangedPart.ADDRESSES, was=" ".join(sorted(was)), now=" ".join(sorted(is_)))


def _page(old: HttpAnswer | None, new: HttpAnswer | None) -> Iterator[HostChange]:
    """A page's face. A status that only moves inside its family (200 to 204) is none; a title on another status is
    part of that."""
    if old is None or new is None or not old.status or not new.status:
        return
    if old.status // 100 != new.status // 100:
        yield HostChange(what=ChangedPart.STATUS, was=str(old.status), now=str(new.status))
    elif old.title != new.title:
        yield HostChange(what=ChangedPart.TITLE, was=old.title, now=new.title)
    if old.location_host and new.location_host and old.location_host != new.location_host:
        yield HostChange(what=ChangedPart.REDIRECT, was=old.location_host, now=new.location_host)
    # A page that stands in for another one has none of its own, which its status or title has told already.
    if old.scripts and new.scripts and set(old.scripts) != set(new.scripts):
        yield HostChange(
            what=ChangedPart.SCRIPTS, was=_only(old.scripts, new.scripts), now=_only(new.scripts, old.scripts)
        )


def _only(these: tuple[str, ...], those: tuple[str, ...]) -> str:
    """The first few of these that are not among those."""
    return ", ".join([one for one in these if one not in those][:SCRIPTS_SHOWN])
