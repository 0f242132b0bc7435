"""Typed secrets and access keys stay out of a recorded journey, however they were recorded."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from firstbell.runner.authoring.journey_ast import read_journeys
from firstbell.runner.authoring.recording.from_codegen import InvalidRecording, journey_of
from firstbell.runner.authoring.recording.statements import JourneyRequest

HEAD = "import re\nfrom playwright.sync_api import Page, expect\n\n\ndef test_example(page: Page) -> None:\n"
DISTRICT = JourneyRequest(
    name="recorded",
    role="student",
    doors={"edge": "https://portal.x.example", "sign-in": "https://idp.x.example/in?district=5"},
    hosts={"edge": ["portal.x.example"], "sign-in": ["idp.x.example"], "platform": ["learn.x.example"]},
    values={"Zz Student": "student.account.display_name", "zz.student@x.example": "student.account.username"},
)
USER = 'page.get_by_role("textbox", name="Username").fill("me.myself")'
PASSWORD = 'page.get_by_role("textbox", name="Password").fill("hunter2!")'
GO = 'page.get_by_role("button", name="Go").click()'


def journey(*lines: str, request: JourneyRequest = DISTRICT) -> str:
    text = journey_of(HEAD + "".join(f"    {line}\n" for line in lines), request)
    read = read_journeys(text)
    assert (read.secrets, read.keys, read.snapshots) == ((), (), ())
    return text


@pytest.mark.parametrize(
    "name",
    [
        "Password", "Contraseña", "contrasena", "Clave", "Mot de passe", "Kennwort", "Schülerpasswort", "Senha",
        "Palavra-passe", "Mật khẩu", "mat khau", "密码", "密碼", "Modpas", "كلمة المرور", "كلمة السر", "ＰＩＮ",
        '[name=\\"pass\\"]', "#user-pass",
    ],
)  # fmt: skip
def test_password_field_is_recognised_in_many_languages(name: str) -> None:
    line = f'page.get_by_label("{name}").fill("hunter2!")'
    assert ".fill(student.account.password.reveal())" in journey(line)
    assert len(read_journeys(line).secrets) == 1


@pytest.mark.parametrize("name", ["Palabra clave", "Shopping", "Ask the secretary", "Contact", "#compass-search"])
def test_other_fields_are_kept(name: str) -> None:
    line = f'page.get_by_label("{name}").fill("hunter2!")'
    assert 'fill("hunter2!")' in journey(line)


@pytest.mark.parametrize(
    "name",
    [
        "One-time code",
        "Código de verificación",
        "Code de vérification",
        "Bestätigungscode",
        "Mã xác nhận",
        "验证码",
        "رمز التحقق",
    ],
)
def test_code_field_is_recognised_in_many_languages(name: str) -> None:
    assert "totp(student.account.totp_key" in journey(f'page.get_by_label("{name}").fill("654321")')


@pytest.mark.parametrize(
    "name", ["Usuario", "Correo electrónico", "Identifiant", "Benutzername", "Tên đăng nhập", "用户名", "اسم المستخدم"]
)
def test_user_name_field_before_a_password_is_recognised(name: str) -> None:
    text = journey(f'page.get_by_label("{name}").fill("me.myself")', PASSWORD)
    assert ".fill(student.account.username)" in text


@pytest.mark.parametrize(
    ("lines", "gone"),
    [
        pytest.param(
            [USER, PASSWORD, 'expect(page.get_by_label("Password")).to_have_value("hunter2!")'],
            "hunter2",
            id="its value",
        ),
        pytest.param(['expect(page.get_by_label("PIN")).to_have_value("12")'], "'12'", id="a short one"),
        pytest.param([f"{GO}", 'page.get_by_label("PIN").press("7")'], "'7'", id="keys that are pressed"),
        pytest.param(
            [USER, PASSWORD, 'page.get_by_text("Your password is hunter2! now").click()'], "hunter2", id="what is shown"
        ),
        pytest.param(
            [USER, PASSWORD, 'page.get_by_text("me: Me.Myself (me.myself, hunter2!, me.myself)").click()'],
            "me.myself hunter2",
            id="several together",
        ),
        pytest.param(
            [USER, PASSWORD, 'page.get_by_role("link", name="Hello me.myself").click()'], "myself", id="in a title too"
        ),
        pytest.param(
            ['page.get_by_role("link", name="Zz\\u00a0 Student (Grade 3)").click()'],
            "Zz",
            id="with other spaces",
        ),
        pytest.param(
            ['page.locator("div").filter(has_text=re.compile(r"^zz\\.student@x\\.example$")).click()'],
            "zz",
            id="in a pattern",
        ),
        pytest.param(['page.goto("https://learn.x.example/u/zz.student@x.example")'], "zz", id="in a path"),
        pytest.param(
            ['page.goto("https://learn.x.example/u/zz.student%40x.example/home")'], "zz", id="in one, escaped"
        ),
        pytest.param(['page.goto("https://me:hunter2@learn.x.example/")'], "hunter2", id="of an address"),
        pytest.param(['page.goto("https://learn.x.example/a;jsessionid=Q1W2")'], "Q1W2", id="a session"),
        pytest.param(
            ['page.goto("https://learn.x.example/j/99?pwd=QWx&ticket=ST-1-abc")'], "QWx ST-1 ?", id="keys in a query"
        ),
        pytest.param(['page.goto("https://portal.x.example/in#access_token=eyJ")'], "eyJ #access", id="a fragment"),
        pytest.param(
            ['page.get_by_role("link", name="Join: https://zoom.x.example/j/9?pwd=QWx today").click()'],
            "QWx",
            id="an address that is shown",
        ),
        pytest.param(['page.get_by_text("zoom.x.example/j/9?pwd=QWx").click()'], "QWx", id="as people write it"),
        pytest.param(
            [GO, 'expect(page.get_by_role("main")).to_match_aria_snapshot("- text: Mia Other")'], "Mia", id="a snapshot"
        ),
    ],
)
def test_secret_is_removed_wherever_it_occurs(lines: list[str], gone: str) -> None:
    text = journey(*lines)
    code = ast.unparse(ast.parse(text))
    for one in gone.split():
        assert one not in code


def test_name_in_a_pattern_is_escaped() -> None:
    text = journey('page.get_by_text(re.compile(r"^Hi Zz Student$")).click()')
    assert 're.compile("^Hi " + re.escape(student.account.display_name) + "$")' in text
    assert text.count("import re\n") == 1


def test_omitted_statements_leave_one_comment() -> None:
    snapshot = 'expect(page.get_by_role("main")).to_match_aria_snapshot("- text: Mia Other")'
    text = journey(snapshot, GO, 'page.get_by_label("PIN").press("7")', 'page.get_by_label("PIN").press("8")')
    comments = [line.strip() for line in text.splitlines() if line.strip().startswith("#")]
    assert comments[0].startswith("# A snapshot of the page was removed here")
    assert [line for line in comments if "Keys pressed" in line] == comments[1:2]
    with pytest.raises(InvalidRecording):
        journey(snapshot)


@pytest.mark.parametrize(
    ("line", "is_said"),
    [
        pytest.param('page.get_by_role("textbox").nth(1).fill("hunter3")', True, id="no name"),
        pytest.param('page.locator("input").nth(1).fill("hunter3")', True, id="a name that every field has"),
        pytest.param('page.get_by_role("textbox", name="Search").fill("maths")', False, id="a name"),
        pytest.param('page.get_by_role("textbox").nth(1).fill("Zz Student")', False, id="what is known goes anyhow"),
        pytest.param('page.get_by_role("textbox").nth(1).fill("")', False, id="emptied"),
    ],
)
def test_field_without_a_name_gets_a_comment(line: str, *, is_said: bool) -> None:
    assert ("# This field has no name." in journey(line)) == is_said


@pytest.mark.parametrize(
    ("address", "goes", "is_said"),
    [
        pytest.param(
            "https://idp.x.example/in?district=5", 'school.service("sign-in").url', False, id="a door as it is"
        ),
        pytest.param("https://idp.x.example/in?district=5&s=Q", 'school.service("sign-in").url', True, id="with more"),
        pytest.param(
            "https://idp.x.example/in/help", '"https://idp.x.example/in/help"', False, id="below one with a query"
        ),
        pytest.param(
            "https://portal.x.example/a?b=c", 'school.service("edge").url.rstrip("/") + "/a"', True, id="below a door"
        ),
        pytest.param("https://learn.x.example/a/?", '"https://learn.x.example/a/"', False, id="an empty query"),
        pytest.param("https://learn.x.example/a", '"https://learn.x.example/a"', False, id="nothing more"),
    ],
)
def test_address_is_cut_to_its_page_with_a_comment(address: str, goes: str, *, is_said: bool) -> None:
    text = journey(f'page.goto("{address}")')
    assert f"student.go({goes})" in text
    assert ("was removed, since it may hold a key" in text) == is_said


def test_step_title_holds_no_key_of_an_address() -> None:
    text = journey('page.goto("https://learn.x.example/my-classes;jsessionid=Q1W2?pwd=x")')
    assert [step.title for step in read_journeys(text).steps] == ["opens my classes"]


def test_short_value_is_removed_alone_but_not_inside_a_word() -> None:
    request = replace(DISTRICT, values={"Al": "student.account.display_name"})
    text = journey('page.get_by_text("Al").click()', 'page.get_by_text("All").click()', request=request)
    assert "get_by_text(student.account.display_name)" in text
    assert 'get_by_text("All")' in text


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('student.go("https://x.example/j/9?pwd=QWx")', "pwd"),
        ('student.go("https://x.example/#access_token=eyJ")', "access_token"),
        ('student.go("https://x.example/a;jsessionid=Q")', "jsessionid"),
        ('student.page.get_by_text("x.example/j/9?pwd=QWx")', "pwd"),
        ('student.page.locator("main.wide > a.key#token")', ""),
        ('student.go("https://me:hunter2@x.example/")', "user:password"),
        ('student.go("https://x.example/?week=3&pwd=")', ""),
        ('student.go("https://x.example/?week=3#part")', ""),
    ],
)
def test_check_finds_a_key_in_an_address(line: str, key: str) -> None:
    assert [name for _, name in read_journeys(line).keys] == ([key] if key else [])
