"""Requests of the failing page: the host that fails is named, with the service whose page called it."""

from __future__ import annotations

from typing import Any

import pytest

from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence
from firstbell.runner.diagnosis.harmless import HarmlessEffect, HarmlessRequest
from firstbell.runner.diagnosis.rules.table import diagnose
from tests.runner.diagnosis.rules.test_rules import AT_LIST, EDGE, IN_CLASS, document, facts, page, row, seen

REFUSED = "net::ERR_CONNECTION_REFUSED"


def called(host: str, by: str = "learn.x", **given: Any) -> Any:
    usual = {"kind": "fetch", "is_page": False, "path": "/v1/classes", "from_host": f"{by}:443"}
    return document(host, **(usual | {"page_host": f"{by}:443"} | given))


LIST = (page("learn.x", text="Loading"),)


@pytest.mark.parametrize(
    ("service", "cause", "given"),
    [
        row(
            "refused",
            "platform",
            Cause.REFUSED,
            host="api.z:443",
            seen=seen(called("api.z", error=REFUSED), pages=LIST),
        ),
        row(
            "a name that is gone",
            "platform",
            Cause.NAME_GONE,
            host="api.z:443",
            seen=seen(called("api.z", error="net::ERR_NAME_NOT_RESOLVED"), pages=LIST),
        ),
        row(
            "not let through, as by CORS",
            "platform",
            Cause.CONTENT_BLOCKED,
            host="api.z:443",
            seen=seen(called("api.z", error="net::ERR_FAILED"), pages=LIST),
        ),
        row(
            "a script that is gone",
            "platform",
            Cause.SERVER_ERROR,
            host="cdn.z:443",
            seen=seen(called("cdn.z", kind="script", status=404), pages=LIST),
        ),
        row(
            "without TLS",
            "platform",
            Cause.CONTENT_BLOCKED,
            host="cdn.z:443",
            seen=seen(called("cdn.z", error="mixed-content", kind="script"), pages=LIST),
        ),
        row(
            "a frame of the room in the platform's page",
            "platform",
            Cause.CUT,
            host="room.z:443",
            seen=seen(called("room.z", kind="document", error="net::ERR_CONNECTION_RESET"), pages=LIST),
        ),
        row(
            "another service's data",
            "platform",
            Cause.SERVER_ERROR,
            host="",
            steps=EDGE,
            seen=seen(called("learn.x", by="portal.x", status=500), pages=(page("portal.x", text="Home"),)),
        ),
        row(
            "the service's own data, before a third party's",
            "platform",
            Cause.SERVER_ERROR,
            host="",
            seen=seen(called("learn.x", status=503), called("api.z", error=REFUSED), pages=LIST),
        ),
        row(
            "a room that is full, in the words of its answer",
            "live-class",
            Cause.CAPACITY,
            host="",
            steps=IN_CLASS,
            seen=seen(
                called("live.x", by="live.x", status=403, said="Maximum number of participants reached"),
                pages=(page("live.x", text="Oops"),),
            ),
        ),
        row(
            "a page that was left",
            "platform",
            Cause.UNKNOWN,
            host="",
            seen=seen(called("api.z", by="portal.x", error=REFUSED), pages=LIST),
        ),
        row(
            "a request that the page ended itself",
            "platform",
            Cause.UNKNOWN,
            host="",
            seen=seen(called("learn.x", error="net::ERR_ABORTED"), pages=LIST),
        ),
        row(
            "data that is not there, as of who has none",
            "platform",
            Cause.UNKNOWN,
            host="",
            seen=seen(called("learn.x", status=404), pages=LIST),
        ),
        row(
            "a picture",
            "platform",
            Cause.UNKNOWN,
            host="",
            seen=seen(called("api.z", kind="image", error=REFUSED), pages=LIST),
        ),
        row(
            "what fails on good days too",
            "platform",
            Cause.UNKNOWN,
            host="",
            seen=seen(called("api.z", error=REFUSED), pages=LIST),
            harmless=(HarmlessRequest(host="api.z:443", route="/v#/classes", effect=HarmlessEffect.FAILED),),
        ),
    ],
)
def test_failed_request_concerns_the_service_whose_page_made_it(service: str, cause: Cause, given: Any) -> None:
    host = given.pop("host")
    found = diagnose(facts({"steps": AT_LIST} | given))
    assert (found.service, found.cause, found.host) == (service, cause, host), found
    assert found.confidence in (Confidence.MEDIUM, Confidence.LOW)


def test_the_headline_names_the_host_that_failed() -> None:
    found = diagnose(facts({"steps": AT_LIST, "seen": seen(called("api.z", error=REFUSED), pages=LIST)}))
    assert found.said == "platform: its page needs api.z:443, which refuses connections"
    assert "platform" not in {one.name for one in found.cleared}


def test_a_wait_that_nothing_explains_tells_what_the_page_shows() -> None:
    found = diagnose(facts({"steps": AT_LIST, "seen": seen(pages=(page("learn.x", title="Home", text="Hello"),))}))
    assert 'learn.x shows "Home"' in [one.said for one in found.because]


def test_a_page_is_never_ordinary_where_a_request_of_the_same_address_is() -> None:
    known = HarmlessRequest(host="learn.x:443", route="/", effect=HarmlessEffect.FAILED)
    row = {"steps": AT_LIST, "harmless": (known,), "seen": seen(document("learn.x", error=REFUSED))}
    whole = facts(row)
    assert not whole.is_ordinary(whole.seen.failed_requests[0])
    assert whole.is_ordinary(called("learn.x", path="/", error=REFUSED))
    assert diagnose(whole).cause is Cause.REFUSED
