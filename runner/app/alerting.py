"""The alarms of one configuration and one database: incidents, the outbox, and delivery."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from firstbell.artifacts.stores import StoreError
from firstbell.errors import FirstBellError
from firstbell.runner.alarms.channels import BadAddress, Channel, Delivered, forgets_alerts, open_channel
from firstbell.runner.alarms.delivery import NoticeDelivery
from firstbell.runner.alarms.heartbeat import Heartbeat
from firstbell.runner.alarms.incident import Incident, TrackedJourney
from firstbell.runner.alarms.journey_health import HealthState
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.observation import Track
from firstbell.runner.alarms.outbox import QueuedNotice
from firstbell.runner.alarms.part import channel
from firstbell.runner.alarms.public_notice import (
    TEMPLATE,
    BadTemplate,
    PublicNoticeContext,
    activity_of,
    noun_of,
    problem_of,
    public_notice,
)
from firstbell.runner.app.build_storage import spool_of, store_of, web_access_of
from firstbell.runner.config.load import Config
from firstbell.runner.config.secrets import MissingSecret, secret
from firstbell.runner.config.to_alarms import alarm_policy_of, channel_options_of
from firstbell.runner.execution.supervision.process_identity import owner_is_gone, this_process
from firstbell.runner.history.alarms.alerts_in_force import alerts_in_force
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.outbox import OutboxHistory
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.outcome import Outcome
from firstbell.runner.schedule.maintenance import Maintenance

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Alerting:
    """The alarms of one district. `follow` switches to another configuration; open incidents stay."""

    config: Config
    database: Database
    incidents: IncidentService
    outbox: OutboxHistory

    def delivery(self) -> NoticeDelivery:
        """Returns the delivery of notices, not started."""
        return NoticeDelivery(self.outbox, lambda address: channel_of(self.config, address), self.picture)

    def repeat_alerts(self) -> None:
        """Sends the alerts in force again to channels that forget them, as Prometheus does: the same labels are the
        same alert. A failure is only logged, for the next turn follows. Raises HistoryError and ValidationError."""
        addresses = {address for route in self.config.settings.alarms.routes for address in route.to}
        for address, key, message in alerts_in_force(
            self.database, lambda one: one in addresses and forgets_alerts(one)
        ):
            answer = channel_of(self.config, address).deliver(message, key)
            if not isinstance(answer, Delivered):
                log.warning("alert.not_repeated", to=address, incident=message.incident, reason=answer.reason)

    def picture(self, name: str) -> bytes:
        """Returns an object of the spool or the store; empty if neither has it: a notice does not wait."""
        if data := spool_of(self.config).peek(name):
            return data
        try:
            return store_of(self.config).get(name)
        except StoreError:
            return b""

    def plan_b_passed_at(self) -> datetime | None:
        """Returns when plan B last passed; None if its last run did not pass, it never ran, or another location
        disagrees."""
        plan_b = self.incidents.policy.plan_b
        found = RunHistory(self.database, self.incidents.policy.zone).recent(1, journeys=[plan_b])
        health = self.incidents.watched().get((Track.SERVICE, plan_b), TrackedJourney()).health
        is_well = health.state is HealthState.OK and bool(found) and found[0].outcome == Outcome.PASSED
        return found[0].started_at if is_well else None

    def in_public_words(self, incident: Incident, draft: QueuedNotice) -> Message:
        """Returns the notice to parents and teachers about an incident, by its draft's route. Raises BadTemplate."""
        settings, zone = self.config.settings, self.incidents.policy.zone
        service, plan_b = settings.services.get(incident.subject), settings.services.get("plan-b")
        situation = PublicNoticeContext(
            zone=zone,
            now=datetime.now(UTC),
            since=incident.since,
            over_at=incident.closed_at,
            doing=activity_of(incident.subject, service.public if service else ""),
            noun=noun_of(incident.subject, service.public if service else ""),
            problem=problem_of(self._cause(incident)),
            district=settings.school.name,
            plan_b_name=settings.plan_b.name,
            plan_b=settings.plan_b.link or ((plan_b.url or plan_b.contact) if plan_b else ""),
            plan_b_passed_at=self.plan_b_passed_at(),
        )
        return public_notice(draft.message, situation, self._template(draft.route))

    def _cause(self, incident: Incident) -> str:
        """Returns the cause in the diagnosis of the failing run; empty where it blames another service, or is gone."""
        try:
            run = RunHistory(self.database, self.incidents.policy.zone).find(incident.current_symptoms[0].run_id)
        except FirstBellError:
            return ""
        return run.cause if run.service == incident.subject else ""

    def _template(self, route: str) -> str:
        """Returns the template of a route, or First Bell's own. Raises BadTemplate."""
        given = next((entry for entry in self.config.settings.alarms.routes if entry.name == route), None)
        if given is None or given.template is None:
            return TEMPLATE
        try:
            return (self.config.folder / given.template).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise BadTemplate(f"{given.template} cannot be read ({getattr(error, 'strerror', 'no text')})") from None

    def follow(
        self,
        config: Config,
        relies_on: Mapping[str, Sequence[str]],
        announced: Callable[[], Sequence[Maintenance]] = lambda: (),
    ) -> None:
        """Switches to another configuration: only what it monitors can be in an incident."""
        self.config = config
        self.incidents.policy = alarm_policy_of(config.settings, relies_on, announced)


def alerting_for(config: Config, database: Database) -> Alerting:
    """Returns the alarms of a configuration, before its journeys have been collected."""
    incidents = IncidentService(database, alarm_policy_of(config.settings))
    outbox = OutboxHistory(incidents, database, this_process(), owner_is_gone)
    return Alerting(config=config, database=database, incidents=incidents, outbox=outbox)


def channel_of(config: Config, address: str) -> Channel:
    """Returns the channel of an address. Raises BadAddress, also if a secret that it needs is missing."""
    try:
        return open_channel(address, channel_options_of(config.settings, web_access_of(config)))
    except MissingSecret as missing:
        raise BadAddress(str(missing)) from None


def channels_of(config: Config) -> set[str]:
    """Returns the names of all routes' channels, as the health of parts of First Bell names them."""
    return {str(channel(address)) for route in config.settings.alarms.routes for address in route.to}


def heartbeat_of(config: Config) -> Heartbeat | None:
    """Returns the dead man's switch, if one is configured. Raises MissingSecret."""
    given = config.settings.alarms.heartbeat
    if given is None:
        return None
    is_plain = given.url.startswith(("https://", "http://"))
    return Heartbeat(given.url if is_plain else secret(given.url).reveal(), web_access_of(config))
