"""`firstbell incidents`: the list, one incident, and its closing by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstbell.runner.alarms.observation import Observation
from firstbell.runner.app.alerting import alerting_for
from firstbell.runner.cli.main import main
from firstbell.runner.cli.opening import open_history
from firstbell.runner.outcome import Outcome

CONFIG = '[school]\nname = "Lincoln"\ntimezone = "America/New_York"\npractice = true\n'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    given = {"journey": "math", "location": "home", "at": datetime.now(UTC), "service": "platform", "step": "opens"}
    with open_history(tmp_path / "firstbell.toml") as (config, database), database.write() as connection:
        broken = Observation(outcome=Outcome.FAILED, confirmed=True, **given)  # type: ignore[arg-type]
        alerting_for(config, database).incidents.record_observation(connection, broken)
    return tmp_path


def firstbell(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, words)
    return done.exit_code, done.output


@pytest.mark.usefixtures("place")
def test_an_incident_is_closed_once_with_its_reason() -> None:
    assert firstbell("incidents", "close", "1")[0] == 2, "a reason is asked for"
    assert firstbell("incidents", "close", "1", "--reason", " ")[0] == 2
    assert json.loads(firstbell("incidents", "--open", "--json")[1])[0]["closed_at"] is None
    code, said = firstbell("incidents", "close", "1", "--reason", "the vendor has moved us", "--by", "ana")
    assert (code, said.splitlines()[0]) == (0, "Incident 1 is closed by ana.")
    found = json.loads(firstbell("incidents", "1", "--json")[1])
    assert (found["closed_by"], found["closed_why"]) == ("ana", "the vendor has moved us")
    assert "closed by hand: by ana: the vendor has moved us" in firstbell("incidents", "1")[1]
    assert json.loads(firstbell("incidents", "--open", "--json")[1]) == []
    for number in ("1", "2"):
        code, said = firstbell("incidents", "close", number, "--reason", "again")
        assert code != 0
        assert "Traceback" not in said
