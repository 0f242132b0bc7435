"""Sign-in service: an OpenID Connect style provider with authorization code, PKCE and an optional one-time code.

It is not a full provider: tokens are signed per client with itsdangerous, instead of with a published key.
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
    """A service that uses the provider; `secret` signs the tokens issued to it."""

    id: str
    redirect_uri: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationGrant:
    """The grant behind an authorization code, valid once and until `ends` (monotonic seconds)."""

    client: str
    redirect_uri: str
    challenge: str
    nonce: str
    username: str
    ends: float


class OidcProvider:
    """The provider: authorization codes, sessions and sign-in pages."""

    def __init__(
        self, people: Mapping[str, Person], clients: Mapping[str, OidcClient], switches: FaultSwitches
    ) -> None:
        self._people = {person.username: person for person in people.values()}
        self._clients = clients
        self._switches = switches
        self._grants: dict[str, AuthorizationGrant] = {}
        self._seal = URLSafeTimedSerializer(secrets.token_hex(), salt="sign-in")
        self.sign_ins = 0

    def app(self) -> Starlette:
        """Builds the application: the pages and the token endpoint."""
        return service(
            [
                Route("/authorize", self._authorize),
                Route("/sign-in", self._sign_in, methods=["POST"]),
                Route("/code", self._check_code, methods=["POST"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/sign-out", self._sign_out),
            ],
        )

    async def _authorize(self, request: Request) -> Response:
        authorization = dict(request.query_params)
        client = self._clients.get(authorization.get("client_id", ""))
        is_valid = (
            client is not None
            and authorization.get("redirect_uri") == client.redirect_uri
            and authorization.get("response_type") == "code"
            and authorization.get("code_challenge_method") == "S256"
            and all(authorization.get(name) for name in ("state", "nonce", "code_challenge"))
        )
        if not is_valid:
            raise HTTPException(400)
        if self._switches.is_on("sign-in-loop"):
            # As after a change of keys: every session is invalid, and the client is sent back to try again.
            query = urlencode({"error": "login_required", "state": authorization["state"]})
            return RedirectResponse(f"{authorization['redirect_uri']}?{query}", status_code=303)
        username = self._unseal(request.cookies.get("session", ""), SESSION_S)
        if isinstance(username, str) and username in self._people:
            return self._redirect_with_code(authorization, username)
        return self._form(request, authorization)

    def _form(self, request: Request, authorization: Mapping[str, str], error: str = "") -> Response:
        """Builds the form, tied to this browser by a cookie whose token the form repeats."""
        token = secrets.token_urlsafe(16)
        sealed = self._seal.dumps(dict(authorization))
        answer = page(request, "sign_in.html", authorization=sealed, token=token, error=error)
        answer.set_cookie("form", token, max_age=FORM_S, httponly=True, samesite="lax")
        return answer

    async def _sign_in(self, request: Request) -> Response:
        form = await request.form()
        authorization = self._checked_form(request, str(form.get("token", "")), str(form.get("authorization", "")))
        username, password = str(form.get("username", "")).strip(), str(form.get("password", ""))
        person = self._people.get(username)
        is_right_password = person is not None and hmac.compare_digest(person.password.encode(), password.encode())
        if person is None or not is_right_password or self._switches.is_on("sign-in-refuses"):
            return self._form(request, authorization, WRONG_CREDENTIALS)
        if person.locked or self._switches.is_on("sign-in-account-locked"):
            return self._form(request, authorization, LOCKED)
        if person.asks_code or (person.totp_key and self._switches.is_on("sign-in-code-refused")):
            return self._code_form(request, authorization, username)
        return self._redirect_with_code(authorization, username)

    def _code_form(
        self, request: Request, authorization: Mapping[str, str], username: str, error: str = ""
    ) -> Response:
        token = secrets.token_urlsafe(16)
        sealed = self._seal.dumps({**authorization, "username": username})
        answer = page(request, "one_time_code.html", authorization=sealed, token=token, error=error)
        answer.set_cookie("form", token, max_age=FORM_S, httponly=True, samesite="lax")
        return answer

    async def _check_code(self, request: Request) -> Response:
        form = await request.form()
        authorization = self._checked_form(request, str(form.get("token", "")), str(form.get("authorization", "")))
        username = authorization["username"]
        key = self._people[username].totp_key or ""
        now = time.time()
        # One step before and after, for clocks that differ (RFC 6238, section 5.2).
        valid = [totp(key, now + step) for step in (-30, 0, 30)]
        if str(form.get("code", "")).strip() not in valid or self._switches.is_on("sign-in-code-refused"):
            return self._code_form(request, authorization, username, "That code is not valid.")
        return self._redirect_with_code(authorization, username)

    def _checked_form(self, request: Request, token: str, sealed: str) -> dict[str, str]:
        cookie = request.cookies.get("form", "")
        content = self._unseal(sealed, FORM_S)
        if not token or not hmac.compare_digest(cookie.encode(), token.encode()) or not isinstance(content, dict):
            raise HTTPException(400)
        return content

    def _redirect_with_code(self, authorization: Mapping[str, str], username: str) -> Response:
        """Redirects to the client with a code, and starts a session here for the next client."""
        self.sign_ins += 1
        code = secrets.token_urlsafe(24)
        self._grants[code] = AuthorizationGrant(
            client=authorization["client_id"],
            redirect_uri=authorization["redirect_uri"],
            challenge=authorization["code_challenge"],
            nonce=authorization["nonce"],
            username=username,
            ends=time.monotonic() + CODE_S,
        )
        query = urlencode({"code": code, "state": authorization["state"]})
        answer = RedirectResponse(f"{authorization['redirect_uri']}?{query}", status_code=303)
        answer.set_cookie("session", self._seal.dumps(username), max_age=SESSION_S, httponly=True, samesite="lax")
        return answer

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        grant = self._grants.pop(str(form.get("code", "")), None)
        client = self._clients.get(str(form.get("client_id", "")))
        is_valid = (
            grant is not None
            and client is not None
            and form.get("grant_type") == "authorization_code"
            and grant.client == client.id
            and grant.redirect_uri == form.get("redirect_uri")
            and grant.ends >= time.monotonic()
            and hmac.compare_digest(grant.challenge, challenge_of(str(form.get("code_verifier", ""))))
        )
        if not is_valid or grant is None or client is None:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        token = URLSafeTimedSerializer(client.secret, salt="id").dumps({"sub": grant.username, "nonce": grant.nonce})
        return JSONResponse({"id_token": token, "token_type": "Bearer", "expires_in": SESSION_S})

    async def _sign_out(self, request: Request) -> Response:
        answer = page(request, "problem.html", heading="Signed out", text="You can close this page.")
        answer.delete_cookie("session")
        return answer

    def _unseal(self, sealed: str, limit_s: int) -> object:
        try:
            return self._seal.loads(sealed, max_age=limit_s)
        except BadSignature:
            return None


def challenge_of(verifier: str) -> str:
    """Returns the S256 challenge of a PKCE verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
