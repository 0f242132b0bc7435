"""The file as it may be written: every key with its type, its default and what it is for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from firstbell.artifacts.policy import EvidencePolicy, Keep
from firstbell.artifacts.retention import FAIL_DAYS, PASS_DAYS
from firstbell.artifacts.spool import LIMIT_MIB
from firstbell.artifacts.stores import Checksums, Encryption, StoreOptions
from firstbell.journeys.stage.step import STEP_LIMIT_S
from firstbell.runner.config.browsers import BROWSER_KINDS, CHROMIUM, BrowserName
from firstbell.runner.config.devices import DeviceName
from firstbell.runner.config.durations import Days, Seconds
from firstbell.runner.config.secrets import Reference
from firstbell.runner.config.sections.alarms import AlarmsSection
from firstbell.runner.config.sections.diagnosis import DiagnosisSection
from firstbell.runner.config.sections.locations import LocationSection
from firstbell.runner.config.sections.rehearsal import RehearsalSection
from firstbell.runner.config.sections.section import Name, Section
from firstbell.runner.config.sections.timetable import BellsSection, CalendarSection, JourneySection, MaintenanceSection
from firstbell.runner.diagnosis.location import HERE

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

    name: str = Field(min_length=1, description="The district's name in messages.")
    timezone: Zone = Field(description="The district's time zone.", examples=["America/New_York"])
    practice: bool = Field(
        default=False,
        strict=True,
        description="Play against the practice school, which First Bell starts and stops by itself.",
    )
    journeys: tuple[Path, ...] = Field(
        (),
        description="Folders with your journeys, or single tests as pytest names them.",
        examples=[["my_journeys", "tests/e2e/test_login.py::test_login"]],
    )


class ServiceSection(Section):
    """A service that journeys rely on."""

    owner: str = Field("", description="Its owner's name in alarms.")
    contact: str = Field("", description="How to reach the owner: a mail address, telephone number or page.")
    url: str = Field("", description="Its first page.", pattern=r"^(https?://[^\s/@]+(/\S*)?)?$")
    hosts: tuple[str, ...] = Field((), description="Its host names; `*` stands for any part.")
    relays: tuple[Annotated[str, Field(pattern=r"^(stun|turn):[^\s/@]+$")], ...] = Field(
        (),
        description="STUN and TURN servers of its calls, such as `turn:relay.vendor.example:3478`.",
        examples=[["turn:relay.vendor.example:3478"]],
    )
    kind: str = Field(
        "", description="The adapter that knows its pages; needed only where a journey uses one.", examples=["redirect"]
    )
    public: str = Field(
        "",
        description='What people cannot do when it is broken, for public notices: "signing in".',
        examples=["signing in"],
    )
    options: dict[str, str] = Field(default_factory=dict, description="Settings of the adapter.")


class AccountSection(Section):
    """An account of a synthetic person. One run at a time uses it; several accounts of a role let several runs play."""

    role: Name = Field("", description="The role that it plays; without it, the account's name.")
    groups: tuple[Name, ...] = Field((), description="The groups that it belongs to; without it, all.")

    username: str = Field(min_length=1, description="The user name typed at the sign-in.")
    display_name: str = Field("", description="The name shown to others in a class; without it, the user name.")
    password: Reference = Field(description="A reference to the password.")
    totp: Reference | None = Field(None, description="A reference to the key of its one-time codes (base32).")
    browser: BrowserName = Field("", description="The browser of this person; overrides the journey and `[browser]`.")
    device: DeviceName = Field(
        "", description="The device of this person, by Playwright's name, such as `iPad (gen 7)`."
    )


class ClassroomSection(Section):
    """The synthetic class in which the synthetic people meet."""

    title: str = Field(min_length=1, description="The title of the class as the platform lists it.")
    meeting_code: Reference | None = Field(None, description="A reference to the code of plan B's meeting room.")


class BrowserSection(Section):
    """The browser that plays."""

    name: BrowserName = Field(CHROMIUM, min_length=1, description=f"Which one: {', '.join(BROWSER_KINDS)}.")
    executable: str = Field(
        "", description="The path of Chromium, for headless and headed plays; without it, First Bell looks for one."
    )
    step_limit: Seconds = Field(STEP_LIMIT_S, description="The longest wait inside a step.")


class StoreSection(Section):
    """Where evidence is kept."""

    url: str = Field("./evidence", description="A folder, or `s3://bucket/prefix`.")
    endpoint_url: str = Field("", description="The address of an S3-compatible store that is not Amazon's.")
    region: str = Field("", description="The region of the bucket.")
    sse: Encryption = Field(_STORE.sse, description="Server-side encryption of the bucket.")
    kms_key_id: str = Field("", description='The key for `sse = "aws:kms"`.')
    tags: bool = Field(
        default=_STORE.tags,
        strict=True,
        description="Tag objects for the lifecycle rules; false if the store has no tags.",
    )
    lock_days: int = Field(
        _STORE.lock_days,
        ge=0,
        le=3650,
        description="Days for which Object Lock protects the evidence of failures.",
    )
    checksums: Checksums = Field(
        _STORE.checksums, description="`when_required` for S3-compatible stores that refuse newer checksums."
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

    url: str = Field(
        "", description="A database URL without a password; without it, SQLite in `.firstbell/history.db`."
    )
    password: Reference | None = Field(None, description="A reference to the database password.")
    keep_steps: Days = Field(
        30.0, description="How long steps are kept; then only daily figures remain. Runs are always kept."
    )

    @model_validator(mode="after")
    def _no_password_inside(self) -> HistorySection:
        if re.search(r"://[^@]*:[^@]*@|[?&]\w*password=", self.url):
            raise ValueError('a password is never written in the URL; use password = "env:NAME" beside it')
        return self


class EvidenceSection(Section):
    """How much evidence a run leaves, and how long it is kept."""

    on_pass: Keep = Field(_POLICY.on_pass, description="What is kept of a run that passed at once.")
    on_fail: Keep = Field(_POLICY.on_fail, description="What is kept of any other run.")
    pass_days: Days = Field(PASS_DAYS, description="How long the evidence of such a pass is kept.")
    fail_days: Days = Field(FAIL_DAYS, description="How long the evidence of any other run is kept.")
    signing_key: Reference | None = Field(
        None, description="A reference to the key that signs bags, made by `firstbell evidence keygen`."
    )
    spool_mib: int = Field(LIMIT_MIB, ge=50, description="MiB of evidence that may wait on this machine for the store.")


class PrivacySection(Section):
    """Guests of a class, and elements that no picture shows."""

    expected_participants: tuple[str, ...] = Field(
        (), description="Names of people who may be in the class besides the synthetic ones."
    )
    mask: tuple[str, ...] = Field(
        (), description="CSS selectors of elements that are painted over in pictures, such as `img.avatar`."
    )


class PracticeSection(Section):
    """Options of the practice school."""

    tls: bool = Field(
        default=False, strict=True, description="Serve the school over HTTPS with its own certificate authority."
    )
    domain: str = Field(
        "",
        pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$",
        description="A domain for the school's hosts, with a name server of its own.",
    )
    clock: str = Field(
        "", pattern=r"^([+-]\d+[smhd])?$", description="Shift the school's clock, such as `+600s`.", examples=["+600s"]
    )


class WatchSection(Section):
    """The service `firstbell watch`."""

    location: Name = Field(HERE, description="The name of this location in history, where there is no `[locations]`.")
    workers: int = Field(
        0, ge=0, le=64, description="Runs at once at each location; 0 means one for each two processors."
    )
    grace: Seconds = Field(120.0, description="A slot that cannot begin within this time is missed.")
    late_after: Seconds = Field(30.0, description="A run that begins later than this counts as late.")
    stop_within: Seconds = Field(120.0, description="How long a stop waits for runs in progress.")
    recycle_after: int = Field(200, ge=1, description="Attempts after which a worker and its browser are replaced.")
    recycle_mib: int = Field(
        3000, ge=256, description="MiB of memory above which a worker and its browser are replaced."
    )


class Settings(Section):
    """firstbell.toml, whole."""

    school: SchoolSection
    services: dict[Name, ServiceSection] = Field(default_factory=dict)
    accounts: dict[Name, AccountSection] = Field(default_factory=dict)
    classroom: ClassroomSection | None = None
    bells: tuple[BellsSection, ...] = Field((), description="Bell schedules.")
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
