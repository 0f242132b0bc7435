"""Diagnoses a run by a table of rules, from top to bottom; the first rule that applies decides.

First come faults of First Bell itself, which would make every other conclusion worthless, then the network path, then
the answer, then the content. A rule applies because of an observation, never because of a missing one, and blames a
service only for an observation of that service itself. So a missing fact can lower the confidence of a diagnosis and
never raise it, and no service that is known to work is blamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from firstbell.journeys.stage.pages.page_signs import PageSigns
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import (
    OF_ACCOUNT,
    OWN,
    ClearedService,
    Confidence,
    Diagnosis,
    DiagnosisReason,
    ReasonSource,
)
from firstbell.runner.diagnosis.facts import Facts, PastOutcome, is_reached
from firstbell.runner.diagnosis.rules import account, background, network, probe, slow
from firstbell.runner.diagnosis.rules import service as answers
from firstbell.runner.diagnosis.rules.conclusion import Conclusion
from firstbell.runner.outcome import Outcome

# Longer than the message of a failing step with its title, and short enough for a line of a notice.
SAID_LIMIT = 500

# Two failures have the same cause if they are this near to each other: journeys are minutes apart in school hours.
SAME_MINUTES = timedelta(minutes=10)

Rule = Callable[[Facts], Conclusion | None]

RULES: tuple[Rule, ...] = (
    probe.stranger_in_class,
    probe.machine_overloaded,
    probe.looked_too_seldom,
    probe.browser_broke,
    probe.dns_unanswered,
    probe.network_unreachable,
    probe.proxy_failed,
    probe.name_server_failed,
    probe.udp_blocked_here,
    probe.clock_wrong,
    network.unreachable_from_here_only,
    network.dropped_outside,
    network.captive_portal,
    network.unreachable,
    answers.sign_in_failed_after_form,
    account.account_refused,
    answers.dead_link,
    answers.page_states_cause,
    answers.document_is_refused,
    answers.address_is_gone,
    answers.forbidden,
    answers.blank,
    answers.session_is_lost,
    account.account_refused_by_adapter,
    answers.adapter_recognised,
    answers.signalling_is_refused,
    answers.media_failed,
    background.background_request_failed,
    slow.slow_service,
)
"""The rules, in order of precedence."""


def diagnose(facts: Facts) -> Diagnosis:
    """Finds the service that caused a failure, and the reasons."""
    conclusion = next((found for rule in RULES if (found := rule(facts))), None) or _unknown(facts)
    cleared = tuple(ClearedService(name=name, why=why) for name, why in facts.cleared() if name != conclusion.service)
    return Diagnosis(
        service=conclusion.service,
        cause=conclusion.cause,
        confidence=confidence_of(conclusion, facts),
        because=tuple(map(_printable, (*conclusion.because, *_secondary_reasons(facts, conclusion)))),
        cleared=(*cleared, *_cleared_services(facts)),
        seen_twice=facts.confirmed,
        way_proven=facts.way_out_is_proven,
        host=conclusion.host,
        under_construction=facts.has_passed is False,
    )


def _printable(because: DiagnosisReason) -> DiagnosisReason:
    """One bounded, printable line: titles, certificates and addresses come from outside, and terminals obey them."""
    text = "".join(char if char.isprintable() else " " for char in because.said[:SAID_LIMIT])
    return replace(because, said=" ".join(text.split()))


def confidence_of(conclusion: Conclusion, facts: Facts) -> Confidence:
    """The confidence, which is never above what the evidence of the rule allows.

    About First Bell itself: what the rule allows. About a service: HIGH if a second attempt failed too, a control host
    was reached, and the journey has passed here before; MEDIUM if one of the three is missing; LOW if more are, if the
    journey is known never to have passed here, or if the cause is not known."""
    if conclusion.cause in OWN or (conclusion.cause in OF_ACCOUNT and not conclusion.service):
        return conclusion.at_most
    if conclusion.cause is Cause.UNKNOWN or facts.has_passed is False:
        return Confidence.LOW
    missing = [facts.confirmed, facts.way_out_is_proven, facts.has_passed].count(False)
    missing += facts.has_passed is None
    rank = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)
    return max(rank[min(missing, 2)], conclusion.at_most, key=rank.index)


def _unknown(facts: Facts) -> Conclusion:
    """The conclusion where no rule applies: names the service whose page did not show what was expected, with low
    confidence; without a page of that service it names none."""
    broke, page = facts.broke, facts.page
    if broke is None:
        return Conclusion(
            service="", cause=Cause.UNKNOWN, because=(DiagnosisReason(said=facts.said, source=ReasonSource.MACHINE),)
        )
    # A step that reached no page counts for the service that it relies on.
    is_own_page = page is not None and (not page.host or facts.service_at(page.host) == broke.service)
    said = DiagnosisReason(said=f'{broke.actor} "{broke.title}": {broke.said}', source=ReasonSource.PICTURE)
    service = broke.service if is_own_page and facts.outcome == Outcome.FAILED else ""
    shown = _page_text(page) if page else ()
    return Conclusion(service=service, cause=Cause.UNKNOWN, because=(said, *shown))


def _page_text(page: PageSigns) -> tuple[DiagnosisReason, ...]:
    """The page that was there instead of the expected one: by its title, since its text may name people."""
    shown = f'"{page.title}"' if page.title else "a page without a title" if page.text else "nothing"
    said = f"{page.host or 'the page'} shows {shown}"
    return (DiagnosisReason(said=said, source=ReasonSource.PAGE),)


def _secondary_reasons(facts: Facts, conclusion: Conclusion) -> Iterator[DiagnosisReason]:
    """Reasons that support a conclusion, whatever its rule."""
    if conclusion.service and facts.confirmed:
        yield DiagnosisReason(said="a second attempt in a new browser failed too", source=ReasonSource.PICTURE)
    for changed in facts.changed:
        if changed.service == conclusion.service or conclusion.cause is Cause.UNKNOWN:
            yield DiagnosisReason(said=changed.said, source=ReasonSource.CHECK)
    also = [
        f"{other.journey} ({other.at:%H:%M} UTC)" for other in facts.beside if _is_same_fault(other, facts, conclusion)
    ]
    if also:
        text = f"other journeys broke in the same way: {', '.join(also)}"
        yield DiagnosisReason(said=text, source=ReasonSource.ELSEWHERE)
    for place in facts.elsewhere:
        last = place.last
        if last is None or not _is_recent(last, facts):
            continue
        said = "passed" if last.outcome == Outcome.PASSED else ""
        said = "failed in the same way" if _is_same_fault(last, facts, conclusion) else said
        if said:
            text = f"the last run of {facts.journey} from {place.location} ({last.at:%H:%M} UTC) {said}"
            yield DiagnosisReason(said=text, source=ReasonSource.ELSEWHERE)


def _is_recent(other: PastOutcome, facts: Facts) -> bool:
    """Tells whether another run is of the same minutes as this one."""
    return facts.at is None or abs(facts.at - other.at) <= SAME_MINUTES


def _is_same_fault(other: PastOutcome, facts: Facts, conclusion: Conclusion) -> bool:
    """Tells whether another run failed by the same service and for the same known cause, in the same minutes."""
    same = (other.service, other.cause) == (conclusion.service, conclusion.cause.value)
    is_known = conclusion.service != "" and conclusion.cause is not Cause.UNKNOWN
    return is_known and same and other.outcome == Outcome.FAILED and _is_recent(other, facts)


def _cleared_services(facts: Facts) -> Iterator[ClearedService]:
    if facts.way_out_is_proven:
        reached = ", ".join(check.host for check in facts.controls if is_reached(check))
        yield ClearedService(name="network of this location", why=f"{reached} can be reached")
    for other in facts.beside:
        if other.outcome == Outcome.PASSED and _is_recent(other, facts):
            yield ClearedService(name=other.journey, why=f"passed at {other.at:%H:%M} UTC")
