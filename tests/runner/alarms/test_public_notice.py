"""Notices to parents: calm, without the name of a vendor, and with plan B only if it has just passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.public_notice import (
    BadTemplate,
    PublicNoticeContext,
    activity_of,
    noun_of,
    problem_of,
    public_notice,
)
from firstbell.runner.alarms.routing import NoticeKind, Severity

NOW = datetime(2026, 8, 31, 11, 58, tzinfo=UTC)


def message(kind: NoticeKind = NoticeKind.OPENED) -> Message:
    return Message(
        kind=kind,
        severity=Severity.CRITICAL,
        incident=217,
        thread="217.1.0",
        subject="[critical] the list is empty: Contoso Learn (platform)",
        rows=(("Service", "Contoso Learn"),),
        service="platform",
        owner="Contoso Learn",
        at=NOW,
        since=NOW,
        good_until=NOW,
    )


def context(**more: object) -> PublicNoticeContext:
    given: dict[str, object] = {
        "zone": ZoneInfo("America/New_York"),
        "now": NOW,
        "since": NOW - timedelta(minutes=12),
        "over_at": None,
        "district": "Bayfront Unified",
        "problem": "problems",
        "doing": activity_of("live-class"),
    }
    return PublicNoticeContext(**(given | more))  # type: ignore[arg-type]


def test_plan_b_is_recommended_if_it_has_just_passed() -> None:
    notice = public_notice(
        message(), context(plan_b="https://meet.district.example", plan_b_passed_at=NOW - timedelta(minutes=14))
    )
    assert notice.subject == "Joining live sessions: a fix is under way"
    assert notice.body.splitlines() == [
        "Students may have trouble joining live sessions, since 07:46 EDT. We know of it, and a fix is under way.",
        "Use plan B: https://meet.district.example. We tried it at 07:44 EDT, and it works.",
        "Next update 08:30 EDT.",
        "Bayfront Unified, Mon 31 Aug 2026",
    ]


@pytest.mark.parametrize(
    ("service", "cause", "kind", "subject"),
    [
        ("live-class", "silent", NoticeKind.OPENED, "Live classes have sound problems; a fix is under way"),
        ("live-class", "frozen", NoticeKind.OPENED, "Live classes have picture problems; a fix is under way"),
        ("sign-in", "server-error", NoticeKind.OPENED, "The sign-in has problems; a fix is under way"),
        ("edge", "slow", NoticeKind.OPENED, "Our pages have long waiting times; a fix is under way"),
        ("platform", "list-empty", NoticeKind.OPENED, "The class list has problems; a fix is under way"),
        ("live-class", "silent", NoticeKind.CLOSED, "Live classes work again"),
        ("sign-in", "", NoticeKind.CLOSED, "The sign-in works again"),
    ],
)
def test_the_subject_says_the_problem_in_the_words_of_families(
    service: str, cause: str, kind: NoticeKind, subject: str
) -> None:
    given = context(noun=noun_of(service), problem=problem_of(cause))
    assert public_notice(message(kind), given).subject == subject


def test_plan_b_is_named_as_families_know_it() -> None:
    given = context(plan_b_name="the Bayfront video room", plan_b="https://meet.example", plan_b_passed_at=NOW)
    assert "Use the Bayfront video room: https://meet.example. We tried it" in public_notice(message(), given).body


@pytest.mark.parametrize("passed_at", [None, NOW - timedelta(hours=3)])
def test_plan_b_is_not_recommended_without_a_recent_pass(passed_at: datetime | None) -> None:
    assert "plan B" not in public_notice(message(), context(plan_b_passed_at=passed_at)).body


def test_a_notice_to_parents_blames_no_vendor() -> None:
    notice = public_notice(message(), context())
    assert "Contoso" not in notice.text
    assert (notice.owner, notice.service, notice.rows) == ("", "", ())


def test_the_closing_is_as_calm() -> None:
    notice = public_notice(message(NoticeKind.CLOSED), context(over_at=NOW))
    assert notice.subject == "Joining live sessions: solved"
    assert notice.body.startswith("Joining live sessions works again, since 07:58 EDT.")


@pytest.mark.parametrize("template", ["{{ no_such_name }}", "{% if %}", "   ", "{{ ''.__class__.__mro__ }}"])
def test_an_unusable_template_is_refused(template: str) -> None:
    with pytest.raises(BadTemplate):
        public_notice(message(), context(), template)
