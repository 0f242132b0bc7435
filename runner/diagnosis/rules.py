"""Whose it is and why: a list of rules, read from top to bottom, of which the first that holds decides.

First what would make every other conclusion worthless (the probe's own), then the way there, then what answered, then
what it showed. A rule holds by what was seen, never by what was not, and blames a service only by something that was
seen of that service itself; so a fact that is missing can make a diagnosis less sure and never surer, and nobody is
blamed who is known to be well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from runner.diagnosis import answers, own, way
from runner.diagnosis.cause import Cause
from runner.diagnosis.conclusion import Conclusion
from runner.diagnosis.diagnosis import OWN, Because, Cleared, Confidence, Diagnosis, Source
from runner.diagnosis.facts import Facts, is_reached
from runner.outcome import Outcome

# Longer than what a failing step says with its title, and short enough for a line of a notice.
SAID_LIMIT = 500

LAST_WENT = {"passed": "last passed", "failed": "last failed too"}

Rule = Callable[[Facts], Conclusion | None]

RULES: tuple[Rule, ...] = (
    own.somebody_came_in,
    own.machine_was_short,
    own.browser_broke,
    own.names_are_not_answered,
    own.nothing_can_be_reached,
    own.proxy_is_in_the_way,
    own.name_server_is_wrong,
    own.udp_goes_nowhere,
    own.clock_is_wrong,
    way.only_this_location,
    way.dropped_outside,
    way.captive,
    way.cannot_be_reached,
    answers.sign_in_failed_behind_the_form,
    answers.link_is_dead,
    answers.page_says_so,
    answers.document_is_refused,
    answers.forbidden,
    answers.blank,
    answers.session_is_lost,
    answers.adapter_says_so,
    answers.signalling_is_refused,
    answers.call_says_so,
    answers.does_not_come,
)
"""In this order."""


def diagnose(facts: Facts) -> Diagnosis:
    """Whose part of the chain broke, and why we think so."""
    conclusion = next((found for rule in RULES if (found := rule(facts))), None) or _unknown(facts)
    cleared = tuple(Cleared(name=name, why=why) for name, why in facts.cleared() if name != conclusion.service)
    return Diagnosis(
        service=conclusion.service,
        cause=conclusion.cause,
        confidence=confidence_of(conclusion, facts),
        because=tuple(map(_printable, (*conclusion.because, *_besides(facts, conclusion)))),
        cleared=(*cleared, *_fine_besides(facts)),
        seen_twice=facts.confirmed,
        way_proven=facts.way_out_is_proven,
    )


def _printable(because: Because) -> Because:
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
        return Conclusion(service="", cause=Cause.UNKNOWN, because=(Because(said=facts.said, source=Source.MACHINE),))
    # A step that never came to a page is known by what its journey says that it relies on.
    is_theirs = page is not None and (not page.host or facts.whose(page.host) == broke.service)
    said = Because(said=f'{broke.actor} "{broke.title}": {broke.said}', source=Source.PICTURE)
    service = broke.service if is_theirs and facts.outcome == Outcome.FAILED else ""
    return Conclusion(service=service, cause=Cause.UNKNOWN, because=(said,))


def _besides(facts: Facts, conclusion: Conclusion) -> Iterator[Because]:
    """What goes with it, whatever the rule."""
    if conclusion.service and facts.confirmed:
        yield Because(said="a fresh browser met it a second time", source=Source.PICTURE)
    for changed in facts.changed:
        if changed.service == conclusion.service or conclusion.cause is Cause.UNKNOWN:
            yield Because(said=changed.said, source=Source.CHECK)
    also = [one.journey for one in facts.beside if conclusion.service and one.service == conclusion.service]
    if also:
        yield Because(said=f"{', '.join(also)} broke at it too", source=Source.ELSEWHERE)
    for one in facts.elsewhere:
        if one.outcome in LAST_WENT:
            yield Because(said=f"{facts.journey} {LAST_WENT[one.outcome]} from {one.location}", source=Source.ELSEWHERE)


def _fine_besides(facts: Facts) -> Iterator[Cleared]:
    if facts.way_out_is_proven:
        reached = ", ".join(check.host for check in facts.controls if is_reached(check))
        yield Cleared(name="the way out of here", why=f"{reached} can be reached")
    for one in facts.beside:
        if one.outcome == Outcome.PASSED:
            yield Cleared(name=one.journey, why=f"passed at {one.at:%H:%M} UTC")
