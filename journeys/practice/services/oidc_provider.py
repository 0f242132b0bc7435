"""The sign-in service: an OpenID Connect style provider with authorization code, PKCE and an optional one-time code.

Not a full provider: tokens are signed with itsdangerous for each client, instead of a published key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from firstbell.journeys.auth.totp import totp
from firstbell.journeys.practice.faults import FaultSwitches
from firstbell.journeys.practice.seed_data import Person
from firstbell.journeys.practice.services.pages import page, service

CODE_S = 60
FORM_S = 600
SESSION_S = 8 * 3600
WRONG_CREDENTIALS = "Wrong username or password."
LOCKED = "This account is locked. Ask the help desk."


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcClient:
    """A service that signs people in here; `secret` signs the tokens that are meant for it."""

    id: str
    redirect_uri: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationGrant:
    """What a code stands for, once, until `ends` (monotonic seconds)."""

    client: str
    redirect_uri: str
    challenge: str
    nonce: str
    username: str
    ends: float


class OidcProvider:
    """Holds codes and sessions; its application is `app`."""

    def __init__(self, people: Mapping[str, Person], clients: Mapping[str, OidcClient], board: FaultSwitches) -> None:
        self._people = {person.username: person for person in people.values()}
        self._clients = clients
        self._board = board
        self._grants: dict[str, AuthorizationGrant] = {}
        self._seal = URLSafeTimedSerializer(secrets.token_hex(), salt="sign-in")
        self.sign_ins = 0

    def app(self) -> Starlette:
        """The service's pages and its token endpoint."""
        return service(
            [
                Route("/authorize", self._authorize),
                Route("/sign-in", self._sign_in, methods=["POST"]),
                Route("/code", self._code, methods=["POST"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/sign-out", self._sign_out),
            ],
        )

    async def _authorize(self, request: Request) -> Response:
        wanted = dict(request.query_params)
        client = self._clients.get(wanted.get("client_id", ""))
        is_sound = (
            client is not None
            and wanted.get("redirect_uri") == client.redirect_uri
            and wanted.get("response_type") == "code"
            and wanted.get("code_challenge_method") == "S256"
            and all(wanted.get(name) for name in ("state", "nonce", "code_challenge"))
        )
        if not is_sound:
            raise HTTPException(400)
        if self._board.is_on("sign-in-loop"):
            # As after a change of keys: it takes nobody's session for good, and sends the client to try again.
            query = urlencode({"error": "login_required", "state": wanted["state"]})
            return RedirectResponse(f"{wanted['redirect_uri']}?{query}", status_code=303)
        username = self._open(request.cookies.get("session", ""), SESSION_S)
        if isinstance(username, str) and username in self._people:
            return self._back(wanted, username)
        return self._form(request, wanted)

    def _form(self, request: Request, wanted: Mapping[str, str], error: str = "") -> Response:
        """The form, tied to this browser by a cookie that the form must repeat."""
        token = secrets.token_urlsafe(16)
        answer = page(request, "sign_in.html", wanted=self._seal.dumps(dict(wanted)), token=token, error=error)
        answer.set_cookie("form", token, max_age=FORM_S, httponly=True, samesite="lax")
        return answer

    async def _sign_in(self, request: Request) -> Response:
        form = await request.form()
        wanted = self._checked_form(request, str(form.get("token", "")), str(form.get("wanted", "")))
        username, password = str(form.get("username", "")).strip(), str(form.get("password", ""))
        person = self._people.get(username)
        is_right = person is not None and hmac.compare_digest(person.password.encode(), password.encode())
        if person is None or not is_right or self._board.is_on("sign-in-refuses"):
            return self._form(request, wanted, WRONG_CREDENTIALS)
        if person.locked or self._board.is_on("sign-in-account-locked"):
            return self._form(request, wanted, LOCKED)
        if person.asks_code or (person.totp_key and self._board.is_on("sign-in-code-refused")):
            return self._code_form(request, wanted, username)
        return self._back(wanted, username)

    def _code_form(self, request: Request, wanted: Mapping[str, str], username: str, error: str = "") -> Response:
        token = secrets.token_urlsafe(16)
        half_way = self._seal.dumps({**wanted, "username": username})
        answer = page(request, "one_time_code.html", half_way=half_way, token=token, error=error)
        answer.set_cookie("form", token, max_age=FORM_S, httponly=True, samesite="lax")
        return answer

    async def _code(self, request: Request) -> Response:
        form = await request.form()
        wanted = self._checked_form(request, str(form.get("token", "")), str(form.get("half_way", "")))
        username = wanted["username"]
        key = self._people[username].totp_key or ""
        now = time.time()
        # One step either way, for clocks that differ (RFC 6238, section 5.2).
        valid = [totp(key, now + step) for step in (-30, 0, 30)]
        if str(form.get("code", "")).strip() not in valid or self._board.is_on("sign-in-code-refused"):
            return self._code_form(request, wanted, username, "That code is not valid.")
        return self._back(wanted, username)

    def _checked_form(self, request: Request, token: str, sealed: str) -> dict[str, str]:
        cookie = request.cookies.get("form", "")
        content = self._open(sealed, FORM_S)
        if not token or not hmac.compare_digest(cookie.encode(), token.encode()) or not isinstance(content, dict):
            raise HTTPException(400)
        return content

    def _back(self, wanted: Mapping[str, str], username: str) -> Response:
        """Back to the client with a code, and signed in here for the next one."""
        self.sign_ins += 1
        code = secrets.token_urlsafe(24)
        self._grants[code] = AuthorizationGrant(
            client=wanted["client_id"],
            redirect_uri=wanted["redirect_uri"],
            challenge=wanted["code_challenge"],
            nonce=wanted["nonce"],
            username=username,
            ends=time.monotonic() + CODE_S,
        )
        query = urlencode({"code": code, "state": wanted["state"]})
        answer = RedirectResponse(f"{wanted['redirect_uri']}?{query}", status_code=303)
        answer.set_cookie("session", self._seal.dumps(username), max_age=SESSION_S, httponly=True, samesite="lax")
        return answer

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        grant = self._grants.pop(str(form.get("code", "")), None)
        client = self._clients.get(str(form.get("client_id", "")))
        is_sound = (
            grant is not None
            and client is not None
            and form.get("grant_type") == "authorization_code"
            and grant.client == client.id
            and grant.redirect_uri == form.get("redirect_uri")
            and grant.ends >= time.monotonic()
            and hmac.compare_digest(grant.challenge, challenge_of(str(form.get("code_verifier", ""))))
        )
        if not is_sound or grant is None or client is None:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        token = URLSafeTimedSerializer(client.secret, salt="id").dumps({"sub": grant.username, "nonce": grant.nonce})
        return JSONResponse({"id_token": token, "token_type": "Bearer", "expires_in": SESSION_S})

    async def _sign_out(self, request: Request) -> Response:
        answer = page(request, "problem.html", heading="Signed out", text="You can close this page.")
        answer.delete_cookie("session")
        return answer

    def _open(self, sealed: str, limit_s: int) -> object:
        try:
            return self._seal.loads(sealed, max_age=limit_s)
        except BadSignature:
            return None


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
