"""Rules for slowness: a page or a request that a step waited for in vain.

A request that waits on purpose is never slow, and neither is one that waits as long in passing runs. A slow page may
wait for another service behind it, which no browser sees: so the confidence is high only where a check of the host
itself was slow too, and a page of one service in a step of another blames neither.
"""

from __future__ import annotations

from collections.abc import Iterator

from firstbell.artifacts.request_failures import FailedRequest
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence, DiagnosisReason, ReasonSource
from firstbell.runner.diagnosis.facts import Facts
from firstbell.runner.diagnosis.rules.conclusion import Conclusion

# After about this time people reload; no page of a school takes so long on a good day.
SLOW_MS = 5000.0
USUAL_FACTOR = 3.0
# Resource types without which a page does not go on.
NEEDED = frozenset({"script", "stylesheet"})
ASKED = frozenset({"xhr", "fetch"})


def slow_service(facts: Facts) -> Conclusion | None:
    """A step waited in vain, and a request to the service of its page had no answer or a late one; or the page had
    begun and did not end, although each of its requests was answered in time."""
    for request in _candidates(facts):
        if found := _conclusion(facts, request):
            return found
    return _half_a_page(facts)


def _half_a_page(facts: Facts) -> Conclusion | None:
    broke, page = facts.broke, facts.page
    if broke is None or page is None or broke.sign != Cause.SLOW.value or facts.service_at(page.host) != broke.service:
        return None
    said = f'{broke.actor} "{broke.title}": {broke.said}'
    because = (DiagnosisReason(said=said, source=ReasonSource.PICTURE),)
    return Conclusion(service=broke.service, cause=Cause.SLOW, because=because, at_most=Confidence.MEDIUM)


def _candidates(facts: Facts) -> Iterator[FailedRequest]:
    """The slow requests: pages first, then what pages need, then what they ask for; the longest wait first."""
    pending = [request for request in facts.seen.failed_requests if request.waited_s]
    answered = [request for request in facts.seen.slow_answers if request.status < 400]
    slow = [
        request
        for request in (*pending, *answered)
        if request.waited_s * 1000 >= max(SLOW_MS, USUAL_FACTOR * facts.usual_ms.get(request.host, 0.0))
        and not request.meant_to_wait
        and not facts.is_ordinary(request)
    ]
    return iter(sorted(slow, key=lambda request: (_rank(request), bool(request.status), -request.waited_s)))


def _is_awaited(request: FailedRequest) -> bool:
    return request.is_page or request.kind in NEEDED | ASKED


def _rank(request: FailedRequest) -> int:
    if request.is_page:
        return 0
    return 1 if request.kind in NEEDED else 2


def _conclusion(facts: Facts, request: FailedRequest) -> Conclusion | None:
    owner, wanted = facts.owner_of(request), facts.service
    is_pending_page = request.is_page and not request.status
    if not owner or (owner != wanted and not is_pending_page) or not _is_awaited(request):
        return None
    host = facts.unnamed_host(request)
    if owner != wanted:
        return _behind(facts, request, owner)
    reason = DiagnosisReason(said=_text(facts, request), source=ReasonSource.REQUESTS)
    if check := _slow_check(facts, owner):
        return Conclusion(service=owner, cause=Cause.SLOW, because=(reason, check), host=host)
    # A background request is known to be waited for only where passing runs are known, and had none that waited.
    at_most = Confidence.MEDIUM if _rank(request) < 2 or facts.has_passed else Confidence.LOW
    said = f"{owner}, or a service that it calls: this browser cannot tell them apart"
    because = (reason, DiagnosisReason(said=said, source=ReasonSource.REQUESTS))
    return Conclusion(service=owner, cause=Cause.SLOW, because=because, at_most=at_most, host=host)


def _behind(facts: Facts, request: FailedRequest, owner: str) -> Conclusion:
    """A page of one service in a step of another, such as a portal's answer to a sign-in: each may wait for the other.
    One whose own host check is slow is named, else neither."""
    said = f"{owner} or what it calls ({facts.service or 'not known'}): {_text(facts, request)}"
    because = [DiagnosisReason(said=said, source=ReasonSource.REQUESTS)]
    slow = {name: check for name in (owner, facts.service) if name and (check := _slow_check(facts, name))}
    service = next(iter(slow)) if len(slow) == 1 else ""
    return Conclusion(service=service, cause=Cause.SLOW, because=(*because, *slow.values()), at_most=Confidence.MEDIUM)


def _slow_check(facts: Facts, service: str) -> DiagnosisReason | None:
    """The check of a service's host that was slow at that moment too."""
    for check in facts.checks_of(service):
        first_byte_ms = check.http.first_byte_ms if check.http else None
        limit_ms = max(SLOW_MS / 2, USUAL_FACTOR * facts.usual_ms.get(check.host, 0.0))
        if first_byte_ms is not None and first_byte_ms >= limit_ms:
            said = f"a check of {check.host} took {first_byte_ms / 1000:.1f} s to its first byte"
            return DiagnosisReason(said=said, source=ReasonSource.CHECK)
    return None


def _text(facts: Facts, request: FailedRequest) -> str:
    if not request.status:
        return f"{request.host}{request.path} had not answered after {request.waited_s:.0f} s"
    usual_ms = facts.usual_ms.get(request.host, 0.0)
    usual = f", usually {usual_ms:.0f} ms" if usual_ms else ""
    return f"{request.host}{request.path} took {request.waited_s:.1f} s to answer{usual}"
