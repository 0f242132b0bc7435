"""Runs one rehearsal: plays the rounds, samples the machine, and compares the figures with the criteria."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner.execution.district import District
from firstbell.runner.execution.supervision.child_process import QUIT_S
from firstbell.runner.execution.supervision.protocol import WorkerSetup
from firstbell.runner.rehearsal.arrivals import Arrival, Cast
from firstbell.runner.rehearsal.capacity import limit_of
from firstbell.runner.rehearsal.criteria import Criteria, judge
from firstbell.runner.rehearsal.document import CostRow, PersonRow, RecordRow, RehearsalDocument, SampleRow
from firstbell.runner.rehearsal.processes.machine_load import MachineSampler
from firstbell.runner.rehearsal.processes.parent import READY_S, PlayerProcesses
from firstbell.runner.rehearsal.processes.protocol import FromPlayers, PreparePlayers
from firstbell.runner.rehearsal.results.compare import compare
from firstbell.runner.rehearsal.results.cross_check import JOURNEY, SchoolCounts, cross_check
from firstbell.runner.rehearsal.results.store import delete_round
from firstbell.runner.rehearsal.transcript import Transcript

# A round has at most this many waits, each of which may take the step limit; the slack is for a slow machine.
WAITS_IN_A_ROUND = 16
SLACK_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalPlan:
    """The plan of a rehearsal, with the measured cost on this machine. `log` receives the output of player processes;
    `folder` is where evidence of failures is kept, with pictures masked by the `mask` selectors."""

    journey: str
    arrivals: tuple[Arrival, ...]
    ramp_s: float
    rounds: int
    stay_s: float
    cost: CostRow
    cores: int
    carries: int
    log: Path
    folder: Path
    mask: tuple[str, ...] = ()

    @property
    def students(self) -> int:
        """The number of students."""
        return sum(arrival.is_guest for arrival in self.arrivals)

    @property
    def cast(self) -> Cast:
        """The roles of the people."""
        guest = next(arrival.role for arrival in self.arrivals if arrival.is_guest)
        return Cast(guest=guest, hosts=tuple(arrival.role for arrival in self.arrivals if not arrival.is_guest))

    @property
    def workers(self) -> int:
        """The number of player processes."""
        return len({arrival.worker for arrival in self.arrivals})


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlayedRounds:
    began_at: datetime
    began_monotonic: float
    browser: str
    people: Sequence[PersonRow]
    samples: tuple[SampleRow, ...]
    lost_share: float


ProgressListener = Callable[[FromPlayers, Transcript], None]


def rehearse(
    plan: RehearsalPlan,
    district: District,
    setup: WorkerSetup,
    *,
    practice: PracticeSchool | None,
    listener: ProgressListener,
) -> RecordRow:
    """Plays all rounds and returns the record. Raises WorkerFailure if no player process can start."""
    before = _reset_counts(practice) if practice and plan.journey == JOURNEY else None
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    folder = plan.folder / name
    with _deleted_if_stopped(folder):
        played = _play_rounds(plan, district, setup, folder, listener)
        # Only after the last process that could still write into the folder has ended.
        people = redact_private_people(played.people, folder)
    return RecordRow(
        id=name,
        journey=plan.journey,
        district=district.school.name,
        location=district.location.name,
        began_at=played.began_at,
        took_s=round(time.monotonic() - played.began_monotonic, 2),
        students=plan.students,
        teachers=len(plan.arrivals) - plan.students,
        ramp_s=plan.ramp_s,
        rounds=plan.rounds,
        workers=plan.workers,
        cores=plan.cores,
        browser=played.browser,
        version=version("firstbell"),
        cost=plan.cost,
        carries=plan.carries,
        guest=plan.cast.guest,
        people=people,
        samples=played.samples,
        lost_share=round(played.lost_share, 4),
        counted=cross_check(before, _count(practice), played.people) if practice and before else (),
    )


def _play_rounds(
    plan: RehearsalPlan, district: District, setup: WorkerSetup, folder: Path, listener: ProgressListener
) -> _PlayedRounds:
    guests = [*district.guests, *(district.account(arrival.account).display_name for arrival in plan.arrivals)]
    prepare = PreparePlayers(
        hello=setup, journey=plan.journey, guests=tuple(guests), stay_s=plan.stay_s, keep=folder, mask=plan.mask
    )
    with PlayerProcesses(plan.arrivals, prepare, log=plan.log) as processes:
        began_at, began_monotonic = datetime.now(UTC), time.monotonic()
        transcript = Transcript(plan.arrivals, began_at.timestamp())

        def follow(message: FromPlayers) -> None:
            transcript.record(message)
            listener(message, transcript)

        with MachineSampler() as sampler:
            for _ in range(plan.rounds):
                if not processes.is_intact:
                    break
                transcript.begin_round()
                processes.play(secrets.token_hex(8), deadline_s=_deadline_s(plan, district), follow=follow)
                transcript.end_round()
        return _PlayedRounds(
            began_at=began_at,
            began_monotonic=began_monotonic,
            browser=processes.browser,
            people=transcript.people,
            samples=tuple(sampler.samples),
            lost_share=transcript.lost_share,
        )


def _reset_counts(practice: PracticeSchool) -> SchoolCounts:
    practice.reset_peak()
    return _count(practice)


def conclude(record: RecordRow, criteria: Criteria, previous: RecordRow | None) -> RehearsalDocument:
    """Judges a record, and compares it with the previous one."""
    limit = limit_of(record.samples, record.lost_share)
    judgement = judge(record, criteria, limit)
    return RehearsalDocument(
        verdict=judgement.outcome,
        said=judgement.summary,
        limit=limit,
        criteria=judgement.rows,
        comparison=compare(record, previous) if previous else None,
        record=record,
    )


def _deadline_s(plan: RehearsalPlan, district: District) -> float:
    return plan.ramp_s + plan.stay_s + WAITS_IN_A_ROUND * district.step_limit_s + SLACK_S


def longest_s(plan: RehearsalPlan, district: District) -> float:
    """The longest possible duration: starting browsers, every round until its deadline, and ending browsers."""
    return READY_S + plan.rounds * _deadline_s(plan, district) + plan.workers * QUIT_S + SLACK_S


def redact_private_people(people: Sequence[PersonRow], folder: Path) -> tuple[PersonRow, ...]:
    """Deletes the evidence of each round in which an unknown person was seen: any picture of that round may show them.
    Raises OSError."""
    private = {person.round for person in people if any(step.is_private for step in person.steps)}
    for number in private:
        delete_round(folder, number)
    return tuple(person.model_copy(update={"kept": ()}) if person.round in private else person for person in people)


@contextmanager
def _deleted_if_stopped(folder: Path) -> Iterator[None]:
    """Deletes the evidence of a rehearsal that was stopped: no report leads to it."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _count(practice: PracticeSchool) -> SchoolCounts:
    return SchoolCounts.of(practice.counters()["live_class"])
