"""All that is known about a run that did not pass, from every side, before anybody draws a conclusion.

Each part may be missing: what is not known is empty or None, and never counts for or against anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from statistics import median

from firstbell.artifacts.request_failures import FailedRequest
from firstbell.journeys.media.proof import MediaProof
from firstbell.journeys.stage.pages.page_signs import PageSigns
from firstbell.runner.diagnosis.browser_facts import BrowserFacts
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.host_check import HostCheck
from firstbell.runner.diagnosis.host_check import HostFault as HostTrouble


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeProblem:
    """Why a failure cannot be laid at a service's door: what was wrong with this machine."""

    cause: Cause
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFact:
    """One step of the attempt that decided; `said` and `sign` only where it did not end well."""

    actor: str
    title: str
    service: str
    took_s: float
    is_well: bool
    said: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherLocation:
    """How the same things look from another location: its own checks, and how this journey last went there. `inside`:
    it stands in the district's own network."""

    location: str
    inside: bool
    checks: tuple[HostCheck, ...] = ()
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherJourney:
    """How another journey last went at this location."""

    journey: str
    outcome: str
    at: datetime
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceChange:
    """What is different about a service's host since it last was well, in words."""

    service: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`hosts` are the patterns of each service's own hosts, `relies_on` what the journey needs, in order.

    `confirmed`: a second attempt failed too. `usual_ms` is how long each host usually takes to its first byte.
    `controls_asked` is how many hosts that have nothing to do with the district were looked at, whether or not it is
    known what came of it. `changed` is what is different about hosts since they last were well. `inside`: this
    location stands in the district's own network.
    """

    journey: str
    location: str
    outcome: str
    relies_on: tuple[str, ...] = ()
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    steps: tuple[StepFact, ...] = ()
    sign: str = ""
    said: str = ""
    confirmed: bool = False
    inside: bool = False
    is_private: bool = False
    seen: BrowserFacts = field(default_factory=BrowserFacts)
    proofs: tuple[MediaProof, ...] = ()
    checks: tuple[HostCheck, ...] = ()
    controls_asked: int = 0
    elsewhere: tuple[OtherLocation, ...] = ()
    beside: tuple[OtherJourney, ...] = ()
    usual_ms: Mapping[str, float] = field(default_factory=dict)
    changed: tuple[ServiceChange, ...] = ()
    clock_ahead_s: float | None = None
    doubt: ProbeProblem | None = None

    @property
    def broke(self) -> StepFact | None:
        """The step that did not end well."""
        return next((step for step in self.steps if not step.is_well), None)

    @property
    def service(self) -> str:
        """What that step relies on; empty where none failed."""
        return self.broke.service if self.broke else ""

    @property
    def page(self) -> PageSigns | None:
        """The page of the actor whose step failed."""
        return next((page for page in self.seen.pages if self.broke and page.actor == self.broke.actor), None)

    @property
    def controls(self) -> tuple[HostCheck, ...]:
        """The checks of hosts that have nothing to do with the district."""
        return tuple(check for check in self.checks if check.is_control)

    @property
    def way_out_is_proven(self) -> bool:
        """Whether a host that has nothing to do with the district was reached from here at that moment."""
        return any(is_reached(check) for check in self.controls)

    def whose(self, host: str) -> str:
        """The service that a host belongs to, with or without its port; empty for everybody else's. Of several the one
        whose pattern says most: a portal's "*.school.example" does not take the sign-in's "id.school.example". Of those
        that share a host, the one that the step which broke relies on."""
        name = (host.rpartition(":")[0] or host).lower()
        owners = (
            ((_says(pattern), service == self.service), service)
            for service, patterns in self.hosts.items()
            for pattern in patterns
            if fnmatchcase(name, pattern.lower())
        )
        return max(owners, key=lambda owner: owner[0], default=(None, ""))[1]

    def checks_of(self, service: str) -> tuple[HostCheck, ...]:
        """The checks of a service's hosts from here."""
        return tuple(check for check in self.checks if check.service == service)

    def failed_requests_of(self, service: str) -> tuple[FailedRequest, ...]:
        """Requests to a service's hosts that did not end well, and those that its own pages led to nowhere."""

        def is_its(trouble: FailedRequest) -> bool:
            led = is_dead_link(trouble) and self.whose(trouble.from_host) == service
            return led or self.whose(trouble.host) == service

        return tuple(trouble for trouble in self.seen.troubles if is_its(trouble))

    def cleared(self) -> tuple[tuple[str, str], ...]:
        """The services that are known to be well, and how that is known.

        One whose steps all ended well, or whose hosts all answered; with no request to it in trouble and no host of it
        out of reach. A rule that blames somebody needs one of these to be otherwise, so nobody is both.
        """
        met = (*(step.service for step in self.steps), *(check.service for check in self.checks))
        names = dict.fromkeys(name for name in (*self.relies_on, *met) if name)
        found = ((name, why) for name in names if (why := self._well(name)))
        return tuple(found)

    def _well(self, service: str) -> str:
        steps, checks = [step for step in self.steps if step.service == service], self.checks_of(service)
        if service == self.service or self.failed_requests_of(service) or any(check.ending for check in checks):
            return ""
        page = self.page
        if page and (page.sign or page.is_blank) and service in (self.whose(page.host), self.whose(page.asked)):
            return ""
        if steps:
            return f"{steps[-1].title} ({sum(step.took_s for step in steps):.1f} s)"
        waits_ms = [check.http.first_byte_ms for check in checks if check.http and check.http.first_byte_ms is not None]
        if waits_ms:
            return f"answers in {median(waits_ms):.0f} ms"
        return "can be reached" if checks else ""


def _says(pattern: str) -> tuple[bool, int]:
    """How much a pattern says: a whole name more than any with gaps, a long one more than a short one."""
    return not {"*", "?", "["} & set(pattern), len(pattern)


def is_reached(check: HostCheck) -> bool:
    """Whether a host was come to, whatever it answered: one that answers 503 has proven the way to it."""
    return check.ending is None or check.ending.trouble is HostTrouble.HTTP_ERROR


def is_dead_link(trouble: FailedRequest) -> bool:
    """Whether a page led to another one that is not there."""
    return trouble.is_page and trouble.status in (404, 410)


def median_clock_ahead_s(checks: Iterable[HostCheck], seen_s: Sequence[float]) -> float | None:
    """How far the clocks of everybody else are ahead of ours: a middle that one wrong server does not move. None where
    fewer than two said what time it was."""
    told = [check.http.clock_ahead_s for check in checks if check.http and check.http.clock_ahead_s is not None]
    return median([*told, *seen_s]) if len(told) + len(seen_s) >= 2 else None
