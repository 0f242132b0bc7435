"""Evidence bags of a real run: opened in a real browser, and shared through an S3 server."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import boto3
import pytest
import urllib3
from click.testing import CliRunner, Result
from moto.server import ThreadedMotoServer
from playwright.sync_api import Browser, Page, Response, expect

from firstbell.artifacts.bundle.build import BundleRequest, build
from firstbell.artifacts.bundle.page import PageContext
from firstbell.artifacts.bundle.scope import Scope
from firstbell.artifacts.bundle.trace_viewer import serve_files
from firstbell.artifacts.packing import unpack
from firstbell.runner.app.local_runner import open_local_runner
from firstbell.runner.cli.main import main
from firstbell.runner.config.load import load
from firstbell.runner.execution.runs.reporter import SilentReporter
from tests.support.earlier_passes import add_earlier_passes

pytestmark = pytest.mark.browser

CONFIG = """\
[school]
name = "Practice"
timezone = "America/New_York"
practice = true

[evidence]
signing_key = "file:{folder}/key.pem"

[store]
url = "s3://bell/evidence"
endpoint_url = "{store}"
region = "us-east-1"
"""


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, dict[str, bytes]]]:
    """Set up a district with one failed run in a bucket: its folder, the run's short name, and the run's files."""
    folder = tmp_path_factory.mktemp("district")
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    store = "http://{}:{}".format(*server.get_host_and_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        boto3.client("s3", endpoint_url=store, region_name="us-east-1").create_bucket(Bucket="bell")
        (folder / "firstbell.toml").write_text(CONFIG.format(folder=folder, store=store))
        command("evidence", "keygen", str(folder / "key.pem"))
        with open_local_runner(load(folder / "firstbell.toml"), headed=False, quiet=True) as opened:
            assert opened.practice is not None
            add_earlier_passes(opened.runtime.database, ["live-class"], opened.location)
            opened.practice.break_("teacher-silent")
            result = opened.play(opened.chosen(["live-class"])[0], SilentReporter())
            assert opened.uploader.finish(30) == ""
            prefix = f"runs/{result.run.started_at:%Y-%m-%d}/live-class/{result.run.id}"
            kept = opened.run_context.store
            files = unpack(prefix, kept.names(f"{prefix}/"), kept.get)
        yield folder, result.run.id[-6:], files
    server.stop()


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def evidence(district: tuple[Path, str, dict[str, bytes]], *arguments: str) -> str:
    done = command(*arguments, "--config", str(district[0] / "firstbell.toml"))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def bag(district: tuple[Path, str, dict[str, bytes]]) -> dict[str, bytes]:
    context = PageContext(district="Practice", zone=ZoneInfo("America/New_York"), scope=Scope())
    made = build(district[2], BundleRequest(context=context, run_json_sha256=""), datetime.now(UTC))
    return {name.removeprefix("data/"): data for name, data in made.items() if name.startswith("data/")}


def _is_own(answer: Response) -> bool:
    """True if an answer is from the page's own host, or of the viewer's service worker: a page in a trace names other
    hosts."""
    return bool(re.match(r"file:|data:|blob:|http://localhost", answer.url)) or answer.from_service_worker


@pytest.fixture
def watched(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """Open a page, and list its errors and its requests to other hosts."""
    page, problems = browser.new_page(), list[str]()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("response", lambda answer: None if _is_own(answer) else problems.append(answer.url))
    page.on("requestfailed", lambda request: problems.append(request.url))
    yield page, problems
    page.close()


def test_page_opens_from_disk_without_errors_or_requests(
    bag: dict[str, bytes], watched: tuple[Page, list[str]], tmp_path: Path
) -> None:
    page, problems = watched
    (tmp_path / "index.html").write_bytes(bag["index.html"])
    page.goto((tmp_path / "index.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text('student "sees and hears the teacher" failed')
    own = page.get_by_role("img", name="The student's screen when the step failed")
    expect(own).to_be_in_viewport()
    assert own.evaluate("picture => picture.naturalWidth") == 1280
    expect(page.locator("#failing")).to_contain_text("Hz is not heard")
    expect(page.get_by_text("The two frames that were compared")).to_be_visible()
    assert page.locator("svg .line").count() >= 3
    assert problems == []


def test_traces_open_side_by_side_and_show_the_failing_step(
    bag: dict[str, bytes], watched: tuple[Page, list[str]]
) -> None:
    page, problems = watched
    with serve_files(bag) as address:
        page.goto(address)
        page.get_by_role("link", name="Open the traces side by side").click()
        for actor in ("teacher", "student"):
            expect(page.get_by_role("heading", name=actor)).to_be_visible()
        student = page.frame_locator('iframe[title="student\'s trace"]')
        expect(student.get_by_role("treeitem").filter(has_text="sees and hears the teacher").first).to_be_visible()
        teacher = page.frame_locator('iframe[title="teacher\'s trace"]')
        expect(teacher.get_by_role("treeitem").filter(has_text="opens the class").first).to_be_visible()
        page.goto(address)
        page.get_by_role("link", name="Both on one time line").click()
        titles = page.get_by_role("treeitem")
        expect(titles.filter(has_text="teacher: opens the class").first).to_be_visible()
        expect(titles.filter(has_text="student: sees and hears the teacher").first).to_be_visible()
    assert problems == []


def test_served_bag_needs_the_token_and_a_local_host_name(bag: dict[str, bytes]) -> None:
    with serve_files(bag) as address:
        assert urllib3.request("GET", address).status == 200
        for path in ("../", "../../etc/passwd", "nothing", "viewer/"):
            assert urllib3.request("GET", address + path).status == 404
        root = "/".join(address.split("/")[:3])
        assert urllib3.request("GET", f"{root}/index.html").status == 404
        rebound = urllib3.request("GET", address, headers={"Host": "evil.example:80"})
        assert rebound.status == 404


def test_shared_link_opens_the_page_and_the_bag_and_is_logged(
    district: tuple[Path, str, dict[str, bytes]], watched: tuple[Page, list[str]], tmp_path: Path
) -> None:
    page, problems = watched
    output = evidence(district, "share", district[1], "--to", "Contoso support", "--for", "live-class", "--days", "2")
    url = output.splitlines()[0]
    assert "as requested" in output
    page.goto(url.replace("127.0.0.1", "localhost"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("sees and hears the teacher")
    link = page.get_by_role("link", name="Download everything").get_attribute("href")
    (tmp_path / "bag.zip").write_bytes(urllib3.request("GET", str(link)).data)
    checked = command("evidence", "verify", str(tmp_path / "bag.zip"))
    assert checked.output.splitlines()[-1] == "unaltered by its own hashes; the signature was not checked"
    (row,) = json.loads(evidence(district, "evidence", "log", "--json", "--limit", "1"))
    assert (row["recipient"], row["service"], row["way"]) == ("Contoso support", "live-class", "link")
    assert row["until"] is not None
    assert [request for request in problems if "Amz" not in request] == []


def test_bag_on_disk_is_verified_by_its_key_and_fails_after_a_change(
    district: tuple[Path, str, dict[str, bytes]], tmp_path: Path
) -> None:
    folder = tmp_path / "bag"
    evidence(district, "evidence", district[1], "--out", str(folder))
    public = (
        command("evidence", "keygen", str(tmp_path / "other.pem")).output.splitlines()[-1].removeprefix("Public key: ")
    )
    assert command("evidence", "verify", str(folder)).exit_code == 0
    assert command("evidence", "verify", str(folder), "--key", public).exit_code == 1
    (folder / "data" / "summary.md").write_text("forged")
    changed = command("evidence", "verify", str(folder))
    assert changed.exit_code == 1
    assert "data/summary.md is unchanged" in changed.output


def test_history_has_the_hash_of_the_run_json_that_is_stored(district: tuple[Path, str, dict[str, bytes]]) -> None:
    (row,) = json.loads(evidence(district, "runs", "--json", "--limit", "1"))
    assert row["run_json_sha256"] == hashlib.sha256(district[2]["run.json"]).hexdigest()


def test_held_evidence_is_listed_until_it_is_let_go(
    district: tuple[Path, str, dict[str, bytes]],
) -> None:
    assert "is held until released" in evidence(district, "evidence", "hold", district[1], "--why", "a claim")
    listed = evidence(district, "evidence", "held")
    assert district[1] in listed
    assert "a claim" in listed
    assert "is released" in evidence(district, "evidence", "let-go", district[1])
    assert "Nothing is held" in evidence(district, "evidence", "held")


def test_bag_for_an_unknown_service_is_refused(district: tuple[Path, str, dict[str, bytes]]) -> None:
    done = command("evidence", district[1], "--for", "unknown", "--config", str(district[0] / "firstbell.toml"))
    assert done.exit_code == 2
