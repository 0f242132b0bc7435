"""Slowness: what waits on purpose is never slow, and a page that waits for another service blames neither."""

from __future__ import annotations

from typing import Any

import pytest

from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence
from firstbell.runner.diagnosis.harmless import HarmlessEffect, HarmlessRequest
from firstbell.runner.diagnosis.host_check import HttpAnswer
from firstbell.runner.diagnosis.rules.table import diagnose
from tests.runner.diagnosis.rules.test_rules import (
    AT_LIST,
    AT_SIGN_IN,
    CONTROL,
    bad,
    check,
    document,
    facts,
    page,
    row,
    seen,
)


def request(host: str, **given: Any) -> Any:
    usual = {"kind": "fetch", "is_page": False, "path": "/api/7/poll", "page_host": "learn.x:443", "waited_s": 25.0}
    return document(host, **(usual | given))


def waits(effect: HarmlessEffect, waited_s: float) -> tuple[HarmlessRequest, ...]:
    return (HarmlessRequest(host="learn.x:443", route="/api/#/poll", effect=effect, waited_s=waited_s),)


ROOM = (page("learn.x"),)
SLOW_CHECK = HttpAnswer(status=200, first_byte_ms=6000.0)
SURE, LIKELY, GUESS = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW


@pytest.mark.parametrize(
    ("service", "cause", "given"),
    [
        row(
            "a stream",
            "platform",
            Cause.UNKNOWN,
            confidence=GUESS,
            seen=seen(request("learn.x", meant_to_wait=True), pages=ROOM),
        ),
        row(
            "a long poll that passing runs leave open",
            "platform",
            Cause.UNKNOWN,
            confidence=GUESS,
            harmless=waits(HarmlessEffect.NEVER_ANSWERED, 4.0),
            seen=seen(request("learn.x"), pages=ROOM),
        ),
        row(
            "data that passing runs wait for as long",
            "platform",
            Cause.UNKNOWN,
            confidence=GUESS,
            harmless=waits(HarmlessEffect.WAITED, 9.0),
            seen=seen(request("learn.x"), pages=ROOM),
        ),
        row(
            "data that passing runs get soon",
            "platform",
            Cause.SLOW,
            confidence=LIKELY,
            harmless=waits(HarmlessEffect.WAITED, 3.0),
            seen=seen(request("learn.x"), pages=ROOM),
        ),
        row(
            "data, and passing runs are not known",
            "platform",
            Cause.SLOW,
            confidence=GUESS,
            has_passed=None,
            seen=seen(request("learn.x"), pages=ROOM),
        ),
        row(
            "an answered long poll of another service",
            "platform",
            Cause.UNKNOWN,
            confidence=GUESS,
            seen=seen(pages=ROOM, slow_answers=(request("portal.x", status=200),)),
        ),
        row(
            "a picture",
            "platform",
            Cause.UNKNOWN,
            confidence=GUESS,
            seen=seen(request("learn.x", kind="image"), pages=ROOM),
        ),
        row("a page", "platform", Cause.SLOW, confidence=LIKELY, seen=seen(document("learn.x", waited_s=9.0))),
        row(
            "a page, and the host check is slow too",
            "platform",
            Cause.SLOW,
            confidence=SURE,
            seen=seen(document("learn.x", waited_s=9.0)),
            checks=(CONTROL, check("learn.x", http=SLOW_CHECK)),
        ),
        row(
            "a page of the portal that waits for the identity provider's token",
            "",
            Cause.SLOW,
            confidence=LIKELY,
            steps=AT_SIGN_IN,
            seen=seen(document("portal.x", path="/callback", from_host="id.x:443", waited_s=20.0)),
            checks=(CONTROL, check("portal.x", http=HttpAnswer(status=200, first_byte_ms=30.0))),
        ),
        row(
            "the same, and a check of the identity provider is slow",
            "sign-in",
            Cause.SLOW,
            confidence=LIKELY,
            steps=AT_SIGN_IN,
            seen=seen(document("portal.x", path="/callback", from_host="id.x:443", waited_s=20.0)),
            checks=(CONTROL, check("id.x", http=SLOW_CHECK)),
        ),
        row(
            "the portal's list of classes, which it asks the platform for",
            "",
            Cause.SLOW,
            confidence=LIKELY,
            seen=seen(document("portal.x", path="/classes", waited_s=20.0)),
        ),
    ],
)
def test_slowness_blames_no_innocent(service: str, cause: Cause, given: dict[str, Any]) -> None:
    confidence = given.pop("confidence")
    found = diagnose(facts({"steps": AT_LIST} | given))
    assert (found.service, found.cause, found.confidence) == (service, cause, confidence), found


def test_a_page_that_may_wait_for_another_service_is_told_with_both() -> None:
    slow = document("portal.x", path="/callback", from_host="id.x:443", waited_s=20.0)
    (because, *_) = diagnose(facts({"steps": AT_SIGN_IN, "seen": seen(slow)})).because
    assert because.said == "edge or what it calls (sign-in): portal.x:443/callback had not answered after 20 s"


def test_a_page_that_begins_and_does_not_end_is_slow_where_no_request_tells_more() -> None:
    steps = (*AT_LIST[:2], bad("platform", sign="slow", said="the page was not loaded to its end (waited 12 s)"))
    half = {"steps": steps, "seen": seen(pages=ROOM)}
    found = diagnose(facts(half))
    assert (found.service, found.cause, found.confidence) == ("platform", Cause.SLOW, LIKELY)
    elsewhere = diagnose(facts(half | {"seen": seen(pages=(page("id.x"),))}))
    assert elsewhere.cause is Cause.UNKNOWN
    script = request("cdn.z", kind="script", from_host="learn.x:443")
    named = diagnose(facts(half | {"seen": seen(script, pages=ROOM)}))
    assert (named.cause, named.host) == (Cause.SLOW, "cdn.z:443")
