"""Sign-in by redirect: from the portal through the pages of an identity provider, and back.

The pages may come in any order and number: account chooser, choice of the provider, user name and password on one page
or two, one-time code, passkey, consent, "Stay signed in?", SAML forms, in the same window or one of their own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.journeys.adapters.windows import LOOK_AGAIN_MS, Found, Sign, Windows
from firstbell.journeys.adapters.words import Word, words_of
from firstbell.journeys.auth.passkey import install_passkey
from firstbell.journeys.auth.redirect_words import RedirectWords
from firstbell.journeys.auth.totp import totp
from firstbell.journeys.stage.ending import JourneyError
from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.pages.page_signs import TEXT_LIMIT, printable, sign_of

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Locator

    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.service import Service

# A SAML form sends itself; one that is still there after this time waits for a person.
FORM_SENDS_ITSELF_MS = 2000.0
_ANY_TEXT = re.compile(r"\S")
# Texts of alerts that stand on a sign-in page before anything is sent.
NOTICE_LIMIT = 5


class SignInScreen(Enum):
    """The screens of a sign-in, in the order in which they are looked for."""

    SIGNED_IN = auto()
    REFUSAL = auto()
    STAY = auto()
    CONSENT = auto()
    CHOOSER = auto()
    USERNAME = auto()
    PASSWORD = auto()
    CODE = auto()
    PASSKEY = auto()
    PROVIDER = auto()
    FORM = auto()
    LINK = auto()


# Any other page may have a heading or an alert that fits.
_OF_THIS_SIGN_IN = (SignInScreen.SIGNED_IN, SignInScreen.REFUSAL)


class RedirectSignIn:
    """The pages of an identity provider, in any order; each is found by its words."""

    words = RedirectWords

    def __init__(self, service: Service) -> None:
        self._words = words_of(RedirectWords, service)

    def sign_in(self, actor: Actor) -> None:
        """From the portal's front page to its signed-in page."""
        install_passkey(actor)
        with Windows(actor, with_frames=self._words.in_frame) as windows:
            _Attempt(actor, self._words, windows).play()


class _Attempt:
    """One sign-in of one actor: which screens were answered, and whether anything was sent that can be refused."""

    def __init__(self, actor: Actor, words: RedirectWords, windows: Windows) -> None:
        self._actor = actor
        self._words = words
        self._windows = windows
        self._answered: set[SignInScreen] = set()
        self._notices: tuple[str, ...] = ()
        self._sent = ""

    def play(self) -> None:
        deadline = 0.0
        while True:
            screen = self._next()
            if screen.key is SignInScreen.SIGNED_IN:
                if not self._still_asks(screen.frame):
                    return
                # The heading of the sign-in page itself may fit the word.
                if time.monotonic() > deadline:
                    raise Broken(f"the page still asks after {self._sent} was sent")
                screen.frame.page.wait_for_timeout(LOOK_AGAIN_MS)
                continue
            self._answered.add(screen.key)
            self._answers[screen.key](screen)
            deadline = time.monotonic() + self._actor.limit_s

    def _next(self) -> Found[SignInScreen]:
        try:
            return self._windows.wait_for(self._signs(), only_visited=_OF_THIS_SIGN_IN)
        except Broken:
            self._raise_if_asked_again()
            raise

    def _signs(self) -> Mapping[SignInScreen, Sign]:
        """The screens that may come next. Before anything was sent, no person is signed in or refused."""
        words = self._words
        named: dict[SignInScreen, Word] = {
            SignInScreen.SIGNED_IN: words.signed_in_heading,
            SignInScreen.REFUSAL: words.refusal,
            SignInScreen.STAY: words.stay_question,
            SignInScreen.CONSENT: words.consent_question,
            SignInScreen.CHOOSER: words.other_account,
            SignInScreen.USERNAME: words.username_label,
            SignInScreen.PASSWORD: words.password_label,
            SignInScreen.CODE: words.code_label,
            SignInScreen.PASSKEY: words.passkey_button,
            SignInScreen.PROVIDER: words.provider_button,
            SignInScreen.FORM: words.saml_button,
            SignInScreen.LINK: words.sign_in_link,
        }
        left_out = set(self._answered)
        if not self._sent:
            left_out |= {SignInScreen.SIGNED_IN, SignInScreen.REFUSAL}
        if self._answered:
            left_out.add(SignInScreen.LINK)
        signs: dict[SignInScreen, Sign] = {key: word.in_ for key, word in named.items() if word and key not in left_out}
        if SignInScreen.REFUSAL in signs:
            signs[SignInScreen.REFUSAL] = self._refusals
        return signs

    def _refusals(self, frame: Frame) -> Locator:
        """The alerts with text that were not there before: a notice of Saturday's maintenance refuses nothing."""
        alerts = self._words.refusal.in_(frame).filter(has_text=_ANY_TEXT)
        for notice in self._notices:
            alerts = alerts.filter(has_not_text=notice)
        return alerts

    @property
    def _answers(self) -> Mapping[SignInScreen, Callable[[Found[SignInScreen]], None]]:
        words = self._words
        return {
            SignInScreen.REFUSAL: self._refused,
            SignInScreen.STAY: lambda screen: self._press(screen, words.stay_answer),
            SignInScreen.CONSENT: lambda screen: self._press(screen, words.consent_button),
            SignInScreen.CHOOSER: self._choose_account,
            SignInScreen.USERNAME: self._give_name,
            SignInScreen.PASSWORD: self._give_password,
            SignInScreen.CODE: self._give_code,
            SignInScreen.PASSKEY: self._give_passkey,
            SignInScreen.PROVIDER: lambda screen: screen.element.click(),
            SignInScreen.FORM: self._send_form,
            SignInScreen.LINK: self._open_sign_in,
        }

    def _open_sign_in(self, screen: Found[SignInScreen]) -> None:
        signed_in = self._words.signed_in_heading.in_(screen.frame).filter(visible=True)
        if signed_in.count():
            shown = printable(signed_in.first.inner_text(), 80)
            raise JourneyError(
                f'the page shows "{shown}" before the sign-in already; '
                "set signed_in_heading to what only a signed-in page shows"
            )
        screen.element.click()

    def _choose_account(self, screen: Found[SignInScreen]) -> None:
        own = screen.frame.get_by_text(self._actor.account.username).filter(visible=True)
        (own.first if own.count() else screen.element).click()

    def _give_name(self, screen: Found[SignInScreen]) -> None:
        screen.element.fill(self._actor.account.username)
        password, go_on = self._words.password_label, self._words.next_button
        # The password first: a page with both asks for both.
        signs: dict[SignInScreen, Sign] = {SignInScreen.PASSWORD: password.in_}
        if go_on:
            signs[SignInScreen.USERNAME] = go_on.in_
        beside = self._windows.wait_for(signs)
        if beside.key is SignInScreen.PASSWORD and beside.frame == screen.frame:
            self._answered.add(SignInScreen.PASSWORD)
            self._give_password(beside)
        else:
            self._send(screen, go_on, "the user name")

    def _give_password(self, screen: Found[SignInScreen]) -> None:
        # The user name is answered, even where the product knew it from before.
        self._answered.add(SignInScreen.USERNAME)
        screen.element.fill(self._actor.account.password.reveal())
        self._send(screen, self._words.submit_button, "the password")

    def _give_code(self, screen: Found[SignInScreen]) -> None:
        key = self._actor.account.totp_key
        if key is None:
            raise Broken(f"a one-time code was asked for, but the {self._actor.role}'s account has no totp key")
        screen.element.fill(totp(key.reveal(), time.time()))
        self._send(screen, self._words.code_button, "the one-time code")

    def _give_passkey(self, screen: Found[SignInScreen]) -> None:
        if self._actor.account.passkey is None:
            raise Broken(f"a passkey was asked for, but the {self._actor.role}'s account has none")
        self._note_notices(screen)
        self._sent = "the passkey"
        screen.element.click()

    def _send_form(self, screen: Found[SignInScreen]) -> None:
        try:
            screen.element.wait_for(state="hidden", timeout=FORM_SENDS_ITSELF_MS)
        except PlaywrightTimeout:
            screen.element.click()
        self._answered.discard(SignInScreen.FORM)  # Several parties may pass a form on.

    def _send(self, screen: Found[SignInScreen], button: Word, sent: str) -> None:
        self._note_notices(screen)
        self._sent = sent
        self._press(screen, button)

    def _press(self, screen: Found[SignInScreen], button: Word) -> None:
        self._actor.click(button.in_(screen.frame).filter(visible=True))

    def _note_notices(self, screen: Found[SignInScreen]) -> None:
        alerts = self._words.refusal.in_(screen.frame).filter(visible=True) if self._words.refusal else None
        texts = alerts.all_inner_texts()[:NOTICE_LIMIT] if alerts else []
        self._notices = tuple(text for text in (" ".join(text.split()) for text in texts) if text)

    def _still_asks(self, frame: Frame) -> bool:
        """Whether a page that seems to be the signed-in one still has the field that was answered last."""
        fields = (self._words.username_label, self._words.password_label, self._words.code_label)
        return any(word.in_(frame).filter(visible=True).count() for word in fields if word)

    def _refused(self, screen: Found[SignInScreen]) -> None:
        said = printable(screen.element.inner_text(), TEXT_LIMIT)
        second = self._sent in ("the one-time code", "the passkey")
        kind = sign_of("", said, "", len(said)) or ("second-factor" if second else "credentials-refused")
        raise Broken(f'sign-in refused: "{said}"', sign=kind)

    def _raise_if_asked_again(self) -> None:
        """Raise Broken where the form came back empty without a word that is known: the password was refused."""
        again = self._windows.look({SignInScreen.PASSWORD: self._words.password_label.in_})
        if self._sent == "the password" and again is not None and not again.element.input_value():
            said = printable(again.frame.locator("body").inner_text(), 120)
            raise Broken(f'sign-in refused: the page asks for the password again: "{said}"', sign="credentials-refused")
