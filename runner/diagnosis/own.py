"""Rules for what lies with whoever looks: they come first, because nothing else that was seen counts then."""

from __future__ import annotations

from runner.diagnosis.cause import WORDS, Cause
from runner.diagnosis.conclusion import Conclusion
from runner.diagnosis.diagnosis import Because, Source
from runner.diagnosis.facts import Facts
from runner.diagnosis.host import HostCheck, Trouble

# One-time codes allow for half a minute, tokens mostly for five; a certificate's dates are hours apart.
CLOCK_IS_WRONG_S = 90.0
# What a wrong clock breaks: whatever holds for a while only.
BY_THE_CLOCK = frozenset({"second-factor", "credentials-refused", "session-lost", "token-failed"})
NO_NAMES = frozenset({Trouble.NAME_SERVER_SILENT, Trouble.NAME_SERVER_FAILED})


def somebody_came_in(facts: Facts) -> Conclusion | None:
    """Somebody who is not ours was in the class: nothing is judged, and nothing is kept."""
    return _own(Cause.STRANGER, facts.said, Source.PAGE) if facts.is_private else None


def machine_was_short(facts: Facts) -> Conclusion | None:
    """This machine was starved, full, out of memory, or without names."""
    return _own(facts.doubt.cause, facts.doubt.said, Source.MACHINE) if facts.doubt else None


def browser_broke(facts: Facts) -> Conclusion | None:
    """A page, a browser or a worker of this machine died or hung."""
    is_ours = facts.outcome == "errored" and facts.sign == Cause.OWN_BROWSER.value
    return _own(Cause.OWN_BROWSER, facts.said, Source.MACHINE) if is_ours else None


def names_are_not_answered(facts: Facts) -> Conclusion | None:
    """Not even the names of hosts that have nothing to do with the district are answered."""
    silent = [check for check in facts.controls if _trouble(check) in NO_NAMES]
    if not silent or len(silent) < facts.controls_asked:
        return None
    said = f"the name server does not answer, not for {_hosts(silent)} either"
    return _own(Cause.OWN_NAMES, said, Source.CHECK)


def nothing_can_be_reached(facts: Facts) -> Conclusion | None:
    """Hosts that have nothing to do with the district cannot be reached from here either."""
    lost = [check for check in facts.controls if check.ending is not None]
    if not lost or len(lost) < facts.controls_asked:
        return None
    said = f"{_hosts(lost)} cannot be reached from here either ({_trouble(lost[0]).value})"  # type: ignore[union-attr]
    return _own(Cause.OWN_NETWORK, said, Source.CHECK)


def clock_is_wrong(facts: Facts) -> Conclusion | None:
    """Everybody's clock differs from ours, and what failed holds for a while only."""
    ahead_s = facts.clock_ahead_s
    broke = facts.broke
    is_timely = broke is not None and broke.sign in BY_THE_CLOCK
    if ahead_s is None or abs(ahead_s) < CLOCK_IS_WRONG_S or not is_timely:
        return None
    way = "behind" if ahead_s > 0 else "ahead of"
    said = f"this machine's clock is {abs(ahead_s):.0f} s {way} everybody else's"
    return _own(Cause.OWN_CLOCK, said, Source.CHECK)


def _own(cause: Cause, said: str, source: Source) -> Conclusion:
    return Conclusion(service="", cause=cause, because=(Because(said=said or WORDS[cause], source=source),))


def _trouble(check: HostCheck) -> Trouble | None:
    return check.ending.trouble if check.ending else None


def _hosts(checks: list[HostCheck]) -> str:
    return ", ".join(check.host for check in checks)
