"""Locations in the configuration: proxy, name server and network of each, and invalid settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstbell.journeys.practice.client import SchoolInfo
from firstbell.runner.app.build import locations_of
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config, parse
from firstbell.runner.diagnosis.location import NETWORK_PROFILES

SCHOOL = '[school]\nname = "Bayfront"\ntimezone = "America/New_York"\npractice = true\n'


def parsed(text: str) -> Config:
    return parse(SCHOOL + text, Path("/srv/district/firstbell.toml"))


def test_without_locations_there_is_one_without_proxy_or_throttling() -> None:
    (here,) = locations_of(parsed('[watch]\nlocation = "office"\n'), None).values()
    assert (here.name, here.inside, here.egress.proxy, here.egress.cas) == ("office", False, "", ())
    assert here.context_options == {}
    assert here.network.conditions is None


def test_each_location_has_its_own_proxy_resolver_and_network() -> None:
    found = locations_of(
        parsed(
            '[diagnosis]\nresolver = "192.0.2.53"\n'
            '[locations.school]\ninside = true\nproxy = "http://filter.school.example:8080"\nca = ["filter.pem"]\n'
            '[locations.home]\nnetwork = "cable"\nresolver = "192.0.2.54"\n'
        ),
        None,
    )
    assert list(found) == ["school", "home"]
    school, home = found.values()
    assert school.inside
    assert school.context_options == {"proxy": {"server": "http://filter.school.example:8080"}}
    assert school.egress.cas == (Path("/srv/district/filter.pem"),), "beside the file that names it"
    assert {one.egress.second for one in found.values()} == {"192.0.2.53"}
    assert (school.egress.resolver, home.egress.resolver) == ("", "192.0.2.54")
    assert (home.inside, home.context_options, home.network) == (False, {}, NETWORK_PROFILES["cable"])


def test_practice_outside_proxy_is_filled_in_for_its_location_only() -> None:
    config = parsed('[locations.home]\nproxy = "practice:outside"\n[locations.school]\ninside = true\n')
    practice = SchoolInfo(
        control="", token="", origins={}, accounts={}, class_title="", meeting_code="", outside="http://127.0.0.1:9"
    )
    found = locations_of(config, practice)
    assert (found["home"].egress.proxy, found["school"].egress.proxy) == ("http://127.0.0.1:9", "")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param('proxy = "http://user:password@filter:8080"', "proxy", id="a password in an address"),
        pytest.param('proxy = "socks5://filter:1080"', "proxy", id="a proxy of another kind"),
        pytest.param('network = "modem"', "no-udp", id="an unknown network, with the known ones"),
        pytest.param('inside = "yes"', "inside", id="a text instead of true"),
        pytest.param('prozy = "http://filter:8080"', "prozy", id="a misspelt key"),
    ],
)
def test_invalid_location_settings_are_refused_at_their_key(text: str, names: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parsed(f"[locations.home]\n{text}\n")
    assert names in str(refused.value)
    assert "locations.home" in str(refused.value)
    assert "password@" not in str(refused.value)


def test_network_profile_is_given_to_the_browser_in_bytes() -> None:
    conditions = NETWORK_PROFILES["dsl"].conditions
    assert conditions is not None
    assert (conditions["latency"], conditions["downloadThroughput"]) == (50, 1_500_000 / 8)
    assert NETWORK_PROFILES["no-udp"].launch_args
