"""Builds the locations of a configuration: egress, certificate authorities, network profile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from firstbell.journeys.practice.client import SchoolInfo
from firstbell.runner.app.open_config import open_state_folder
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config
from firstbell.runner.config.sections.locations import LocationSection
from firstbell.runner.diagnosis.location import NETWORK_PROFILES, Location, NetworkProfile
from firstbell.runner.diagnosis.targets import Egress


def locations_of(config: Config, practice: SchoolInfo | None) -> dict[str, Location]:
    """Returns the locations of the file, or this machine as it is."""
    given = config.settings.locations or {config.settings.watch.location: LocationSection()}
    cas = _practice_cas(config, practice)
    return {
        name: Location(
            name=name,
            egress=Egress(
                proxy=practice.outside if practice and section.proxy == "practice:outside" else section.proxy,
                resolver=section.resolver,
                second=config.settings.diagnosis.resolver,
                cas=(*cas, *(config.folder / file for file in section.ca)),
            ),
            inside=section.inside,
            network=NETWORK_PROFILES.get(section.network, NetworkProfile()),
        )
        for name, section in given.items()
    }


def location_named(name: str, locations: Mapping[str, Location], config: Config) -> Location:
    """Returns a location by its name, the first one if empty. Raises ConfigError."""
    if name and name not in locations:
        said = f"no location is called '{name}'; there are: {', '.join(locations)}"
        raise ConfigError([config.problem(("locations",), said)])
    return locations[name] if name else next(iter(locations.values()))


def _practice_cas(config: Config, practice: SchoolInfo | None) -> tuple[Path, ...]:
    """Writes the practice school's own authority to a file, if it has one."""
    if practice is None or not practice.ca:
        return ()
    file = open_state_folder(config) / "practice-ca.pem"
    file.write_text(practice.ca)
    return (file,)


def controls_of(config: Config, practice: SchoolInfo | None) -> tuple[str, ...]:
    """Returns addresses that have nothing to do with the district; for the practice school, its own control hosts."""
    return config.settings.diagnosis.controls or (practice.controls if practice else ())
