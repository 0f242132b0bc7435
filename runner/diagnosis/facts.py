"""The facts about a run that did not pass, collected before the rules draw a conclusion.

Each part may be missing: an unknown fact is empty or None, and counts neither for nor against a service.
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
from firstbell.runner.diagnosis.harmless import HarmlessRequest
from firstbell.runner.diagnosis.host_check import HostCheck, HostFault


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeProblem:
    """A problem of this machine, because of which no service may be blamed."""

    cause: Cause
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFact:
    """One step of the decisive attempt; `said` and `sign` are set only where it did not pass."""

    actor: str
    title: str
    service: str
    took_s: float
    is_well: bool
    said: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOutcome:
    """The outcome of another run in the same minutes; `service` and `cause` are set only where it failed."""

    outcome: str
    at: datetime
    service: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyMemory:
    """The passing runs of one journey at one location: whether there is one (None: not known), and the requests that
    failed or waited in them."""

    has_passed: bool | None = None
    harmless: tuple[HarmlessRequest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherLocation:
    """Another location: its host checks and last outcome of this journey. `inside`: in the district's own network."""

    location: str
    inside: bool
    checks: tuple[HostCheck, ...] = ()
    last: PastOutcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherJourney(PastOutcome):
    """The last outcome of another journey at this location; `signed_in` are the accounts that it used, if it passed."""

    journey: str
    signed_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceChange:
    """A difference of a service's host since its last good check, as a sentence."""

    service: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All facts about one run. `hosts` are the patterns of each service's own hosts; `relies_on` lists the services
    that the journey needs, in order.

    `confirmed`: a second attempt failed too. `usual_ms` is each host's usual time to the first byte. `controls_asked`
    is the number of control hosts (unrelated to the district) that were checked, with or without a result. `changed`
    lists differences of hosts since their last good check. `inside`: this location is in the district's own network.

    `has_passed`: this journey has passed here before; None if that is not known. `harmless` are the requests that
    failed or waited in its passing runs. `account` is the account of the failing step's actor, by its name in the
    configuration; `refused_accounts` are others that were refused in the same minutes. `at` is when the step failed.
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
    probe_problem: ProbeProblem | None = None
    has_passed: bool | None = None
    harmless: tuple[HarmlessRequest, ...] = ()
    account: str = ""
    refused_accounts: tuple[str, ...] = ()
    at: datetime | None = None

    @property
    def broke(self) -> StepFact | None:
        """The step that did not pass."""
        return next((step for step in self.steps if not step.is_well), None)

    @property
    def service(self) -> str:
        """The service that the failing step relies on; empty where no step failed."""
        return self.broke.service if self.broke else ""

    @property
    def page(self) -> PageSigns | None:
        """The page of the actor whose step failed."""
        return next((page for page in self.seen.pages if self.broke and page.actor == self.broke.actor), None)

    @property
    def controls(self) -> tuple[HostCheck, ...]:
        """The checks of control hosts, which are unrelated to the district."""
        return tuple(check for check in self.checks if check.is_control)

    @property
    def way_out_is_proven(self) -> bool:
        """Tells whether a control host was reached from this location at that moment."""
        return any(is_reached(check) for check in self.controls)

    def service_at(self, host: str) -> str:
        """The service that owns a host, given with or without its port; empty for an unknown host.

        Of several the one with the most specific pattern: a portal's "*.school.example" does not take the sign-in's
        "id.school.example". Of services that share a host, the one that the failing step relies on."""
        name = (host.rpartition(":")[0] or host).lower()
        owners = (
            ((_specificity(pattern), service == self.service), service)
            for service, patterns in self.hosts.items()
            for pattern in patterns
            if fnmatchcase(name, pattern.lower())
        )
        return max(owners, key=lambda owner: owner[0], default=(None, ""))[1]

    def owner_of(self, request: FailedRequest) -> str:
        """The service that a request concerns: the owner of its host; of a host without one, the service whose frame or
        page made the request."""
        hosts = (request.host, request.from_host, request.page_host)
        return next((service for host in hosts if host and (service := self.service_at(host))), "")

    def unnamed_host(self, request: FailedRequest) -> str:
        """The host of a request if no service owns it, else nothing."""
        return "" if self.service_at(request.host) else request.host

    def is_ordinary(self, request: FailedRequest) -> bool:
        """Tells whether passing runs of this journey had the same request fail, or wait as long."""
        return any(known.covers(request) for known in self.harmless)

    def checks_of(self, service: str) -> tuple[HostCheck, ...]:
        """The checks of a service's hosts from this location."""
        return tuple(check for check in self.checks if check.service == service)

    def failed_requests_of(self, service: str) -> tuple[FailedRequest, ...]:
        """Failed requests to a service's hosts and to unowned hosts that its pages call, and dead links on its pages;
        without those that fail on good days too."""

        def concerns(request: FailedRequest) -> bool:
            is_linked = is_dead_link(request) and self.service_at(request.from_host) == service
            return is_linked or (self.owner_of(request) == service and not self.is_ordinary(request))

        return tuple(request for request in self.seen.failed_requests if concerns(request))

    def cleared(self) -> tuple[tuple[str, str], ...]:
        """The services that are known to work, each with the fact that proves it.

        A service works if all its steps passed or all its hosts answered, no request to it failed, and none of its
        hosts is out of reach. A rule that blames a service needs one of these to be otherwise, so no service is both.
        """
        concerned = (*(step.service for step in self.steps), *(check.service for check in self.checks))
        names = dict.fromkeys(name for name in (*self.relies_on, *concerned) if name)
        found = ((name, why) for name in names if (why := self._proof_of_health(name)))
        return tuple(found)

    def _proof_of_health(self, service: str) -> str:
        steps, checks = [step for step in self.steps if step.service == service], self.checks_of(service)
        if service == self.service or self.failed_requests_of(service) or any(check.ending for check in checks):
            return ""
        page = self.page
        if (
            page
            and (page.sign or page.is_blank)
            and service in (self.service_at(page.host), self.service_at(page.asked))
        ):
            return ""
        if steps:
            return f"{steps[-1].title} ({sum(step.took_s for step in steps):.1f} s)"
        waits_ms = [check.http.first_byte_ms for check in checks if check.http and check.http.first_byte_ms is not None]
        if waits_ms:
            return f"answers in {median(waits_ms):.0f} ms"
        return "can be reached" if checks else ""


def _specificity(pattern: str) -> tuple[bool, int]:
    """Ranks a pattern: a full name above any wildcard, a long pattern above a short one."""
    return not {"*", "?", "["} & set(pattern), len(pattern)


def is_reached(check: HostCheck) -> bool:
    """Tells whether a host was reached, whatever it answered: an answer of 503 proves the network path to it."""
    return check.ending is None or check.ending.trouble is HostFault.HTTP_ERROR


def is_dead_link(request: FailedRequest) -> bool:
    """Tells whether a page linked to a page that does not exist."""
    return request.is_page and request.status in (404, 410)


def median_clock_ahead_s(checks: Iterable[HostCheck], seen_s: Sequence[float]) -> float | None:
    """The median of how far other servers' clocks are ahead of this one, in seconds: one wrong server does not move it.
    None where fewer than two servers sent their time."""
    servers_s = [check.http.clock_ahead_s for check in checks if check.http and check.http.clock_ahead_s is not None]
    return median([*servers_s, *seen_s]) if len(servers_s) + len(seen_s) >= 2 else None
