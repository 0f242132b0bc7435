"""Diagnosis rules: one row for each cause, and properties that hold for any facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbell.artifacts.request_failures import FailedRequest, HostTraffic
from firstbell.journeys.media.proof import MediaFault, MediaProof
from firstbell.journeys.stage.pages.page_signs import PageSigns
from firstbell.runner.diagnosis.browser_facts import BrowserFacts
from firstbell.runner.diagnosis.cause import WORDS, Cause
from firstbell.runner.diagnosis.diagnosis import OF_ACCOUNT, OWN, Confidence
from firstbell.runner.diagnosis.facts import (
    Facts,
    OtherJourney,
    OtherLocation,
    PastOutcome,
    ProbeProblem,
    ServiceChange,
    StepFact,
    median_clock_ahead_s,
)
from firstbell.runner.diagnosis.harmless import HarmlessEffect, HarmlessRequest
from firstbell.runner.diagnosis.host_check import (
    Certificate,
    Connection,
    DnsLookup,
    DnsLookups,
    HostCheck,
    HttpAnswer,
    RelayCheck,
    TlsHandshake,
)
from firstbell.runner.diagnosis.host_check import HostFault as Found
from firstbell.runner.diagnosis.rules.table import SAID_LIMIT, diagnose

AT = datetime(2026, 8, 31, 11, 46, tzinfo=UTC)
HOSTS = {
    "edge": ("portal.x",),
    "sign-in": ("id.x",),
    "platform": ("learn.x",),
    "live-class": ("live.x", "*.live.x"),
    "plan-b": ("meet.x",),
}


def step(service: str, **given: Any) -> StepFact:
    usual: dict[str, Any] = {"actor": "student", "title": f"uses {service}", "took_s": 1.0}
    return StepFact(service=service, **(usual | given))


def well(service: str) -> StepFact:
    return step(service, is_well=True)


def bad(service: str, **given: Any) -> StepFact:
    return step(service, is_well=False, **({"said": "it did not come"} | given))


def page(host: str, **given: Any) -> PageSigns:
    return PageSigns(actor="student", host=host, **given)


def check(host: str, trouble: Found | None = None, **given: Any) -> HostCheck:
    """A check that failed to connect with this fault, or reached the host."""
    service = next((name for name, hosts in HOSTS.items() if host in hosts), "")
    parts: dict[str, Any] = {"tcp": (Connection(address="192.0.2.1", trouble=trouble),)} | given
    return HostCheck(host=f"{host}:443", service=service, is_control=not service, at=AT, **parts)


def document(host: str, **given: Any) -> FailedRequest:
    usual: dict[str, Any] = {"path": "/", "method": "GET", "kind": "document", "is_page": True}
    return FailedRequest(host=f"{host}:443", **(usual | given))


def seen(*troubles: FailedRequest, pages: tuple[PageSigns, ...] = (), **given: Any) -> BrowserFacts:
    return BrowserFacts(failed_requests=troubles, pages=pages, **given)


def proof(fault: MediaFault | None, observer: str = "student", observed: str = "teacher") -> MediaProof:
    said = f"{observer} and {observed}: {fault}"
    return MediaProof(observer=observer, observed=observed, fault=fault, said=said, waited_s=1, window_s=1)


CONTROL = check("control.y")
LOST = check("control.y", Found.NO_ANSWER)
PORTAL_DEAD = check("portal.x", Found.NO_ANSWER)
EDGE = (bad("edge"),)
IN_CLASS = (well("edge"), well("sign-in"), well("platform"), bad("live-class"))
AT_LIST = (well("edge"), well("sign-in"), bad("platform"))


def row(_id: str, service: str, cause: Cause, **given: Any) -> Any:
    return pytest.param(service, cause, given, id=_id)


RELAY = MediaFault.RELAY_REFUSED
ROWS = [
    row(
        "a host name that is not found",
        "edge",
        Cause.NAME_GONE,
        steps=EDGE,
        seen=seen(document("portal.x", error="net::ERR_NAME_NOT_RESOLVED")),
    ),
    row(
        "a refused connection",
        "edge",
        Cause.REFUSED,
        steps=EDGE,
        seen=seen(document("portal.x", error="net::ERR_CONNECTION_REFUSED")),
    ),
    row(
        "a host that does not answer",
        "edge",
        Cause.NO_ANSWER,
        steps=EDGE,
        seen=seen(document("portal.x", waited_s=10.0)),
        checks=(CONTROL, PORTAL_DEAD),
    ),
    row(
        "a connection that is cut",
        "edge",
        Cause.CUT,
        steps=EDGE,
        seen=seen(document("portal.x", error="net::ERR_CONNECTION_RESET")),
    ),
    row(
        "an expired certificate",
        "edge",
        Cause.CERTIFICATE_EXPIRED,
        steps=EDGE,
        seen=seen(document("portal.x", error="net::ERR_CERT_DATE_INVALID")),
    ),
    row(
        "a certificate for another name",
        "edge",
        Cause.CERTIFICATE_NAME,
        steps=EDGE,
        seen=seen(document("portal.x", error="net::ERR_CERT_COMMON_NAME_INVALID")),
    ),
    row(
        "a host check knows more than the browser",
        "edge",
        Cause.CERTIFICATE_UNTRUSTED,
        steps=EDGE,
        seen=seen(document("portal.x", error="net::ERR_CONNECTION_CLOSED")),
        checks=(check("portal.x", tls=TlsHandshake(trouble=Found.CERTIFICATE_UNTRUSTED)),),
    ),
    row(
        "guest Wi-Fi in the portal's place",
        "edge",
        Cause.CAPTIVE_PORTAL,
        steps=EDGE,
        seen=seen(pages=(page("wifi.z", sign="captive-portal"),)),
    ),
    row(
        "dropped outside, fine inside",
        "edge",
        Cause.OUTSIDE_DROPPED,
        steps=EDGE,
        checks=(CONTROL, PORTAL_DEAD),
        elsewhere=(OtherLocation(location="school", inside=True, checks=(check("portal.x"),)),),
    ),
    row(
        "only this home is affected",
        "",
        Cause.OWN_LOCATION,
        steps=EDGE,
        checks=(CONTROL, PORTAL_DEAD),
        elsewhere=(OtherLocation(location="home-west", inside=False, checks=(check("portal.x"),)),),
    ),
    row(
        "no answer when the step ended",
        "sign-in",
        Cause.SLOW,
        steps=(well("edge"), bad("sign-in")),
        seen=seen(document("id.x", waited_s=9.0)),
    ),
    row(
        "slower than usual",
        "platform",
        Cause.SLOW,
        steps=AT_LIST,
        seen=seen(slow_answers=(document("learn.x", status=200, waited_s=8.0),)),
        usual_ms={"learn.x:443": 90.0},
    ),
    row(
        "accepts the request and does not answer",
        "platform",
        Cause.SLOW,
        steps=AT_LIST,
        seen=seen(document("learn.x", waited_s=4.0)),
        checks=(check("learn.x", http=HttpAnswer(trouble=Found.NO_ANSWER)),),
    ),
    row("an error page", "platform", Cause.SERVER_ERROR, steps=AT_LIST, seen=seen(document("learn.x", status=500))),
    row(
        "a maintenance page with status 200",
        "platform",
        Cause.MAINTENANCE,
        steps=AT_LIST,
        seen=seen(pages=(page("learn.x", sign="maintenance"),)),
    ),
    row("too many requests", "platform", Cause.CAPACITY, steps=AT_LIST, seen=seen(document("learn.x", status=429))),
    row(
        "a class that is full", "live-class", Cause.CAPACITY, steps=(*IN_CLASS[:3], bad("live-class", sign="capacity"))
    ),
    row(
        "a page that stays blank",
        "platform",
        Cause.BLANK,
        steps=AT_LIST,
        seen=seen(
            document("learn.x", kind="script", is_page=False, status=404), pages=(page("learn.x", is_blank=True),)
        ),
    ),
    *(
        row(
            f"a script that its page forbids: {error}",
            "platform",
            Cause.CONTENT_BLOCKED,
            steps=AT_LIST,
            seen=seen(
                document("learn.x", kind="script", is_page=False, error=error), pages=(page("learn.x", is_blank=True),)
            ),
        )
        for error in ("csp", "mixed-content")
    ),
    row(
        "a blocked third-party script does no harm",
        "platform",
        Cause.LIST_EMPTY,
        steps=(*AT_LIST[:2], bad("platform", sign="list-empty")),
        seen=seen(document("figures.y", kind="script", is_page=False, error="csp"), pages=(page("learn.x"),)),
    ),
    row(
        "a redirect loop",
        "sign-in",
        Cause.REDIRECT_LOOP,
        steps=(well("edge"), bad("sign-in")),
        seen=seen(document("portal.x", error="net::ERR_TOO_MANY_REDIRECTS")),
    ),
    row(
        "asked to sign in again",
        "platform",
        Cause.SESSION_LOST,
        steps=AT_LIST,
        seen=seen(pages=(page("learn.x", asks_to_sign_in=True),)),
    ),
    row(
        "a rejected password",
        "",
        Cause.CREDENTIALS_REFUSED,
        steps=(well("edge"), bad("sign-in", sign="credentials-refused")),
    ),
    row("a locked account", "", Cause.ACCOUNT_LOCKED, steps=(well("edge"), bad("sign-in", sign="account-locked"))),
    row(
        "an expired password",
        "",
        Cause.PASSWORD_EXPIRED,
        steps=(well("edge"), bad("sign-in")),
        seen=seen(pages=(page("id.x", text="Your password has expired.", asks_to_sign_in=True),)),
    ),
    row("a code refused", "sign-in", Cause.SECOND_FACTOR, steps=(well("edge"), bad("sign-in", sign="second-factor"))),
    row(
        "a device's certificate",
        "sign-in",
        Cause.CLIENT_CERTIFICATE,
        steps=(well("edge"), bad("sign-in")),
        seen=seen(document("id.x", status=403), pages=(page("id.x", sign="client-certificate"),)),
    ),
    row(
        "password accepted, then the sign-in fails",
        "sign-in",
        Cause.TOKEN_FAILED,
        steps=(well("edge"), bad("sign-in")),
        seen=seen(document("portal.x", path="/callback", status=502, from_host="id.x:443")),
    ),
    row("an empty list", "platform", Cause.LIST_EMPTY, steps=(well("sign-in"), bad("platform", sign="list-empty"))),
    row("another day's list", "platform", Cause.WRONG_DAY, steps=(well("sign-in"), bad("platform", sign="wrong-day"))),
    row(
        "a listed class whose link is dead",
        "platform",
        Cause.DEAD_LINK,
        steps=IN_CLASS,
        seen=seen(document("live.x", status=404, from_host="learn.x:443")),
    ),
    row(
        "a socket refused",
        "live-class",
        Cause.SIGNALLING,
        steps=IN_CLASS,
        seen=seen(document("live.x", kind="websocket", is_page=False, error="503")),
    ),
    row("people stay in the lobby", "live-class", Cause.LOBBY, steps=(*IN_CLASS[:3], bad("live-class", sign="lobby"))),
    row(
        "no network path for media",
        "live-class",
        Cause.ICE_FAILED,
        steps=IN_CLASS,
        proofs=(proof(MediaFault.ICE_FAILED),),
    ),
    row("UDP blocked", "live-class", Cause.UDP_BLOCKED, steps=IN_CLASS, proofs=(proof(MediaFault.UDP_BLOCKED),)),
    row(
        "a relay that refuses",
        "live-class",
        Cause.RELAY_REFUSED,
        steps=IN_CLASS,
        proofs=(proof(RELAY),),
    ),
    row("no encryption", "live-class", Cause.DTLS_FAILED, steps=IN_CLASS, proofs=(proof(MediaFault.DTLS_FAILED),)),
    row("nothing arrives", "live-class", Cause.NO_MEDIA, steps=IN_CLASS, proofs=(proof(MediaFault.NO_PACKETS),)),
    row(
        "one way only",
        "live-class",
        Cause.ONE_WAY,
        steps=IN_CLASS,
        proofs=(proof(None), proof(MediaFault.NO_PACKETS, "teacher", "student")),
    ),
    row("silent", "live-class", Cause.SILENT, steps=IN_CLASS, proofs=(proof(MediaFault.SILENT),)),
    row("black", "live-class", Cause.BLACK, steps=IN_CLASS, proofs=(proof(MediaFault.BLACK),)),
    row("frozen", "live-class", Cause.FROZEN, steps=IN_CLASS, proofs=(proof(MediaFault.FROZEN),)),
    row(
        "another person's picture",
        "live-class",
        Cause.WRONG_PICTURE,
        steps=IN_CLASS,
        proofs=(proof(MediaFault.SOMEONE_ELSE),),
    ),
    row("this location's network is down", "", Cause.OWN_NETWORK, steps=EDGE, checks=(LOST, PORTAL_DEAD)),
    row(
        "no name server answers",
        "",
        Cause.OWN_NAMES,
        steps=EDGE,
        checks=(check("control.y", Found.NAME_SERVER_SILENT),),
    ),
    row(
        "a clock that is ten minutes off",
        "",
        Cause.OWN_CLOCK,
        steps=(bad("sign-in", sign="second-factor"),),
        clock_ahead_s=600.0,
    ),
    row(
        "a starved machine",
        "",
        Cause.OWN_MACHINE,
        outcome="errored",
        steps=AT_LIST,
        probe_problem=ProbeProblem(cause=Cause.OWN_MACHINE, said="starved"),
    ),
    row(
        "a probe that could not look",
        "",
        Cause.OWN_MACHINE,
        outcome="errored",
        steps=IN_CLASS,
        proofs=(proof(MediaFault.PROBE_LATE),),
    ),
    row("a crashed browser", "", Cause.OWN_BROWSER, outcome="errored", steps=AT_LIST, sign="own-browser"),
    row("an unknown person in the class", "", Cause.STRANGER, outcome="errored", steps=IN_CLASS, is_private=True),
    row(
        "an expectation that nothing explains",
        "platform",
        Cause.UNKNOWN,
        steps=AT_LIST,
        seen=seen(pages=(page("learn.x"),)),
    ),
    row("an expectation on an unknown page", "", Cause.UNKNOWN, steps=AT_LIST, seen=seen(pages=(page("elsewhere.z"),))),
]


def names(system: Found, second: tuple[str, ...] = ()) -> DnsLookups:
    return DnsLookups(system=DnsLookup(trouble=system), second=DnsLookup(addresses=second))


def relay(udp: Found | None) -> RelayCheck:
    return RelayCheck(udp=Connection(address="192.0.2.2", trouble=udp), tcp=Connection(address="192.0.2.2"))


AT_SIGN_IN = (well("edge"), bad("sign-in"))
REACHED_BY_INSIDERS = replace(check("staff.portal.x"), service="edge", is_control=False, is_secondary=True)
INSIDERS = replace(REACHED_BY_INSIDERS, tcp=(Connection(address="192.0.2.1", trouble=Found.NO_ANSWER),))
NOT_IN_THE_CATALOGUE = [
    row(
        "a third-party script is refused as on good days, and the page is shown",
        "platform",
        Cause.UNKNOWN,
        steps=AT_LIST,
        seen=seen(
            document("cdn.z", kind="script", is_page=False, page_host="learn.x:443", error="net::ERR_TIMED_OUT"),
            pages=(page("learn.x"),),
        ),
        harmless=(HarmlessRequest(host="cdn.z:443", route="/", effect=HarmlessEffect.FAILED),),
    ),
    row(
        "a sign-in that is not configured does not answer",
        "",
        Cause.UNKNOWN,
        steps=AT_SIGN_IN,
        seen=seen(document("sso.z", error="net::ERR_CONNECTION_REFUSED"), pages=(page("chromewebdata"),)),
    ),
    row(
        "a filter before the platform says 403",
        "platform",
        Cause.UNKNOWN,
        steps=AT_LIST,
        seen=seen(document("learn.x", status=403), pages=(page("learn.x"),)),
    ),
    row(
        "slow, and nothing says that it is slower than usual",
        "platform",
        Cause.UNKNOWN,
        steps=AT_LIST,
        seen=seen(pages=(page("learn.x"),), hosts=(HostTraffic(host="learn.x:443", answers=3, slowest_ms=4000),)),
    ),
    row(
        "the portal keeps a request open while the list does not come",
        "platform",
        Cause.UNKNOWN,
        steps=AT_LIST,
        seen=seen(document("portal.x", kind="fetch", is_page=False, waited_s=25.0), pages=(page("learn.x"),)),
    ),
    row(
        "the student's page is broken while the teacher's step fails on a good page",
        "platform",
        Cause.UNKNOWN,
        steps=(well("sign-in"), bad("platform", actor="teacher")),
        seen=seen(
            pages=(
                PageSigns(actor="teacher", host="learn.x"),
                page("meet.x", sign="maintenance"),
            )
        ),
    ),
    row(
        "plan B is down while the portal is refused",
        "edge",
        Cause.REFUSED,
        steps=EDGE,
        seen=seen(document("portal.x", error="net::ERR_CONNECTION_REFUSED")),
        checks=(CONTROL, check("meet.x", Found.REFUSED)),
        beside=(OtherJourney(journey="plan-b", outcome="failed", at=AT, service="plan-b"),),
    ),
    row(
        "a certificate that ends in three days is still valid",
        "",
        Cause.UNKNOWN,
        steps=EDGE,
        checks=(
            CONTROL,
            check(
                "portal.x",
                tls=TlsHandshake(
                    certificate=Certificate(
                        names=("portal.x",), issuer="A", not_after=AT + timedelta(days=3), sha256="ab"
                    )
                ),
            ),
        ),
    ),
    row(
        "one address family of the portal is dead",
        "",
        Cause.UNKNOWN,
        steps=EDGE,
        checks=(
            CONTROL,
            check(
                "portal.x",
                tcp=(Connection(address="2001:db8::1", trouble=Found.NO_ANSWER), Connection(address="192.0.2.1")),
            ),
        ),
    ),
    row(
        "the proxy of this location is dead, and no control is configured",
        "",
        Cause.OWN_LOCATION,
        steps=EDGE,
        checks=(check("portal.x", Found.PROXY_GONE),),
    ),
    row(
        "the browser finds no proxy",
        "",
        Cause.OWN_LOCATION,
        steps=EDGE,
        checks=(),
        seen=seen(document("portal.x", error="net::ERR_PROXY_CONNECTION_FAILED")),
    ),
    row(
        "a filter at this location does not let the platform through",
        "",
        Cause.OWN_LOCATION,
        steps=AT_LIST,
        checks=(CONTROL, check("learn.x", Found.PROXY_REFUSED)),
    ),
    row(
        "the only control answers 503, and so does the platform",
        "platform",
        Cause.SERVER_ERROR,
        steps=AT_LIST,
        seen=seen(document("learn.x", status=500)),
        checks=(check("control.y", tcp=(), http=HttpAnswer(status=503, trouble=Found.HTTP_ERROR)),),
    ),
    row(
        "the name server here fails for a name that another one knows",
        "",
        Cause.OWN_NAMES,
        steps=EDGE,
        seen=seen(document("portal.x", error="net::ERR_NAME_NOT_RESOLVED")),
        checks=(check("portal.x", tcp=(), names=names(Found.NAME_SERVER_FAILED, ("192.0.2.9",))),),
    ),
    row(
        "UDP does not leave this network",
        "",
        Cause.OWN_NETWORK,
        steps=IN_CLASS,
        proofs=(proof(MediaFault.UDP_BLOCKED),),
        checks=(CONTROL, check("stun.y", tcp=(), stun=relay(Found.NO_ANSWER))),
    ),
    row(
        "UDP does not reach the class, and does leave this network",
        "live-class",
        Cause.UDP_BLOCKED,
        steps=IN_CLASS,
        proofs=(proof(MediaFault.UDP_BLOCKED),),
        checks=(CONTROL, check("stun.y", tcp=(), stun=relay(None))),
    ),
    row(
        "guest Wi-Fi, and no control was reached",
        "",
        Cause.CAPTIVE_PORTAL,
        steps=EDGE,
        seen=seen(pages=(page("wifi.z", asked="portal.x", sign="captive-portal"),)),
        checks=(),
    ),
    row(
        "the portal's own gateway fails in a step of the platform",
        "edge",
        Cause.SERVER_ERROR,
        steps=AT_LIST,
        seen=seen(document("portal.x", status=502, from_host="learn.x:443"), pages=(page("portal.x"),)),
    ),
    row(
        "the portal's own gateway fails before the sign-in",
        "edge",
        Cause.SERVER_ERROR,
        steps=AT_SIGN_IN,
        seen=seen(document("portal.x", status=502, from_host="portal.x:443"), pages=(page("portal.x"),)),
    ),
    row(
        "the portal fails after the sign-in, and either may be broken",
        "",
        Cause.SERVER_ERROR,
        steps=AT_SIGN_IN,
        seen=seen(document("portal.x", path="/callback", status=500, from_host="id.x:443"), pages=(page("portal.x"),)),
    ),
    row(
        "the sign-in has lost its own page, which the portal leads to",
        "sign-in",
        Cause.UNKNOWN,
        steps=AT_SIGN_IN,
        seen=seen(document("id.x", status=404, from_host="portal.x:443"), pages=(page("id.x"),)),
    ),
    row(
        "the first address of the portal is gone",
        "edge",
        Cause.SERVER_ERROR,
        steps=EDGE,
        seen=seen(document("portal.x", status=404), pages=(page("portal.x", text="Not Found"),)),
    ),
    row(
        "the first address of the portal is gone for good",
        "edge",
        Cause.SERVER_ERROR,
        steps=EDGE,
        seen=seen(document("portal.x", status=410), pages=(page("portal.x", text="Gone"),)),
    ),
    row(
        "a page of the class is gone, and a page that tells no referrer may have led to it",
        "live-class",
        Cause.UNKNOWN,
        steps=IN_CLASS,
        seen=seen(document("live.x", status=404), pages=(page("live.x"),)),
    ),
    row(
        "the first address was gone, and another service's page is shown by now",
        "",
        Cause.UNKNOWN,
        steps=EDGE,
        seen=seen(document("portal.x", status=404), pages=(page("id.x"),)),
    ),
    row(
        "the first address is gone at a host of another service than the step's",
        "",
        Cause.UNKNOWN,
        steps=EDGE,
        seen=seen(document("learn.x", status=404), pages=(page("learn.x"),)),
    ),
    row(
        "the first address is a dead end of a redirect by the sign-in",
        "edge",
        Cause.UNKNOWN,
        steps=EDGE,
        seen=seen(document("portal.x", status=404, from_host="id.x:443"), pages=(page("portal.x"),)),
    ),
    row(
        "a frame of the first page is gone, and its page is not",
        "edge",
        Cause.UNKNOWN,
        steps=EDGE,
        seen=seen(
            document("portal.x", status=404, kind="image", is_page=False), pages=(page("portal.x", text="Welcome"),)
        ),
    ),
    row(
        "the first address of the portal asks who one is",
        "edge",
        Cause.UNKNOWN,
        steps=EDGE,
        seen=seen(document("portal.x", status=401), pages=(page("portal.x", text="Who are you"),)),
    ),
    row(
        "the platform has forgotten who signed in, and the class is waited for",
        "platform",
        Cause.SESSION_LOST,
        steps=IN_CLASS,
        seen=seen(pages=(page("learn.x", asks_to_sign_in=True),)),
    ),
    row(
        "the class's socket is refused, and its page is good",
        "live-class",
        Cause.SIGNALLING,
        steps=IN_CLASS,
        seen=seen(
            document("live.x", kind="websocket", is_page=False, error="net::ERR_CONNECTION_REFUSED"),
            pages=(page("live.x"),),
        ),
    ),
    row(
        "a socket of the class fails, and the room says that it is full",
        "live-class",
        Cause.CAPACITY,
        steps=(*IN_CLASS[:-1], bad("live-class", sign="capacity")),
        seen=seen(document("live.x", kind="websocket", is_page=False, error="503")),
    ),
    row(
        "a connection is cut, and the host check is answered 503",
        "edge",
        Cause.CUT,
        steps=EDGE,
        seen=seen(document("portal.x", error="net::ERR_CONNECTION_RESET")),
        checks=(CONTROL, check("portal.x", http=HttpAnswer(status=503, trouble=Found.HTTP_ERROR))),
    ),
    row(
        "an internal host of the portal is unreachable, and the browser did not need it",
        "edge",
        Cause.SERVER_ERROR,
        steps=EDGE,
        seen=seen(document("portal.x", status=500)),
        checks=(CONTROL, check("portal.x"), INSIDERS),
        elsewhere=(OtherLocation(location="school", inside=True, checks=(REACHED_BY_INSIDERS,)),),
    ),
    row(
        "an internal host of the portal is unreachable, and the browser needed it",
        "edge",
        Cause.OUTSIDE_DROPPED,
        steps=EDGE,
        seen=seen(document("staff.portal.x", is_page=True, error="net::ERR_CONNECTION_TIMED_OUT")),
        checks=(CONTROL, check("portal.x"), INSIDERS),
        elsewhere=(OtherLocation(location="school", inside=True, checks=(REACHED_BY_INSIDERS,)),),
        hosts=HOSTS | {"edge": ("portal.x", "staff.portal.x")},
    ),
]


BROKE = {"steps": EDGE, "seen": seen(document("portal.x", status=500)), "at": AT}
SAME = {"service": "edge", "cause": "server-error", "outcome": "failed"}


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ({"outcome": "passed"}, ["passed"]),
        (SAME, ["failed in the same way"]),
        (SAME | {"cause": "slow"}, []),
        (SAME | {"service": "platform"}, []),
        (SAME | {"at": AT - timedelta(minutes=11)}, []),
        ({"outcome": "errored"}, []),
    ],
)
def test_only_the_same_fault_of_the_same_minutes_is_a_reason(last: dict[str, Any], told: list[str]) -> None:
    before: dict[str, Any] = {"at": AT - timedelta(minutes=9)} | last
    home = OtherLocation(location="home", inside=False, last=PastOutcome(**before))
    beside = OtherJourney(journey="class-list", **before)
    because = diagnose(facts(BROKE | {"elsewhere": (home,), "beside": (beside,)})).because
    clock = f"{before['at']:%H:%M} UTC"
    assert [one.said for one in because if "from home" in one.said] == [
        f"the last run of live-class from home ({clock}) {words}" for words in told
    ]
    also = [one.said for one in because if "class-list" in one.said]
    assert also == [f"other journeys broke in the same way: class-list ({clock})"] * ("failed in the same way" in told)


@pytest.mark.parametrize(("service", "cause", "given"), NOT_IN_THE_CATALOGUE)
def test_unusual_facts_blame_no_innocent_service(service: str, cause: Cause, given: dict[str, Any]) -> None:
    found = diagnose(facts(given))
    assert (found.service, found.cause) == (service, cause), found


def test_host_belongs_to_the_most_specific_pattern() -> None:
    shared = {
        "edge": ("*.school.example",),
        "sign-in": ("ID.school.example",),
        "live-class": ("*.live.school.example",),
    }
    given = facts({"hosts": shared})
    assert [given.service_at(f"{host}.school.example:443") for host in ("www", "id", "sfu1.live")] == list(shared)
    assert given.service_at("elsewhere.z") == ""


@pytest.mark.parametrize("service", ["sign-in", "platform"])
def test_shared_host_belongs_to_the_failing_step(service: str) -> None:
    shared = {"sign-in": ("www.school.example",), "platform": ("www.school.example",)}
    given = facts({"hosts": shared, "steps": (bad(service),)})
    assert given.service_at("www.school.example") == service


@pytest.mark.parametrize(
    ("given", "told"),
    [
        pytest.param({"seen": seen(document("learn.x", status=500))}, ["learn"], id="of whoever broke"),
        pytest.param({"seen": seen(pages=(page("elsewhere.z"),))}, ["portal", "learn"], id="all, if nobody is known"),
        pytest.param({"checks": (LOST,)}, [], id="of nobody, if it is our own"),
    ],
)
def test_changes_of_other_services_are_no_reason(given: dict[str, Any], told: list[str]) -> None:
    changed = tuple(
        ServiceChange(service=whose, said=host) for whose, host in (("edge", "portal"), ("platform", "learn"))
    )
    because = diagnose(facts({"steps": AT_LIST, "changed": changed} | given)).because
    assert [one.said for one in because if one.said in ("portal", "learn")] == told


def test_text_from_outside_is_one_bounded_line() -> None:
    hostile = page("learn.x", sign="maintenance", title="\x1b[2J\x00[red]\u202eevil\n" + "a" * 2000)
    (because, *_) = diagnose(facts({"steps": AT_LIST, "seen": seen(pages=(hostile,))})).because
    assert because.said.isprintable()
    assert len(because.said) <= SAID_LIMIT


def facts(given: Mapping[str, Any]) -> Facts:
    usual: dict[str, Any] = {"journey": "live-class", "location": "home", "outcome": "failed", "hosts": HOSTS}
    return _asked(Facts(**(usual | {"confirmed": True, "has_passed": True, "checks": (CONTROL,)} | dict(given))))


def _asked(facts: Facts) -> Facts:
    """The same facts, with as many controls asked as have answered."""
    return replace(facts, controls_asked=len(facts.controls))


@pytest.mark.parametrize(("service", "cause", "given"), ROWS)
def test_facts_lead_to_service_and_cause(service: str, cause: Cause, given: dict[str, Any]) -> None:
    found = diagnose(facts(given))
    assert (found.service, found.cause) == (service, cause), found
    assert found.because
    assert found.is_own == (cause in OWN or cause in OF_ACCOUNT)


def test_every_cause_has_a_row_and_a_phrase() -> None:
    told = {row.values[1] for row in ROWS}
    assert told == set(Cause)
    assert set(WORDS) == set(Cause)


@pytest.mark.parametrize(
    ("given", "confidence"),
    [
        pytest.param({}, Confidence.HIGH, id="seen twice, and the way out is proven"),
        pytest.param({"confirmed": False}, Confidence.MEDIUM, id="seen once"),
        pytest.param({"checks": ()}, Confidence.MEDIUM, id="nobody knows whether we can get out at all"),
        pytest.param({"confirmed": False, "checks": ()}, Confidence.LOW, id="neither"),
        pytest.param({"has_passed": None}, Confidence.MEDIUM, id="nobody knows whether the journey works"),
        pytest.param({"has_passed": False}, Confidence.LOW, id="it has never passed"),
    ],
)
def test_confidence_drops_with_missing_confirmation(given: dict[str, Any], confidence: Confidence) -> None:
    row = {"steps": AT_LIST, "seen": seen(document("learn.x", status=500))}
    assert diagnose(facts(row | given)).confidence is confidence


def test_one_direction_without_media_is_never_certain() -> None:
    """A host who mutes everybody, or a room that takes no more senders, looks the same from outside."""
    udp_leaves = (CONTROL, check("stun.y", tcp=(), stun=relay(None)))
    one_way = (proof(None), proof(MediaFault.NO_PACKETS, "teacher", "student"))
    row = {"steps": IN_CLASS, "proofs": one_way, "checks": udp_leaves}
    assert diagnose(facts(row)).confidence is Confidence.MEDIUM
    assert diagnose(facts(row | {"proofs": (proof(MediaFault.NO_PACKETS),)})).confidence is Confidence.HIGH


def test_working_services_are_named_with_proof() -> None:
    met = {
        "steps": AT_LIST,
        "seen": seen(document("learn.x", status=500)),
        "checks": (CONTROL, check("meet.x", http=HttpAnswer(status=200, first_byte_ms=31.0))),
        "beside": (OtherJourney(journey="plan-b", outcome="passed", at=AT),),
    }
    cleared = {one.name: one.why for one in diagnose(facts(met)).cleared}
    assert cleared["sign-in"] == "uses sign-in (1.0 s)"
    assert cleared["plan-b"] in ("answers in 31 ms", "passed at 11:46 UTC")
    assert "control.y:443" in cleared["network of this location"]
    assert "platform" not in cleared


def test_plan_b_outage_is_not_blamed_for_an_empty_list() -> None:
    met = {
        "steps": (well("sign-in"), bad("platform", sign="list-empty")),
        "checks": (CONTROL, check("meet.x", Found.REFUSED)),
    }
    assert diagnose(facts(met)).service == "platform"


def test_clock_offset_needs_two_servers_and_ignores_one_outlier() -> None:
    told = [check("portal.x", http=HttpAnswer(status=200, clock_ahead_s=ahead)) for ahead in (600.0, 0.0, 0.5)]
    assert median_clock_ahead_s(told[:1], []) is None
    assert median_clock_ahead_s(told, []) == 0.5


SURE = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)
EMPTY: dict[str, Any] = {
    "confirmed": False,
    "seen": BrowserFacts(),
    "proofs": (),
    "checks": (),
    "elsewhere": (),
    "beside": (),
    "usual_ms": {},
    "changed": (),
    "clock_ahead_s": None,
    "probe_problem": None,
    "has_passed": None,
    "harmless": (),
    "is_private": False,
    "sign": "",
}
SERVICES = tuple(HOSTS)
some_names = st.lists(st.sampled_from(sorted(EMPTY)), max_size=4)
hosts = st.sampled_from(["portal.x", "id.x", "learn.x", "live.x", "meet.x", "elsewhere.z"])
troubles = st.builds(
    document,
    hosts,
    status=st.sampled_from([0, 404, 429, 500, 502]),
    error=st.sampled_from(["", "net::ERR_CONNECTION_REFUSED", "net::ERR_TOO_MANY_REDIRECTS", "net::ERR_ABORTED"]),
    from_host=st.one_of(st.just(""), hosts),
    waited_s=st.sampled_from([0.0, 9.0]),
    kind=st.sampled_from(["document", "script", "websocket"]),
    is_page=st.booleans(),
)
pages = st.builds(
    page,
    hosts,
    asked=hosts,
    sign=st.sampled_from(["", "maintenance", "captive-portal", "capacity"]),
    is_blank=st.booleans(),
    asks_to_sign_in=st.booleans(),
)
some_traffic = st.builds(HostTraffic, host=hosts, answers=st.just(1), slowest_ms=st.sampled_from([10.0, 9000.0]))
some_checks = st.lists(
    st.builds(check, st.one_of(hosts, st.just("control.y")), st.sampled_from([None, Found.REFUSED, Found.NO_ANSWER])),
    max_size=5,
    unique_by=lambda one: one.host,
).map(tuple)
some_elsewhere = st.builds(OtherLocation, location=st.just("there"), inside=st.booleans(), checks=some_checks)
any_facts = st.builds(
    Facts,
    journey=st.just("live-class"),
    location=st.just("home"),
    outcome=st.just("failed"),
    hosts=st.just(HOSTS),
    relies_on=st.just(SERVICES),
    steps=st.builds(
        lambda done, broke, sign: (*map(well, done), bad(broke, sign=sign)),
        st.lists(st.sampled_from(SERVICES), max_size=3),
        st.sampled_from(SERVICES),
        st.sampled_from(["", "list-empty", "lobby", "second-factor", "credentials-refused"]),
    ),
    confirmed=st.booleans(),
    seen=st.builds(
        BrowserFacts,
        failed_requests=st.lists(troubles, max_size=3).map(tuple),
        pages=st.lists(pages, max_size=1).map(tuple),
        hosts=st.lists(some_traffic, max_size=2).map(tuple),
        receives=st.sampled_from([(), ("teacher",)]),
    ),
    proofs=st.lists(st.builds(proof, st.sampled_from([None, *MediaFault])), max_size=2).map(tuple),
    checks=some_checks,
    elsewhere=st.lists(
        st.builds(OtherLocation, location=st.just("there"), inside=st.booleans(), checks=some_checks), max_size=2
    ).map(tuple),
    clock_ahead_s=st.sampled_from([None, 0.0, 600.0]),
    usual_ms=st.sampled_from([{}, {"learn.x": 80.0}]),
    has_passed=st.sampled_from([None, True, True]),
    harmless=st.sampled_from([(), (HarmlessRequest(host="learn.x:443", route="/", effect=HarmlessEffect.FAILED),)]),
    probe_problem=st.sampled_from([None, None, ProbeProblem(cause=Cause.OWN_MACHINE, said="starved")]),
).map(_asked)


def _thinner(whole: Facts, names: list[str], drops: tuple[bool, bool]) -> Facts:
    """The same facts without some of them: whole kinds, or one of many."""
    thin = replace(whole, **{name: EMPTY[name] for name in names})
    if drops[0]:
        thin = replace(thin, checks=thin.checks[1:])
    if drops[1]:
        thin = replace(thin, seen=replace(thin.seen, failed_requests=thin.seen.failed_requests[1:]))
    return thin


@settings(max_examples=150)
@given(whole=any_facts, names=some_names, drops=st.tuples(st.booleans(), st.booleans()))
def test_missing_fact_never_raises_confidence(whole: Facts, names: list[str], drops: tuple[bool, bool]) -> None:
    thin = _thinner(whole, names, drops)
    fewer, all_ = diagnose(thin), diagnose(whole)
    # Another conclusion has a confidence of its own: without a page's error, the next one may be certain.
    if (fewer.service, fewer.cause) == (all_.service, all_.cause):
        assert SURE.index(fewer.confidence) <= SURE.index(all_.confidence), (whole, thin)


@settings(max_examples=150)
@given(whole=any_facts)
def test_working_service_is_never_blamed(whole: Facts) -> None:
    found = diagnose(whole)
    assert found.service not in {name for name, _ in whole.cleared()}
    assert found.service == "" or not found.is_own


def test_property_tests_cover_every_field_of_the_facts() -> None:
    given_by_hand = {
        "controls_asked",
        "journey",
        "location",
        "outcome",
        "hosts",
        "relies_on",
        "steps",
        "said",
        "inside",
        "account",
        "refused_accounts",
        "at",
    }
    assert {field.name for field in fields(Facts)} == set(EMPTY) | given_by_hand
