"""OpenID Connect client of portal and platform: authorization code with PKCE, and the service's own session."""

from __future__ import annotations

import asyncio
import secrets
from typing import Literal
from urllib.parse import urlencode

import urllib3
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firstbell.journeys.practice.faults import FaultSwitches
from firstbell.journeys.practice.services.oidc_provider import OidcClient, challenge_of
from firstbell.journeys.practice.services.pages import page, problem

SameSite = Literal["lax", "none"]
SESSION_S = 8 * 3600
PENDING_S = 600
RETURNED_S = 20
"""A browser without a session this soon after signing in gets a page that says so; another redirect would loop."""
TOKEN_TIMEOUT_S = 30.0


class RelyingParty:
    """One client of the sign-in service: `provider` is its public address, `back_channel` gives out tokens."""

    def __init__(
        self, client: OidcClient, *, provider: str, back_channel: str, home: str, switches: FaultSwitches
    ) -> None:
        self._client = client
        self._provider = provider
        self._back_channel = back_channel
        self._home = home
        self._switches = switches
        self._seal = URLSafeTimedSerializer(secrets.token_hex(), salt=client.id)
        self._ids = URLSafeTimedSerializer(client.secret, salt="id")
        self._http = urllib3.PoolManager(retries=False, timeout=TOKEN_TIMEOUT_S)

    def routes(self) -> list[Route]:
        """Returns the routes that a client serves: start of the sign-in, callback, sign-out."""
        return [Route("/sign-in", self._start), Route("/callback", self._callback), Route("/sign-out", self._sign_out)]

    def username(self, request: Request) -> str | None:
        """Returns the username of the session, or None."""
        signed_in = self._unseal(request.cookies.get("session", ""), SESSION_S)
        return signed_in if isinstance(signed_in, str) else None

    def to_sign_in(self, request: Request) -> Response:
        """Redirects to the sign-in and afterwards back to this page, but not twice within RETURNED_S."""
        if "returned" in request.cookies:
            answer: Response = page(request, "signed_out.html", next=request.url.path)
            answer.delete_cookie("returned")
            return answer
        return RedirectResponse(f"/sign-in?{urlencode({'next': request.url.path})}", status_code=303)

    async def _start(self, request: Request) -> Response:
        next_page = request.query_params.get("next", self._home)
        pending = {
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "verifier": secrets.token_urlsafe(48),
            # Only an own path: a full address here would be an open redirect.
            "next": next_page if next_page.startswith("/") and not next_page.startswith("//") else self._home,
        }
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._client.id,
                "redirect_uri": self._client.redirect_uri,
                "scope": "openid",
                "state": pending["state"],
                "nonce": pending["nonce"],
                "code_challenge": challenge_of(pending["verifier"]),
                "code_challenge_method": "S256",
            }
        )
        answer = RedirectResponse(f"{self._provider}/authorize?{query}", status_code=303)
        sealed = self._seal.dumps(pending)
        answer.set_cookie("pending", sealed, max_age=PENDING_S, httponly=True, samesite="lax")
        return answer

    async def _callback(self, request: Request) -> Response:
        pending = self._unseal(request.cookies.get("pending", ""), PENDING_S)
        is_valid = isinstance(pending, dict) and request.query_params.get("state") == pending["state"]
        if not is_valid or not isinstance(pending, dict):
            return problem(request, 400)
        if request.query_params.get("error") == "login_required":
            return RedirectResponse(f"/sign-in?{urlencode({'next': pending['next']})}", status_code=303)
        username = await asyncio.to_thread(self._exchange, request.query_params.get("code", ""), pending)
        if username is None:
            return problem(request, 502)
        answer = RedirectResponse(pending["next"], status_code=303)
        # Browsers do not store a cookie with SameSite=None that is not Secure (RFC 6265bis, 5.7).
        is_lost = self._client.id == "platform" and self._switches.is_on("platform-cookie-lost")
        sealed = self._seal.dumps(username)
        same_site: SameSite = "none" if is_lost else "lax"
        answer.set_cookie("session", sealed, max_age=SESSION_S, httponly=True, samesite=same_site)
        answer.set_cookie("returned", "1", max_age=RETURNED_S, httponly=True, samesite="lax")
        answer.delete_cookie("pending")
        return answer

    def _exchange(self, code: str, pending: dict[str, str]) -> str | None:
        """Exchanges the code for the username, over HTTP on the back channel; None if the provider refuses."""
        fields = {
            "grant_type": "authorization_code",
            "client_id": self._client.id,
            "redirect_uri": self._client.redirect_uri,
            "code": code,
            "code_verifier": pending["verifier"],
        }
        try:
            answer = self._http.request("POST", f"{self._back_channel}/token", body=urlencode(fields), headers=FORM)
        except urllib3.exceptions.HTTPError:
            return None
        if answer.status != 200:
            return None
        try:
            claims = self._ids.loads(answer.json()["id_token"], max_age=PENDING_S)
        except BadSignature:
            return None
        return str(claims["sub"]) if claims["nonce"] == pending["nonce"] else None

    async def _sign_out(self, _request: Request) -> Response:
        answer = RedirectResponse(f"{self._provider}/sign-out", status_code=303)
        answer.delete_cookie("session")
        answer.delete_cookie("returned")
        return answer

    def _unseal(self, sealed: str, limit_s: int) -> object:
        try:
            return self._seal.loads(sealed, max_age=limit_s)
        except BadSignature:
            return None


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
