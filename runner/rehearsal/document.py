"""What a rehearsal leaves as JSON: what was measured, what it amounts to, and what it rests on."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    """Part of the document."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RehearsalOutcome(Enum):
    """What a rehearsal says; the values are what people and files read."""

    GO = "go"
    NO_GO = "no-go"
    LIMITED = "the probe was the limit"


class RehearsalStepRow(Row):
    """A step that somebody played. `at_s` counts from the rehearsal's beginning; `ending` is empty where it is well."""

    title: str
    service: str
    at_s: float
    took_s: float
    ending: str = ""
    said: str = ""
    sign: str = ""
    is_private: bool = False


class MediaSampleRow(Row):
    """One look of a student at the teacher. `fault` is empty where it is proved; latency is glass to glass."""

    at_s: float
    fault: str = ""
    latency_ms: float | None = None
    frames_per_s: float = 0.0


class PersonRow(Row):
    """One person in one round. `played_with` is their browser, and the device that it was made to look like.

    `outcome` is passed, failed, errored or blind; `said` is why; `left_at_s` is when they were gone, whether they could
    still say good-bye or not. `frames` of the teacher had arrived at `frames_at_s`, just before; None of whom that
    could not be read. `kept` is what remains of somebody who failed, by names in the rehearsal's folder; the picture,
    if there is one, first.
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
        """The step that did not end well."""
        return next((step for step in self.steps if step.ending), None)

    def step(self, title: str) -> RehearsalStepRow | None:
        """A step of that title that ended well."""
        return next((step for step in self.steps if step.title == title and not step.ending), None)


class SampleRow(Row):
    """This machine at one moment: the share of all cores in use, the share that its host gave to others, memory."""

    at_s: float
    busy_share: float
    stolen_share: float
    memory_free_mib: float


class CostRow(Row):
    """What one student costs this machine, measured before: processor seconds to come, the share of a core to stay."""

    arriving_s: float
    staying_share: float
    memory_mib: float


class CountedRow(Row):
    """What the practice school counted of the same rehearsal, and what First Bell did. First Bell may have seen less by
    up to `tolerance`, and `said` is why; never more."""

    title: str
    counted: int
    measured: int
    tolerance: int = 0
    said: str = ""

    @property
    def agrees(self) -> bool:
        """Whether both came to the same, as near as they can be read."""
        return 0 <= self.counted - self.measured <= self.tolerance


class RecordRow(Row):
    """What was measured."""

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
    people: tuple[PersonRow, ...]
    samples: tuple[SampleRow, ...]
    lost_share: float
    counted: tuple[CountedRow, ...] = ()

    @property
    def pupils(self) -> tuple[PersonRow, ...]:
        """The students, each once a round."""
        return tuple(person for person in self.people if person.role == "student")

    @property
    def played(self) -> int:
        """How many of its rounds were played."""
        return len({person.round for person in self.people})


class CriterionRow(Row):
    """One thing that is wanted, with what was measured. `is_met` is None where nothing could be measured; `is_own` says
    that it is about First Bell's own work: not met, it is no verdict on the platform."""

    title: str
    wanted: str
    measured: str
    is_met: bool | None
    said: str = ""
    is_own: bool = False


class ComparedRow(Row):
    """One figure beside the previous rehearsal's: better, worse, within noise, or too few to tell, by a named test."""

    title: str
    before: str
    now: str
    change: Literal["better", "worse", "within noise", "too few to tell"]
    test: str
    p: float | None = None


class ComparisonRow(Row):
    """This rehearsal beside the previous one of the same journey."""

    previous: str
    previous_began_at: datetime
    said: str
    rows: tuple[ComparedRow, ...]


class RehearsalDocument(Row):
    """The whole of it."""

    schema_: Literal["firstbell.rehearsal/1"] = "firstbell.rehearsal/1"
    verdict: RehearsalOutcome
    said: str
    limit: str = ""
    criteria: tuple[CriterionRow, ...]
    comparison: ComparisonRow | None = None
    record: RecordRow
