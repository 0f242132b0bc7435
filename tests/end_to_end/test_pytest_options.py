"""pytest's and pytest-playwright's own options, with journeys: many at once, each leaves what it is for."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import playwright
import pytest
import xmlschema

from tests.demo_site.library import READER, serve
from tests.end_to_end.conftest import Firstbell
from tests.support.plain_pytest import by_pytest, junit_properties

pytestmark = pytest.mark.browser

CONFIG = """\
[school]
name = "Bell County"
timezone = "UTC"
[services.library]
owner = "Library"
url = "{url}"
[accounts.student]
username = "20001"
password = "env:LIBRARY_PIN"
"""
# A district's own fixtures: one that overrides pytest-playwright's, one of its own, one that goes with every test.
CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "es-MX", "viewport": {"width": 900, "height": 700}}

@pytest.fixture
def shelf(student):
    student.page.goto("/catalogue")
    return student.page

@pytest.fixture(autouse=True)
def seen(request):
    yield
    request.path.with_name(f"after-{request.node.name.partition('[')[0]}").touch()
"""
JOURNEYS = """
import pytest
from playwright.sync_api import expect

@pytest.mark.smoke
@pytest.mark.parametrize("path", ["/sign-in", "/catalogue"])
@pytest.mark.journey("door", relies_on=["library"])
def test_door(student, path):
    with student.step("comes to the sign-in", relies_on="library"):
        student.page.goto(path)
        expect(student.page.get_by_role("heading", name="Sign in")).to_be_visible()
    agent, locale, wide = student.page.evaluate("[navigator.userAgent, navigator.language, innerWidth]")
    assert ("Headless" in agent, locale, wide) == (HEADLESS, "es-MX", 900)

@pytest.mark.smoke
@pytest.mark.journey("soft", relies_on=["library"])
def test_soft(shelf, student):
    with student.step("reads the words", relies_on="library"):
        expect.soft(shelf.get_by_role("button", name="Enter")).to_be_visible()
        expect.soft(shelf.get_by_text("no such word")).to_be_visible(timeout=200)
    with student.step("goes on", relies_on="library"):
        expect(shelf.get_by_label("PIN")).to_be_visible()

@pytest.mark.journey("unsaid", relies_on=["library"])
def test_not_marked(student):
    raise AssertionError("not asked for")

@pytest.mark.smoke
def test_named_otherwise(student):
    raise AssertionError("not asked for")
"""
ALL = (
    *("-W", "error", "-o", "markers=smoke: a few", "--strict-markers", "-m", "smoke", "-k", "door or soft"),
    *("--browser", "chromium", "--slowmo", "20", "--tracing", "on", "--screenshot", "on"),
    *("--output", "kept", "--junitxml", "junit.xml", "-p", "no:randomly"),
)


HEADED = ("--headed", "-n", "2")


@pytest.mark.parametrize("more", [(), HEADED], ids=["alone", "headed and with two workers"])
def test_every_option_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]) -> None:
    if more and shutil.which("xvfb-run") is None:
        pytest.skip("no Xvfb on this machine; to run this test: apt-get install xvfb")
    monkeypatch.setenv("LIBRARY_PIN", READER.pin)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_options.py").write_text(JOURNEYS.replace("HEADLESS", str(not more)))
    with serve() as library:
        (tmp_path / "firstbell.toml").write_text(CONFIG.format(url=library.url))
        screen = ("xvfb-run", "-a") if more else ()
        done = by_pytest(tmp_path, *ALL, *more, "--base-url", library.url, before=screen)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "1 failed" in done.stdout
    assert 'student at "reads the words" (step 1, library)' in done.stdout
    kept = [file.name for file in (tmp_path / "kept").rglob("*") if file.is_file()]
    assert Counter(name.rpartition(".")[2] for name in kept) == {"png": 3, "zip": 3}
    assert (tmp_path / "after-test_soft").exists()
    told = {properties["firstbell_journey"][0]: properties for properties in junit_properties(tmp_path / "junit.xml")}
    assert sorted(told) == ["door-catalogue", "door-sign-in", "soft"]
    assert told["soft"]["firstbell_failing_step"][0].startswith("1 student: reads the words (library) failed")
    assert told["soft"]["firstbell_step"][1].startswith("2 student: goes on (library) passed")
    assert all((tmp_path / properties["playwright_trace"][0]).is_file() for properties in told.values())


def test_a_video_is_kept_of_each_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if (ffmpeg := shutil.which("ffmpeg")) is None:
        pytest.skip("no ffmpeg on this machine; to run this test: apt-get install ffmpeg")
    monkeypatch.setenv("LIBRARY_PIN", READER.pin)
    # Playwright takes only an ffmpeg of its own, from where it keeps its downloads.
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "downloads"))
    listed = json.loads((Path(playwright.__file__).parent / "driver" / "package" / "browsers.json").read_text())
    (revision,) = (one["revision"] for one in listed["browsers"] if one["name"] == "ffmpeg")
    own = tmp_path / "downloads" / f"ffmpeg-{revision}" / "ffmpeg-linux"
    own.parent.mkdir(parents=True)
    own.symlink_to(ffmpeg)
    (tmp_path / "test_options.py").write_text(JOURNEYS.replace("HEADLESS", "True").replace("es-MX", "en-US"))
    with serve() as library:
        (tmp_path / "firstbell.toml").write_text(CONFIG.format(url=library.url))
        asked = ("-k", "test_named_otherwise or test_not_marked", "--video", "on", "--output", "kept")
        done = by_pytest(tmp_path, *asked, "--base-url", library.url)
    assert "2 failed" in done.stdout
    assert all(file.stat().st_size for file in (tmp_path / "kept").rglob("*.webm"))
    assert len(list((tmp_path / "kept").rglob("*.webm"))) == 2


def test_a_soft_expectation_is_the_fault_of_its_step_and_each_parameter_is_a_run_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, firstbell: Firstbell
) -> None:
    monkeypatch.setenv("LIBRARY_PIN", READER.pin)
    (tmp_path / "mine").mkdir()
    with serve() as library:
        for name, text in {"conftest.py": CONFTEST, "test_options.py": JOURNEYS.replace("HEADLESS", "True")}.items():
            (tmp_path / "mine" / name).write_text(text.replace("goto(", f'goto("{library.url}" + '))
        text = CONFIG.format(url=library.url).replace("[services", 'journeys = ["mine"]\n[services', 1)
        (tmp_path / "firstbell.toml").write_text(text + "[journeys.soft]\nconfirm = false\n")
        done = firstbell("run", "soft", "door-sign-in", "--json")
    runs = {run["journey"]: run for run in json.loads(done.stdout)["runs"]}
    assert set(runs) == {"soft", "door-sign-in"}
    assert runs["soft"]["outcome"] == "failed"
    assert runs["soft"]["broke"]["step"] == "reads the words"
    assert [step["ending"] for step in runs["soft"]["attempts"][0]["steps"]] == ["failed", None]


# One of each that pytest writes, and what a project may add.
EACH = """
import pytest

def test_passes(record_property, record_testsuite_property):
    record_property("of", "this test")
    record_testsuite_property("of", "all")
    print("said")

def test_fails():
    raise AssertionError("no")

@pytest.mark.skip(reason="not now")
def test_skipped():
    pass

@pytest.fixture
def broken():
    raise RuntimeError("in a fixture")

def test_errs(broken):
    pass
"""


def test_what_pytest_writes_for_a_ci_is_valid_and_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "test_each.py").write_text(EACH)
    by_pytest(tmp_path, "--junitxml", "junit.xml", "-o", "junit_logging=all")
    file = tmp_path / "junit.xml"
    assert junit_properties(file)[0] == {"of": ["this test"]}
    text = file.read_text()
    for written, broken in {"failure": "flop", ' tests="4"': "", "<error ": "<error to='x' "}.items():
        assert written in text
        file.write_text(text.replace(written, broken))
        with pytest.raises(xmlschema.XMLSchemaValidationError):
            junit_properties(file)
