"""Tests that second factors work, and that locked accounts and wrong passwords fail at the right step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Firstbell

pytestmark = pytest.mark.browser


SCHOOL = '[school]\nname = "P"\ntimezone = "America/New_York"\npractice = true\n[browser]\nstep_limit = "5s"\n'


@pytest.mark.parametrize(
    ("account", "code", "said"),
    [
        pytest.param(
            'username = "zz.totp"\npassword = "practice:student-totp"\ntotp = "practice:student-totp#totp"\n',
            0,
            "",
            id="second factor",
        ),
        pytest.param(
            'username = "zz.totp"\npassword = "practice:student-totp"\n',
            1,
            "a one-time code was asked for, but the student's account has no totp key",
            id="second factor that nobody configured",
        ),
        pytest.param(
            'username = "zz.locked"\npassword = "practice:student-locked"\n',
            2,
            'sign-in refused: "This account is locked. Ask the help desk."',
            id="locked",
        ),
        pytest.param(
            'username = "zz.student01"\npassword = "practice:teacher"\n',
            2,
            'sign-in refused: "Wrong username or password."',
            id="wrong password",
        ),
    ],
)
def test_each_account_ends_as_expected(
    firstbell: Firstbell, tmp_path: Path, account: str, code: int, said: str
) -> None:
    (tmp_path / "firstbell.toml").write_text(f"{SCHOOL}[accounts.student]\n{account}")
    done = firstbell("run", "class-list", "--json")
    assert done.returncode == code, done.stderr
    (output,) = json.loads(done.stdout)["runs"]
    assert said in (output["broke"] or {"said": ""})["said"]
    assert (output["broke"] or {"step": "signs in"})["step"] == "signs in"
