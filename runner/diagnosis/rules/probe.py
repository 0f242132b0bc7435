"""Rules for faults of First Bell itself. They come first: with such a fault no other observation counts."""

from __future__ import annotations

from firstbell.journeys.media.proof import MediaFault
from firstbell.runner.diagnosis.cause import WORDS, Cause
from firstbell.runner.diagnosis.diagnosis import Confidence, DiagnosisReason, ReasonSource
from firstbell.runner.diagnosis.facts import Facts, is_reached
from firstbell.runner.diagnosis.host_check import HostCheck, HostFault
from firstbell.runner.diagnosis.rules.conclusion import Conclusion
from firstbell.runner.outcome import Outcome

# One-time codes allow for half a minute, tokens mostly for five; a certificate's dates are hours apart.
CLOCK_WRONG_S = 90.0
# Signs of failures that a wrong clock can cause: they concern things that are valid for a short time.
CLOCK_DEPENDENT = frozenset({"second-factor", "credentials-refused", "session-lost", "token-failed"})
PROXY_IS_GONE = "ERR_PROXY_CONNECTION_FAILED"
# Faults of a call that blocked UDP can cause.
NEEDS_UDP = frozenset({MediaFault.UDP_BLOCKED, MediaFault.ICE_FAILED, MediaFault.NO_PACKETS})
PROXY_FAULTS = frozenset({HostFault.PROXY_GONE, HostFault.PROXY_REFUSED})
DNS_FAULTS = frozenset({HostFault.NAME_SERVER_SILENT, HostFault.NAME_SERVER_FAILED})


def stranger_in_class(facts: Facts) -> Conclusion | None:
    """An unknown person was in the class: nothing is judged, and nothing is kept."""
    return _own_conclusion(Cause.STRANGER, facts.said, ReasonSource.PAGE) if facts.is_private else None


def machine_overloaded(facts: Facts) -> Conclusion | None:
    """This machine lacked processor time, disk space, memory or DNS."""
    return (
        _own_conclusion(facts.probe_problem.cause, facts.probe_problem.said, ReasonSource.MACHINE)
        if facts.probe_problem
        else None
    )


def looked_too_seldom(facts: Facts) -> Conclusion | None:
    """A media proof says that this machine could not look at the page often enough."""
    late = next((proof for proof in facts.proofs if proof.fault is MediaFault.PROBE_LATE), None)
    return _own_conclusion(Cause.OWN_MACHINE, late.said, ReasonSource.MEDIA) if late else None


def browser_broke(facts: Facts) -> Conclusion | None:
    """A page, a browser or a worker of this machine crashed or hung."""
    is_own_browser = facts.outcome == Outcome.ERRORED and facts.sign == Cause.OWN_BROWSER.value
    return _own_conclusion(Cause.OWN_BROWSER, facts.said, ReasonSource.MACHINE) if is_own_browser else None


def dns_unanswered(facts: Facts) -> Conclusion | None:
    """The name server does not answer for control hosts either."""
    silent = [check for check in facts.controls if _host_fault(check) in DNS_FAULTS]
    if not silent or len(silent) < facts.controls_asked or _is_service_reached(facts):
        return None
    said = f"the name server does not answer for {_hosts(silent)} either"
    return _own_conclusion(Cause.OWN_NAMES, said, ReasonSource.CHECK)


def network_unreachable(facts: Facts) -> Conclusion | None:
    """Control hosts cannot be reached from this location either."""
    unreached = [check for check in facts.controls if not is_reached(check)]
    if not unreached or len(unreached) < facts.controls_asked or _is_service_reached(facts):
        return None
    said = f"{_hosts(unreached)} cannot be reached from here either ({_host_fault(unreached[0]).value})"  # type: ignore[union-attr]
    return _own_conclusion(Cause.OWN_NETWORK, said, ReasonSource.CHECK)


def proxy_failed(facts: Facts) -> Conclusion | None:
    """The proxy of this location is down or refuses requests: the services behind it were never asked."""
    if any(request.is_page and request.error.endswith(PROXY_IS_GONE) for request in facts.seen.failed_requests):
        return _own_conclusion(
            Cause.OWN_LOCATION, f"the proxy of {facts.location} cannot be reached", ReasonSource.REQUESTS
        )
    stopped = [check for check in facts.checks_of(facts.service) if _host_fault(check) in PROXY_FAULTS]
    if not stopped or not facts.service:
        return None
    said = f"the proxy of {facts.location} refuses requests to {_hosts(stopped)}"
    is_gone = any(_host_fault(check) is HostFault.PROXY_GONE for check in stopped)
    at_most = Confidence.HIGH if is_gone else Confidence.MEDIUM
    return _own_conclusion(Cause.OWN_LOCATION, said, ReasonSource.CHECK, at_most=at_most)


def name_server_failed(facts: Facts) -> Conclusion | None:
    """The name server here does not answer for a name that a second one resolves at the same moment."""
    for check in facts.checks_of(facts.service) if facts.service else ():
        if _host_fault(check) in DNS_FAULTS and check.names and check.names.second and check.names.second.addresses:
            said = f"the name server here does not answer for {check.host}, but the second one does"
            # A zone that is signed wrongly looks the same where only the first name server checks signatures.
            return _own_conclusion(Cause.OWN_NAMES, said, ReasonSource.CHECK, at_most=Confidence.MEDIUM)
    return None


def udp_blocked_here(facts: Facts) -> Conclusion | None:
    """A call found no network path, and no control relay answers by UDP either."""
    relays = [check for check in facts.controls if check.stun is not None]
    unanswered = [check for check in relays if check.stun and check.stun.udp.trouble]
    is_call_failure = any(proof.fault in NEEDS_UDP for proof in facts.proofs)
    if not is_call_failure or not unanswered or len(unanswered) < len(relays):
        return None
    said = f"{_hosts(unanswered)} does not answer by UDP from here either"
    # One control relay may be down by itself.
    at_most = Confidence.HIGH if len(unanswered) > 1 else Confidence.MEDIUM
    return _own_conclusion(Cause.OWN_NETWORK, said, ReasonSource.CHECK, at_most=at_most)


def clock_wrong(facts: Facts) -> Conclusion | None:
    """Other servers' clocks differ from this machine's, and the failure depends on time."""
    ahead_s = facts.clock_ahead_s
    broke = facts.broke
    is_clock_dependent = broke is not None and broke.sign in CLOCK_DEPENDENT
    if ahead_s is None or abs(ahead_s) < CLOCK_WRONG_S or not is_clock_dependent:
        return None
    direction = "behind" if ahead_s > 0 else "ahead of"
    said = f"this machine's clock is {abs(ahead_s):.0f} s {direction} other servers' clocks"
    # A wrong clock refuses codes and tokens; a password that is refused may simply be wrong.
    at_most = Confidence.MEDIUM if broke and broke.sign == Cause.CREDENTIALS_REFUSED.value else Confidence.HIGH
    return _own_conclusion(Cause.OWN_CLOCK, said, ReasonSource.CHECK, at_most=at_most)


def _is_service_reached(facts: Facts) -> bool:
    """Tells whether the failing service was reached: then the network works, and the controls are what is down. Other
    services do not count: they may stand in this location's own network, whose way out is lost."""
    return bool(facts.service) and any(is_reached(check) for check in facts.checks_of(facts.service))


def _own_conclusion(
    cause: Cause, said: str, source: ReasonSource, *, at_most: Confidence = Confidence.HIGH
) -> Conclusion:
    because = (DiagnosisReason(said=said or WORDS[cause], source=source),)
    return Conclusion(service="", cause=cause, because=because, at_most=at_most)


def _host_fault(check: HostCheck) -> HostFault | None:
    return check.ending.trouble if check.ending else None


def _hosts(checks: list[HostCheck]) -> str:
    return ", ".join(check.host for check in checks)
