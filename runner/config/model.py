"""The whole file as a model: every table with its key. Each table has a module in `sections`."""

from __future__ import annotations

from pydantic import Field

from firstbell.runner.config.sections import Name, Section
from firstbell.runner.config.sections.accounts import AccountSection
from firstbell.runner.config.sections.alarms import AlarmsSection
from firstbell.runner.config.sections.browser import BrowserSection
from firstbell.runner.config.sections.calendar import BellsSection, CalendarSection, MaintenanceSection
from firstbell.runner.config.sections.diagnosis import DiagnosisSection
from firstbell.runner.config.sections.evidence import EvidenceSection, PrivacySection
from firstbell.runner.config.sections.history import HistorySection
from firstbell.runner.config.sections.journeys import JourneySection
from firstbell.runner.config.sections.locations import LocationSection, NetworkSection
from firstbell.runner.config.sections.rehearsal import RehearsalSection
from firstbell.runner.config.sections.school import ClassroomSection, PracticeSection, SchoolSection
from firstbell.runner.config.sections.services import PlanBSection, ServiceSection
from firstbell.runner.config.sections.store import StoreSection
from firstbell.runner.config.sections.watch import MetricsSection, WatchSection


class Settings(Section):
    """The whole of firstbell.toml."""

    school: SchoolSection
    services: dict[Name, ServiceSection] = Field(default_factory=dict)
    plan_b: PlanBSection = Field(default_factory=PlanBSection)
    accounts: dict[Name, AccountSection] = Field(default_factory=dict)
    classroom: ClassroomSection | None = None
    bells: tuple[BellsSection, ...] = Field((), description="Bell schedules.")
    calendar: CalendarSection = Field(default_factory=CalendarSection)
    maintenance: tuple[MaintenanceSection, ...] = Field((), description="Announced maintenance.")
    journeys: dict[Name, JourneySection] = Field(default_factory=dict)
    practice: PracticeSection = Field(default_factory=PracticeSection)
    locations: dict[Name, LocationSection] = Field(default_factory=dict, description="From where journeys are played.")
    network: NetworkSection = Field(default_factory=NetworkSection)
    watch: WatchSection = Field(default_factory=WatchSection)
    metrics: MetricsSection = Field(default_factory=MetricsSection)
    browser: BrowserSection = Field(default_factory=BrowserSection)
    store: StoreSection = Field(default_factory=StoreSection)
    history: HistorySection = Field(default_factory=HistorySection)
    evidence: EvidenceSection = Field(default_factory=EvidenceSection)
    privacy: PrivacySection = Field(default_factory=PrivacySection)
    alarms: AlarmsSection = Field(default_factory=AlarmsSection)
    diagnosis: DiagnosisSection = Field(default_factory=DiagnosisSection)
    rehearsal: RehearsalSection = Field(default_factory=RehearsalSection)

    @property
    def location_names(self) -> tuple[str, ...]:
        """The names of the locations that journeys are played from."""
        return tuple(self.locations) or (self.watch.location,)

    @property
    def location_count(self) -> int:
        """The number of locations: those of this file, or more if alarms.locations says so."""
        return max(self.alarms.locations, len(self.location_names))

    def journey(self, id_: str) -> JourneySection:
        """The section of a journey; the defaults if the file has none."""
        return self.journeys.get(id_) or JourneySection()
