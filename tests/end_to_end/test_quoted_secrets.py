"""Tests that no secret that an error quotes is printed, logged, or kept: each journey fails with one in another way."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Firstbell

pytestmark = pytest.mark.browser

PASSWORD, COOKIE, CODE = "Sommer!2026#Regen", "s9x7Kq-44b1c0d2e3f4", "4b1c9d-authorization-77"
STORED = "stored-5fd1e09ac2b7"
# Each body fails, and its error quotes a secret.
WAYS = {
    "expected": 'expect(page.locator("pre")).to_have_text("x", timeout=200)',
    "raised": """
    page.evaluate("console.log('x'.repeat(490) + p.value)")
    sent, stored = page.context.cookies()[0]["value"], page.evaluate("localStorage.id")
    raise ValueError(f"{sent} {stored} {page.url}#?code=CODE [{secret!r}]")""",
}
JOURNEYS = """\
import pytest
from playwright.sync_api import expect

PAGE = '''<form><label>Password <input name=p id=p></label></form><p>Wrong: {secret}</p><pre>{long}</pre>'''


@pytest.fixture
def secret(district):
    return district.accounts["student"].password.reveal()


def opened(page, secret):
    page.route("http://school.test/**", lambda route: route.fulfill(
        body=PAGE.format(secret=secret, long="x" * 60 + secret), content_type="text/html",
        headers={"set-cookie": "session=COOKIE"}))
    page.goto("http://school.test/")
    page.evaluate("localStorage.id = 'STORED'")
    page.get_by_label("Password").fill(secret)
"""
JOURNEY = """

@pytest.mark.journey("{name}", relies_on=["library"])
def test_{name}(page, secret):
    opened(page, secret)
    {body}
"""
TITLED = """

@pytest.mark.journey("titled", relies_on=["library"])
def test_titled(student, secret):
    with student.step(f"signs in with {secret}", relies_on="library"):
        raise ValueError(f"{secret} refused")
"""
CONFIG = """\
[school]
name = "P"
timezone = "UTC"
practice = true
journeys = ["mine"]

[accounts.student]
role = "student"
username = "s"
password = "env:STUDENT_PASSWORD"

[services.library]
owner = "Library"
url = "http://localhost:1"
"""


def test_no_quoted_secret_is_printed_or_kept(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    (tmp_path / "mine").mkdir()
    bodies = "".join(JOURNEY.format(name=name, body=body) for name, body in WAYS.items())
    written = (JOURNEYS + bodies + TITLED).replace("COOKIE", COOKIE).replace("CODE", CODE).replace("STORED", STORED)
    (tmp_path / "mine" / "test_quoting.py").write_text(written)
    done = firstbell("run", "--once", *WAYS, "titled", STUDENT_PASSWORD=PASSWORD)
    kept = dict(texts(tmp_path / "evidence")) | dict(texts(tmp_path / ".firstbell"))
    assert done.stdout.count("***") >= len(WAYS), done.stdout + done.stderr
    assert any(name.endswith("run.json") for name in kept)
    assert any(name.endswith("console.json") for name in kept)
    found = [name for name, text in {**kept, "terminal": done.stdout + done.stderr}.items() if quotes(text)]
    assert found == []


def quotes(text: str) -> bool:
    return any(secret[:10] in text for secret in (PASSWORD, COOKIE, CODE, STORED))


def texts(place: Path) -> Iterator[tuple[str, str]]:
    """Each file of a folder as text, and each member of its archives."""
    for file in place.rglob("*"):
        if file.is_file() and file.suffix not in (".jpg", ".log"):
            yield str(file), file.read_bytes().decode(errors="replace")
        if file.suffix == ".zip":
            with zipfile.ZipFile(file) as members:
                for name in members.namelist():
                    yield f"{file}/{name}", members.read(name).decode(errors="replace")
