"""Tests of start-up: a command imports its own parts and no more, each in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from firstbell.runner.history.database import migrations, newest_migration

HEAVY = {"playwright", "boto3", "sqlalchemy", "pydantic", "apprise", "alembic", "rich", "structlog", "urllib3"}
RUN = """
import json, sys
from firstbell.runner.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as exit_:
    pass
print()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def imported(folder: Path, *arguments: str) -> set[str]:
    """The top-level packages that a command has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_import_no_command(tmp_path: Path, option: str) -> None:
    found = imported(tmp_path, option)
    assert "firstbell" in found
    assert found & HEAVY == set()


@pytest.mark.parametrize("format_", [None, "nagios"])
def test_status_imports_no_browser_no_store_and_no_channel(tmp_path: Path, format_: str | None) -> None:
    (tmp_path / "firstbell.toml").write_text(
        '[school]\nname = "P"\ntimezone = "UTC"\n[services.sign-in]\nowner = "o"\nurl = "https://x.example"\n'
        'kind = "redirect"\n[classroom]\ntitle = "x"\n[alarms]\n'
    )
    imported(tmp_path, "status")  # Makes the database.
    found = imported(tmp_path, "status", *(["--format", format_] if format_ else []))
    assert "sqlalchemy" in found
    assert found & (HEAVY - {"sqlalchemy", "pydantic", "rich"}) == set()
    assert ("rich" in found) is (format_ is None)


def test_worker_imports_no_database_and_no_log(tmp_path: Path) -> None:
    code = "import json, sys, firstbell.runner.app.worker_main; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    found = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert {"playwright", "pydantic"} <= found
    assert found & {"sqlalchemy", "structlog", "rich", "dns", "cryptography", "boto3", "apprise", "alembic"} == set()


def test_newest_migration_is_the_one_that_alembic_finds() -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # as in the code under test

    assert newest_migration() == ScriptDirectory.from_config(migrations()).get_current_head()
