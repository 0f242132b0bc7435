"""Rules for the way to a service: names, connections, certificates, and from where it can be gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstbell.artifacts.request_failures import FailedRequest as Request
from firstbell.runner.diagnosis.cause import WORDS, Cause
from firstbell.runner.diagnosis.diagnosis import DiagnosisReason, ReasonSource
from firstbell.runner.diagnosis.facts import Facts, OtherLocation
from firstbell.runner.diagnosis.host_check import CheckPart, HostCheck, HostFault
from firstbell.runner.diagnosis.rules.conclusion import Conclusion

BROWSER_SAYS: Mapping[str, Cause] = {
    "ERR_NAME_NOT_RESOLVED": Cause.NAME_GONE,
    "ERR_CONNECTION_REFUSED": Cause.REFUSED,
    "ERR_CONNECTION_TIMED_OUT": Cause.NO_ANSWER,
    "ERR_TIMED_OUT": Cause.NO_ANSWER,
    "ERR_ADDRESS_UNREACHABLE": Cause.NO_ANSWER,
    "ERR_CONNECTION_RESET": Cause.CUT,
    "ERR_CONNECTION_CLOSED": Cause.CUT,
    "ERR_EMPTY_RESPONSE": Cause.CUT,
    "ERR_CONTENT_LENGTH_MISMATCH": Cause.CUT,
    "ERR_INCOMPLETE_CHUNKED_ENCODING": Cause.CUT,
    "ERR_SSL_PROTOCOL_ERROR": Cause.CUT,
    "ERR_CERT_DATE_INVALID": Cause.CERTIFICATE_EXPIRED,
    "ERR_CERT_COMMON_NAME_INVALID": Cause.CERTIFICATE_NAME,
    "ERR_CERT_AUTHORITY_INVALID": Cause.CERTIFICATE_UNTRUSTED,
    "ERR_TOO_MANY_REDIRECTS": Cause.REDIRECT_LOOP,
}
"""Chromium's names (net/base/net_error_list.h) and what they come to."""

CHECK_SAYS: Mapping[HostFault, Cause] = {
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
"""What a check of ours found, and what it comes to. An HTTP error is not the way's, and a proxy is no service's."""

LATE = frozenset({HostFault.NO_ANSWER, HostFault.UNFINISHED})


def unreachable_from_here_only(facts: Facts) -> Conclusion | None:
    """What cannot be reached from here can be from another location of the same side: it is this location."""
    for check in _lost(facts):
        same = [one for one in facts.elsewhere if one.inside == facts.inside and _reaches(one, check.host)]
        if facts.inside:  # Inside is nearer to everything: what is well from outside is not broken.
            same += [one for one in facts.elsewhere if not one.inside and _reaches(one, check.host)]
        if same:
            said = f"{check.host} cannot be reached from {facts.location} and can from {same[0].location}"
            because = DiagnosisReason(said=said, source=ReasonSource.ELSEWHERE)
            return Conclusion(service="", cause=Cause.OWN_LOCATION, because=(because,))
    return None


def dropped_outside(facts: Facts) -> Conclusion | None:
    """What cannot be reached from outside can be from inside: the district's edge, or its provider."""
    for check in _lost(facts):
        inside = [one for one in facts.elsewhere if one.inside and _reaches(one, check.host)]
        if inside and not facts.inside:
            there = f"can from {inside[0].location}, inside"
            said = f"{check.host} cannot be reached from {facts.location}, outside, and {there}"
            because = (DiagnosisReason(said=said, source=ReasonSource.ELSEWHERE), *_checked(check))
            return Conclusion(service=check.service, cause=Cause.OUTSIDE_DROPPED, because=because)
    return None


def captive_portal(facts: Facts) -> Conclusion | None:
    """A page of somebody else, which wants to be accepted first, answers in a service's place. Whether it stands before
    that service or before everything is only known where something else was reached, so else nobody is named."""
    page, broke = facts.page, facts.broke
    if broke is None or page is None or page.sign != Cause.CAPTIVE_PORTAL.value or facts.whose(page.host):
        return None
    service = (facts.whose(page.asked) or broke.service) if facts.way_out_is_proven else ""
    said = f'{page.host} answers instead, and says "{page.title or page.text[:80]}"'
    because = DiagnosisReason(said=said, source=ReasonSource.PAGE)
    return Conclusion(service=service, cause=Cause.CAPTIVE_PORTAL, because=(because,))


def unreachable(facts: Facts) -> Conclusion | None:
    """A host cannot be reached: what the browser met, then what our own checks met at the service that failed."""
    for request in _failed_pages(facts):
        if service := facts.whose(request.host):
            cause = _cause_of(request, facts)
            owner = facts.service if cause is Cause.REDIRECT_LOOP else service
            checks = [check for check in _lost(facts) if check.service == service]
            because = (_said(request), *(reason for check in checks for reason in _checked(check)))
            return Conclusion(service=owner, cause=cause, because=because)
    for check in _lost(facts):
        if check.service == facts.service:
            return Conclusion(service=check.service, cause=_cause(check), because=tuple(_checked(check)))
    return None


def _failed_pages(facts: Facts) -> Iterator[Request]:
    """Pages that could not be had, with an error that means something; then those that a dead host keeps waiting."""
    for trouble in facts.seen.troubles:
        if trouble.is_page and _error(trouble) in BROWSER_SAYS:
            yield trouble
    dead = {check.host for check in _lost(facts)}
    for trouble in facts.seen.troubles:
        if trouble.is_page and trouble.waited_s and trouble.host in dead:
            yield trouble


def _cause_of(request: Request, facts: Facts) -> Cause:
    """By our own check where it did not get there either: it knows more than the browser tells."""
    own = next((check for check in _lost(facts) if check.host == request.host), None)
    return _cause(own) if own else BROWSER_SAYS.get(_error(request), Cause.NO_ANSWER)


def _cause(check: HostCheck) -> Cause:
    """What a check that ended on the way comes to. A host that takes a request and lets it wait is there, and slow."""
    assert check.ending is not None  # noqa: S101  # only lost ones come here
    is_late = check.ending.stage is CheckPart.HTTP and check.ending.trouble in LATE
    return Cause.SLOW if is_late else CHECK_SAYS[check.ending.trouble]


def _lost(facts: Facts) -> list[HostCheck]:
    """The checks that ended on the way, of the service that failed and of those whose pages could not be had."""
    met = {facts.whose(trouble.host) for trouble in facts.seen.troubles if trouble.is_page}
    concerned = {facts.service, *met} - {""}
    # A host beside the front door may be meant for others: it counts where the browser had trouble with it too.
    wanted = {trouble.host for trouble in facts.seen.troubles}
    theirs = [check for check in facts.checks if check.service in concerned]
    lost = [check for check in theirs if not check.is_secondary or check.host in wanted]
    # A relay is not on the way to a page: what is wrong with it is the call's to say.
    ended = [(check, check.ending) for check in lost if check.ending and check.ending.stage is not CheckPart.STUN]
    on_the_way = [check for check, ending in ended if ending.trouble in CHECK_SAYS]
    return sorted(on_the_way, key=lambda check: check.service != facts.service)


def _reaches(one: OtherLocation, host: str) -> bool:
    return any(check.host == host and check.ending is None for check in one.checks)


def _error(request: Request) -> str:
    return request.error.removeprefix("net::")


def _said(request: Request) -> DiagnosisReason:
    what = _error(request) or f"no answer for {request.waited_s:.0f} s"
    return DiagnosisReason(
        said=f"{request.host}{request.path} could not be loaded: {what}", source=ReasonSource.REQUESTS
    )


def _checked(check: HostCheck) -> Iterator[DiagnosisReason]:
    yield DiagnosisReason(said=f"our own check of {check.host}: {WORDS[_cause(check)]}", source=ReasonSource.CHECK)
