"""Runs journeys whose room opens in a new tab, and whose sign-in window fails, to the evidence page."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firstbell.artifacts.packing import unpack
from tests.end_to_end.conftest import CONFIG, Firstbell

pytestmark = pytest.mark.browser

JOURNEYS = """
import re
import pytest
from playwright.sync_api import expect

NEW_TAB = "link => { link.target = '_blank'; link.rel = 'noopener' }"

@pytest.mark.journey("class-in-a-tab", relies_on=["edge", "sign-in", "platform", "live-class"])
def test_class(teacher, student, school, classroom):
    for who in (teacher, student):
        with who.step("signs in", relies_on="sign-in", picture=False):
            school.open_portal(who)
            school.sign_in(who)
            school.platform.find_class(who, classroom.title)
    for who in (teacher, student):
        with who.step("joins in a new tab", relies_on="live-class"):
            way_in = who.page.get_by_role("link", name=re.compile("(Open|Join) live session"))
            way_in.evaluate(NEW_TAB)
            with who.follow():
                way_in.click()
            who.wait_for_first(who.page.get_by_role("status").filter(has_text="In class"))
    with student.step("sees and hears the teacher", relies_on="live-class"):
        student.expect_to_see_and_hear(teacher)
    with teacher.step("sees and hears the student", relies_on="live-class"):
        teacher.expect_to_see_and_hear(student)

@pytest.mark.journey("sign-in-window", relies_on=["sign-in"])
def test_window(student):
    with student.step("signs in in the window", relies_on="sign-in"):
        student.page.goto("SITE/portal")
        with student.page.expect_popup() as window:
            student.page.get_by_role("button", name="Sign in").click()
        window.value.get_by_label("Password").fill("x", timeout=500)

def test_plain_window(page):
    page.goto("SITE/portal")
    with page.expect_popup() as window:
        page.get_by_role("button", name="Sign in").click()
    expect(window.value.get_by_label("Password")).to_be_visible(timeout=500)
"""
PAGES = {
    "/portal": "<title>Portal</title><button onclick=\"window.open('/window', 'w', 'popup')\">Sign in</button>",
    "/window": """<title>Window</title><h1>Identity service</h1><p>The reply address does not match.</p>
<script>console.error("the reply address is wrong"); alert("Ask the help desk")</script>""",
}


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path in PAGES else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGES.get(self.path, "").encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def district(tmp_path: Path, site: str) -> Path:
    journeys = 'journeys = ["my_journeys", "my_journeys/test_tabs.py::test_plain_window"]'
    config = CONFIG.replace("practice = true", f"practice = true\n{journeys}")
    (tmp_path / "firstbell.toml").write_text(f'{config}\n[journeys.plain-window]\nrelies_on = ["sign-in"]\n')
    (tmp_path / "my_journeys").mkdir()
    (tmp_path / "my_journeys" / "test_tabs.py").write_text(JOURNEYS.replace("SITE", site))
    return tmp_path


def run_of(district: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Returns run.json and all files of the only run."""
    (document,) = district.rglob("run.json")
    folder = document.parent
    store = next(path.parent for path in folder.parents if path.name == "runs")
    names = [path.relative_to(store).as_posix() for path in folder.rglob("*") if path.is_file()]
    prefix = folder.relative_to(store).as_posix()
    return json.loads(document.read_text()), unpack(prefix, names, lambda name: (store / name).read_bytes())


def test_class_in_a_new_tab_is_proved_in_that_tab(firstbell: Firstbell, district: Path) -> None:
    done = firstbell("run", "class-in-a-tab", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    run, files = run_of(district)
    assert [proof["fault"] for proof in run["attempts"][0]["media"]] == [None, None]
    shown = {artifact["name"].rpartition("/")[2] for artifact in run["artifacts"] if artifact["step"]}
    assert "03-joins-in-a-new-tab-tab-2.jpg" in shown
    assert json.loads(files["attempt-1/student/figures.json"])["samples"]


@pytest.mark.parametrize(("journey", "actor"), [("sign-in-window", "student"), ("plain-window", "page")])
def test_window_that_fails_is_shown_and_told(firstbell: Firstbell, district: Path, journey: str, actor: str) -> None:
    done = firstbell("run", journey, "--once")
    assert done.returncode == 1, done.stdout + done.stderr
    run, files = run_of(district)
    assert (run["outcome"], run["broke"]["said"].rpartition("; ")[2]) == (
        "failed",
        'a dialog said "Ask the help desk"',
    )
    pictures = [artifact for artifact in run["artifacts"] if artifact["name"].endswith(".jpg")]
    assert [picture["actor"] for picture in pictures] == [actor, f"{actor} tab 1"]
    assert pictures[0]["name"].endswith("-failed-tab-2.jpg")
    lines = json.loads(files[f"attempt-1/{actor}/console.json"])["lines"]
    assert [(line["kind"], line["tab"], line["text"]) for line in lines[:2]] == [
        ("error", 2, "the reply address is wrong"),
        ("dialog", 2, "alert: Ask the help desk"),
    ]
    index = evidence_page(firstbell, district, run["id"])
    assert f"The {actor} tab 1&#39;s screen" in index or f"The {actor} tab 1's screen" in index


def evidence_page(firstbell: Firstbell, district: Path, run_id: str) -> str:
    made = firstbell("evidence", "bag", run_id, "--out", "bag")
    assert made.returncode == 0, made.stdout + made.stderr
    return next((district / "bag").rglob("index.html")).read_text()
