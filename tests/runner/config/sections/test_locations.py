"""Locations in the configuration: what each says of its way out, and what is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstbell.journeys.practice.client import SchoolInfo
from firstbell.runner.app.build import locations_of
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config, parse
from firstbell.runner.diagnosis.location import NETWORK_PROFILES

SCHOOL = '[school]\nname = "Bayfront"\ntimezone = "America/New_York"\npractice = true\n'


def given(text: str) -> Config:
    return parse(SCHOOL + text, Path("/srv/district/firstbell.toml"))


def test_without_any_there_is_this_machine_as_it_is() -> None:
    (here,) = locations_of(given('[watch]\nlocation = "office"\n'), None).values()
    assert (here.name, here.inside, here.egress.proxy, here.egress.cas) == ("office", False, "", ())
    assert here.context_options == {}
    assert here.network.conditions is None


def test_each_has_its_own_way_out_in_the_order_of_the_file() -> None:
    found = locations_of(
        given(
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


def test_the_practice_schools_outside_is_filled_in_and_not_needed_for_the_others() -> None:
    config = given('[locations.home]\nproxy = "practice:outside"\n[locations.school]\ninside = true\n')
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
        pytest.param('network = "modem"', "no-udp", id="a network that nobody knows, with those that there are"),
        pytest.param('inside = "yes"', "inside", id="a word for a yes"),
        pytest.param('prozy = "http://filter:8080"', "prozy", id="a word that is misspelt"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(text: str, names: str) -> None:
    with pytest.raises(ConfigError) as refused:
        given(f"[locations.home]\n{text}\n")
    assert names in str(refused.value)
    assert "locations.home" in str(refused.value)
    assert "password@" not in str(refused.value)


def test_a_slow_line_is_told_to_the_browser_in_bytes() -> None:
    conditions = NETWORK_PROFILES["dsl"].conditions
    assert conditions is not None
    assert (conditions["latency"], conditions["downloadThroughput"]) == (50, 1_500_000 / 8)
    assert NETWORK_PROFILES["no-udp"].launch_args
