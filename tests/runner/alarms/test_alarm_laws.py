"""Laws of notices for any sequence of observations: none without a confirmed failure, a closing for each opening, and a
silence that suppresses notices but never changes incidents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from firstbell.runner.alarms.incident import AlarmState, IncidentEvent, IncidentPolicy
from firstbell.runner.alarms.observation import Observation
from firstbell.runner.alarms.routing import IncidentStatus, NoticeKind, Route, SentNotice, Severity, notices_due
from firstbell.runner.alarms.rules.advance import advance
from firstbell.runner.alarms.rules.silence import Silence
from firstbell.runner.outcome import Outcome

START = datetime(2026, 8, 31, 11, tzinfo=UTC)
ROUTES = (
    Route(
        name="on-call",
        to=("a",),
        repeat=timedelta(minutes=45),
        escalate_after=timedelta(minutes=10),
        escalate_to=("head",),
    ),
    Route(name="head", to=("b",)),
    Route(name="vendor", to=("c",), services=frozenset({"platform"})),
    Route(name="operator", to=("d",), is_operator=True),
)
OUTCOMES = ("passed", "failed", "failed twice", "errored", "blind", "missed", "skipped")


@dataclass
class World:
    """The state of incidents, and the notices that were sent."""

    silences: tuple[Silence, ...] = ()
    state: AlarmState = field(default_factory=AlarmState)
    sent: list[SentNotice] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)

    def observe(self, observation: Observation) -> None:
        if observation.confirmed:
            self.confirmed.add(observation.service)
        self.state, _ = advance(self.state, observation, IncidentPolicy())
        self.send_notices(observation.at)

    def send_notices(self, now: datetime) -> None:
        for incident in self.state.incidents.values():
            status = IncidentStatus(incident=incident, severity=Severity.CRITICAL)
            for due in notices_due(status, ROUTES, self.sent, self.silences, now):
                self.sent.append(
                    SentNotice(
                        incident=incident.number,
                        opening=incident.openings,
                        route=due.route.name,
                        kind=due.kind,
                        at=now,
                        severity=due.severity,
                        to=due.route.to,
                    )
                )


@st.composite
def histories(draw: st.DrawFn) -> list[Observation]:
    at, found = START, []
    for _ in range(draw(st.integers(1, 40))):
        at += timedelta(minutes=draw(st.integers(1, 25)))
        outcome = draw(st.sampled_from(OUTCOMES))
        is_failed = outcome.startswith("failed")
        found.append(
            Observation(
                journey=draw(st.sampled_from(("live-class", "sign-in", "plan-b"))),
                location=draw(st.sampled_from(("home", "school"))),
                at=at,
                outcome=Outcome.FAILED if is_failed else Outcome(outcome),
                confirmed=outcome == "failed twice",
                service=draw(st.sampled_from(("platform", "sign-in"))) if is_failed else "",
            )
        )
    return found


def passes_after(at: datetime) -> list[Observation]:
    """Passes of every journey until each incident has closed."""
    names = [(journey, location) for journey in ("live-class", "sign-in", "plan-b") for location in ("home", "school")]
    return [
        Observation(journey=journey, location=location, at=at + timedelta(minutes=lap), outcome=Outcome.PASSED)
        for lap in range(1, 10)
        for journey, location in names
    ]


def sent_kinds(world: World) -> dict[tuple[int, int, str], list[NoticeKind]]:
    by: dict[tuple[int, int, str], list[NoticeKind]] = {}
    for one in world.sent:
        by.setdefault((one.incident, one.opening, one.route), []).append(one.kind)
    return by


CHAIN = ("sign-in", "platform", "live-class")


@st.composite
def chains(draw: st.DrawFn) -> list[tuple[str, str, str, bool]]:
    """Runs as (journey, location, service that fails or nothing, confirmed)."""
    run = st.tuples(
        st.sampled_from(("morning", "noon")),
        st.sampled_from(("home", "school")),
        st.sampled_from((*CHAIN, "", "unseen")),
        st.sampled_from((True, True, False)),
    )
    return draw(st.lists(run, max_size=40))


@settings(max_examples=60)
@given(chains())
def test_nothing_closes_while_its_last_sight_is_a_failure_or_unknown(runs: list[tuple[str, str, str, bool]]) -> None:
    """Each run is seen as a row of services: those before the failing one work, those after it are not seen."""
    state, sights = AlarmState(), dict[tuple[str, str, str], str]()
    for number, (journey, location, fails, confirmed) in enumerate(runs):
        works = () if fails == "unseen" else CHAIN[: CHAIN.index(fails)] if fails else CHAIN
        sights |= {(journey, location, service): "works" for service in works}
        if fails in CHAIN:
            sights[journey, location, fails] = "fails" if confirmed else "doubt"
        observation = Observation(
            journey=journey,
            location=location,
            at=START + timedelta(minutes=number),
            outcome=Outcome.ERRORED if fails == "unseen" else Outcome.FAILED if fails else Outcome.PASSED,
            confirmed=confirmed and fails in CHAIN,
            service=fails if fails in CHAIN else "",
            actor="student" if fails in CHAIN else "",
            step=fails if fails in CHAIN else "",
            passed_steps={("student", service): 1 for service in works},
        )
        state, changes = advance(state, observation, IncidentPolicy())
        for change in changes:
            incident, is_end = change.incident, change.event in (IncidentEvent.CLOSED, IncidentEvent.SYMPTOM_ENDED)
            if incident is None or incident.is_own or not is_end:
                continue
            for symptom in incident.symptoms:
                last = {sights[symptom.journey, place, incident.subject] for place in symptom.locations}
                if symptom.ended_at == observation.at:
                    assert last == {"works"}, f"{incident.subject} ended by {runs[: number + 1]}"
                assert incident.is_open or "fails" not in last, f"{incident.subject} closed by {runs[: number + 1]}"


@settings(max_examples=60)
@given(histories(), st.lists(st.tuples(st.integers(0, 600), st.integers(1, 120)), max_size=3))
def test_each_opening_has_a_closing_and_a_confirmed_failure(
    history: list[Observation], quiet: list[tuple[int, int]]
) -> None:
    silences = tuple(
        Silence(number=number, until=START + timedelta(minutes=begin + lasts), by="ana", why="", service="platform")
        for number, (begin, lasts) in enumerate(quiet)
    )
    world, unsilenced = World(silences=silences), World()
    for observation in [*history, *passes_after(history[-1].at)]:
        world.observe(observation)
        unsilenced.observe(observation)
        for incident in world.state.incidents.values():
            unconfirmed = not incident.is_own and incident.subject not in world.confirmed
            failures = [one for one in history if one.outcome == "failed" and one.service == incident.subject]
            assert not unconfirmed or len(failures) > 1, "opened by a single unconfirmed failure"
    assert world.state == unsilenced.state, "a silence has changed an incident"
    assert not [one for one in world.state.incidents.values() if one.is_open], "an incident never closed"
    for key, kinds in sent_kinds(world).items():
        assert kinds[0] in (NoticeKind.OPENED, NoticeKind.ESCALATED), f"{key}: a closing without an opening"
        assert kinds.count(NoticeKind.CLOSED) == 1, f"{key}: {kinds}"
        assert kinds[-1] is NoticeKind.CLOSED, f"{key}: a notice after the closing"
    assert set(sent_kinds(world)) <= set(sent_kinds(unsilenced)) | {
        key for key in sent_kinds(world) if key[2] == "head"
    }
