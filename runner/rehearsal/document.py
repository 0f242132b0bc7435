"""The JSON document of a rehearsal: record, criteria, outcome and comparison."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Row(BaseModel):
    """A part of the document."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RehearsalOutcome(Enum):
    """The outcome of a rehearsal; the values are stored in documents."""

    GO = "go"
    NO_GO = "no-go"
    LIMITED = "the probe was the limit"


class RehearsalStepRow(Row):
    """One step of one person. `at_s` counts from the start of the rehearsal; `ending` is empty if the step passed."""

    title: str
    service: str
    at_s: float
    took_s: float
    ending: str = ""
    said: str = ""
    sign: str = ""
    is_private: bool = False


class MediaSampleRow(Row):
    """One media sample: picture and sound of the teacher at a student. `fault` is empty if both are proved;
    `frames_per_s` is counted since the sample before it; `is_guarded` if a list of participants was followed."""

    at_s: float
    fault: str = ""
    latency_ms: float | None = None
    frames_per_s: float = 0.0
    is_guarded: bool = True


class PersonRow(Row):
    """One person in one round. `played_with` is the browser, and the device that it emulates.

    `outcome` is passed, failed, errored or blind, and `said` the reason; `left_at_s` is the time of leaving. `frames`
    is the number of the teacher's frames received by `frames_at_s`, just before leaving; None if it could not be read.
    `kept` names evidence of a failure in the rehearsal's folder, the picture first, if any.
    """

    round: int
    actor: str
    role: str
    played_with: str = ""
    steps: tuple[RehearsalStepRow, ...] = ()
    looks: tuple[MediaSampleRow, ...] = ()
    outcome: str
    said: str = ""
    left_at_s: float = 0.0
    frames: int | None = None
    frames_at_s: float = 0.0
    kept: tuple[str, ...] = ()

    @property
    def failing(self) -> RehearsalStepRow | None:
        """The step that did not pass."""
        return next((step for step in self.steps if step.ending), None)

    def step(self, title: str) -> RehearsalStepRow | None:
        """The step of that title, if it passed."""
        return next((step for step in self.steps if step.title == title and not step.ending), None)


class SampleRow(Row):
    """One sample of this machine: the share of cores in use, the share its host gave to other machines, free memory."""

    at_s: float
    busy_share: float
    stolen_share: float
    memory_free_mib: float


class CostRow(Row):
    """The cost of one student, measured before: processor seconds to join, the share of a core to stay, memory."""

    arriving_s: float
    staying_share: float
    memory_mib: float


class CountedRow(Row):
    """One figure of the practice school (`counted`) and of First Bell (`measured`). First Bell may have measured less
    by up to `tolerance`, for the reason in `said`, but never more."""

    title: str
    counted: int
    measured: int
    tolerance: int = 0
    said: str = ""

    @property
    def agrees(self) -> bool:
        """Tells whether both figures agree within the tolerance."""
        return 0 <= self.counted - self.measured <= self.tolerance


class RecordRow(Row):
    """All measurements of one rehearsal. `students` is the number of guests, whose role is `guest`, and `teachers` that
    of their hosts."""

    id: str
    journey: str
    district: str
    location: str
    began_at: datetime
    took_s: float
    students: int
    teachers: int
    ramp_s: float
    rounds: int
    workers: int
    cores: int
    browser: str
    version: str
    cost: CostRow
    carries: int
    guest: str = Field(default="student")
    people: tuple[PersonRow, ...]
    samples: tuple[SampleRow, ...]
    lost_share: float
    counted: tuple[CountedRow, ...] = ()

    @property
    def student_rows(self) -> tuple[PersonRow, ...]:
        """The guests, each once per round."""
        return tuple(person for person in self.people if person.role == self.guest)

    @property
    def host_rows(self) -> tuple[PersonRow, ...]:
        """The hosts, each once per round."""
        return tuple(person for person in self.people if person.role != self.guest)

    @property
    def steps(self) -> tuple[str, ...]:
        """The titles of the guests' steps, in the order of the guest who played most of them."""
        longest_first = sorted(self.student_rows, key=lambda person: -len(person.steps))
        return tuple(dict.fromkeys(step.title for person in longest_first for step in person.steps))

    @property
    def success_title(self) -> str:
        """The title of the figure for guests who succeeded."""
        host = next((person.role for person in self.host_rows), "")
        has_media = host and any(person.looks for person in self.student_rows)
        return f"{self.guest}s who saw and heard the {host}" if has_media else f"{self.guest}s who passed every step"

    @property
    def rounds_played(self) -> int:
        """The number of rounds played."""
        return len({person.round for person in self.people})


class CriterionRow(Row):
    """One criterion with its measurement. `is_met` is None if nothing could be measured; `is_own`: the criterion is
    about First Bell's own work, and if it is not met, the platform cannot be judged."""

    title: str
    wanted: str
    measured: str
    is_met: bool | None
    said: str = ""
    is_own: bool = False


class ComparedRow(Row):
    """One figure compared with the previous rehearsal, by a named statistical test."""

    title: str
    before: str
    now: str
    change: Literal["better", "worse", "within noise", "too few to tell"]
    test: str
    p: float | None = None


class ComparisonRow(Row):
    """A comparison with the previous rehearsal of the same journey."""

    previous: str
    previous_began_at: datetime
    said: str
    rows: tuple[ComparedRow, ...]


class RehearsalDocument(Row):
    """The whole document."""

    schema_: Literal["firstbell.rehearsal/1"] = "firstbell.rehearsal/1"
    verdict: RehearsalOutcome
    said: str
    limit: str = ""
    criteria: tuple[CriterionRow, ...]
    comparison: ComparisonRow | None = None
    record: RecordRow
