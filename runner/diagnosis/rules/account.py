"""Rules for a refused account: First Bell's own to mend, unless a service refuses several accounts at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from firstbell.artifacts.request_failures import FailedRequest
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import OF_ACCOUNT, Confidence, DiagnosisReason, ReasonSource
from firstbell.runner.diagnosis.facts import Facts
from firstbell.runner.diagnosis.rules.conclusion import Conclusion
from firstbell.runner.diagnosis.wordings import refusal_code_in, refusal_in

SIGN_IN = "sign-in"
UNAUTHORIZED = 401
REFUSALS = frozenset({400, UNAUTHORIZED, 403, 422, 423, 429})
# A request that sends a user name and a password somewhere goes to an address of this kind.
_SIGN_IN_PATH = re.compile(
    r"log-?in|log_?on|sign-?in|session|token|auth|oauth|saml|adfs|cas|idp|account|password|credential|identity|user",
    re.IGNORECASE,
)
# OAuth's errors that concern the application and not the person (RFC 6749, 4.1.2.1 and 5.2), and a code or token that
# is no password: the service's own trouble.
_OF_APPLICATION = re.compile(
    r"invalid_client|unauthorized_client|invalid_request|unsupported_|server_error|temporarily_unavailable"
    r"|invalid_scope|csrf|redirect_uri|code (is |has |was )?(not |in)?(valid|expired|used)|refresh.?token|pkce",
    re.IGNORECASE,
)
SIGNS = {cause.value: cause for cause in OF_ACCOUNT}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """An account that was refused: the cause, the host that refused it, and the words or the answer."""

    cause: Cause
    host: str
    reason: DiagnosisReason


# Alerts beside a sign-in form that speak of the service and not of the account.
_OUTAGE = re.compile(
    r"unavailable|not available|server|time-?out|timed out|went wrong|problem|error|not answer|maintenance|later",
    re.IGNORECASE,
)


def account_refused(facts: Facts) -> Conclusion | None:
    """The account is refused, by the words beside a sign-in form or by the answer to its request."""
    found = _by_words(facts) or _by_answer(facts)
    return _conclusion(facts, found) if found else None


def account_refused_by_adapter(facts: Facts) -> Conclusion | None:
    """The adapter of the product recognised the refusal. An alert that speaks of an outage is none."""
    broke = facts.broke
    if broke is None or broke.sign not in SIGNS:
        return None
    words = refusal_in(broke.said)
    reason = DiagnosisReason(said=f'{broke.actor} "{broke.title}": {broke.said}', source=ReasonSource.PICTURE)
    if words is None and _OUTAGE.search(broke.said):
        at_most = Confidence.MEDIUM
        return Conclusion(service=broke.service, cause=Cause.SERVER_ERROR, because=(reason,), at_most=at_most)
    cause = words.cause if words else SIGNS[broke.sign]
    return _conclusion(facts, _Refusal(cause=cause, host=facts.page.host if facts.page else "", reason=reason))


def _conclusion(facts: Facts, found: _Refusal) -> Conclusion:
    """One account that is refused is ours to mend: its password has changed or expired, or it is locked. Where other
    accounts were refused in the same minutes, it is the service that refuses people."""
    service = facts.service_at(found.host) or facts.service
    if others := [account for account in facts.refused_accounts if account != facts.account]:
        said = f"other accounts were refused in the same minutes: {', '.join(sorted(others))}"
        because = (found.reason, DiagnosisReason(said=said, source=ReasonSource.ELSEWHERE))
        return Conclusion(service=service, cause=found.cause, because=because)
    signed_in = _others_that_signed_in(facts)
    said = f"First Bell's account{f' {facts.account!r}' if facts.account else ''} needs mending; no service is blamed"
    if signed_in:
        said += f": {signed_in} signed in meanwhile"
    because = (found.reason, DiagnosisReason(said=said, source=ReasonSource.MACHINE))
    at_most = Confidence.HIGH if signed_in else Confidence.MEDIUM
    return Conclusion(service="", cause=found.cause, because=because, at_most=at_most)


def _by_words(facts: Facts) -> _Refusal | None:
    """Words on the page of the failing step, beside a sign-in form or in its place."""
    page = facts.page
    if page is None:
        return None
    is_at_form = page.asks_to_sign_in or facts.service == SIGN_IN
    spoken = next((words for words in reversed(facts.seen.dialogs) if is_at_form and refusal_in(words)), "")
    found = refusal_in(spoken or page.text) if is_at_form else None
    cause = found.cause if found else SIGNS.get(page.sign)
    if cause is None:
        return None
    where = " in a dialog" if spoken else " beside its sign-in form" if page.asks_to_sign_in else ""
    said = f'{page.host} says "{found.quote if found else page.text[:100] or page.title}"{where}'
    return _Refusal(cause=cause, host=page.host, reason=DiagnosisReason(said=said, source=ReasonSource.PAGE))


def _by_answer(facts: Facts) -> _Refusal | None:
    """A sign-in request that was refused while the form is still there. A refusal without words needs the status that
    is meant for it: 400 and 403 have a hundred other reasons."""
    page = facts.page
    if page is None or not page.asks_to_sign_in:
        return None
    for request in reversed(facts.seen.failed_requests):
        is_sent = request.method in ("POST", "PUT") and request.status in REFUSALS
        if not is_sent or _OF_APPLICATION.search(request.said) or facts.is_ordinary(request):
            continue
        words = refusal_in(request.said)
        cause = words.cause if words else refusal_code_in(request.said)
        if cause is None and request.status == UNAUTHORIZED and _SIGN_IN_PATH.search(request.path):
            cause = Cause.CREDENTIALS_REFUSED
        if cause is not None:
            return _Refusal(cause=cause, host=request.host, reason=_answer_reason(request, page.host))
    return None


def _answer_reason(request: FailedRequest, form: str) -> DiagnosisReason:
    words = f' "{request.said}"' if request.said else ""
    said = f"{request.host}{request.path} answered {request.status}{words} to the sign-in form of {form}"
    return DiagnosisReason(said=said, source=ReasonSource.REQUESTS)


def _others_that_signed_in(facts: Facts) -> str:
    """The actors and journeys with other accounts that got past the same service, in this attempt or in a run that has
    begun since: an earlier one passed before a service that now refuses everybody broke."""
    broke = facts.broke
    began = facts.at - timedelta(seconds=sum(step.took_s for step in facts.steps)) if facts.at else None
    actors = {step.actor for step in facts.steps if broke and step.is_well and step.service == broke.service != ""} - {
        broke.actor if broke else ""
    }
    beside = {
        other.journey
        for other in facts.beside
        if other.signed_in and facts.account and facts.account not in other.signed_in
        if began is not None and other.at >= began
    }
    return ", ".join(sorted(actors | beside))
