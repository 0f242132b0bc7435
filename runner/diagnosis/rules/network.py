"""Rules for the network path to a service: names, connections, certificates, and reachability from locations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstbell.artifacts.request_failures import FailedRequest
from firstbell.runner.diagnosis.cause import WORDS, Cause
from firstbell.runner.diagnosis.diagnosis import Confidence, DiagnosisReason, ReasonSource
from firstbell.runner.diagnosis.facts import Facts, OtherLocation
from firstbell.runner.diagnosis.host_check import CheckPart, HostCheck, HostFault
from firstbell.runner.diagnosis.rules.conclusion import Conclusion

BROWSER_ERRORS: Mapping[Cause, str] = {
    Cause.NAME_GONE: "NAME_NOT_RESOLVED NAME_RESOLUTION_FAILED",
    Cause.REFUSED: "CONNECTION_REFUSED",
    Cause.NO_ANSWER: "CONNECTION_TIMED_OUT TIMED_OUT ADDRESS_UNREACHABLE",
    Cause.CUT: "CONNECTION_RESET CONNECTION_CLOSED CONNECTION_ABORTED SOCKET_NOT_CONNECTED EMPTY_RESPONSE "
    "CONTENT_LENGTH_MISMATCH CONTENT_DECODING_FAILED INCOMPLETE_CHUNKED_ENCODING RESPONSE_HEADERS_TRUNCATED "
    "INVALID_HTTP_RESPONSE SSL_PROTOCOL_ERROR SSL_VERSION_OR_CIPHER_MISMATCH HTTP2_PROTOCOL_ERROR "
    "HTTP2_COMPRESSION_ERROR HTTP2_FLOW_CONTROL_ERROR HTTP2_PING_FAILED HTTP2_SERVER_REFUSED_STREAM "
    "QUIC_PROTOCOL_ERROR",
    Cause.CERTIFICATE_EXPIRED: "CERT_DATE_INVALID",
    Cause.CERTIFICATE_NAME: "CERT_COMMON_NAME_INVALID",
    Cause.CERTIFICATE_UNTRUSTED: "CERT_AUTHORITY_INVALID CERT_INVALID CERT_REVOKED CERT_WEAK_KEY "
    "CERT_WEAK_SIGNATURE_ALGORITHM CERT_NAME_CONSTRAINT_VIOLATION CERT_VALIDITY_TOO_LONG "
    "CERTIFICATE_TRANSPARENCY_REQUIRED",
    Cause.REDIRECT_LOOP: "TOO_MANY_REDIRECTS",
}
"""Each cause with Chromium's names for it (net/base/net_error_list.h), without the "ERR_" before them."""
CAUSE_OF_BROWSER_ERROR: Mapping[str, Cause] = {
    f"ERR_{name}": cause for cause, names in BROWSER_ERRORS.items() for name in names.split()
}

CAUSE_OF_HOST_FAULT: Mapping[HostFault, Cause] = {
    HostFault.NAME_GONE: Cause.NAME_GONE,
    HostFault.REFUSED: Cause.REFUSED,
    HostFault.NO_ANSWER: Cause.NO_ANSWER,
    HostFault.UNREACHABLE: Cause.NO_ANSWER,
    HostFault.UNFINISHED: Cause.NO_ANSWER,
    HostFault.RESET: Cause.CUT,
    HostFault.TLS_FAILED: Cause.CUT,
    HostFault.NOT_HTTP: Cause.CUT,
    HostFault.CERTIFICATE_EXPIRED: Cause.CERTIFICATE_EXPIRED,
    HostFault.CERTIFICATE_EARLY: Cause.CERTIFICATE_EXPIRED,
    HostFault.CERTIFICATE_NAME: Cause.CERTIFICATE_NAME,
    HostFault.CERTIFICATE_UNTRUSTED: Cause.CERTIFICATE_UNTRUSTED,
    HostFault.CAPTIVE_PORTAL: Cause.CAPTIVE_PORTAL,
}
"""Each host fault with its cause. An HTTP error is no fault of the path, and a proxy belongs to no service."""

TIMEOUTS = frozenset({HostFault.NO_ANSWER, HostFault.UNFINISHED})
# Causes with an ordinary other explanation at this location: a content filter that opens TLS, a guest network, a cookie
# that is not taken, a host that answers after the check's limit.
UNCERTAIN = frozenset(
    {Cause.CERTIFICATE_UNTRUSTED, Cause.CERTIFICATE_NAME, Cause.REDIRECT_LOOP, Cause.SLOW, Cause.CAPTIVE_PORTAL}
)
# A certificate's dates are hours apart; a clock that is a minute off does not make one invalid.
CLOCK_SURE_S = 60.0


def unreachable_from_here_only(facts: Facts) -> Conclusion | None:
    """Blames this location: another location on the same side reaches the host that this one does not reach."""
    for check in _unreachable_checks(facts):
        same = [other for other in facts.elsewhere if other.inside == facts.inside and _reaches(other, check.host)]
        if facts.inside:  # Inside is nearer to every service: a host that is reached from outside works.
            same += [other for other in facts.elsewhere if not other.inside and _reaches(other, check.host)]
        if same:
            said = f"{check.host} cannot be reached from {facts.location}, but {same[0].location} reaches it"
            because = DiagnosisReason(said=said, source=ReasonSource.ELSEWHERE)
            return Conclusion(service="", cause=Cause.OWN_LOCATION, because=(because,))
    return None


def dropped_outside(facts: Facts) -> Conclusion | None:
    """Blames the district's edge or its provider: the host is reached from inside, but not from outside."""
    for check in _unreachable_checks(facts):
        inside = [other for other in facts.elsewhere if other.inside and _reaches(other, check.host)]
        if inside and not facts.inside:
            where = f"{facts.location} (outside), but can from {inside[0].location} (inside)"
            said = f"{check.host} cannot be reached from {where}"
            because = (DiagnosisReason(said=said, source=ReasonSource.ELSEWHERE), *_check_reasons(check))
            # One location outside may be refused by itself; two are the outside.
            also = [other for other in facts.elsewhere if not other.inside and _fails(other, check.host)]
            at_most = Confidence.HIGH if also else Confidence.MEDIUM
            return Conclusion(service=check.service, cause=Cause.OUTSIDE_DROPPED, because=because, at_most=at_most)
    return None


def captive_portal(facts: Facts) -> Conclusion | None:
    """Finds a captive portal: a page of an unknown host, which must be accepted first, answers in a service's place.

    The service is named only where a control host was reached: otherwise the portal may be in front of every host."""
    page, broke = facts.page, facts.broke
    if broke is None or page is None or page.sign != Cause.CAPTIVE_PORTAL.value or facts.service_at(page.host):
        return None
    service = (facts.service_at(page.asked) or broke.service) if facts.way_out_is_proven else ""
    said = f'{page.host} answers instead with "{page.title or page.text[:80]}"'
    because = DiagnosisReason(said=said, source=ReasonSource.PAGE)
    at_most = Confidence.MEDIUM
    return Conclusion(service=service, cause=Cause.CAPTIVE_PORTAL, because=(because,), at_most=at_most)


def unreachable(facts: Facts) -> Conclusion | None:
    """Finds a host that cannot be reached: by the browser's errors, then by host checks of the failing service."""
    for request in _failed_pages(facts):
        if service := facts.service_at(request.host):
            cause = _cause_of_request(request, facts)
            owner = facts.service if cause is Cause.REDIRECT_LOOP else service
            checks = [check for check in _unreachable_checks(facts) if check.service == service]
            because = (_request_reason(request), *(reason for check in checks for reason in _check_reasons(check)))
            is_checked = any(check.host == request.host for check in checks)
            at_most = _at_most(facts, cause, is_seen_twice=is_checked)
            return Conclusion(service=owner, cause=cause, because=because, at_most=at_most)
    for check in _unreachable_checks(facts):
        if check.service == facts.service:
            cause = _cause_of_check(check)
            # The browser may have got on without this host, or met it a moment before it went.
            is_met = any(request.host == check.host for request in facts.seen.failed_requests)
            at_most = _at_most(facts, cause, is_seen_twice=is_met or not facts.seen.hosts)
            return Conclusion(service=check.service, cause=cause, because=tuple(_check_reasons(check)), at_most=at_most)
    return None


def _at_most(facts: Facts, cause: Cause, *, is_seen_twice: bool) -> Confidence:
    """HIGH only if browser and host check agree, and nothing of this location explains it as well."""
    is_clock_known = facts.clock_ahead_s is not None and abs(facts.clock_ahead_s) < CLOCK_SURE_S
    is_uncertain = cause in UNCERTAIN or (cause is Cause.CERTIFICATE_EXPIRED and not is_clock_known)
    return Confidence.HIGH if is_seen_twice and not is_uncertain else Confidence.MEDIUM


def _failed_pages(facts: Facts) -> Iterator[FailedRequest]:
    """Pages that failed to load with a known error; then pages that wait for a host whose check failed."""
    for request in facts.seen.failed_requests:
        if request.is_page and _error(request) in CAUSE_OF_BROWSER_ERROR:
            yield request
    dead = {check.host for check in _unreachable_checks(facts)}
    for request in facts.seen.failed_requests:
        if request.is_page and request.waited_s and request.host in dead:
            yield request


def _cause_of_request(request: FailedRequest, facts: Facts) -> Cause:
    """The cause by the host check if that failed too, for it knows more than the browser reports."""
    own = next((check for check in _unreachable_checks(facts) if check.host == request.host), None)
    return _cause_of_check(own) if own else CAUSE_OF_BROWSER_ERROR.get(_error(request), Cause.NO_ANSWER)


def _cause_of_check(check: HostCheck) -> Cause:
    """The cause of a failed check. A host that accepts a request and does not answer it in time is slow."""
    assert check.ending is not None  # noqa: S101  # callers pass failed checks only
    is_late = check.ending.stage is CheckPart.HTTP and check.ending.trouble in TIMEOUTS
    return Cause.SLOW if is_late else CAUSE_OF_HOST_FAULT[check.ending.trouble]


def _unreachable_checks(facts: Facts) -> list[HostCheck]:
    """Failed checks of the failing service and of services whose pages failed to load; the failing service's first."""
    services = {facts.service_at(request.host) for request in facts.seen.failed_requests if request.is_page}
    concerned = {facts.service, *services} - {""}
    # A secondary host may be meant for other clients: it counts only if the browser's requests to it failed too.
    failed_hosts = {request.host for request in facts.seen.failed_requests}
    of_services = [check for check in facts.checks if check.service in concerned]
    counted = [check for check in of_services if not check.is_secondary or check.host in failed_hosts]
    # A relay is not on the path to a page: the media rules judge it.
    ended = [(check, check.ending) for check in counted if check.ending and check.ending.stage is not CheckPart.STUN]
    on_the_path = [check for check, ending in ended if ending.trouble in CAUSE_OF_HOST_FAULT]
    return sorted(on_the_path, key=lambda check: check.service != facts.service)


def _reaches(other: OtherLocation, host: str) -> bool:
    return any(check.host == host and check.ending is None for check in other.checks)


def _fails(other: OtherLocation, host: str) -> bool:
    return any(check.host == host and check.ending is not None for check in other.checks)


def _error(request: FailedRequest) -> str:
    return request.error.removeprefix("net::")


def _request_reason(request: FailedRequest) -> DiagnosisReason:
    error = _error(request) or f"no answer for {request.waited_s:.0f} s"
    return DiagnosisReason(
        said=f"{request.host}{request.path} could not be loaded: {error}", source=ReasonSource.REQUESTS
    )


def _check_reasons(check: HostCheck) -> Iterator[DiagnosisReason]:
    yield DiagnosisReason(
        said=f"host check of {check.host}: {WORDS[_cause_of_check(check)]}", source=ReasonSource.CHECK
    )
