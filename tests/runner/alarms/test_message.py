"""Messages: the subject says what fails, the service, since when and where; the rows say what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from firstbell.labels import Label
from firstbell.runner.alarms.incident import PROBE_SUBJECT, Incident, Symptom
from firstbell.runner.alarms.message import SUBJECT_LIMIT, MessageContext, write_message
from firstbell.runner.alarms.routing import DueNotice, NoticeReason, Route, Severity

START = datetime(2026, 8, 31, 11, 46, tzinfo=UTC)
CONTEXT = MessageContext(
    zone=ZoneInfo("America/New_York"),
    location_count=2,
    contact="support@contoso.example",
    working=("sign-in", "plan B at 07:44 EDT"),
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
    ("due", "subject"),
    [
        (
            notice(NoticeReason.OPENED),
            (
                '[critical] student "finds the live session" fails in live-class: Contoso Learn (platform), '
                "since 07:46 EDT, 2 of 2 locations, confirmed"
            ),
        ),
        (
            notice(NoticeReason.OPENED, symptom(), symptom("class-list"), symptom("plan-b")),
            (
                '[critical] student "finds the live session" fails in live-class and 2 more: Contoso Learn (platform), '
                "since 07:46 EDT, 2 of 2 locations, confirmed"
            ),
        ),
        (
            notice(NoticeReason.CLOSED, symptom(ended_at=OVER), closed_at=OVER),
            (
                '[closed] student "finds the live session" fails in live-class: Contoso Learn (platform), '
                "07:46 to 08:12 EDT, 26 min"
            ),
        ),
        (
            notice(NoticeReason.OPENED, symptom(step="", actor="", said="no worker"), subject=PROBE_SUBJECT, owner=""),
            (
                "[critical] First Bell cannot judge live-class: First Bell itself, "
                "since 07:46 EDT, 2 of 2 locations, confirmed"
            ),
        ),
    ],
)
def test_the_subject_is_the_alarm(due: DueNotice, subject: str) -> None:
    assert write_message(due, CONTEXT, START).subject == subject


def test_the_rows_say_whom_to_call_what_works_and_what_to_do() -> None:
    rows = dict(write_message(notice(NoticeReason.OPENED), CONTEXT, START).rows)
    assert rows["Problem"] == (
        'live-class at home, school: student "finds the live session": the list says "No classes today"'
    )
    assert rows["Service"] == "platform, Contoso Learn"
    assert rows["Call"] == "Contoso Learn, support@contoso.example"
    assert rows["Working"] == "sign-in, plan B at 07:44 EDT"
    assert rows["Next"] == "escalates to head-of-it in 10 min · acknowledge with: firstbell ack 217"
    assert list(rows) == [label.value for label in Label if label.value in rows]
    assert not {"Evidence", "Confidence", "Unknown"} & set(rows)


def test_services_after_the_broken_one_are_unknown() -> None:
    context = MessageContext(zone=CONTEXT.zone, location_count=1, unknown=("live-class", "plan-b"))
    rows = dict(write_message(notice(NoticeReason.OPENED), context, START).rows)
    assert rows["Unknown"] == "live-class, plan-b (cannot be tested while platform is broken)"


def test_a_long_incident_lists_each_journey_once_the_broken_ones_first() -> None:
    over = [symptom(f"journey-{number}", ended_at=OVER) for number in range(8)]
    due = notice(NoticeReason.OPENED, symptom(ended_at=OVER), *over, symptom(said="again"), openings=2)
    message = write_message(due, CONTEXT, START)
    problems = dict(message.rows)["Problem"].split("; ")
    assert problems[0] == 'live-class at home, school: student "finds the live session": again'
    assert problems[1].endswith("(works again)")
    assert problems[-1] == "and 3 more"
    assert message.subject.endswith("confirmed, opened 2 times")


def test_a_subject_is_bounded_however_long_a_step_is() -> None:
    message = write_message(notice(NoticeReason.OPENED, symptom(step="x" * 999)), CONTEXT, START)
    assert len(message.subject) == SUBJECT_LIMIT


def test_no_title_ends_a_line_or_reverses_text() -> None:
    hostile = symptom(step="joins\r\nBcc: all@district.example\u202e", said="a\nb\x00c")
    message = write_message(notice(NoticeReason.OPENED, hostile), CONTEXT, START)
    assert message.subject.isprintable()
    assert all(value.isprintable() for _, value in message.rows)


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
def test_a_diagnosis_gives_the_problem_the_confidence_and_the_reasons(words: str, begins: str) -> None:
    context = replace(CONTEXT, problem=words, confidence="high (failed twice)", reasons=("learn.example answered 500",))
    message = write_message(notice(NoticeReason.OPENED), context, START)
    assert message.subject.startswith(begins)
    rows = dict(message.rows)
    assert rows["Confidence"] == "high (failed twice)"
    assert rows["Reasons"] == "learn.example answered 500"


def test_without_a_known_service_the_message_names_none() -> None:
    message = write_message(notice(NoticeReason.OPENED, subject="unknown", owner=""), CONTEXT, START)
    assert "service not known" in message.subject
    assert "Call" not in dict(message.rows)
