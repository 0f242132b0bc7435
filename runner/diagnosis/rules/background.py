"""Rules for requests that the page of the failing step makes: scripts, data, frames.

A browser does not say which of them a page needs, so a request that fails in passing runs too is left out, and no
conclusion here is certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstbell.artifacts.request_failures import FailedRequest
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence, DiagnosisReason, ReasonSource
from firstbell.runner.diagnosis.facts import Facts
from firstbell.runner.diagnosis.rules.conclusion import Conclusion
from firstbell.runner.diagnosis.rules.network import CAUSE_OF_BROWSER_ERROR
from firstbell.runner.diagnosis.wordings import capacity_in

# Pictures, fonts, sounds and statistics are asked for by every page, and no step waits for them.
NEEDED = ("fetch", "xhr", "script", "document", "eventsource", "stylesheet")
MISSING = frozenset({404, 410})
TOO_MANY = 429

BLOCKED: Mapping[str, str] = {
    "csp": "is blocked by the page's own Content-Security-Policy",
    "mixed-content": "is requested without TLS by a page that has TLS (mixed content)",
    "ERR_FAILED": "is not let through by the browser, as where another origin is not allowed (CORS)",
    "ERR_BLOCKED_BY_RESPONSE": "is not let through by the browser: its answer forbids other pages to use it",
    "ERR_BLOCKED_BY_ORB": "is not let through by the browser: its answer is of another kind than asked for",
    "ERR_BLOCKED_BY_CLIENT": "is blocked on this machine",
}
"""Chromium's reasons for a blocked request, each as a phrase."""


def background_request_failed(facts: Facts) -> Conclusion | None:
    """A request of the failing step's page failed: the owner of its host is named, or of a host without one the
    service whose page called it, with the host."""
    for request in _candidates(facts):
        cause, owner = cause_of(request), facts.owner_of(request)
        if cause is not None and owner:
            said = f"{request.host}{request.path} {_failure_text(request)}"
            by = f", called by a page of {owner}" if facts.unnamed_host(request) else ""
            because = (DiagnosisReason(said=said + by, source=ReasonSource.REQUESTS),)
            return Conclusion(
                service=owner,
                cause=cause,
                because=because,
                at_most=Confidence.MEDIUM if facts.has_passed else Confidence.LOW,
                host=facts.unnamed_host(request),
            )
    return None


def cause_of(request: FailedRequest) -> Cause | None:
    """The cause that a failed request stands for; None if it says nothing, as one that the page itself has ended."""
    error = request.error.removeprefix("net::")
    if error:
        return Cause.CONTENT_BLOCKED if error in BLOCKED else CAUSE_OF_BROWSER_ERROR.get(error)
    if request.status == TOO_MANY or (request.status and capacity_in(request.said)):
        return Cause.CAPACITY
    if request.status >= 500 or (request.status in MISSING and request.kind in ("script", "document")):
        return Cause.SERVER_ERROR
    return None


def _candidates(facts: Facts) -> Iterator[FailedRequest]:
    """Requests of the page that is shown now: those of the failing step's service first, then by what pages need most,
    the latest first."""
    page = facts.page
    if page is None:
        return iter(())
    concerned = [
        request
        for request in reversed(facts.seen.failed_requests)
        if request.kind in NEEDED
        and not request.is_page
        and not facts.is_ordinary(request)
        and page.host in (_name(request.page_host), _name(request.from_host))
    ]
    return iter(
        sorted(concerned, key=lambda one: (facts.service_at(one.host) != facts.service, NEEDED.index(one.kind)))
    )


def _name(host: str) -> str:
    return host.rpartition(":")[0] or host


def _failure_text(request: FailedRequest) -> str:
    error = request.error.removeprefix("net::")
    if error:
        return BLOCKED.get(error, f"could not be loaded: {error}")
    return f"answered {request.status}" + (f' "{request.said}"' if request.said else "")
