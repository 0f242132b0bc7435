"""Messages: the subject says what fails, the service, since when and where; the rows say what to do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from firstbell.labels import Label
from firstbell.runner.alarms.incident import PROBE_SUBJECT, Incident, Symptom
from firstbell.runner.alarms.message import SUBJECT_LIMIT, MessageContext, write_message
from firstbell.runner.alarms.routing import DueNotice, IncidentStatus, NoticeReason, Route, Severity
from firstbell.runner.diagnosis.cause import Cause

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


MINUTE = timedelta(minutes=1)
OVER, NEXT_DAY = START + MINUTE * 26, START + timedelta(days=1)


BY_CONTOSO = "Contoso Learn (platform), since Mon 31 Aug 07:46 EDT"
LISTS = f'Student fails at "finds the live session" (live-class): {BY_CONTOSO}'


@pytest.mark.parametrize(
    ("due", "subject"),
    [
        (notice(NoticeReason.OPENED), f"[critical] [from home and school] {LISTS}"),
        (
            notice(NoticeReason.OPENED, symptom(locations=("home",))),
            f"[critical] [from home; 1 more location not tried yet] {LISTS}",
        ),
        (
            notice(NoticeReason.OPENED, symptom(), symptom("class-list"), symptom("plan-b")),
            (
                '[critical] [from home and school] Student fails at "finds the live session" '
                f"(live-class and 2 more): {BY_CONTOSO}"
            ),
        ),
        (
            notice(NoticeReason.CLOSED, symptom(ended_at=OVER), closed_at=OVER),
            f"[closed] [07:46 to 08:12 EDT, 26 min] {LISTS}",
        ),
        (
            notice(NoticeReason.CLOSED, symptom(ended_at=NEXT_DAY), closed_at=NEXT_DAY),
            f"[closed] [Mon 31 Aug 07:46 EDT to Tue 1 Sep 07:46 EDT, 24 h 00 min] {LISTS}",
        ),
        (
            notice(NoticeReason.OPENED, symptom(ended_at=OVER), symptom(since=OVER + MINUTE * 4), openings=2),
            f"[critical] [second time; was OK 08:12 to 08:16 EDT] {LISTS}",
        ),
        (
            notice(NoticeReason.OPENED, symptom(ended_at=OVER), symptom(since=OVER + MINUTE / 3), openings=2),
            f"[critical] [second time within a minute] {LISTS}",
        ),
        (notice(NoticeReason.ESCALATED), f"[critical] [nobody has acknowledged it] {LISTS}"),
        (notice(NoticeReason.SNOOZE_OVER), f"[still critical] [the snooze is over] {LISTS}"),
        (
            notice(NoticeReason.REMINDER_DUE, symptom(passes=1, passes_needed=3)),
            f"[still critical] [1 of 3 passes] {LISTS}",
        ),
        (
            notice(NoticeReason.OPENED, symptom(step="", actor="", said="no worker"), subject=PROBE_SUBJECT, owner=""),
            "[critical] First Bell cannot judge live-class: First Bell itself, since Mon 31 Aug 07:46 EDT",
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


def test_a_subject_is_bounded_however_long_a_step_is() -> None:
    message = write_message(notice(NoticeReason.OPENED, symptom(step="x" * 999)), CONTEXT, START)
    assert len(message.subject) <= SUBJECT_LIMIT
    assert message.subject.endswith(f"…: {BY_CONTOSO}")


def test_no_title_ends_a_line_or_reverses_text() -> None:
    hostile = symptom(step="joins\r\nBcc: all@district.example\u202e", said="a\nb\x00c")
    message = write_message(notice(NoticeReason.OPENED, hostile), CONTEXT, START)
    assert message.subject.isprintable()
    assert all(value.isprintable() for _, value in message.rows)


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ("the class list is empty", "The class list is empty (live-class): Contoso Learn"),
        (
            "it answers with an error",
            "Platform answers with an error (live-class): Contoso Learn",
        ),
        (
            "its name is not found",
            "Platform: its name is not found (live-class): Contoso Learn",
        ),
    ],
)
def test_a_diagnosis_gives_the_problem_the_confidence_and_the_reasons(words: str, begins: str) -> None:
    context = replace(CONTEXT, problem=words, confidence="high (failed twice)", reasons=("learn.example answered 500",))
    message = write_message(notice(NoticeReason.OPENED), context, START)
    assert message.topic.startswith(begins)
    rows = dict(message.rows)
    assert rows["Confidence"] == "high (failed twice)"
    assert rows["Reasons"] == "learn.example answered 500"


@pytest.mark.parametrize(
    ("cause", "step", "topic"),
    [
        (Cause.SILENT, "sees and hears the teacher", "Student sees the teacher but cannot hear them (live-class): "),
        (Cause.SLOW, "opens the portal", "The portal did not load in 10 s (live-class): "),
        (Cause.SLOW, "signs in", 'Student waited 10 s at "signs in" (live-class): '),
    ],
)
def test_a_cause_is_told_in_the_words_of_people(cause: Cause, step: str, topic: str) -> None:
    context = replace(CONTEXT, problem="it is too slow", cause=cause, step_s=10.2)
    assert write_message(notice(NoticeReason.OPENED, symptom(step=step)), context, START).topic.startswith(topic)


def test_a_rise_in_the_morning_names_the_bell() -> None:
    due = notice(NoticeReason.MORE_URGENT, symptom(since=START - timedelta(hours=3)))
    before = replace(CONTEXT, bell=START + MINUTE * 14, has_bells=True)
    assert write_message(due, before, START).subject.startswith("[now critical: school starts 08:00 EDT] [from home")
    assert write_message(due, before, START + MINUTE * 15).subject.startswith("[now critical: school hours] [from home")
    assert write_message(due, CONTEXT, START).subject.startswith("[now critical] [from home")


def test_an_acknowledgement_tells_by_whom_until_when_and_why() -> None:
    due, until = notice(NoticeReason.ACKNOWLEDGED), START + MINUTE * 40
    given = {"acknowledged_by": "the help desk", "acknowledged_until": until, "acknowledged_why": "calling [Contoso]"}
    status = IncidentStatus(
        incident=due.incident,
        severity=Severity.CRITICAL,
        acknowledged_at=START,
        **given,  # type: ignore[arg-type]
    )
    message = write_message(due, replace(CONTEXT, status=status), START)
    assert message.subject == f"[acknowledged by the help desk until 08:26 EDT: calling (Contoso)] {LISTS}"
    assert dict(message.rows)["State"] == "acknowledged by the help desk until 08:26 EDT: calling [Contoso]"


def test_all_notices_of_an_opening_have_the_topic_of_the_first() -> None:
    context = replace(CONTEXT, topic="The list is empty: Contoso", elsewhere=("works from school",))
    reasons = (NoticeReason.OPENED, NoticeReason.REMINDER_DUE, NoticeReason.ESCALATED, NoticeReason.CLOSED)
    subjects = [write_message(notice(reason), context, START).subject for reason in reasons]
    assert {re.sub(r"\[[^]]*\] ", "", subject) for subject in subjects} == {context.topic}


@pytest.mark.parametrize(("zone", "time"), [("America/Sao_Paulo", "08:46 UTC-03"), ("America/Denver", "05:46 MDT")])
def test_times_name_the_zone_of_the_school_and_the_day(zone: str, time: str) -> None:
    context = replace(CONTEXT, zone=ZoneInfo(zone), district="Bayfront Unified")
    message = write_message(notice(NoticeReason.OPENED), context, START + MINUTE * 2)
    assert message.subject.endswith(f"Contoso Learn (platform), Bayfront Unified, since Mon 31 Aug {time}")
    assert dict(message.rows)["Time"] == f"since Mon 31 Aug 2026, {time} (2 min ago)"
    assert dict(message.rows)["District"] == "Bayfront Unified"


def test_without_a_known_service_the_message_names_none() -> None:
    message = write_message(notice(NoticeReason.OPENED, subject="unknown", owner=""), CONTEXT, START)
    assert "service not known" in message.subject
    assert "Call" not in dict(message.rows)
