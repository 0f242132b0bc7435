"""The subject tells what, whose, since when and where; the rest tells what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from firstbell.runner.alarms.incident import PROBE_SUBJECT, Incident, Symptom
from firstbell.runner.alarms.message import SUBJECT_LIMIT, MessageContext, write_message
from firstbell.runner.alarms.routing import DueNotice, NoticeReason, Route, Severity

START = datetime(2026, 8, 31, 11, 46, tzinfo=UTC)
AROUND = MessageContext(
    zone=ZoneInfo("America/New_York"), places=2, contact="support@contoso.example", fine=("sign-in", "plan B at 07:44")
)
ROUTE = Route(name="on-call", to=(), escalate_after=timedelta(minutes=10), escalate_to=("head-of-it",))


def symptom(journey: str = "live-class", **more: object) -> Symptom:
    given: dict[str, object] = {
        "journey": journey,
        "since": START,
        "locations": ("home", "school"),
        "actor": "student",
        "step": "finds the live session",
        "said": 'the list says "No classes today"',
        "run_id": "k3f9",
    }
    return Symptom(**(given | more))  # type: ignore[arg-type]


def notice(reason: NoticeReason, *symptoms: Symptom, **more: object) -> DueNotice:
    given: dict[str, object] = {
        "number": 217,
        "subject": "platform",
        "owner": "Contoso Learn",
        "opened_at": START,
        "symptoms": symptoms or (symptom(),),
    }
    incident = Incident(**(given | more))  # type: ignore[arg-type]
    return DueNotice(incident=incident, route=ROUTE, reason=reason, severity=Severity.CRITICAL, ordinal=1)


OVER = START + timedelta(minutes=26)


@pytest.mark.parametrize(
    ("owed", "subject"),
    [
        (
            notice(NoticeReason.OPENED),
            (
                '[critical] student "finds the live session" fails in live-class: Contoso Learn (platform), '
                "since 07:46, 2 of 2 places, confirmed"
            ),
        ),
        (
            notice(NoticeReason.OPENED, symptom(), symptom("class-list"), symptom("plan-b")),
            (
                '[critical] student "finds the live session" fails in live-class and 2 more: Contoso Learn (platform), '
                "since 07:46, 2 of 2 places, confirmed"
            ),
        ),
        (
            notice(NoticeReason.CLOSED, symptom(ended_at=OVER), closed_at=OVER),
            (
                '[closed] student "finds the live session" fails in live-class: Contoso Learn (platform), '
                "07:46 to 08:12, 26 min"
            ),
        ),
        (
            notice(NoticeReason.OPENED, symptom(step="", actor="", said="no worker"), subject=PROBE_SUBJECT, owner=""),
            "[critical] First Bell cannot judge live-class: First Bell itself, since 07:46, 2 of 2 places, confirmed",
        ),
    ],
)
def test_the_subject_is_the_alarm(owed: DueNotice, subject: str) -> None:
    assert write_message(owed, AROUND, START).subject == subject


def test_the_rest_says_what_is_fine_and_what_to_do() -> None:
    rows = dict(write_message(notice(NoticeReason.OPENED), AROUND, START).rows)
    assert rows["Whose"] == "Contoso Learn (platform), support@contoso.example"
    assert rows["Fine"] == "sign-in, plan B at 07:44"
    assert rows["Next"] == "goes to head-of-it in 10 min · acknowledge with: firstbell ack 217"
    assert "Proof" not in rows


def test_what_lies_behind_the_broken_service_is_told_as_unseen() -> None:
    around = MessageContext(zone=AROUND.zone, places=1, unseen=("live-class", "plan-b"))
    rows = dict(write_message(notice(NoticeReason.OPENED), around, START).rows)
    assert rows["Unseen"] == "live-class, plan-b cannot be judged behind platform"


def test_a_long_story_tells_first_what_is_broken_now_and_each_journey_once() -> None:
    over = [symptom(f"journey-{number}", ended_at=OVER) for number in range(8)]
    owed = notice(NoticeReason.OPENED, symptom(ended_at=OVER), *over, symptom(said="again"), openings=2)
    message = write_message(owed, AROUND, START)
    told = dict(message.rows)["What"].split("; ")
    assert told[0] == 'live-class: student "finds the live session": again'
    assert told[1].endswith("(well again)")
    assert told[-1] == "and 3 more"
    assert "fails in live-class (2 times): Contoso Learn" in message.subject


def test_a_subject_is_bounded_whatever_a_step_is_called() -> None:
    assert (
        len(write_message(notice(NoticeReason.OPENED, symptom(step="x" * 999)), AROUND, START).subject) == SUBJECT_LIMIT
    )


def test_nothing_in_a_title_ends_a_line_or_turns_the_writing_around() -> None:
    hostile = symptom(step="joins\r\nBcc: all@district.example\u202e", said="a\nb\x00c")
    message = write_message(notice(NoticeReason.OPENED, hostile), AROUND, START)
    assert message.subject.isprintable()
    assert all(told.isprintable() for _, told in message.rows)


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ("the class list is empty", "[critical] The class list is empty (live-class): Contoso Learn"),
        (
            "it answers with an error",
            "[critical] Platform answers with an error (live-class): Contoso Learn",
        ),
        (
            "its name is not found",
            "[critical] Platform: its name is not found (live-class): Contoso Learn",
        ),
    ],
)
def test_a_diagnosis_is_the_alarm_and_says_how_sure_and_why(words: str, begins: str) -> None:
    around = replace(AROUND, what=words, sure="high", because=("learn.example answered 500",))
    message = write_message(notice(NoticeReason.OPENED), around, START)
    assert message.subject.startswith(begins)
    rows = dict(message.rows)
    assert rows["Whose"] == "Contoso Learn (platform), support@contoso.example. Sure: high"
    assert rows["Because"] == "learn.example answered 500"


def test_where_nobody_can_be_named_nobody_is() -> None:
    message = write_message(notice(NoticeReason.OPENED, subject="unknown", owner=""), AROUND, START)
    assert "whose is not known" in message.subject
