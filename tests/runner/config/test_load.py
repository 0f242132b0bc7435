"""firstbell.toml is read whole or refused whole, each mistake with its place and what would be right."""

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

[services.edge]              # what students cross to reach us
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


def test_a_whole_district_loads(tmp_path: Path) -> None:
    settings = written(tmp_path, BAYFRONT).settings
    assert settings.services["sign-in"].kind == "redirect"
    assert settings.journey("live-class").deadline == 90
    assert settings.journey("another").deadline == 90
    assert settings.store.url == "s3://bayfront-firstbell/evidence"


def test_what_init_writes_loads_and_plays_against_the_practice_school(tmp_path: Path) -> None:
    assert written(tmp_path, STARTER).settings.school.practice


def test_the_real_district_in_what_init_writes_loads_once_it_is_uncommented(tmp_path: Path) -> None:
    marker = "# --- a real district"
    shown, real = STARTER.split(marker)
    lines = [line[2:] for line in real.splitlines() if line.startswith("# [") or " = " in line]
    text = shown.replace("practice = true", "practice = false") + "\n".join(lines)
    assert set(written(tmp_path, text).settings.services) == {"edge", "sign-in", "platform", "live-class", "plan-b"}


def test_the_schools_time_in_what_init_writes_loads_once_it_is_uncommented(tmp_path: Path) -> None:
    shown, rest = STARTER.split("# --- the school's time")
    commented = rest.split("# --- a real district")[0]
    lines = [line[2:] for line in commented.splitlines() if line.startswith("# [") or " = " in line]
    bells = '[[bells]]\nname = "two-hour-delay"\nfirst_bell = 10:00:00\nlast_bell = 15:30:00\n'
    text = shown.replace("# lead_in", "lead_in").replace("# groups", "groups") + "\n".join(lines) + "\n" + bells
    settings = written(tmp_path, text).settings
    assert settings.journey("live-class").lead_in is not None
    assert len(settings.calendar.closed) == 2


def test_the_store_has_a_short_form(tmp_path: Path) -> None:
    text = 'store = "s3://bucket/prefix"\n' + SCHOOL + "practice = true\n"
    assert written(tmp_path, text).settings.store.url == "s3://bucket/prefix"


@pytest.mark.parametrize(
    ("text", "said"),
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
            ['firstbell.toml:3:1: school.timezone: this is no time zone; write one such as "America/New_York"'],
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
            ["firstbell.toml:5:1: school.journeys.0: there is no folder nowhere; correct it or make it"],
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
            id="what cannot be looked at",
        ),
        pytest.param(
            SCHOOL + 'practice = true\n[services.edge]\nurl = "https://portal.example:99999"\n',
            ["firstbell.toml:6:1: services.edge.url: this is no address (Port out of range"],
            id="a front door that is none",
        ),
        pytest.param(
            SCHOOL + 'practice = true\n[diagnosis]\nwithin = "1m"\n',
            ["firstbell.toml:6:1: diagnosis.within: a look may take less than the 60 s to the next one"],
            id="a look that would never end before the next",
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
def test_each_mistake_has_its_place_and_its_remedy(tmp_path: Path, text: str, said: list[str]) -> None:
    found = problems(tmp_path, text)
    assert [line[: len(wanted)] for line, wanted in zip(found, said, strict=True)] == said


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = '[school]\nname = ""\ntimezone = "X"\ncolour = "red"\n[store]\nsse = "yes"\n'
    assert len(problems(tmp_path, text)) == 4


@pytest.mark.parametrize(
    ("section", "place"),
    [
        ('[accounts.student]\nusername = "zz"\npassword = "hunter2"\n', "6:1: accounts.student.password"),
        ('[accounts.student]\nusername = "zz"\npassword = "plain:hunter2"\n', "6:1: accounts.student.password"),
        ('[history]\nurl = "postgresql+psycopg://fb:hunter2@db/fb"\n', "4:2: history"),
        ('[history]\nurl = "postgresql+psycopg://fb:hun/ter2@db/fb"\n', "4:2: history"),
        ('[history]\nurl = "postgresql+psycopg://db/fb?user=fb&password=hunter2"\n', "4:2: history"),
    ],
)
def test_a_secret_that_is_written_down_is_refused_and_never_repeated(tmp_path: Path, section: str, place: str) -> None:
    (found,) = problems(tmp_path, SCHOOL + section + CLASSROOM)
    assert place in found
    assert "hunter2" not in found
    assert "env:" in found


def test_a_key_cannot_forge_a_line_of_its_own(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, SCHOOL + 'practice = true\n"a\\nb\\u001b[31m" = 1\n')
    assert found.isprintable()


def test_a_service_address_with_a_password_in_it_is_refused(tmp_path: Path) -> None:
    text = SCHOOL + 'practice = true\n[services.edge]\nurl = "https://zz:hunter2@portal.example"\n'
    (found,) = problems(tmp_path, text)
    assert "holds no user name or password" in found
    assert "hunter2" not in found


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NoConfig, match="firstbell init"):
        find_config(tmp_path)
    with pytest.raises(NoConfig, match=r"other\.toml does not exist"):
        find_config(tmp_path, tmp_path / "other.toml")


def test_the_nearest_file_upwards_is_used(tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(SCHOOL)
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_config(tmp_path / "a" / "b") == tmp_path / "firstbell.toml"


@pytest.mark.parametrize(
    ("file", "made"),
    [("config/firstbell.schema.json", schema_text), ("execution/runs/run.schema.json", run_schema_text)],
)
def test_each_published_schema_is_the_one_that_the_models_make(file: str, made: Callable[[], str]) -> None:
    published = Path(__file__).parents[3] / "runner" / file
    assert published.read_text() == made(), "firstbell schema [run] prints the new one"


keys = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)


@settings(max_examples=40)
@given(st.dictionaries(keys, st.lists(keys, min_size=1, unique=True), min_size=1))
def test_every_key_is_found_where_it_stands(tables: dict[str, list[str]]) -> None:
    lines: list[str] = []
    wanted = {}
    for table, names in tables.items():
        lines.append(f"[{table}]")
        for name in names:
            lines.append(f'{name} = """\nnot.a = key\n"""' if len(name) % 3 == 0 else f"{name} = 1")
            wanted[(table, name)] = "\n".join(lines).count("\n") + 1 - lines[-1].count("\n")
    places = positions_of("\n".join(lines))
    assert {path: places[path][0] for path in wanted} == wanted


def test_places_of_arrays_inline_tables_and_what_is_missing() -> None:
    places = positions_of("[[bells]]\nname = 'a'\n[[bells]]\nname = 'b'\nfirst = { middle = 1 }\n")
    assert position_of(places, ("bells", 1, "name")) == (4, 1)
    assert position_of(places, ("bells", 1, "first", "middle")) == (5, 1)
    assert position_of(places, ("bells", 0, "nothing")) == (1, 3)
    assert position_of(places, ("nothing",)) == (1, 1)
