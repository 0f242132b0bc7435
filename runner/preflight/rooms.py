"""Checks of rooms: where a stranger would not be noticed, so that no picture is kept."""

from __future__ import annotations

from collections.abc import Iterator

from firstbell.journeys.adapters.loading import UnknownKind, load_adapter
from firstbell.runner.app.build import services_of
from firstbell.runner.config.load import Config
from firstbell.runner.preflight.finding import CheckArea, CheckFinding, FindingLevel

ROOM_SERVICES = ("live-class", "plan-b")


def check_rooms(config: Config) -> Iterator[CheckFinding]:
    """Yields each configured room whose adapter follows no list of participants."""
    kept = config.settings.evidence.unguarded_pictures
    for name, service in services_of(config.settings, None).items():
        if name not in ROOM_SERVICES or not service.kind:
            continue
        try:
            loaded = load_adapter(service, config.folder)
        except UnknownKind:
            continue  # Reported with the configuration.
        watches = getattr(loaded.adapter, "watches_participants", None)
        if watches is None or watches(loaded.service):
            continue
        effect = "pictures of it are kept all the same" if kept else "no picture or trace of it is kept"
        yield CheckFinding(
            area=CheckArea.JOURNEYS,
            subject=name,
            level=FindingLevel.WARNING,
            message=f"a stranger in this room would not be noticed, and {effect}; add the words people or people_count",
        )
