"""Rules for a service that is reached but answers with an error, shows the wrong content, or is too slow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstbell.artifacts.request_failures import FailedRequest
from firstbell.journeys.media.proof import MediaFault, MediaProof
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence, DiagnosisReason, ReasonSource
from firstbell.runner.diagnosis.facts import Facts, StepFact, is_dead_link
from firstbell.runner.diagnosis.host_check_text import host_check_text
from firstbell.runner.diagnosis.rules.account import SIGN_IN, SIGNS
from firstbell.runner.diagnosis.rules.background import BLOCKED
from firstbell.runner.diagnosis.rules.conclusion import Conclusion
from firstbell.runner.diagnosis.wordings import capacity_in

GATEWAY = frozenset({502, 504})
FORBIDDEN = ("csp", "mixed-content")
# What an adapter is certain of: its product says so in so many words, whatever the account and the day.
CERTAIN_SIGNS = frozenset({Cause.CAPACITY, Cause.MAINTENANCE, Cause.CLIENT_CERTIFICATE})
# Media faults that a network of this location can cause as well, unless a control relay answers by UDP.
OF_NETWORK = frozenset({Cause.ICE_FAILED, Cause.UDP_BLOCKED, Cause.DTLS_FAILED, Cause.NO_MEDIA})

CAUSE_OF_SIGN: Mapping[str, Cause] = {cause.value: cause for cause in Cause}
"""An adapter's sign is the value of a cause; a test checks that for all adapters."""

CAUSE_OF_MEDIA_FAULT: Mapping[MediaFault, Cause] = {
    MediaFault.NO_OFFER: Cause.SIGNALLING,
    MediaFault.NO_ANSWER: Cause.SIGNALLING,
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
    MediaFault.PROBE_LATE: Cause.OWN_MACHINE,
}


def sign_in_failed_after_form(facts: Facts) -> Conclusion | None:
    """The sign-in form was accepted, but the page to which the sign-in then redirects answers with a gateway error: its
    host belongs to another service, which got no answer from the sign-in. Only in a step that relies on the sign-in.

    Another error of that page may be either's: both are told, and neither is blamed."""
    for page in _failed_pages(facts) if facts.service == SIGN_IN else ():
        owner = facts.service_at(page.host)
        if owner == SIGN_IN or facts.service_at(page.from_host) != SIGN_IN:
            continue
        if owner and page.status >= 500 and page.status not in GATEWAY:
            said = f"{owner} or what it calls ({SIGN_IN}): {_answer_text(page)}"
            because = DiagnosisReason(said=said, source=ReasonSource.REQUESTS)
            return Conclusion(service="", cause=Cause.SERVER_ERROR, because=(because,), at_most=Confidence.MEDIUM)
        if page.status in GATEWAY:
            because = DiagnosisReason(
                said=f"{_answer_text(page)}: its request to {facts.service} failed", source=ReasonSource.REQUESTS
            )
            at_most = Confidence.MEDIUM  # The page's own gateway may be what fails.
            return Conclusion(service=facts.service, cause=Cause.TOKEN_FAILED, because=(because,), at_most=at_most)
    return None


def dead_link(facts: Facts) -> Conclusion | None:
    """Blames the service whose page links to a page that does not exist. Redirects to and from the sign-in are no
    links: there it is not known which side removed the address."""
    for page in _failed_pages(facts):
        service = facts.service_at(page.from_host)
        if is_dead_link(page) and service and SIGN_IN not in (service, facts.service_at(page.host)):
            because = DiagnosisReason(
                said=f"{_answer_text(page)}, linked from {page.from_host}", source=ReasonSource.REQUESTS
            )
            at_most = Confidence.MEDIUM  # The page that is linked to may have been there yesterday.
            return Conclusion(service=service, cause=Cause.DEAD_LINK, because=(because,), at_most=at_most)
    return None


def page_states_cause(facts: Facts) -> Conclusion | None:
    """The page of the failing step states the cause in its own words. Certain only where its status says so too: a
    heading may announce what is to come."""
    page = facts.page
    if page is None or not (service := facts.service_at(page.host)):
        return None
    cause = CAUSE_OF_SIGN.get(page.sign) if page.sign not in SIGNS else None
    full = capacity_in(page.text) if cause is None else ""
    if cause is None and not full:
        return None
    said = f'{page.host} shows "{full or f"{page.title}: {page.text[:100]}"}"'
    is_refused = any(one.host.rpartition(":")[0] == page.host for one in _failed_pages(facts))
    return Conclusion(
        service=service,
        cause=cause or Cause.CAPACITY,
        because=(DiagnosisReason(said=said, source=ReasonSource.PAGE),),
        at_most=Confidence.HIGH if is_refused else Confidence.MEDIUM,
    )


def document_is_refused(facts: Facts) -> Conclusion | None:
    """The page itself was answered with an error."""
    for page in _failed_pages(facts):
        service = facts.service_at(page.host)
        if service and (page.status >= 500 or page.status == 429):
            cause = Cause.CAPACITY if page.status == 429 else Cause.SERVER_ERROR
            because = DiagnosisReason(said=_answer_text(page), source=ReasonSource.REQUESTS)
            # A gateway answers for what is behind it, and 429 may be meant for First Bell's own requests.
            is_certain = page.status not in (*GATEWAY, 429) and service == facts.service
            at_most = Confidence.HIGH if is_certain else Confidence.MEDIUM
            return Conclusion(service=service, cause=cause, because=(because,), at_most=at_most)
    return None


def address_is_gone(facts: Facts) -> Conclusion | None:
    """The address that an actor opened first answers that it does not exist. It is the service's own, from the
    configuration: a page of another service, which may ask browsers not to tell of it, has not led there."""
    broke, page = facts.broke, facts.page
    if broke is None or page is None or any(step.is_well and step.actor == broke.actor for step in facts.steps):
        return None
    for request in _failed_pages(facts):
        is_shown = request.host.rpartition(":")[0] == page.host
        is_own = broke.service != "" and facts.service_at(request.host) == broke.service
        if is_dead_link(request) and not request.from_host and is_shown and is_own:
            said = f"{_answer_text(request)}, and it is the address in the configuration"
            because = DiagnosisReason(said=said, source=ReasonSource.REQUESTS)
            at_most = Confidence.MEDIUM  # It may have moved, and some apps draw themselves on such an answer.
            return Conclusion(service=broke.service, cause=Cause.SERVER_ERROR, because=(because,), at_most=at_most)
    return None


def signalling_is_refused(facts: Facts) -> Conclusion | None:
    """The signalling connection of a class could not be made, or was lost. Products fall back to other ways, so it is
    certain only together with a call that does not come."""
    for request in facts.seen.failed_requests:
        if request.kind != "websocket" or facts.is_ordinary(request):
            continue
        owner = facts.owner_of(request) or (facts.service_at(facts.page.host) if facts.page else "")
        if owner and owner == facts.service:
            because = DiagnosisReason(
                said=f"{request.host}{request.path}: {request.error}", source=ReasonSource.REQUESTS
            )
            return Conclusion(
                service=owner,
                cause=Cause.SIGNALLING,
                because=(because,),
                at_most=Confidence.MEDIUM,
                host=facts.unnamed_host(request),
            )
    return None


def forbidden(facts: Facts) -> Conclusion | None:
    """The page of the failing step is not allowed to load its own content: a resource of its own service, or any script
    if it stayed blank. Blocked third-party statistics do no harm and do not count."""
    page = facts.page
    if page is None or not (service := facts.service_at(page.host)) or service != facts.service:
        return None
    for request in facts.seen.failed_requests:
        is_needed = facts.service_at(request.host) == service or (page.is_blank and request.kind == "script")
        if is_needed and request.error in FORBIDDEN and not facts.is_ordinary(request):
            said = f"{request.host}{request.path} {BLOCKED[request.error]}"
            return Conclusion(
                service=service,
                cause=Cause.CONTENT_BLOCKED,
                because=(DiagnosisReason(said=said, source=ReasonSource.REQUESTS),),
                at_most=Confidence.HIGH if page.is_blank else Confidence.MEDIUM,
                host=facts.unnamed_host(request),
            )
    return None


def blank(facts: Facts) -> Conclusion | None:
    """The page shows nothing, and a script that it needs did not load or was blocked."""
    page = facts.page
    if page is None or not page.is_blank or not (service := facts.service_at(page.host)):
        return None
    failed = [
        request
        for request in facts.seen.failed_requests
        if request.kind == "script" and not facts.is_ordinary(request) and not request.error.endswith("ERR_ABORTED")
    ]
    if not failed:
        return None
    own = [request for request in failed if facts.service_at(request.host) == service]
    request = (own or failed)[0]
    because = (DiagnosisReason(said=f"{_answer_text(request)}", source=ReasonSource.REQUESTS),)
    at_most = Confidence.HIGH if own else Confidence.MEDIUM
    host = facts.unnamed_host(request)
    return Conclusion(service=service, cause=Cause.BLANK, because=because, at_most=at_most, host=host)


def session_is_lost(facts: Facts) -> Conclusion | None:
    """An actor who had a session is asked to sign in again, in a step that relies on another service.

    Only where the actor has passed a step of signing in; with certainty where a step of the service that asks now has
    passed, too. Without one, it may be that very sign-in that fails."""
    broke, page = facts.broke, facts.page
    if broke is None or page is None or not page.asks_to_sign_in or broke.service == SIGN_IN:
        return None
    done = {step.service for step in facts.steps if step.is_well and step.actor == broke.actor}
    owner = facts.service_at(page.host)
    service = owner if owner and owner != SIGN_IN else broke.service
    if SIGN_IN not in done:
        return None
    said = f"{broke.actor} had signed in, but {page.host} asks to sign in again"
    at_most = Confidence.HIGH if service in done else Confidence.MEDIUM
    return Conclusion(
        service=service,
        cause=Cause.SESSION_LOST,
        because=(DiagnosisReason(said=said, source=ReasonSource.PAGE),),
        at_most=at_most if facts.has_passed else Confidence.LOW,
    )


def adapter_recognised(facts: Facts) -> Conclusion | None:
    """The adapter of the product recognised the page. An empty list, a lobby or a rejected code has other explanations
    too: a day without classes, a host who is late, an old key."""
    broke = facts.broke
    if broke is None or not broke.service or broke.sign not in CAUSE_OF_SIGN:
        return None
    cause = CAUSE_OF_SIGN[broke.sign]
    if cause is Cause.SLOW:  # A request that was waited for tells more: `slow.slow_service`.
        return None
    at_most = Confidence.HIGH if cause in CERTAIN_SIGNS else Confidence.MEDIUM
    return Conclusion(service=broke.service, cause=cause, because=(_step_reason(broke),), at_most=at_most)


def media_failed(facts: Facts) -> Conclusion | None:
    """Media does not arrive: by the first media proof that failed, and by what other actors receive."""
    proof = next((proof for proof in facts.proofs if proof.fault is not None), None)
    if proof is None or proof.fault is None or not facts.service:
        return None
    because = (
        DiagnosisReason(said=proof.said, source=ReasonSource.MEDIA),
        *_other_direction(facts, proof),
        *_relay_reasons(facts),
    )
    cause = _cause_of_call(facts, proof)
    is_certain = cause not in OF_NETWORK or any(check.stun and not check.stun.udp.trouble for check in facts.controls)
    # A room that is full, closed or moderated leaves an offer without an answer, or one direction without media, too.
    is_certain = is_certain and proof.fault is not MediaFault.NO_ANSWER and cause is not Cause.ONE_WAY
    at_most = Confidence.HIGH if is_certain else Confidence.MEDIUM
    return Conclusion(service=facts.service, cause=cause, because=because, at_most=at_most)


def _cause_of_call(facts: Facts, proof: MediaProof) -> Cause:
    assert proof.fault is not None  # noqa: S101  # the caller has checked
    nothing_arrives = CAUSE_OF_MEDIA_FAULT[proof.fault] is Cause.NO_MEDIA
    if nothing_arrives and any(_other_direction(facts, proof)):
        return Cause.ONE_WAY
    return CAUSE_OF_MEDIA_FAULT[proof.fault]


def _other_direction(facts: Facts, proof: MediaProof) -> Iterator[DiagnosisReason]:
    """Reasons about the other direction: proved before, or counted on the other actor's page."""
    for other in facts.proofs:
        if (other.observer, other.observed, other.fault) == (proof.observed, proof.observer, None):
            yield DiagnosisReason(said=other.said, source=ReasonSource.MEDIA)
            return
    if proof.observed in facts.seen.receives:
        yield DiagnosisReason(said=f"{proof.observed} receives picture at the same time", source=ReasonSource.MEDIA)


def _relay_reasons(facts: Facts) -> Iterator[DiagnosisReason]:
    """Reasons from host checks of the failing service's relays."""
    for check in facts.checks_of(facts.service):
        if check.stun is not None and (sentence := host_check_text(check)):
            yield DiagnosisReason(said=f"host check of the relay {check.host}: {sentence}", source=ReasonSource.CHECK)


def _failed_pages(facts: Facts) -> list[FailedRequest]:
    """Pages that were answered with an error, the latest first: an earlier one may have been overcome."""
    return [request for request in reversed(facts.seen.failed_requests) if request.is_page and request.status]


def _answer_text(request: FailedRequest) -> str:
    result = f"answered {request.status}" if request.status else f"could not be loaded ({request.error})"
    return f"{request.host}{request.path} {result}"


def _step_reason(broke: StepFact) -> DiagnosisReason:
    return DiagnosisReason(said=f'{broke.actor} "{broke.title}": {broke.said}', source=ReasonSource.PICTURE)
