"""How a browser is made to find the district's hosts as a location's own name server does."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from firstbell.journeys.stage.service import Service
from firstbell.runner.diagnosis.probes.deadline import Deadline
from firstbell.runner.diagnosis.probes.dns_lookup import is_loopback, resolve_by_server, routable
from firstbell.runner.diagnosis.targets import Egress, is_address, targets_of

# A name server that is there answers in a tenth of a second; one that is not costs a browser's start no more than this.
WITHIN_S = 3.0
# Chromium's word for a name that nobody knows (net/dns/mapped_host_resolver.cc).
NOT_FOUND = "~NOTFOUND"


def browser_args(services: Iterable[Service], way: Egress) -> tuple[str, ...]:
    """What Chromium is started with, so that it goes where the way's own name server says for the hosts that services
    name. Every other name stays the system's, and what has changed since is not known before the next start. Nothing
    where names are the system's, or a proxy's."""
    names = dict.fromkeys(target.name for target in targets_of(services, ()))
    asked = [name for name in names if not is_address(name) and not is_loopback(name)]
    if not way.resolver or way.proxy or not asked:
        return ()
    deadline = Deadline.after(WITHIN_S)
    with ThreadPoolExecutor(len(asked)) as pool:
        found = pool.map(lambda name: resolve_by_server(name, way.resolver, deadline), asked)
    rules = (f"MAP {name} {_place(lookup.addresses)}" for name, lookup in zip(asked, found, strict=True))
    return (f"--host-resolver-rules={', '.join(rules)}",)


def _place(addresses: tuple[str, ...]) -> str:
    """The first address that there is a way to, as Chromium writes it."""
    place = next(iter(routable(addresses)), NOT_FOUND)
    return f"[{place}]" if ":" in place else place
