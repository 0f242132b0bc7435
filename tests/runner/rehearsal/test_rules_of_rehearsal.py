"""Decisions of a rehearsal: arrivals, cues, capacity, judgement, and comparison with the previous one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firstbell.runner.app.build import district_of
from firstbell.runner.app.open_config import embedded_district
from firstbell.runner.authoring.step_titles import StepTitles
from firstbell.runner.cli.play.rehearse_checks import check_shared_browser, criteria_of, too_many_text
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import parse
from firstbell.runner.rehearsal.arrivals import arrivals, begins_at
from firstbell.runner.rehearsal.capacity import capacity_of, limit_of
from firstbell.runner.rehearsal.criteria import Criteria, judge
from firstbell.runner.rehearsal.document import CostRow, CountedRow, PersonRow, RehearsalOutcome, SampleRow
from firstbell.runner.rehearsal.processes.cues import RoundOrder
from firstbell.runner.rehearsal.processes.protocol import (
    ActorLeft,
    ActorWaits,
    Cue,
    FromPlayers,
    GuestsCome,
    HostValues,
    PersonLeft,
    PlayedStatement,
    StatementsPlayed,
    StepPlayed,
    Stuck,
)
from firstbell.runner.rehearsal.results.compare import compare, fisher, mann_whitney
from firstbell.runner.rehearsal.run import conclude, longest_s
from firstbell.runner.rehearsal.transcript import NOT_OPENED, Transcript, joins, peak
from tests.support.sample_rehearsal import a_plan, a_record, a_student, a_teacher

CRITERIA = Criteria(success=0.9, steps_s={"signs in": 5.0}, latency_ms=400.0, frames_per_s=8.0)
OVERLOADED = "all processors were busy for 90% of the time"


def test_arrivals_grow_denser_until_the_bell() -> None:
    _, *students = arrivals({"teacher": "t"}, ["a", "b", "c", "d", "e"], ramp_s=100.0, workers=2)
    comes = [arrival.comes_s for arrival in students]
    assert comes == [0.0, 50.0, 70.711, 86.603, 100.0]
    assert [arrival.worker for arrival in students] == [1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        ("2026-11-25T07:00", "2026-11-25T07:54:45"),
        ("2026-11-25T07:54", "2026-11-25T07:54:45"),
        ("2026-11-25T07:55", "2026-11-26T07:54:45"),
    ],
    ids=["well before", "just before", "too late today, so tomorrow"],
)
def test_rehearsal_begins_in_time_for_the_bell(now: str, begins: str) -> None:
    zone = ZoneInfo("America/New_York")
    found = begins_at(time(8), datetime.fromisoformat(now).replace(tzinfo=zone), 300.0)
    assert found == datetime.fromisoformat(begins).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("rounds", "ramp_s", "at_least_s", "at_most_s"),
    [(1, 20.0, 245.0, 500.0), (3, 300.0, 1575.0, 2100.0), (50, 1800.0, 1e5, 1.1e5)],
    ids=["a short rehearsal", "a launch day", "the longest"],
)
def test_locks_last_as_long_as_all_rounds_can_take(
    rounds: int, ramp_s: float, at_least_s: float, at_most_s: float
) -> None:
    district = district_of(embedded_district(), None)
    assert at_least_s <= longest_s(a_plan(rounds=rounds, ramp_s=ramp_s), district) <= at_most_s


def _left(actor: str, ending: str = "") -> ActorLeft:
    return ActorLeft(actor=actor, at_s=0.0, ending=ending)


def _waits(actor: str, path: str, role: str) -> ActorWaits:
    return ActorWaits(actor=actor, path=path, role=role)


def _played(actor: str, path: str, value: str = "") -> StatementsPlayed:
    return StatementsPlayed(actor=actor, statements=(PlayedStatement(path=path, value=value),))


HOST_WAITS = _waits("teacher", "j.py:9:0#1", "student")
OPENED = _played("teacher", "j.py:5:0#1", '"room 7"')
LISTENS = _waits("student 1", "j.py:5:0#1", "teacher")
VALUES = HostValues(values={"j.py:5:0#1": '"room 7"'})
COME = GuestsCome()


def _cue(path: str, role: str, value: str = "", *, is_played: bool = True) -> Cue:
    return Cue(path=path, role=role, value=value, is_played=is_played)


@pytest.mark.parametrize(
    ("said", "due", "is_over"),
    [
        ([OPENED], [VALUES], False),
        ([OPENED, HOST_WAITS], [VALUES, COME], False),
        ([OPENED, HOST_WAITS, LISTENS], [VALUES, COME, _cue("j.py:5:0#1", "teacher", '"room 7"')], False),
        ([HOST_WAITS, _played("student 1", "j.py:9:0#1", "1")], [COME], False),
        (
            [HOST_WAITS, _played("student 1", "j.py:9:0#1", "1"), _played("student 2", "j.py:9:0#1", "2")],
            [COME, _cue("j.py:9:0#1", "student")],
            False,
        ),
        (
            [HOST_WAITS, _played("student 1", "j.py:9:0#1"), _left("student 2")],
            [COME, PersonLeft(actor="student 2"), _cue("j.py:9:0#1", "student")],
            False,
        ),
        (
            [HOST_WAITS, _left("student 1"), _left("student 2", "failed")],
            [
                COME,
                PersonLeft(actor="student 1"),
                PersonLeft(actor="student 2"),
                _cue("j.py:9:0#1", "student"),
            ],
            False,
        ),
        ([_left("teacher", "failed")], [PersonLeft(actor="teacher")], True),
        ([_left("teacher")], [PersonLeft(actor="teacher"), COME], False),
        (
            [HOST_WAITS, LISTENS, _left("teacher", "failed")],
            [COME, PersonLeft(actor="teacher"), _cue("j.py:5:0#1", "teacher", is_played=False)],
            False,
        ),
        ([HOST_WAITS, _left("teacher"), _left("student 1"), _left("student 2")], ["any"], True),
    ],
    ids=[
        "no guest comes while the host is busy",
        "guests come when the host waits",
        "a statement that was played is not waited for, and gives its value",
        "all guests are waited for",
        "guests have a value each, so that none is sent",
        "a guest who has left is not waited for",
        "no guest is left: the host goes on",
        "a host who fails first is not waited for",
        "a host who needs no guest",
        "guests cannot go on without a host who failed",
        "all have left: the round is over",
    ],
)
def test_people_go_on_when_all_they_wait_for_have_played(
    said: list[FromPlayers],
    due: list[object],
    is_over: bool,  # noqa: FBT001  # a column of the table
) -> None:
    order = RoundOrder(arrivals({"teacher": "t"}, ["a", "b"], ramp_s=1.0, workers=1))
    assert order.begin() == []
    found = [message for given in said for message in order.receive(given)]
    assert due in (["any"], found)
    assert order.is_over is is_over


def test_guests_alone_come_at_once_and_people_who_wait_for_each_other_are_told() -> None:
    alone = RoundOrder(arrivals({}, ["a", "b"], ramp_s=1.0, workers=1))
    assert alone.begin() == [COME]
    order = RoundOrder(arrivals({"teacher": "t"}, ["a"], ramp_s=1.0, workers=1))
    waits = [_waits("teacher", "a.py:4:8#1/j.py:7:4#1", "student"), _waits("student 1", "j.py:7:4#1", "teacher")]
    *_, last = [message for wait in waits for message in order.receive(wait)]
    assert isinstance(last, Stuck)
    assert last.said == (
        "no person can go on, because all wait for the student (j.py:7) and the teacher (j.py:7): "
        "write one statement for each person"
    )


TEN = [a_student(number) for number in range(10)]
FAILED = a_student(10, outcome="failed", fails_at="joins")
FULL = a_student(11, outcome="failed", fails_at="joins", sign="capacity")
CRASHED = a_student(12, outcome="errored", fails_at="joins")
STRANGER = a_student(13, outcome="errored", fails_at="joins", is_private=True)
SLOW = [a_student(number, signs_in_s=6.0) for number in range(10)]
LATE = [a_student(number, latency_ms=900.0) for number in range(10)]
JERKY = [a_student(number, frames_per_s=3.0) for number in range(10)]


@pytest.mark.parametrize(
    ("students", "limit", "outcome"),
    [
        (TEN, "", RehearsalOutcome.GO),
        (TEN, OVERLOADED, RehearsalOutcome.GO),
        ([*TEN, FAILED], "", RehearsalOutcome.GO),
        ([*TEN[:5], FAILED], "", RehearsalOutcome.NO_GO),
        ([*TEN[:5], FAILED], OVERLOADED, RehearsalOutcome.LIMITED),
        ([*TEN[:5], FULL], OVERLOADED, RehearsalOutcome.NO_GO),
        ([*TEN, FULL], OVERLOADED, RehearsalOutcome.GO),
        ([*TEN[:5], CRASHED], "", RehearsalOutcome.LIMITED),
        ([*TEN[:5], STRANGER], OVERLOADED, RehearsalOutcome.NO_GO),
        (SLOW, "", RehearsalOutcome.NO_GO),
        (SLOW, OVERLOADED, RehearsalOutcome.LIMITED),
        (LATE, "", RehearsalOutcome.NO_GO),
        (JERKY, "", RehearsalOutcome.NO_GO),
        ([CRASHED], "", RehearsalOutcome.LIMITED),
    ],
    ids=[
        "all passed",
        "every criterion met on an overloaded machine",
        "one in eleven may fail",
        "one in six may not",
        "one in six failed on an overloaded machine",
        "a full class decides on any machine",
        "one full in eleven is within the criterion",
        "a crash of First Bell is no result",
        "an unknown person is a no-go on any machine",
        "slow",
        "slow on an overloaded machine",
        "late pictures",
        "few frames",
        "no student could be judged",
    ],
)
def test_outcome_of_a_rehearsal(students: Sequence[PersonRow], limit: str, outcome: RehearsalOutcome) -> None:
    assert judge(a_record([a_teacher(), *students]), CRITERIA, limit).outcome is outcome


def test_class_that_never_opened_is_a_no_go() -> None:
    never = [
        PersonRow(round=1, actor=f"student {n}", role="student", outcome="failed", said=NOT_OPENED) for n in (1, 2)
    ]
    found = judge(a_record([a_teacher(outcome="failed"), *never]), CRITERIA, "")
    assert (found.outcome, found.rows[0].measured) == (RehearsalOutcome.NO_GO, "0 of 2")


@pytest.mark.parametrize(
    ("teacher_guards", "student_guards", "measured", "is_met"),
    [
        (False, False, "not known", None),
        (True, False, "0", True),
        (False, True, "0", True),
    ],
)
def test_a_stranger_is_ruled_out_only_where_a_list_was_followed(
    *, teacher_guards: bool, student_guards: bool, measured: str, is_met: bool | None
) -> None:
    look = a_student(1).looks[0]

    def guarded(person: PersonRow, by: bool) -> PersonRow:  # noqa: FBT001
        return person.model_copy(update={"looks": (look.model_copy(update={"is_guarded": by}),)})

    people = [guarded(a_teacher(), teacher_guards), guarded(a_student(1), student_guards)]
    judged = judge(a_record(people), CRITERIA, "")
    row = next(row for row in judged.rows if row.title == "privacy errors")
    assert (row.measured, row.is_met) == (measured, is_met)
    assert judged.outcome is RehearsalOutcome.GO
    assert ("a stranger would not have been noticed" in judged.summary) is (is_met is None)


def test_missing_rounds_give_no_result() -> None:
    record = a_record([a_teacher(), *TEN]).model_copy(update={"rounds": 3})
    document = conclude(record, CRITERIA, None)
    assert document.verdict is RehearsalOutcome.LIMITED
    assert "rounds played: 1 of 3, required 3" in document.said
    broken = a_record([a_teacher(), *TEN[:5], FAILED]).model_copy(update={"rounds": 3})
    assert conclude(broken, CRITERIA, None).verdict is RehearsalOutcome.NO_GO


JOINS_TOO_MANY = CountedRow(title="joins", counted=14, measured=11)
JOINS_EXPLAINED = CountedRow(title="joins", counted=12, measured=11, tolerance=1)


@pytest.mark.parametrize(
    ("students", "row", "outcome"),
    [
        (TEN, JOINS_TOO_MANY, RehearsalOutcome.LIMITED),
        (SLOW, JOINS_TOO_MANY, RehearsalOutcome.LIMITED),
        ([*TEN, STRANGER], JOINS_TOO_MANY, RehearsalOutcome.NO_GO),
        (TEN, JOINS_EXPLAINED, RehearsalOutcome.GO),
    ],
    ids=[
        "all passed",
        "slow",
        "an unknown person",
        "a difference within the tolerance",
    ],
)
def test_figures_that_differ_from_the_schools_give_no_result(
    students: Sequence[PersonRow], row: CountedRow, outcome: RehearsalOutcome
) -> None:
    agrees = CountedRow(title="most people at once", counted=11, measured=11)
    record = a_record([a_teacher(), *students]).model_copy(update={"counted": (agrees, row)})
    found = judge(record, CRITERIA, "")
    assert found.outcome is outcome
    assert ("joins 11, counted by the school 14" in found.summary) is (outcome is RehearsalOutcome.LIMITED)


def _sample(busy: float = 0.5, stolen: float = 0.0, free_mib: float = 4000.0) -> SampleRow:
    return SampleRow(at_s=1.0, busy_share=busy, stolen_share=stolen, memory_free_mib=free_mib)


@pytest.mark.parametrize(
    ("samples", "lost_share", "said"),
    [
        ([_sample()] * 10, 0.1, ""),
        ([_sample(1.0), *[_sample()] * 9], 0.0, ""),
        ([*[_sample(1.0)] * 3, *[_sample()] * 7], 0.0, "all processors were busy for 30% of the time"),
        ([_sample(stolen=0.2)] * 3, 0.0, "its host gave 20% of processor time to other machines"),
        ([_sample()], 0.3, "player processes waited 30% of the time for a processor"),
        ([_sample(), _sample(free_mib=100.0)], 0.0, "only 100 MiB of memory were left"),
        ([], 0.9, ""),
    ],
    ids=["well", "a moment", "for long", "stolen", "waiting", "memory", "nothing was read"],
)
def test_reasons_why_this_machine_was_the_limit(samples: list[SampleRow], lost_share: float, said: str) -> None:
    assert limit_of(samples, lost_share) == said


@pytest.mark.parametrize(
    ("cores", "free_mib", "ramp_s", "students"),
    [
        (8.0, 16e3, 300.0, 19),
        (2.0, 16e3, 300.0, 4),
        (2.0, 16e3, 5.0, 1),
        (8.0, 1256.0, 300.0, 10),
        (0.1, 9000.0, 20.0, 0),
    ],
    ids=["eight cores", "two", "all at once", "short of memory", "busy with something else"],
)
def test_capacity_forecast_of_this_machine(cores: float, free_mib: float, ramp_s: float, students: int) -> None:
    cost = CostRow(arriving_s=2.0, staying_share=0.34, memory_mib=100.0)
    assert capacity_of(cost, cores=cores, memory_free_mib=free_mib, ramp_s=ramp_s) == students


@pytest.mark.parametrize(("can", "advice"), [(5, "ask for 5 or fewer, "), (0, "end its other programs, ")])
def test_too_many_students_message_says_what_to_do(can: int, advice: str) -> None:
    said = too_many_text(8, can)
    assert advice in said
    for option in ("--ramp", "a larger machine", "--anyway"):
        assert option in said


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        ([1, 2, 3, 4], [5, 6, 7, 8], 2 / 70),
        ([1, 3, 5], [2, 4, 6], 0.7),
        ([5, 6, 7, 8], [1, 2, 3, 4], 2 / 70),
        ([2, 2, 2], [2, 2, 2], 1.0),
    ],
    ids=["apart", "interleaved", "the other way round", "all alike"],
)
def test_mann_whitney_matches_values_worked_out_by_hand(first: list[float], second: list[float], p: float) -> None:
    assert mann_whitney(first, second)[0] == pytest.approx(p)


def test_exact_test_counts_every_order_and_approximation_is_near() -> None:
    ours, theirs = [1.0, 2.0, 4.0, 7.0, 9.0, 11.0], [3.0, 5.0, 6.0, 8.0, 10.0, 12.0, 13.0]
    together, exact = sorted([*ours, *theirs]), mann_whitney(ours, theirs)[0]

    def u(chosen: Sequence[float]) -> int:
        return sum(one > other for one in chosen for other in together if other not in chosen)

    orders = [u(chosen) for chosen in combinations(together, len(ours))]
    far = abs(u(ours) - len(ours) * len(theirs) / 2)
    counted = sum(abs(one - len(ours) * len(theirs) / 2) >= far for one in orders) / len(orders)
    assert exact == pytest.approx(counted)
    by_normal, test = mann_whitney([*ours, 12.0], [*theirs, 12.0])
    assert test.endswith("normal approximation")
    assert by_normal == pytest.approx(exact, abs=0.1)


def test_fishers_exact_test_on_the_lady_tasting_tea() -> None:
    assert fisher(3, 4, 1, 4) == pytest.approx(34 / 70)  # Fisher, The Design of Experiments, 1935.
    assert fisher(8, 8, 0, 8) < 0.001


@pytest.mark.parametrize(
    ("now_s", "before_s", "change"),
    [
        ([4.0, 4.1, 4.2, 4.3, 4.4], [1.0, 1.1, 1.2, 1.3, 1.4], "worse"),
        ([1.0, 1.1, 1.2, 1.3, 1.4], [4.0, 4.1, 4.2, 4.3, 4.4], "better"),
        ([1.0, 1.1, 1.2, 1.3, 1.4], [1.05, 1.15, 1.25, 1.0, 1.35], "within noise"),
        ([9.0, 9.1, 9.2], [1.0, 1.1, 1.2], "too few to tell"),
    ],
    ids=["slower", "faster", "alike", "three and three say nothing"],
)
def test_comparison_with_the_previous_rehearsal(now_s: list[float], before_s: list[float], change: str) -> None:
    now, before = (
        a_record([a_teacher(), *(a_student(number, signs_in_s=took) for number, took in enumerate(times))])
        for times in (now_s, before_s)
    )
    rows = {row.title: row.change for row in compare(now, before).rows}
    assert rows["signs in, median"] == change
    assert rows["joins, median"] in {"within noise", "too few to tell"}


def test_fewer_frames_are_worse() -> None:
    now, before = (a_record([a_student(n, frames_per_s=rate + n / 10) for n in range(6)]) for rate in (4.0, 14.0))
    rows = {row.title: row.change for row in compare(now, before).rows}
    assert rows["frames per second, median"] == "worse"


def test_transcript_counts_joins_and_peak() -> None:
    transcript = Transcript(arrivals({"teacher": "t"}, ["a", "b"], ramp_s=1.0, workers=1), began_s=100.0)
    transcript.begin_round()

    def played(actor: str, title: str, at_s: float, ending: str = "") -> None:
        transcript.record(
            StepPlayed(actor=actor, title=title, service="live-class", at_s=at_s, took_s=1.0, ending=ending)
        )

    played("teacher", "opens the class", 100.0)
    played("student 1", "joins", 102.0)
    played("student 1", "leaves", 104.0)
    played("student 2", "joins", 105.0)
    played("student 2", "sees and hears the teacher", 106.0, ending="failed")
    for actor in ("student 1", "student 2", "teacher"):
        transcript.record(ActorLeft(actor=actor, at_s=108.0))
    transcript.end_round()
    assert (joins(transcript.people), peak(transcript.people)) == (3, 2)
    assert [person.outcome for person in transcript.people] == ["passed", "passed", "failed"]


def test_students_fail_if_the_teacher_did_not_open_the_class() -> None:
    transcript = Transcript(arrivals({"teacher": "t"}, ["a"], ramp_s=1.0, workers=1), began_s=0.0)
    transcript.begin_round()
    transcript.record(ActorLeft(actor="teacher", at_s=1.0, ending="failed", said="it is broken"))
    transcript.end_round()
    assert [(person.outcome, person.said) for person in transcript.people] == [
        ("failed", "it is broken"),
        ("failed", NOT_OPENED),
    ]


def test_criterion_for_an_unknown_step_is_a_configuration_error() -> None:
    text = '[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n'
    known = StepTitles(titles=("signs in", "opens the lesson"), are_all=True)
    named = parse(f'{text}[rehearsal.steps]\n"sings in" = "5s"\n', Path("firstbell.toml"))
    with pytest.raises(ConfigError, match='no step is called "sings in"; did you mean "signs in"'):
        criteria_of(named, known)
    assert criteria_of(named, replace(known, are_all=False)).steps_s == {"sings in": 5.0}
    # Nobody has asked for the steps of the defaults.
    assert list(criteria_of(parse(text, Path("firstbell.toml")), known).steps_s) == ["signs in"]


CLASS = """
[school]
name = "P"
timezone = "UTC"
[accounts.teacher]
username = "zz.teacher"
password = "env:FIRSTBELL_NOBODY"
{teacher}
[accounts.student]
username = "zz.student"
password = "env:FIRSTBELL_NOBODY"
{student}
[accounts.student2]
username = "zz.student2"
password = "env:FIRSTBELL_NOBODY"
browser = "webkit"
{rest}
"""


def _shares(monkeypatch: pytest.MonkeyPatch, *, teacher: str = "", student: str = "", rest: str = "") -> None:
    """Checks a rehearsal of the teacher and the first student; the second student does not take part."""
    monkeypatch.setenv("FIRSTBELL_NOBODY", "correct horse")
    config = parse(CLASS.format(teacher=teacher, student=student, rest=rest), Path("firstbell.toml"))
    planned = arrivals({"teacher": "teacher"}, ["student"], ramp_s=1.0, workers=1)
    check_shared_browser(config, district_of(config, None), "live-class", planned)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"student": 'browser = "webkit"'}, 'accounts.student.browser: .* which is "chromium"; remove this key'),
        ({"teacher": 'browser = "msedge"'}, "accounts.teacher.browser"),
        ({"rest": '[journeys.live-class]\nbrowser = "firefox"'}, "journeys.live-class.browser"),
        ({"rest": '[browser]\nname = "chrome"', "student": 'browser = "chromium"'}, 'which is "chrome"'),
    ],
    ids=["a student in WebKit", "a teacher in Edge", "the journey in Firefox", "Chromium where the class has Chrome"],
)
def test_browser_other_than_the_shared_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        _shares(monkeypatch, **given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"rest": '[journeys.live-class]\nbrowser = "chromium"'},
        {"rest": '[journeys.sign-in]\nbrowser = "firefox"'},
        {"student": 'browser = "chromium"', "teacher": 'browser = "chromium"', "rest": "[journeys.live-class]"},
        {"rest": '[browser]\nname = "chrome"', "student": 'browser = "chrome"'},
    ],
    ids=["nothing said", "the same said", "another journey's", "their own, the same", "all in Chrome"],
)
def test_naming_the_shared_browser_is_allowed(monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> None:
    _shares(monkeypatch, **given)
