"""Makes a browser resolve the district's hosts through a location's own name server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from firstbell.journeys.stage.service import Service
from firstbell.runner.diagnosis.targets import Egress, is_address, targets_of

# A working name server answers in a tenth of a second; a silent one delays a browser's start no more than this.
WITHIN_S = 3.0
# Chromium's word for a name that does not exist (net/dns/mapped_host_resolver.cc).
NOT_FOUND = "~NOTFOUND"


def browser_args(services: Iterable[Service], way: Egress) -> tuple[str, ...]:
    """Returns Chromium's arguments that map the hosts of services to the addresses of the egress's name server.

    All other names are resolved by the system, and later changes are unknown until the next start. Empty if the system
    or a proxy resolves names.
    """
    if not way.resolver or way.proxy:
        return ()
    names = dict.fromkeys(target.name for target in targets_of(services, ()))
    return _mapped([name for name in names if not is_address(name)], way.resolver)


def _mapped(names: Sequence[str], resolver: str) -> tuple[str, ...]:
    # Loaded for those who name a server: every worker would start later.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    from firstbell.runner.diagnosis.probes.deadline import Deadline  # noqa: PLC0415
    from firstbell.runner.diagnosis.probes.dns_lookup import (  # noqa: PLC0415
        is_loopback,
        resolve_by_server,
        routable,
    )

    names_to_map = [name for name in names if not is_loopback(name)]
    if not names_to_map:
        return ()
    deadline = Deadline.after(WITHIN_S)
    with ThreadPoolExecutor(len(names_to_map)) as pool:
        found = pool.map(lambda name: resolve_by_server(name, resolver, deadline), names_to_map)
    addresses = (next(iter(routable(lookup.addresses)), NOT_FOUND) for lookup in found)  # The first reachable one.
    rules = (
        f"MAP {name} {f'[{address}]' if ':' in address else address}"
        for name, address in zip(names_to_map, addresses, strict=True)
    )
    return (f"--host-resolver-rules={', '.join(rules)}",)
