"""Rules for what lies with whoever looks: they come first, because nothing else that was seen counts then."""

from __future__ import annotations

from firstbell.journeys.media.proof import MediaFault
from firstbell.runner.diagnosis.cause import WORDS, Cause
from firstbell.runner.diagnosis.diagnosis import DiagnosisReason, ReasonSource
from firstbell.runner.diagnosis.facts import Facts, is_reached
from firstbell.runner.diagnosis.host_check import HostCheck, HostFault
from firstbell.runner.diagnosis.rules.conclusion import Conclusion
from firstbell.runner.outcome import Outcome

# One-time codes allow for half a minute, tokens mostly for five; a certificate's dates are hours apart.
CLOCK_IS_WRONG_S = 90.0
# What a wrong clock breaks: whatever holds for a while only.
BY_THE_CLOCK = frozenset({"second-factor", "credentials-refused", "session-lost", "token-failed"})
PROXY_IS_GONE = "ERR_PROXY_CONNECTION_FAILED"
# What becomes of a call where UDP does not come through.
NEEDS_UDP = frozenset({MediaFault.UDP_BLOCKED, MediaFault.ICE_FAILED, MediaFault.NO_PACKETS})
BY_THE_PROXY = frozenset({HostFault.PROXY_GONE, HostFault.PROXY_REFUSED})
NO_NAMES = frozenset({HostFault.NAME_SERVER_SILENT, HostFault.NAME_SERVER_FAILED})


def stranger_in_class(facts: Facts) -> Conclusion | None:
    """Somebody who is not ours was in the class: nothing is judged, and nothing is kept."""
    return _own_conclusion(Cause.STRANGER, facts.said, ReasonSource.PAGE) if facts.is_private else None


def machine_overloaded(facts: Facts) -> Conclusion | None:
    """This machine was starved, full, out of memory, or without names."""
    return _own_conclusion(facts.doubt.cause, facts.doubt.said, ReasonSource.MACHINE) if facts.doubt else None


def browser_broke(facts: Facts) -> Conclusion | None:
    """A page, a browser or a worker of this machine died or hung."""
    is_ours = facts.outcome == Outcome.ERRORED and facts.sign == Cause.OWN_BROWSER.value
    return _own_conclusion(Cause.OWN_BROWSER, facts.said, ReasonSource.MACHINE) if is_ours else None


def dns_unanswered(facts: Facts) -> Conclusion | None:
    """Not even the names of hosts that have nothing to do with the district are answered."""
    silent = [check for check in facts.controls if _host_fault(check) in NO_NAMES]
    if not silent or len(silent) < facts.controls_asked:
        return None
    said = f"the name server does not answer, not for {_hosts(silent)} either"
    return _own_conclusion(Cause.OWN_NAMES, said, ReasonSource.CHECK)


def network_unreachable(facts: Facts) -> Conclusion | None:
    """Hosts that have nothing to do with the district cannot be reached from here either."""
    lost = [check for check in facts.controls if not is_reached(check)]
    if not lost or len(lost) < facts.controls_asked:
        return None
    said = f"{_hosts(lost)} cannot be reached from here either ({_host_fault(lost[0]).value})"  # type: ignore[union-attr]
    return _own_conclusion(Cause.OWN_NETWORK, said, ReasonSource.CHECK)


def proxy_failed(facts: Facts) -> Conclusion | None:
    """The proxy of this location is gone, or does not let us through: whoever is behind it was never asked."""
    if any(request.is_page and request.error.endswith(PROXY_IS_GONE) for request in facts.seen.troubles):
        return _own_conclusion(
            Cause.OWN_LOCATION, f"the proxy of {facts.location} cannot be reached", ReasonSource.REQUESTS
        )
    stopped = [check for check in facts.checks_of(facts.service) if _host_fault(check) in BY_THE_PROXY]
    if not stopped or not facts.service:
        return None
    said = f"the proxy of {facts.location} does not let us through to {_hosts(stopped)}"
    return _own_conclusion(Cause.OWN_LOCATION, said, ReasonSource.CHECK)


def name_server_failed(facts: Facts) -> Conclusion | None:
    """The name server here gives no answer for a name that a second one knows at the same moment."""
    for check in facts.checks_of(facts.service) if facts.service else ():
        if _host_fault(check) in NO_NAMES and check.names and check.names.second and check.names.second.addresses:
            said = f"the name server here does not answer for {check.host}, and the second one does"
            return _own_conclusion(Cause.OWN_NAMES, said, ReasonSource.CHECK)
    return None


def udp_blocked_here(facts: Facts) -> Conclusion | None:
    """A call found no way, and by UDP nothing that has to do with the district answers either."""
    relays = [check for check in facts.controls if check.stun is not None]
    deaf = [check for check in relays if check.stun and check.stun.udp.trouble]
    is_about_it = any(proof.fault in NEEDS_UDP for proof in facts.proofs)
    if not is_about_it or not deaf or len(deaf) < len(relays):
        return None
    return _own_conclusion(
        Cause.OWN_NETWORK, f"{_hosts(deaf)} does not answer by UDP from here either", ReasonSource.CHECK
    )


def clock_wrong(facts: Facts) -> Conclusion | None:
    """Everybody's clock differs from ours, and what failed holds for a while only."""
    ahead_s = facts.clock_ahead_s
    broke = facts.broke
    is_timely = broke is not None and broke.sign in BY_THE_CLOCK
    if ahead_s is None or abs(ahead_s) < CLOCK_IS_WRONG_S or not is_timely:
        return None
    way = "behind" if ahead_s > 0 else "ahead of"
    said = f"this machine's clock is {abs(ahead_s):.0f} s {way} everybody else's"
    return _own_conclusion(Cause.OWN_CLOCK, said, ReasonSource.CHECK)


def _own_conclusion(cause: Cause, said: str, source: ReasonSource) -> Conclusion:
    return Conclusion(service="", cause=cause, because=(DiagnosisReason(said=said or WORDS[cause], source=source),))


def _host_fault(check: HostCheck) -> HostFault | None:
    return check.ending.trouble if check.ending else None


def _hosts(checks: list[HostCheck]) -> str:
    return ", ".join(check.host for check in checks)
