"""Compares a rehearsal with the previous one: better, worse or within noise, each by a named statistical test.

Times, latencies and frame rates use the Mann-Whitney U test, which assumes no distribution: exact for small samples
without ties, else the normal approximation with corrections for ties and continuity. Successes use Fisher's exact test.
Both are two-sided, at 5 %.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from statistics import NormalDist, median
from typing import Literal

from firstbell.runner.outcome import Outcome
from firstbell.runner.rehearsal.document import ComparedRow, ComparisonRow, PersonRow, RecordRow

ALPHA = 0.05
# The exact distribution is cheap up to here, and the approximation good beyond.
EXACT_UP_TO = 20

Change = Literal["better", "worse", "within noise", "too few to tell"]


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> tuple[float, str]:
    """The two-sided p that two samples come from one distribution, and the name of the test.

    Raises ValueError if one of them is empty.
    """
    n, m = len(first), len(second)
    if not n or not m:
        raise ValueError("both samples need values")
    u = sum((a > b) + (a == b) / 2 for a in first for b in second)
    ties = [count for count in Counter([*first, *second]).values() if count > 1]
    if not ties and max(n, m) <= EXACT_UP_TO:
        low = min(u, n * m - u)
        orderings = sum(_count_orderings(n, m, value) for value in range(int(low) + 1))
        return min(1.0, 2 * orderings / math.comb(n + m, n)), "Mann-Whitney U, exact"
    total = n + m
    tied = sum(count**3 - count for count in ties) / (total * (total - 1))
    spread = math.sqrt(n * m / 12 * (total + 1 - tied))
    if spread == 0:
        return 1.0, "Mann-Whitney U, normal approximation"
    z = max(0.0, abs(u - n * m / 2) - 0.5) / spread
    return min(1.0, 2 * (1 - NormalDist().cdf(z))), "Mann-Whitney U, normal approximation"


@cache
def _count_orderings(n: int, m: int, u: int) -> int:
    """Counts the orderings of n and m values with the statistic u: the largest is one of the n, or one of the m."""
    if u < 0:
        return 0
    if n == 0 or m == 0:
        return int(u == 0)
    return _count_orderings(n - 1, m, u - m) + _count_orderings(n, m - 1, u)


def fisher(passed: int, of: int, before_passed: int, before_of: int) -> float:
    """The two-sided p that two success rates are equal: the sum over all tables at most as likely as this one."""
    total, successes = of + before_of, passed + before_passed

    def tables(count: int) -> int:
        return math.comb(of, count) * math.comb(before_of, successes - count)

    possible = range(max(0, successes - before_of), min(of, successes) + 1)
    seen = tables(passed)
    return sum(found for count in possible if (found := tables(count)) <= seen) / math.comb(total, successes)


def compare(now: RecordRow, before: RecordRow) -> ComparisonRow:
    """Compares each figure of two rehearsals of one journey."""
    shape, earlier = _size_text(now), _size_text(before)
    text = "same size" if shape == earlier else f"different size: {earlier} then, {shape} now"
    rows = (_successes(now, before), *_figures(now, before))
    return ComparisonRow(previous=before.id, previous_began_at=before.began_at, said=text, rows=rows)


def _size_text(record: RecordRow) -> str:
    often = "once" if record.rounds == 1 else f"{record.rounds} times"
    return f"{record.students} {record.guest}s within {record.ramp_s:g} s, {often}"


def _figures(record: RecordRow, previous: RecordRow) -> Iterator[ComparedRow]:
    now, before = record.student_rows, previous.student_rows
    for title in record.steps:
        yield _row(f"{title}, median", _took(now, title), _took(before, title), "s", lower_is_better=True)
    yield _row("media latency, median", _latency(now), _latency(before), "ms", lower_is_better=True)
    yield _row("frames per second, median", _frames(now), _frames(before), "", lower_is_better=False)


def _row(title: str, now: Sequence[float], before: Sequence[float], unit: str, *, lower_is_better: bool) -> ComparedRow:
    if not now or not before:
        return ComparedRow(
            title=title, before=_shown(before, unit), now=_shown(now, unit), change="too few to tell", test="none"
        )
    p, test = mann_whitney(now, before)
    # The rank sum gives the direction, not the medians, which can be equal or point the other way.
    is_lower = sum((a < b) - (a > b) for a in now for b in before) > 0
    is_better = is_lower is lower_is_better
    is_too_few = _smallest_p(len(now), len(before)) >= ALPHA
    change: Change = "too few to tell" if is_too_few else _change(p, is_better=is_better)
    return ComparedRow(title=title, before=_shown(before, unit), now=_shown(now, unit), change=change, test=test, p=p)


def _smallest_p(n: int, m: int) -> float:
    """The smallest possible p, for two samples that do not overlap: with three and three values it is 0.1."""
    return 2 / math.comb(n + m, n)


def _successes(now: RecordRow, before: RecordRow) -> ComparedRow:
    (passed, of), (passed_before, of_before) = _passed(now.student_rows), _passed(before.student_rows)
    shown = {"before": f"{passed_before} of {of_before}", "now": f"{passed} of {of}"}
    title = now.success_title
    if not of or not of_before:
        return ComparedRow(title=title, **shown, change="too few to tell", test="none")
    p = fisher(passed, of, passed_before, of_before)
    is_better = passed / of > passed_before / of_before
    return ComparedRow(title=title, **shown, change=_change(p, is_better=is_better), test="Fisher's exact test", p=p)


def _change(p: float, *, is_better: bool) -> Change:
    if p >= ALPHA:
        return "within noise"
    return "better" if is_better else "worse"


def _passed(people: Sequence[PersonRow]) -> tuple[int, int]:
    return (
        sum(person.outcome == Outcome.PASSED for person in people),
        sum(person.outcome in {Outcome.PASSED, Outcome.FAILED} for person in people),
    )


def _took(people: Sequence[PersonRow], title: str) -> list[float]:
    return [step.took_s for person in people if (step := person.step(title))]


def _latency(people: Sequence[PersonRow]) -> list[float]:
    """One value per student: the samples of one student are not independent."""
    return [
        median(found)
        for person in people
        if (
            found := [
                sample.latency_ms for sample in person.looks if sample.latency_ms is not None and not sample.fault
            ]
        )
    ]


def _frames(people: Sequence[PersonRow]) -> list[float]:
    return [sample.frames_per_s for person in people for sample in person.looks[-1:] if not sample.fault]


def _shown(values: Sequence[float], unit: str) -> str:
    if not values:
        return "nothing"
    found = median(values)
    return f"{found:.2f} s" if unit == "s" else f"{found:.0f} {unit}" if unit else f"{found:.1f}"
