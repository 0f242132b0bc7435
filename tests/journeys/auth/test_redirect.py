"""Sign-in by redirect on pages that imitate the flows of products, and on those that would make it lie."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.journeys.adapters.loading import load_adapter
from firstbell.journeys.auth.totp import totp
from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.ending import JourneyError
from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Service
from tests.support.likeness import Form, Site, form, page

pytestmark = pytest.mark.browser

HOME = page("<h1>Welcome, Zz</h1>")
KEY = "JBSWY3DPEHPK3PXP"


def checks(right: str, wrong: str, **expected: str) -> Callable[[Form], str]:
    """The answer to a form: where it leads if each field holds what is expected, and the page otherwise."""
    return lambda sent: right if all(sent.get(key) == value for key, value in expected.items()) else wrong


RIGHT = checks(
    "-> /home",
    form("/check", "u:text:Username", "p:password:Password", button="Sign in", alert="Wrong"),
    u="zz.student01",
    p="right",
)
ONE_PAGE = form("/check", "u:text:Username", "p:password:Password", button="Sign in")


class SignIn:
    """A sign-in by pages that a test adds."""

    def __init__(self, site: Site, person: Actor) -> None:
        self.site, self.person = site, person
        self.options: dict[str, str] = {}
        self.kind = "redirect"
        site.pages.clear()
        self.pages(**{"/": page("<a href=/in>Sign in</a>"), "/in": ONE_PAGE, "/check": RIGHT, "/home": HOME})

    def pages(self, **pages: Any) -> None:
        self.site.pages |= {path.replace("_", "/"): body for path, body in pages.items()}

    def play(self, ends: str = "/home") -> None:
        service = Service(name="sign-in", owner="", url="", kind=self.kind, options=self.options)
        self.person.go(self.site.url("/"))
        load_adapter(service, Path()).build().sign_in(self.person)
        assert self.person.page.url.endswith(ends)


@pytest.fixture
def sign_in(likeness: Site, person: Actor) -> SignIn:
    return SignIn(likeness, person)


def test_name_and_password_on_one_page(sign_in: SignIn) -> None:
    sign_in.play()


def test_a_portal_that_is_a_sign_in_page_itself_is_not_clicked_by_its_own_button(sign_in: SignIn) -> None:
    sign_in.pages(_=ONE_PAGE)
    sign_in.play()


def test_name_and_password_on_two_pages_with_a_field_kept_out_of_sight(sign_in: SignIn) -> None:
    hidden = "<input type=password aria-label=Password style='position:absolute;left:-9999px'>"
    sign_in.pages(
        _in=form("/name", "u:text:Username", button="Next") + hidden,
        _name=checks(form("/word", "p:password:Password", button="Sign in"), "wrong", u="zz.student01"),
        _word=checks("-> /home", "wrong", p="right"),
    )
    sign_in.play()


def test_one_page_that_changes_its_form_by_script(sign_in: SignIn) -> None:
    script = """
      document.forms[0].onsubmit = event => { event.preventDefault();
        setTimeout(() => { document.forms[0].outerHTML = `<form method=post action=/word><label>Password
          <input type=password name=p></label><button>Sign in</button></form>`; }, 300); };"""
    sign_in.pages(
        _in=form("/none", "u:text:Username", button="Next", script=script), _word=checks("-> /home", "wrong", p="right")
    )
    sign_in.play()


def test_provider_chooser_account_chooser_consent_and_stay_signed_in(sign_in: SignIn) -> None:
    sign_in.pages(
        _in=page("<a href=/staff>Staff</a> <a href=/who>Log in with Clever</a>"),
        _who=page("<h1>Pick an account</h1><p>other@district.example</p><a href=/form>Use another account</a>"),
        _form=ONE_PAGE,
        _check=checks(page("<h1>Permissions requested</h1><a href=/stay>Accept</a>"), "wrong", p="right"),
        _stay=page("<h1>Stay signed in?</h1><a href=/home>No</a> <a href=/staff>Yes</a>"),
    )
    sign_in.options = {
        "provider_button": "Log in with Clever",
        "stay_question": "Stay signed in?",
        "consent_question": "Permissions requested",
    }
    sign_in.play()


def test_a_one_time_code(sign_in: SignIn) -> None:
    account = replace(sign_in.person.account, totp_key=Secret(lambda: KEY))
    sign_in.person.account = account

    began_s = time.time()
    codes = {totp(KEY, began_s), totp(KEY, began_s + 30)}
    sign_in.pages(
        _check=checks(form("/code", "c:text:One-time code", button="Verify"), "wrong", p="right"),
        _code=lambda sent: "-> /home" if sent["c"] in codes else "wrong",
    )
    sign_in.play()


@pytest.mark.parametrize("sends_itself", [True, False])
def test_a_saml_form_is_sent_once(sign_in: SignIn, *, sends_itself: bool) -> None:
    script = "setTimeout(() => document.forms[0].submit(), 400)" if sends_itself else ""
    fields = "<input type=hidden name=SAMLResponse value=x><button>Weiter</button>"
    saml = page(f"<form method=post action=/acs>{fields}</form><script>{script}</script>")
    sign_in.pages(_check=checks(saml, "wrong", p="right"), _acs=checks("-> /home", "wrong", SAMLResponse="x"))
    sign_in.site.asked.clear()
    sign_in.play()
    assert sign_in.site.asked.count("/acs") == 1


def test_a_sign_in_in_a_window_that_closes_itself(sign_in: SignIn) -> None:
    opener = "window.open('/in'); window.addEventListener('message', () => { location = '/home'; })"
    sign_in.pages(
        _=page(f'<button onclick="{html_attribute(opener)}">Sign in</button>'),
        _check=checks(page("<script>opener.postMessage('in', '*'); close()</script>"), "wrong", p="right"),
    )
    sign_in.play()
    assert len(sign_in.person.page.context.pages) == 1


def html_attribute(text: str) -> str:
    return text.replace('"', "&quot;")


def test_a_sign_in_in_a_new_tab_and_a_window_that_nobody_asked_for(sign_in: SignIn) -> None:
    sign_in.pages(
        _=page("<a href=/in target=_blank onclick=\"window.open('/news')\">Sign in</a>"),
        _news=page("<h1>Welcome to our news</h1>"),
    )
    sign_in.play()


def test_a_sign_in_in_a_frame_of_another_host_beside_one_that_hangs(sign_in: SignIn) -> None:
    frame = sign_in.site.url("/in", "provider")
    goes_on = "<script>onmessage = () => { location = '/home' }</script>"
    sign_in.pages(
        _=page(f"<iframe src=/hangs></iframe><iframe src='{frame}'></iframe>{goes_on}"),
        _check=checks(page("<script>top.postMessage('in', '*')</script>"), "wrong", p="right"),
    )
    sign_in.options = {"in_frame": "yes"}
    sign_in.play()


def test_a_passkey(sign_in: SignIn) -> None:
    context = sign_in.person.page.context
    made = context.credentials.create("portal.localhost")
    context.credentials.delete(made["id"])
    sign_in.person.account = replace(sign_in.person.account, passkey=Secret(lambda: json.dumps(made)))
    script = """async () => { const key = await navigator.credentials.get({publicKey: {challenge: new Uint8Array(32),
      rpId: 'portal.localhost'}}); location = '/home?' + key.id; }"""
    sign_in.pages(
        _in=page(f"<button>Use a passkey</button><script>document.querySelector('button').onclick = {script}</script>")
    )
    sign_in.options = {"passkey_button": "Use a passkey"}
    sign_in.play(ends=f"/home?{made['id']}")


# The words of presets, on pages with the identifiers that the products' own pages have.


def entra(sent: Form) -> str:
    """Entra's screens: one address, each form by its fields; a password field waits out of sight from the first."""
    button = "<input type=submit id=idSIButton9 value={}>"
    away = "<input type=password name=passwd class=moveOffScreen aria-hidden=true style='position:fixed;left:-999px'>"
    if "otc" in sent:
        stay = (
            "<div id=KmsiDescription>Do this to reduce the number of times</div><input type=hidden name=kmsi value=1>"
        )
        no = "<a id=idBtn_Back href=/home>No</a>"
        return page(f"<form method=post><h1>Stay signed in?</h1>{stay}{no}{button.format('Yes')}</form>")
    if sent.get("passwd") == "right":
        verify = "<input type=submit id=idSubmit_SAOTCC_Continue value=Verify>"
        return page(f"<form method=post><input name=otc placeholder=Code>{verify}</form>")
    if "loginfmt" in sent:
        told = "<div id=passwordError>Your account or password is incorrect.</div>" if "passwd" in sent else ""
        fields = "<input type=hidden name=loginfmt value=x><input type=password name=passwd placeholder=Password>"
        return page(f"<form method=post>{told}{fields}{button.format('Sign&nbsp;in')}</form>")
    return page(f"<form method=post novalidate><input name=loginfmt type=email>{away}{button.format('Next')}</form>")


def test_the_words_for_entra_on_a_likeness(sign_in: SignIn) -> None:
    sign_in.kind = "entra"
    sign_in.person.account = replace(sign_in.person.account, totp_key=Secret(lambda: KEY))
    sign_in.pages(_in=entra)
    sign_in.play()


def test_the_words_for_entra_read_a_refusal(sign_in: SignIn) -> None:
    sign_in.kind = "entra"
    sign_in.person.account = replace(sign_in.person.account, password=Secret(lambda: "stale"))
    sign_in.pages(_in=entra)
    with pytest.raises(Broken, match="Your account or password is incorrect") as refused:
        sign_in.play()
    assert refused.value.sign == "credentials-refused"


def test_the_words_for_keycloak_on_a_likeness(sign_in: SignIn) -> None:
    sign_in.kind = "keycloak"
    sign_in.person.account = replace(sign_in.person.account, totp_key=Secret(lambda: KEY))
    log_in = "<input type=submit id=kc-login value='Sign In'>"
    name = "<label for=username>Username or email</label><input id=username name=u>"
    word = "<label for=password>Password</label><input id=password name=p type=password>"
    sign_in.pages(
        _in=page(f"<form method=post action=/code>{name}{word}{log_in}</form>"),
        _code=checks(page(f"<form method=post action=/check><input id=otp name=c>{log_in}</form>"), "no", p="right"),
        _check=lambda sent: "-> /home" if len(sent["c"]) == 6 else "no",
    )
    sign_in.play()


# Where it must not pass, or must say more than "time-out".


def test_a_refused_password_is_read_and_told(sign_in: SignIn) -> None:
    sign_in.person.account = replace(sign_in.person.account, password=Secret(lambda: "stale"))
    with pytest.raises(Broken, match='sign-in refused: "Wrong"') as refused:
        sign_in.play()
    assert refused.value.sign == "credentials-refused"


def test_a_form_that_comes_back_without_a_word_is_a_refusal(sign_in: SignIn) -> None:
    sign_in.pages(_check=form("/check", "u:text:Username", "p:password:Password", button="Sign in"))
    with pytest.raises(Broken, match="asks for the password again"):
        sign_in.play()


def test_a_server_that_never_answers_is_not_a_refusal(sign_in: SignIn) -> None:
    sign_in.pages(_in=form("/hangs", "u:text:Username", "p:password:Password", button="Sign in"))
    with pytest.raises((Broken, PlaywrightTimeout)) as failed:
        sign_in.play()
    assert "refused" not in str(failed.value)


def test_a_notice_that_is_an_alert_refuses_nothing(sign_in: SignIn) -> None:
    notice = "<p role=alert>Maintenance on  Saturday</p><p role=alert></p>"
    slow = "<script>setTimeout(() => { location = '/home' }, 500)</script>"
    sign_in.pages(_in=notice + ONE_PAGE, _check=checks(page(notice + slow), "wrong", p="right"))
    sign_in.play()


def test_a_heading_of_the_sign_in_page_is_not_taken_for_the_signed_in_page(sign_in: SignIn) -> None:
    silent = "document.forms[0].onsubmit = () => false"
    fields = ("u:text:Username", "p:password:Password")
    sign_in.pages(_in=form("/none", *fields, button="Sign in", script=silent) + "<h1>Welcome</h1>")
    with pytest.raises(Broken, match="still asks after the password was sent"):
        sign_in.play()


def test_a_front_page_that_looks_signed_in_is_told_before_it_can_lie(sign_in: SignIn) -> None:
    sign_in.pages(_=page("<h1>Welcome to Bayfront</h1><a href=/in>Sign in</a>"))
    with pytest.raises(JourneyError, match="set signed_in_heading to what only a signed-in page shows"):
        sign_in.play()


def test_a_code_that_no_account_has_is_told(sign_in: SignIn) -> None:
    sign_in.pages(_check=checks(form("/code", "c:text:One-time code", button="Verify"), "wrong", p="right"))
    with pytest.raises(Broken, match="the student's account has no totp key"):
        sign_in.play()
