"""Whose it is and why: a list of rules, read from top to bottom, of which the first that holds decides.

First what would make every other conclusion worthless (the probe's own), then the way there, then what answered, then
what it showed. A rule holds by what was seen, never by what was not, and blames a service only by something that was
seen of that service itself; so a fact that is missing can make a diagnosis less sure and never surer, and nobody is
blamed who is known to be well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import (
    OWN,
    ClearedService,
    Confidence,
    Diagnosis,
    DiagnosisReason,
    ReasonSource,
)
from firstbell.runner.diagnosis.facts import Facts, is_reached
from firstbell.runner.diagnosis.rules import network, probe
from firstbell.runner.diagnosis.rules import service as answers
from firstbell.runner.diagnosis.rules.conclusion import Conclusion
from firstbell.runner.outcome import Outcome

# Longer than what a failing step says with its title, and short enough for a line of a notice.
SAID_LIMIT = 500

LAST_OUTCOME_WORDS = {"passed": "last passed", "failed": "last failed too"}

Rule = Callable[[Facts], Conclusion | None]

RULES: tuple[Rule, ...] = (
    probe.stranger_in_class,
    probe.machine_overloaded,
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
    answers.dead_link,
    answers.page_states_cause,
    answers.document_is_refused,
    answers.forbidden,
    answers.blank,
    answers.session_is_lost,
    answers.adapter_recognised,
    answers.signalling_is_refused,
    answers.media_failed,
    answers.slow_service,
)
"""In this order."""


def diagnose(facts: Facts) -> Diagnosis:
    """Whose part of the chain broke, and why we think so."""
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
    )


def _printable(because: DiagnosisReason) -> DiagnosisReason:
    """One bounded line: titles, certificates and addresses are written by strangers, and terminals obey them."""
    letters = "".join(letter if letter.isprintable() else " " for letter in because.said[:SAID_LIMIT])
    return replace(because, said=" ".join(letters.split()))


def confidence_of(conclusion: Conclusion, facts: Facts) -> Confidence:
    """How sure: HIGH where it was seen twice and our own way out is proven, or where it is our own;
    MEDIUM where one of the two is missing; LOW where both are, or where the cause is not known."""
    if conclusion.cause in OWN:
        return Confidence.HIGH
    if conclusion.cause is Cause.UNKNOWN:
        return Confidence.LOW
    sure = (facts.confirmed, facts.way_out_is_proven)
    return (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)[sum(sure)]


def _unknown(facts: Facts) -> Conclusion:
    """Nothing that we know of explains it. Whose page did not show what was expected is still worth saying, and is said
    with little confidence; without a page of its own nobody is named."""
    broke, page = facts.broke, facts.page
    if broke is None:
        return Conclusion(
            service="", cause=Cause.UNKNOWN, because=(DiagnosisReason(said=facts.said, source=ReasonSource.MACHINE),)
        )
    # A step that never came to a page is known by what its journey says that it relies on.
    is_theirs = page is not None and (not page.host or facts.whose(page.host) == broke.service)
    said = DiagnosisReason(said=f'{broke.actor} "{broke.title}": {broke.said}', source=ReasonSource.PICTURE)
    service = broke.service if is_theirs and facts.outcome == Outcome.FAILED else ""
    return Conclusion(service=service, cause=Cause.UNKNOWN, because=(said,))


def _secondary_reasons(facts: Facts, conclusion: Conclusion) -> Iterator[DiagnosisReason]:
    """What goes with it, whatever the rule."""
    if conclusion.service and facts.confirmed:
        yield DiagnosisReason(said="a fresh browser met it a second time", source=ReasonSource.PICTURE)
    for changed in facts.changed:
        if changed.service == conclusion.service or conclusion.cause is Cause.UNKNOWN:
            yield DiagnosisReason(said=changed.said, source=ReasonSource.CHECK)
    also = [one.journey for one in facts.beside if conclusion.service and one.service == conclusion.service]
    if also:
        yield DiagnosisReason(said=f"{', '.join(also)} broke at it too", source=ReasonSource.ELSEWHERE)
    for one in facts.elsewhere:
        if one.outcome in LAST_OUTCOME_WORDS:
            yield DiagnosisReason(
                said=f"{facts.journey} {LAST_OUTCOME_WORDS[one.outcome]} from {one.location}",
                source=ReasonSource.ELSEWHERE,
            )


def _cleared_services(facts: Facts) -> Iterator[ClearedService]:
    if facts.way_out_is_proven:
        reached = ", ".join(check.host for check in facts.controls if is_reached(check))
        yield ClearedService(name="the way out of here", why=f"{reached} can be reached")
    for one in facts.beside:
        if one.outcome == Outcome.PASSED:
            yield ClearedService(name=one.journey, why=f"passed at {one.at:%H:%M} UTC")
