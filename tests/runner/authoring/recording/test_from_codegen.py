"""Recordings as codegen writes them (Playwright 1.65, target python-pytest), and the journeys made from them."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from firstbell.runner.authoring.journey_ast import read_journeys
from firstbell.runner.authoring.recording.from_codegen import InvalidRecording, journey_of
from firstbell.runner.authoring.recording.statements import JourneyRequest

HEAD = "import re\nfrom playwright.sync_api import Page, expect\n\n\ndef test_example(page: Page) -> None:\n"
PORTAL = 'page.goto("https://portal.x.example/")'
USER = 'page.get_by_role("textbox", name="Username").fill("me.myself")'
PASSWORD = 'page.get_by_role("textbox", name="Password").fill("hunter2!")'
SEND = 'page.get_by_role("button", name="Sign in").click()'
DISTRICT = JourneyRequest(
    name="recorded",
    role="student",
    doors={"edge": "https://portal.x.example", "sign-in": "https://idp.x.example/district/"},
    hosts={"edge": ["portal.x.example"], "sign-in": ["idp.x.example"], "platform": ["learn.x.example"]},
    values={"Zz Student": "student.account.display_name", "zz.student01": "student.account.username"},
)


def recording(*lines: str) -> str:
    return HEAD + "".join(f"    {line}\n" for line in lines)


def steps_of(journey: str) -> list[tuple[str | None, str | None]]:
    return [(step.title, step.service) for step in read_journeys(journey).steps]


@pytest.mark.parametrize(
    ("lines", "steps"),
    [
        pytest.param([PORTAL], [("opens the portal", "edge")], id="the front door"),
        pytest.param(
            ['page.goto("https://learn.x.example/today/my-classes.html?week=3")'],
            [("opens my classes", "platform")],
            id="a page is named by its path, a service by its host",
        ),
        pytest.param(
            ['page.goto("https://elsewhere.example/")'], [("opens elsewhere.example", "edge")], id="a strange host"
        ),
        pytest.param(
            [PORTAL, USER, PASSWORD, SEND],
            [("opens the portal", "edge"), ("signs in", "sign-in")],
            id="a sign-in is one step",
        ),
        pytest.param(
            [
                USER,
                'page.get_by_role("button", name="Next").click()',
                PASSWORD,
                SEND,
                'page.get_by_label("Verification code").fill("123456")',
                'page.get_by_label("Verification code").press("Enter")',
                'page.get_by_role("link", name="Maths").click()',
            ],
            [("signs in", "sign-in"), ("opens Maths", "platform")],
            id="also over three pages",
        ),
        pytest.param(
            [
                'page.get_by_placeholder("Search").click()',
                'page.get_by_placeholder("Search").fill("maths")',
                'page.get_by_placeholder("Search").press("Enter")',
                'expect(page.get_by_text("3 found")).to_be_visible()',
                'page.locator("#more").click()',
            ],
            [("fills in Search, presses Enter", "edge"), ("presses more", "edge")],
            id="a form with what it leads to",
        ),
        pytest.param(
            [
                'page.once("dialog", lambda dialog: dialog.dismiss())',
                'page.get_by_role("button", name="Leave").click()',
                'page.get_by_label("Grade").select_option("3")',
                'page.get_by_role("checkbox", name="Mine").check()',
            ],
            [("presses Leave", "edge"), ("fills in Grade", "edge")],
            id="a handler goes with what sets it off",
        ),
        pytest.param(
            [
                "with page.expect_popup() as page1_info:",
                '    page.get_by_role("link", name="Live class").click()',
                "page1 = page1_info.value",
                'expect(page1.get_by_role("heading")).to_contain_text("Maths")',
            ],
            [("opens Live class", "edge")],
            id="a window that opens",
        ),
    ],
)
def test_steps_are_named_by_actions(lines: list[str], steps: list[tuple[str, str]]) -> None:
    assert steps_of(journey_of(recording(*lines), DISTRICT)) == steps


@pytest.mark.parametrize(
    ("line", "after"),
    [
        pytest.param(PASSWORD, ".fill(student.account.password.reveal())", id="a password"),
        pytest.param('page.locator("#passwd").fill("hunter2!")', "password.reveal()", id="by a selector"),
        pytest.param('page.get_by_label("PIN").fill("hunter2!")', "password.reveal()", id="a pin"),
        pytest.param('page.get_by_label("Code").fill("654321")', "totp(student.account.totp_key", id="a code"),
        pytest.param(
            'page.get_by_label("Name").fill("zz.student01")', ".fill(student.account.username)", id="a known user name"
        ),
        pytest.param(
            'expect(page.get_by_role("heading")).to_contain_text("Hello Zz Student, it is \\"today\\"")',
            """("Hello " + student.account.display_name + ', it is "today"')""",
            id="a name inside a text",
        ),
        pytest.param(
            'page.goto("https://idp.x.example/district/?user=zz.student01")',
            "zz.student01",
            id="in an address that a service's door begins",
        ),
    ],
)
def test_typed_secrets_are_replaced(line: str, after: str) -> None:
    journey = journey_of(recording(line), DISTRICT)
    ast.parse(journey)
    assert after in journey or "user=" in line
    for value in ("hunter2", "654321", "zz.student01", "Zz Student"):
        assert value not in journey


def test_name_of_the_recording_person_is_removed() -> None:
    journey = journey_of(recording(USER, PASSWORD, SEND), DISTRICT)
    assert "me.myself" not in journey
    assert "fill(student.account.username)" in journey
    assert 'fill("me.myself")' in journey_of(recording(PASSWORD, SEND, USER), DISTRICT)  # a field of another form


@pytest.mark.parametrize("odd", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_line_ends_follow_python_whatever_text_a_page_holds(odd: str) -> None:
    lines = [f'page.get_by_role("button", name="Wel{odd}come").click()', USER, PASSWORD, SEND]
    journey = journey_of(recording(*lines), DISTRICT)
    assert "hunter2" not in journey
    assert "me.myself" not in journey
    assert f"student.page.get_by_role(\"button\", name='Wel{ascii(odd)[1:-1]}come').click()" in journey
    assert f"student.{SEND}" in journey


def test_page_text_cannot_become_code() -> None:
    request = replace(DISTRICT, name="math", values={"zz.student01": "student.account.username"})
    pwned = "\x85);a=page;__import__('os').system('echo PWNED')#"
    lines = [f'page.get_by_role("checkbox", name="I am zz.student01{pwned}").check()', USER, SEND, PORTAL]
    tree = ast.parse(journey_of(recording(*lines), request))
    assert "__import__" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=ascii)
def test_line_ends_of_all_systems_are_read(end: str) -> None:
    assert "hunter2" not in journey_of(recording(PORTAL, USER, PASSWORD, SEND).replace("\n", end), DISTRICT)


def test_locators_and_their_order_stay_as_recorded() -> None:
    lines = [
        'page.get_by_role("row", name="Maths ü").get_by_role("button").nth(2).click(button="right")',
        'page.locator("iframe[name=\\"x\\"]").content_frame.get_by_text("page").click()',
        'expect(page.get_by_role("main")).to_contain_text("page")',
    ]
    journey = journey_of(recording(*lines), DISTRICT)
    for line in lines:
        assert line.replace("page.", "student.page.", 1) in journey


FIXTURE = (
    '@pytest.fixture(scope="session")\ndef browser_context_args(browser_context_args, playwright):\n'
    "    return {{{settings}}}\n\n\n"
)


def test_device_settings_and_used_imports_are_kept() -> None:
    fixture = FIXTURE.format(settings='**playwright.devices["iPhone 13"]')
    recorded = (
        recording(PORTAL)
        .replace("def test_example", fixture + "def test_example")
        .replace("import re", "import pytest\nimport re")
    )
    journey = journey_of(recorded, replace(DISTRICT, device="iPhone 13"))
    assert fixture.strip() in journey
    assert "import re\n" not in journey
    assert "import expect" not in journey
    assert "def test_recorded(student, school):" in journey
    assert 'student.go(school.service("edge").url)' in journey


SCREEN = '"viewport": {"width": 810, "height": 1080}, "user_agent": "Mozilla/5.0 (iPad)"'


@pytest.mark.parametrize(
    ("settings", "device", "left"),
    [
        pytest.param('"storage_state": "/tmp/s.json"', "", "", id="a sign-in alone, and the fixture goes"),
        pytest.param('**playwright.devices["iPad"]', "", "", id="the account's own device, by name"),
        pytest.param(SCREEN, "", "", id="the account's own device, in parts"),
        pytest.param(SCREEN, "iPad", '{**playwright.devices["iPad"]}', id="another device, in parts"),
        pytest.param(
            '**playwright.devices["iPad"], "storage_state": "/tmp/s.json", "locale": "es"',
            "iPad",
            """{**playwright.devices["iPad"], 'locale': 'es'}""",
            id="with what is nobody's device",
        ),
    ],
)
def test_context_settings_are_reduced_to_those_needed(settings: str, device: str, left: str) -> None:
    fixture = FIXTURE.format(settings=settings)
    recorded = recording(PORTAL).replace("def test_example", fixture + "def test_example")
    journey = journey_of(recorded, replace(DISTRICT, device=device))
    ast.parse(journey)
    assert "storage_state" not in journey
    assert ("browser_context_args" in journey) == bool(left)
    assert left in journey


def test_address_below_a_service_address_is_relative_to_it() -> None:
    journey = journey_of(recording('page.goto("https://portal.x.example/news/today")'), DISTRICT)
    assert 'student.go(school.service("edge").url.rstrip("/") + "/news/today")' in journey
    near = journey_of(recording('page.goto("https://portal.x.example.org/")'), DISTRICT)
    assert 'student.go("https://portal.x.example.org/")' in near


def test_role_without_a_fixture_uses_actor() -> None:
    request = JourneyRequest(
        name="recorded", role="counselor", is_signed_in=True, doors=DISTRICT.doors, hosts=DISTRICT.hosts
    )
    journey = journey_of(recording('page.get_by_role("link", name="Maths").click()'), request)
    assert 'counselor = actor("counselor")' in journey
    assert steps_of(journey) == [("opens the portal", "edge"), ("signs in", "sign-in"), ("opens Maths", "platform")]
    assert "school.sign_in(counselor)" in journey


@pytest.mark.parametrize("recorded", [HEAD, HEAD + "    pass\n", "print(1)\n"], ids=["no body", "pass", "no test"])
def test_empty_recording_is_reported(recorded: str) -> None:
    with pytest.raises(InvalidRecording):
        journey_of(recorded, DISTRICT)


def test_recording_without_a_final_expectation_gets_a_comment() -> None:
    done = journey_of(recording(PORTAL), DISTRICT)
    assert '): expect(student.page.get_by_role("heading", name="...")).to_be_visible()' in done.splitlines()[-1]
    assert "import expect" not in done
    seen = journey_of(recording(PORTAL, 'expect(page.get_by_text("Maths")).to_be_visible()'), DISTRICT)
    assert "#" not in seen
