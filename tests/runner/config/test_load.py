"""firstbell.toml is loaded or refused as a whole; each mistake has its line, column and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbell.runner.cli.setup.init import run_schema_text, schema_text
from firstbell.runner.config.errors import ConfigError, NoConfig
from firstbell.runner.config.load import Config, load
from firstbell.runner.config.search import find_config
from firstbell.runner.config.starter import STARTER
from firstbell.runner.config.toml_positions import position_of, positions_of

SCHOOL = '[school]\nname = "Bayfront"\ntimezone = "America/New_York"\n'
CLASSROOM = '[classroom]\ntitle = "Grade 3 Reading"\n'

BAYFRONT = """
[school]
name = "Bayfront County Public Schools"
timezone = "America/New_York"

[services.edge]              # the district's own network
owner = "District network team"
contact = "noc@bayfront.example"
url = "https://portal.bayfront.example"
hosts = ["portal.bayfront.example"]

[services.sign-in]
owner = "ClassLink"
contact = "https://support.classlink.example"
url = "https://launchpad.classlink.example"
hosts = ["launchpad.classlink.example"]
kind = "redirect"

[accounts.student]
username = "zz.student01"
password = "env:FIRSTBELL_STUDENT_PASSWORD"
totp = "file:/etc/firstbell/totp"

[classroom]
title = "Grade 3 Reading"

[journeys.live-class]
deadline = "90s"

[store]
url = "s3://bayfront-firstbell/evidence"
"""


def written(folder: Path, text: str) -> Config:
    file = folder / "firstbell.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        written(folder, text)
    return [str(problem).removeprefix(f"{folder}/") for problem in refused.value.problems]


def test_complete_district_loads(tmp_path: Path) -> None:
    settings = written(tmp_path, BAYFRONT).settings
    assert settings.services["sign-in"].kind == "redirect"
    assert settings.journey("live-class").deadline == 90
    assert settings.journey("another").deadline == 90
    assert settings.store.url == "s3://bayfront-firstbell/evidence"


def test_starter_configuration_loads_with_the_practice_school(tmp_path: Path) -> None:
    assert written(tmp_path, STARTER).settings.school.practice


def test_starter_district_loads_once_it_is_uncommented(tmp_path: Path) -> None:
    marker = "# --- a real district"
    shown, real = STARTER.split(marker)
    lines = [line[2:] for line in real.splitlines() if line.startswith("# [") or " = " in line]
    text = shown.replace("practice = true", "practice = false") + "\n".join(lines)
    assert set(written(tmp_path, text).settings.services) == {"edge", "sign-in", "platform", "live-class", "plan-b"}


def test_starter_calendar_loads_once_it_is_uncommented(tmp_path: Path) -> None:
    shown, rest = STARTER.split("# --- the school's time")
    commented = rest.split("# --- a real district")[0]
    lines = [line[2:] for line in commented.splitlines() if line.startswith("# [") or " = " in line]
    bells = '[[bells]]\nname = "two-hour-delay"\nfirst_bell = 10:00:00\nlast_bell = 15:30:00\n'
    text = shown.replace("# lead_in", "lead_in").replace("# groups", "groups") + "\n".join(lines) + "\n" + bells
    settings = written(tmp_path, text).settings
    assert settings.journey("live-class").lead_in is not None
    assert len(settings.calendar.closed) == 2


def test_store_has_a_short_form(tmp_path: Path) -> None:
    text = 'store = "s3://bucket/prefix"\n' + SCHOOL + "practice = true\n"
    assert written(tmp_path, text).settings.store.url == "s3://bucket/prefix"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            SCHOOL + "practice = true\n[jorneys.live-class]\n",
            ["firstbell.toml:5:2: jorneys: unknown key; did you mean 'journeys'?"],
            id="a misspelt table",
        ),
        pytest.param(
            SCHOOL + "practice = true\n[journeys.live-class]\ndeadlin = '90s'\n",
            ["firstbell.toml:6:1: journeys.live-class.deadlin: unknown key; did you mean 'deadline'?"],
            id="a misspelt key",
        ),
        pytest.param(
            SCHOOL + "practice = true\n[journeys.live-class]\ndeadline = 90\n",
            ["firstbell.toml:6:1: journeys.live-class.deadline: write a duration with its unit"],
            id="a duration without a unit",
        ),
        pytest.param(
            '[school]\nname = "B"\ntimezone = "Mars/Olympus"\npractice = true\n',
            ["firstbell.toml:3:1: school.timezone: this time zone does not exist; write one such as"],
            id="a zone that does not exist",
        ),
        pytest.param(
            "[school]\nname = 'B'\n",
            ["firstbell.toml:1:2: school.timezone: this key is missing; add it"],
            id="a key that is missing",
        ),
        pytest.param(
            SCHOOL + CLASSROOM + "[services.edge]\nkind = ''\n",
            [
                "firstbell.toml:6:2: services.edge.url: this key is missing; add it",
                "firstbell.toml:6:2: services.edge.owner: this key is missing; add it",
            ],
            id="a real service without owner and address",
        ),
        pytest.param(
            SCHOOL + '[services.live-class]\nowner = "o"\nurl = "https://x.example"\n',
            ["firstbell.toml:1:1: classroom: this table is missing; [services.live-class] needs a class"],
            id="a live class without a class",
        ),
        pytest.param(
            SCHOOL + "practice = true\njourneys = ['nowhere']\n",
            ["firstbell.toml:5:1: school.journeys.0: there is no folder nowhere; correct or create it"],
            id="a folder that is not there",
        ),
        pytest.param(
            SCHOOL + "practice = true\n[diagnosis]\n"
            'controls = ["https://www.example.com", "ftp://files.example", "https://zz:hunter2@www.example.com"]\n'
            'resolver = "dns.example"\nwithin = "1m"\n',
            [
                "firstbell.toml:6:1: diagnosis.controls.1: a host is checked by http, https, stun or turn",
                "firstbell.toml:6:1: diagnosis.controls.2: an address names a host, and no user name or password",
                "firstbell.toml:7:1: diagnosis.resolver: a name server is an address, with or without a port",
            ],
            id="addresses that cannot be checked",
        ),
        pytest.param(
            SCHOOL + 'practice = true\n[services.edge]\nurl = "https://portal.example:99999"\n',
            ["firstbell.toml:6:1: services.edge.url: this address cannot be checked (Port out of range"],
            id="a port that does not exist",
        ),
        pytest.param(
            SCHOOL + 'practice = true\n[diagnosis]\nwithin = "1m"\n',
            ["firstbell.toml:6:1: diagnosis.within: a check must end before the next one; write less than 60s"],
            id="a check longer than its interval",
        ),
        pytest.param(
            "[school\nname = 'B'\n",
            ["firstbell.toml:1:8: this is not TOML: Expected ']' at the end of a table declaration"],
            id="broken TOML",
        ),
        pytest.param(
            '[school]\nname = "B',
            ["firstbell.toml:2:1: this is not TOML: Unterminated string"],
            id="TOML that ends in the middle",
        ),
    ],
)
def test_each_mistake_has_line_column_and_remedy(tmp_path: Path, text: str, message: list[str]) -> None:
    found = problems(tmp_path, text)
    assert [line[: len(expected)] for line, expected in zip(found, message, strict=True)] == message


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    text = '[school]\nname = ""\ntimezone = "X"\ncolour = "red"\n[store]\nsse = "yes"\n'
    assert len(problems(tmp_path, text)) == 4


@pytest.mark.parametrize(
    ("section", "position"),
    [
        ('[accounts.student]\nusername = "zz"\npassword = "hunter2"\n', "6:1: accounts.student.password"),
        ('[accounts.student]\nusername = "zz"\npassword = "plain:hunter2"\n', "6:1: accounts.student.password"),
        ('[history]\nurl = "postgresql+psycopg://fb:hunter2@db/fb"\n', "4:2: history"),
        ('[history]\nurl = "postgresql+psycopg://fb:hun/ter2@db/fb"\n', "4:2: history"),
        ('[history]\nurl = "postgresql+psycopg://db/fb?user=fb&password=hunter2"\n', "4:2: history"),
    ],
)
def test_secret_in_the_file_is_refused_and_never_repeated(tmp_path: Path, section: str, position: str) -> None:
    (found,) = problems(tmp_path, SCHOOL + section + CLASSROOM)
    assert position in found
    assert "hunter2" not in found
    assert "env:" in found


def test_key_with_control_characters_stays_on_one_printable_line(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, SCHOOL + 'practice = true\n"a\\nb\\u001b[31m" = 1\n')
    assert found.isprintable()


def test_service_address_with_a_password_is_refused(tmp_path: Path) -> None:
    text = SCHOOL + 'practice = true\n[services.edge]\nurl = "https://zz:hunter2@portal.example"\n'
    (found,) = problems(tmp_path, text)
    assert "holds no user name or password" in found
    assert "hunter2" not in found


HINT = 'write small letters, digits and single hyphens, such as "live-class"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('[watch]\nlocation = "Office"\n', f"a name has no capital letters; {HINT}", id="a capital"),
        pytest.param("[journeys.Live-Class]\n", f"a name has no capital letters; {HINT}", id="a capital in a key"),
        pytest.param("[journeys.live_class]\n", f"a name has no underscores; {HINT}", id="an underscore"),
        pytest.param('[watch]\nlocation = "the office"\n', f"a name has no spaces; {HINT}", id="a space"),
        pytest.param(
            '[watch]\nlocation = "a--b"\n',
            f"a name has letters or digits around a hyphen; {HINT}",
            id="two hyphens",
        ),
        pytest.param(f"[journeys.{'a' * 81}]\n", "a name has at most 80 characters; shorten it", id="a long key"),
        pytest.param(
            f'[watch]\nlocation = "{"a-" * 40}a"\n', "a name has at most 80 characters; shorten it", id="a long name"
        ),
        pytest.param(
            '[services.edge]\nurl = "portal.example"\n', "an address begins with http:// or https://", id="no scheme"
        ),
        pytest.param('[services.edge]\nurl = "https://a b"\n', "an address has no spaces", id="a space in an address"),
        pytest.param('[services.edge]\nurl = "https://"\n', "this address names no host", id="no host"),
        pytest.param('[services.edge]\nrelays = ["relay.example"]\n', "a relay is stun: or turn: and", id="a relay"),
        pytest.param('[locations.a]\nproxy = "http://a:1/x"\n', "a proxy is a host and a port", id="a path"),
        pytest.param('[alarms]\nlink = "ftp://a"\n', "an address begins with http:// or https://", id="another scheme"),
        pytest.param('[practice]\ndomain = "school"\n', "a domain has small letters", id="a domain without a dot"),
        pytest.param('[practice]\nclock = "10 minutes"\n', "write a sign, a number and a unit", id="a clock shift"),
    ],
)
def test_malformed_text_says_precisely_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (found,) = problems(tmp_path, f"{SCHOOL}practice = true\n{text}")
    assert f": {message}" in found


def test_missing_configuration_says_how_to_create_one(tmp_path: Path) -> None:
    with pytest.raises(NoConfig, match="firstbell init"):
        find_config(tmp_path)
    with pytest.raises(NoConfig, match=r"other\.toml does not exist"):
        find_config(tmp_path, tmp_path / "other.toml")


def test_nearest_configuration_upwards_is_used(tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(SCHOOL)
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_config(tmp_path / "a" / "b") == tmp_path / "firstbell.toml"


@pytest.mark.parametrize(
    ("file", "made"),
    [("config/firstbell.schema.json", schema_text), ("execution/runs/run.schema.json", run_schema_text)],
)
def test_published_schema_is_that_of_the_models(file: str, made: Callable[[], str]) -> None:
    published = Path(__file__).parents[3] / "runner" / file
    assert published.read_text() == made(), "firstbell schema [run] prints the new one"


keys = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)


@settings(max_examples=40)
@given(st.dictionaries(keys, st.lists(keys, min_size=1, unique=True), min_size=1))
def test_every_key_has_its_line(tables: dict[str, list[str]]) -> None:
    lines: list[str] = []
    expected = {}
    for table, names in tables.items():
        lines.append(f"[{table}]")
        for name in names:
            lines.append(f'{name} = """\nnot.a = key\n"""' if len(name) % 3 == 0 else f"{name} = 1")
            expected[(table, name)] = "\n".join(lines).count("\n") + 1 - lines[-1].count("\n")
    positions = positions_of("\n".join(lines))
    assert {path: positions[path][0] for path in expected} == expected


def test_positions_of_arrays_inline_tables_and_missing_keys() -> None:
    positions = positions_of("[[bells]]\nname = 'a'\n[[bells]]\nname = 'b'\nfirst = { middle = 1 }\n")
    assert position_of(positions, ("bells", 1, "name")) == (4, 1)
    assert position_of(positions, ("bells", 1, "first", "middle")) == (5, 1)
    assert position_of(positions, ("bells", 0, "nothing")) == (1, 3)
    assert position_of(positions, ("nothing",)) == (1, 1)
