"""Rules for a service that is reached, and answers wrongly, shows the wrong thing, or does not get done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstbell.artifacts.request_failures import FailedRequest as Request
from firstbell.journeys.media.proof import MediaFault, MediaProof
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import DiagnosisReason, ReasonSource
from firstbell.runner.diagnosis.facts import Facts, StepFact, is_dead_link
from firstbell.runner.diagnosis.host_check_text import host_check_text
from firstbell.runner.diagnosis.rules.conclusion import Conclusion

SIGN_IN = "sign-in"
GATEWAY = frozenset({502, 504})
# People begin to reload at about this; no page of a school takes so long on a good day.
SLOW_MS = 5000.0
TIMES_THE_USUAL = 3.0

FORBIDDEN: Mapping[str, str] = {
    "csp": "is forbidden by the policy of the page itself (Content-Security-Policy)",
    "mixed-content": "is asked for without TLS by a page that has it (mixed content)",
}
"""What Chromium says of a request that a page may not make, and what that comes to."""

BY_ADAPTERS: Mapping[str, Cause] = {cause.value: cause for cause in Cause}
"""What adapters may say of their product's pages is the name of a cause; a test holds them to it."""

BY_THE_CALL: Mapping[MediaFault, Cause] = {
    MediaFault.NO_OFFER: Cause.SIGNALLING,
    MediaFault.ICE_FAILED: Cause.ICE_FAILED,
    MediaFault.RELAY_REFUSED: Cause.RELAY_REFUSED,
    MediaFault.UDP_BLOCKED: Cause.UDP_BLOCKED,
    MediaFault.DTLS_FAILED: Cause.DTLS_FAILED,
    MediaFault.ONE_WAY: Cause.ONE_WAY,
    MediaFault.NO_PACKETS: Cause.NO_MEDIA,
    MediaFault.NO_DECODE: Cause.NO_MEDIA,
    MediaFault.NO_PICTURE: Cause.NO_MEDIA,
    MediaFault.BLACK: Cause.BLACK,
    MediaFault.SOMEONE_ELSE: Cause.WRONG_PICTURE,
    MediaFault.FROZEN: Cause.FROZEN,
    MediaFault.SILENT: Cause.SILENT,
}


def sign_in_failed_after_form(facts: Facts) -> Conclusion | None:
    """The form was accepted, and the page that people come back to says that the sign-in did not answer it: a gateway's
    error, at a host of somebody else to whom the sign-in had sent them, in a step that relies on the sign-in."""
    for page in _pages(facts) if facts.service == SIGN_IN else ():
        if page.status in GATEWAY and facts.whose(page.host) != SIGN_IN == facts.whose(page.from_host):
            because = DiagnosisReason(
                said=f"{_answered(page)}: its way to {facts.service} failed", source=ReasonSource.REQUESTS
            )
            return Conclusion(service=facts.service, cause=Cause.TOKEN_FAILED, because=(because,))
    return None


def dead_link(facts: Facts) -> Conclusion | None:
    """A page led to one that is not there: it is the service that gave the link. On the way to the sign-in and back
    nobody gives links: who took which address away is not known."""
    for page in _pages(facts):
        service = facts.whose(page.from_host)
        if is_dead_link(page) and service and SIGN_IN not in (service, facts.whose(page.host)):
            because = DiagnosisReason(
                said=f"{_answered(page)}, where {page.from_host} had led", source=ReasonSource.REQUESTS
            )
            return Conclusion(service=service, cause=Cause.DEAD_LINK, because=(because,))
    return None


def page_states_cause(facts: Facts) -> Conclusion | None:
    """The page of whoever's step failed says in its own words what is wrong."""
    page = facts.page
    if page is None or page.sign not in BY_ADAPTERS or not (service := facts.whose(page.host)):
        return None
    said = f'{page.host} says "{page.title}: {page.text[:100]}"'
    return Conclusion(
        service=service, cause=BY_ADAPTERS[page.sign], because=(DiagnosisReason(said=said, source=ReasonSource.PAGE),)
    )


def document_is_refused(facts: Facts) -> Conclusion | None:
    """The page itself was answered with an error."""
    for page in _pages(facts):
        service = facts.whose(page.host)
        if service and (page.status >= 500 or page.status == 429):
            cause = Cause.CAPACITY if page.status == 429 else Cause.SERVER_ERROR
            because = DiagnosisReason(said=_answered(page), source=ReasonSource.REQUESTS)
            return Conclusion(service=service, cause=cause, because=(because,))
    return None


def signalling_is_refused(facts: Facts) -> Conclusion | None:
    """The connection by which a class is set up could not be made, or was lost."""
    for request in facts.seen.troubles:
        if request.kind == "websocket" and (service := facts.whose(request.host)) and service == facts.service:
            because = DiagnosisReason(
                said=f"{request.host}{request.path}: {request.error}", source=ReasonSource.REQUESTS
            )
            return Conclusion(service=service, cause=Cause.SIGNALLING, because=(because,))
    return None


def forbidden(facts: Facts) -> Conclusion | None:
    """The page that a step failed on may not have what it is made of: of its own service's, or any script where it
    stayed blank. That some stranger's figures are kept out harms nobody."""
    page = facts.page
    if page is None or not (service := facts.whose(page.host)) or service != facts.service:
        return None
    for request in facts.seen.troubles:
        is_missed = facts.whose(request.host) == service or (page.is_blank and request.kind == "script")
        if is_missed and (why := FORBIDDEN.get(request.error)):
            because = DiagnosisReason(said=f"{request.host}{request.path} {why}", source=ReasonSource.REQUESTS)
            return Conclusion(service=service, cause=Cause.CONTENT_BLOCKED, because=(because,))
    return None


def blank(facts: Facts) -> Conclusion | None:
    """The page shows nothing, and a script that it needs could not be had or was blocked."""
    page = facts.page
    if page is None or not page.is_blank or not (service := facts.whose(page.host)):
        return None
    lost = [request for request in facts.seen.troubles if request.kind == "script"]
    if not lost:
        return None
    because = (DiagnosisReason(said=f"{_answered(lost[0])}", source=ReasonSource.REQUESTS),)
    return Conclusion(service=service, cause=Cause.BLANK, because=because)


def session_is_lost(facts: Facts) -> Conclusion | None:
    """Somebody who had signed in is asked to sign in again, in a step that relies on something else."""
    broke, page = facts.broke, facts.page
    if broke is None or page is None or not page.asks_to_sign_in or broke.service == SIGN_IN:
        return None
    if not any(step.service == SIGN_IN and step.is_well and step.actor == broke.actor for step in facts.steps):
        return None
    said = f"{broke.actor} had signed in, and is asked to sign in again at {page.host}"
    whose = facts.whose(page.host)
    service = whose if whose and whose != SIGN_IN else broke.service
    return Conclusion(
        service=service, cause=Cause.SESSION_LOST, because=(DiagnosisReason(said=said, source=ReasonSource.PAGE),)
    )


def adapter_recognised(facts: Facts) -> Conclusion | None:
    """Whoever knows the product's pages recognised what they say."""
    broke = facts.broke
    if broke is None or not broke.service or broke.sign not in BY_ADAPTERS:
        return None
    return Conclusion(service=broke.service, cause=BY_ADAPTERS[broke.sign], because=(_step_reason(broke),))


def media_failed(facts: Facts) -> Conclusion | None:
    """Somebody does not see and hear somebody else: by the first proof that failed, and by what the others receive."""
    proof = next((proof for proof in facts.proofs if proof.fault is not None), None)
    if proof is None or proof.fault is None or not facts.service:
        return None
    because = (DiagnosisReason(said=proof.said, source=ReasonSource.MEDIA), *_other_way(facts, proof), *_relays(facts))
    cause = _cause_of_call(facts, proof)
    return Conclusion(service=facts.service, cause=cause, because=because)


def slow_service(facts: Facts) -> Conclusion | None:
    """Something was waited for that did not come, and a host is known to be slow: slower than any page may be, and than
    it usually is. Of somebody else's host only a page counts: what else is under way there may be meant to wait."""
    waiting = [request for request in facts.seen.troubles if request.waited_s * 1000 >= SLOW_MS]
    for request in waiting:
        service = facts.whose(request.host)
        if service and (request.is_page or service == facts.service):
            said = f"{request.host}{request.path} had given no answer after {request.waited_s:.0f} s"
            return _slow(service, said)
    for host in sorted(facts.seen.hosts, key=lambda host: -host.slowest_ms):
        usual_ms = facts.usual_ms.get(host.host, 0.0)
        is_slow = host.slowest_ms >= max(SLOW_MS, TIMES_THE_USUAL * usual_ms)
        if is_slow and facts.service and facts.whose(host.host) == facts.service:
            usual = f", usually {usual_ms:.0f} ms" if usual_ms else ""
            return _slow(facts.service, f"{host.host} took {host.slowest_ms / 1000:.1f} s to answer{usual}")
    return None


def _slow(service: str, said: str) -> Conclusion:
    return Conclusion(
        service=service, cause=Cause.SLOW, because=(DiagnosisReason(said=said, source=ReasonSource.REQUESTS),)
    )


def _cause_of_call(facts: Facts, proof: MediaProof) -> Cause:
    assert proof.fault is not None  # noqa: S101  # the caller has looked
    nothing_arrives = BY_THE_CALL[proof.fault] is Cause.NO_MEDIA
    if nothing_arrives and any(_other_way(facts, proof)):
        return Cause.ONE_WAY
    return BY_THE_CALL[proof.fault]


def _other_way(facts: Facts, proof: MediaProof) -> Iterator[DiagnosisReason]:
    """What is known of the other direction: proved before, or counted on the other's page."""
    for other in facts.proofs:
        if (other.observer, other.observed, other.fault) == (proof.observed, proof.observer, None):
            yield DiagnosisReason(said=other.said, source=ReasonSource.MEDIA)
            return
    if proof.observed in facts.seen.receives:
        yield DiagnosisReason(said=f"{proof.observed} receives pictures meanwhile", source=ReasonSource.MEDIA)


def _relays(facts: Facts) -> Iterator[DiagnosisReason]:
    """What our own check found of the relays of the service that failed."""
    for check in facts.checks_of(facts.service):
        if check.stun is not None and (sentence := host_check_text(check)):
            yield DiagnosisReason(
                said=f"our own check of the relay {check.host}: {sentence}", source=ReasonSource.CHECK
            )


def _pages(facts: Facts) -> list[Request]:
    """Pages that were answered with an error, the latest first: an earlier one may have been got over."""
    return [request for request in reversed(facts.seen.troubles) if request.is_page and request.status]


def _answered(request: Request) -> str:
    what = f"answered {request.status}" if request.status else f"could not be loaded ({request.error})"
    return f"{request.host}{request.path} {what}"


def _step_reason(broke: StepFact) -> DiagnosisReason:
    return DiagnosisReason(said=f'{broke.actor} "{broke.title}": {broke.said}', source=ReasonSource.PICTURE)
