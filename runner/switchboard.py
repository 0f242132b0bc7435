"""Everything that alarms take, of one configuration and one database: incidents, the outbox, and who delivers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from artifacts.stores import StoreError
from runner.alarms.channels import BadAddress, Channel, open_channel
from runner.alarms.delivery import Delivery
from runner.alarms.health import State
from runner.alarms.heartbeat import Heartbeat
from runner.alarms.incident import Incident, Watched
from runner.alarms.message import Message
from runner.alarms.outbox import Notification
from runner.alarms.part import channel
from runner.alarms.public import TEMPLATE, BadTemplate, Situation, doing_of, notice
from runner.alarms.verdict import Track
from runner.config.load import Config
from runner.config.people import channel_options_of, terms_of
from runner.config.secrets import SecretMissing, secret
from runner.execution.identity import is_gone, me
from runner.history.database import Database
from runner.history.incidents import IncidentHistory
from runner.history.outbox import OutboxHistory
from runner.history.runs import RunHistory
from runner.outcome import Outcome
from runner.schedule.maintenance import Maintenance
from runner.wiring import spool_of, store_of


@dataclass(slots=True, kw_only=True)
class Switchboard:
    """The alarms of one district. `follow` takes another configuration; what is under way stays."""

    config: Config
    database: Database
    incidents: IncidentHistory
    outbox: OutboxHistory

    def delivery(self) -> Delivery:
        """Somebody to deliver. Not started."""
        return Delivery(self.outbox, lambda address: channel_of(self.config, address), self.picture)

    def picture(self, name: str) -> bytes:
        """An object of the store, or of the spool before it; nothing where neither has it: a notice does not wait."""
        if data := spool_of(self.config).peek(name):
            return data
        try:
            return store_of(self.config).get(name)
        except StoreError:
            return b""

    def plan_b_passed_at(self) -> datetime | None:
        """When plan B last passed; None where its last run did not, it never ran, or another location doubts it."""
        plan_b = self.incidents.terms.plan_b
        found = RunHistory(self.database, self.incidents.terms.zone).recent(1, journeys=[plan_b])
        health = self.incidents.watched().get((Track.SERVICE, plan_b), Watched()).health
        is_well = health.state is State.OK and bool(found) and found[0].outcome == Outcome.PASSED
        return found[0].started_at if is_well else None

    def in_public_words(self, incident: Incident, draft: Notification) -> Message:
        """What parents and teachers would read of an incident, by its draft's route. Raises BadTemplate."""
        settings, zone = self.config.settings, self.incidents.terms.zone
        service, plan_b = settings.services.get(incident.subject), settings.services.get("plan-b")
        situation = Situation(
            zone=zone,
            now=datetime.now(UTC),
            since=incident.since,
            over_at=incident.closed_at,
            doing=doing_of(incident.subject, service.public if service else ""),
            plan_b=(plan_b.url or plan_b.contact) if plan_b else "",
            plan_b_passed_at=self.plan_b_passed_at(),
        )
        return notice(draft.message, situation, self._template(draft.route))

    def _template(self, route: str) -> str:
        """The template of a route, or the one that First Bell brings. Raises BadTemplate."""
        given = next((one for one in self.config.settings.alarms.routes if one.name == route), None)
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
        """Go by another configuration: what is watched in it, and nothing else, can be in trouble."""
        self.config = config
        self.incidents.terms = terms_of(config.settings, relies_on, announced)


def switchboard_for(config: Config, database: Database) -> Switchboard:
    """The alarms of a configuration, before its journeys have been collected."""
    incidents = IncidentHistory(database, terms_of(config.settings))
    outbox = OutboxHistory(incidents, database, me(), is_gone)
    return Switchboard(config=config, database=database, incidents=incidents, outbox=outbox)


def channel_of(config: Config, address: str) -> Channel:
    """The channel of an address. Raises BadAddress, also where a secret that it needs is missing."""
    try:
        return open_channel(address, channel_options_of(config.settings))
    except SecretMissing as missing:
        raise BadAddress(str(missing)) from None


def channels_of(config: Config) -> set[str]:
    """What the channels of all routes are called where parts of First Bell are told of."""
    return {str(channel(address)) for route in config.settings.alarms.routes for address in route.to}


def heartbeat_of(config: Config) -> Heartbeat | None:
    """The dead man's switch, where one is configured. Raises SecretMissing."""
    given = config.settings.alarms.heartbeat
    if given is None:
        return None
    is_plain = given.url.startswith(("https://", "http://"))
    return Heartbeat(given.url if is_plain else secret(given.url).reveal())
