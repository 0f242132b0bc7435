"""What parents read: calm, without a vendor's name, and plan B only where it was just seen to work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.public_notice import BadTemplate, PublicNoticeContext, activity_of, public_notice
from firstbell.runner.alarms.routing import NoticeKind, Severity

NOW = datetime(2026, 8, 31, 11, 58, tzinfo=UTC)


def message(kind: NoticeKind = NoticeKind.OPENED) -> Message:
    return Message(
        kind=kind,
        severity=Severity.CRITICAL,
        incident=217,
        thread="217.1.0",
        subject="[critical] the list is empty: Contoso Learn (platform)",
        rows=(("Whose", "Contoso Learn"),),
        service="platform",
        owner="Contoso Learn",
        at=NOW,
        since=NOW,
        good_until=NOW,
    )


def situation(**more: object) -> PublicNoticeContext:
    given: dict[str, object] = {
        "zone": ZoneInfo("America/New_York"),
        "now": NOW,
        "since": NOW - timedelta(minutes=12),
        "over_at": None,
        "doing": activity_of("live-class"),
    }
    return PublicNoticeContext(**(given | more))  # type: ignore[arg-type]


def test_plan_b_is_recommended_where_it_was_just_seen_to_work() -> None:
    said = public_notice(
        message(), situation(plan_b="https://meet.district.example", plan_b_passed_at=NOW - timedelta(minutes=14))
    )
    assert said.subject == "Joining live sessions: we are working on it"
    assert said.body.splitlines() == [
        "Students may have trouble joining live sessions, since 07:46. We know of it and are working on it.",
        "Use plan B: https://meet.district.example. We tried it at 07:44, and it works.",
        "Next update 08:30.",
    ]


@pytest.mark.parametrize("passed_at", [None, NOW - timedelta(hours=3)])
def test_plan_b_is_not_recommended_where_nobody_knows(passed_at: datetime | None) -> None:
    assert "plan B" not in public_notice(message(), situation(plan_b_passed_at=passed_at)).body


def test_nobody_is_blamed_before_parents() -> None:
    said = public_notice(message(), situation())
    assert "Contoso" not in said.text
    assert (said.owner, said.service, said.rows) == ("", "", ())


def test_the_end_is_told_as_calmly() -> None:
    said = public_notice(message(NoticeKind.CLOSED), situation(over_at=NOW))
    assert said.subject == "Joining live sessions: solved"
    assert said.body.startswith("Joining live sessions works again, since 07:58.")


@pytest.mark.parametrize("template", ["{{ nobody_knows }}", "{% if %}", "   ", "{{ ''.__class__.__mro__ }}"])
def test_a_template_that_cannot_be_used_says_so(template: str) -> None:
    with pytest.raises(BadTemplate):
        public_notice(message(), situation(), template)
