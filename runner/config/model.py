"""The file as it may be written: every key with its type, its default and what it is for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from artifacts.policy import EvidencePolicy, Keep
from artifacts.retention import FAIL_DAYS, PASS_DAYS
from artifacts.spool import LIMIT_MIB
from artifacts.stores import Checksums, Encryption, StoreOptions
from journeys.stage.step import STEP_LIMIT_S
from runner.config.alarms import AlarmsSection
from runner.config.browsers import CHROMIUM, KINDS, BrowserName
from runner.config.devices import DeviceName
from runner.config.diagnosis import DiagnosisSection
from runner.config.durations import Days, Seconds
from runner.config.locations import LocationSection
from runner.config.rehearsal import RehearsalSection
from runner.config.secrets import Reference
from runner.config.section import Name, Section
from runner.config.timetable import BellsSection, CalendarSection, JourneySection, MaintenanceSection
from runner.diagnosis.location import HERE

_STORE, _POLICY = StoreOptions(), EvidencePolicy()


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError('this is no time zone; write one such as "America/New_York"') from None
    return value


Zone = Annotated[str, AfterValidator(_zone)]


class SchoolSection(Section):
    """The district."""

    name: str = Field(min_length=1, description="The district's name, as messages give it.")
    timezone: Zone = Field(description="The time zone of its bells.", examples=["America/New_York"])
    practice: bool = Field(
        default=False, strict=True, description="Start the practice school with each run, and play against it."
    )
    journeys: tuple[Path, ...] = Field(
        (),
        description="Folders with journeys of your own, beside this file; or single tests as pytest names them.",
        examples=[["my_journeys", "tests/e2e/test_login.py::test_login"]],
    )


class ServiceSection(Section):
    """Something that journeys rely on."""

    owner: str = Field("", description="Who runs it, as an alarm names them.")
    contact: str = Field("", description="Where to reach them: an address or a page.")
    url: str = Field("", description="Its front door.", pattern=r"^(https?://[^\s/@]+(/\S*)?)?$")
    hosts: tuple[str, ...] = Field((), description="Host names whose traffic is its own; * is allowed.")
    relays: tuple[Annotated[str, Field(pattern=r"^(stun|turn):[^\s/@]+$")], ...] = Field(
        (), description="STUN and TURN servers of its calls.", examples=[["turn:relay.vendor.example:3478"]]
    )
    kind: str = Field("", description="The adapter that knows its pages.", examples=["redirect"])
    public: str = Field(
        "", description="What people cannot do when it is broken, as a public notice says it.", examples=["signing in"]
    )
    options: dict[str, str] = Field(default_factory=dict, description="That adapter's own settings.")


class AccountSection(Section):
    """A synthetic person's account. It is played by one run at a time; several of one role let several runs play."""

    role: Name = Field("", description="What journeys call this person; the account's own name where left out.")
    groups: tuple[Name, ...] = Field((), description="The groups it goes to school with; all where left out.")

    username: str = Field(min_length=1, description="As typed at the sign-in.")
    display_name: str = Field("", description="As others see it in a class; the user name where left out.")
    password: Reference = Field(description="A reference to the password, never the password.")
    totp: Reference | None = Field(None, description="A reference to the one-time-code key (base32).")
    browser: BrowserName = Field("", description="What this person plays in, whatever journey or [browser] says.")
    device: DeviceName = Field("", description="What this person holds, by Playwright's name for it.")


class ClassroomSection(Section):
    """The synthetic class that our people meet in."""

    title: str = Field(min_length=1, description="The class as the platform lists it.")
    meeting_code: Reference | None = Field(None, description="A reference to the code of plan B's room.")


class BrowserSection(Section):
    """The browser that plays."""

    name: BrowserName = Field(CHROMIUM, min_length=1, description=f"Which one: {', '.join(KINDS)}.")
    executable: str = Field(
        "", description="Chromium's path, for headless and headed plays; found by itself where left out."
    )
    step_limit: Seconds = Field(STEP_LIMIT_S, description="How long one wait inside a step may take.")


class StoreSection(Section):
    """Where evidence is kept."""

    url: str = Field("./evidence", description="A folder, or s3://bucket/prefix.")
    endpoint_url: str = Field("", description="For stores that speak S3 but are not Amazon's.")
    region: str = Field("", description="The bucket's region.")
    sse: Encryption = Field(_STORE.sse, description="Server-side encryption.")
    kms_key_id: str = Field("", description="The key for aws:kms.")
    tags: bool = Field(
        default=_STORE.tags, strict=True, description="Tag objects for lifecycle rules; false where a store cannot."
    )
    lock_days: int = Field(
        _STORE.lock_days,
        ge=0,
        le=3650,
        description="Days for which Object Lock keeps a failure's evidence from being deleted.",
    )
    checksums: Checksums = Field(
        _STORE.checksums, description="when_required for S3-compatibles that refuse newer checksums."
    )

    @model_validator(mode="after")
    def _key_goes_with_kms(self) -> StoreSection:
        if self.kms_key_id and self.sse != "aws:kms":
            raise ValueError('kms_key_id is used only with sse = "aws:kms"; write both, or neither')
        return self

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        """`store = "s3://..."` is the short form of a table with only `url`."""
        return {"url": given} if isinstance(given, str) else given


class HistorySection(Section):
    """Where runs are recorded."""

    url: str = Field("", description="A database URL without a password; a file beside this one where left out.")
    password: Reference | None = Field(None, description="A reference to the database password.")
    keep_steps: Days = Field(30.0, description="After this, steps are thinned into daily figures; runs are kept.")

    @model_validator(mode="after")
    def _no_password_inside(self) -> HistorySection:
        if re.search(r"://[^@]*:[^@]*@|[?&]\w*password=", self.url):
            raise ValueError('a password is never written in the URL; use password = "env:NAME" beside it')
        return self


class EvidenceSection(Section):
    """How much a run leaves behind."""

    on_pass: Keep = Field(_POLICY.on_pass, description="What a run that passed leaves.")
    on_fail: Keep = Field(_POLICY.on_fail, description="What any other run leaves.")
    pass_days: Days = Field(PASS_DAYS, description="For how long a run that passed is kept.")
    fail_days: Days = Field(FAIL_DAYS, description="For how long any other run is kept.")
    signing_key: Reference | None = Field(
        None, description="A reference to the key that signs what is handed out; made by: firstbell evidence keygen."
    )
    spool_mib: int = Field(LIMIT_MIB, ge=50, description="How much may wait on this machine for a store that is away.")


class PrivacySection(Section):
    """Who may be in a class, and what no picture shows."""

    expected_participants: tuple[str, ...] = Field(
        (), description="People who may be in the class besides our own, by the name that its list shows."
    )
    mask: tuple[str, ...] = Field((), description="Selectors of what is painted over in pictures, such as img.avatar.")


class PracticeSection(Section):
    """How true to life the practice school is."""

    tls: bool = Field(default=False, strict=True, description="Serve it over HTTPS, with an authority of its own.")
    domain: str = Field(
        "",
        pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$",
        description="Give it names of its own, and a name server.",
    )
    clock: str = Field(
        "", pattern=r"^([+-]\d+[smhd])?$", description="Let it live at another time.", examples=["+600s"]
    )


class WatchSection(Section):
    """How `firstbell watch` works."""

    location: Name = Field(HERE, description="What this place is called in history.")
    workers: int = Field(0, ge=0, le=64, description="How many runs at once; one for each two cores where left out.")
    grace: Seconds = Field(120.0, description="A slot that could not begin within this is missed.")
    late_after: Seconds = Field(30.0, description="A run that begins later than this after its time is late.")
    stop_within: Seconds = Field(120.0, description="How long a stop waits for runs in hand.")
    recycle_after: int = Field(200, ge=1, description="Attempts after which a worker is replaced.")
    recycle_mib: int = Field(3000, ge=256, description="Memory of a worker and its browser after which it is replaced.")


class Settings(Section):
    """firstbell.toml, whole."""

    school: SchoolSection
    services: dict[Name, ServiceSection] = Field(default_factory=dict)
    accounts: dict[Name, AccountSection] = Field(default_factory=dict)
    classroom: ClassroomSection | None = None
    bells: tuple[BellsSection, ...] = Field((), description="Named bell schedules.")
    calendar: CalendarSection = Field(default_factory=CalendarSection)
    maintenance: tuple[MaintenanceSection, ...] = Field((), description="Announced maintenance.")
    journeys: dict[Name, JourneySection] = Field(default_factory=dict)
    practice: PracticeSection = Field(default_factory=PracticeSection)
    locations: dict[Name, LocationSection] = Field(default_factory=dict, description="From where journeys are played.")
    watch: WatchSection = Field(default_factory=WatchSection)
    browser: BrowserSection = Field(default_factory=BrowserSection)
    store: StoreSection = Field(default_factory=StoreSection)
    history: HistorySection = Field(default_factory=HistorySection)
    evidence: EvidenceSection = Field(default_factory=EvidenceSection)
    privacy: PrivacySection = Field(default_factory=PrivacySection)
    alarms: AlarmsSection = Field(default_factory=AlarmsSection)
    diagnosis: DiagnosisSection = Field(default_factory=DiagnosisSection)
    rehearsal: RehearsalSection = Field(default_factory=RehearsalSection)

    @property
    def places(self) -> tuple[str, ...]:
        """From where journeys are played, by name."""
        return tuple(self.locations) or (self.watch.location,)

    @property
    def location_count(self) -> int:
        """How many locations there are: those of this file, or more where alarms.locations says so."""
        return max(self.alarms.locations, len(self.places))

    def journey(self, id_: str) -> JourneySection:
        """How a journey is played; the defaults where the file says nothing."""
        return self.journeys.get(id_) or JourneySection()
