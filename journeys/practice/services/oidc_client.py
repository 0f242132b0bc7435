"""How portal and platform sign people in: the client's half of authorization code and PKCE, and its own session."""

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
UNDERWAY_S = 600
RETURNED_S = 20
"""Who comes back signed in, and is not, within this time is told so: sending them again would go round for ever."""
TOKEN_TIMEOUT_S = 30.0


class RelyingParty:
    """One client of the sign-in service: `provider` is its public address, `back_channel` gives out tokens."""

    def __init__(
        self, client: OidcClient, *, provider: str, back_channel: str, home: str, board: FaultSwitches
    ) -> None:
        self._client = client
        self._provider = provider
        self._back_channel = back_channel
        self._home = home
        self._board = board
        self._seal = URLSafeTimedSerializer(secrets.token_hex(), salt=client.id)
        self._ids = URLSafeTimedSerializer(client.secret, salt="id")
        self._http = urllib3.PoolManager(retries=False, timeout=TOKEN_TIMEOUT_S)

    def routes(self) -> list[Route]:
        """What a client must offer: the way out to sign in, the way back, and signing out."""
        return [Route("/sign-in", self._leave), Route("/callback", self._return), Route("/sign-out", self._sign_out)]

    def username(self, request: Request) -> str | None:
        """Who is signed in here, or None."""
        signed_in = self._open(request.cookies.get("session", ""), SESSION_S)
        return signed_in if isinstance(signed_in, str) else None

    def to_sign_in(self, request: Request) -> Response:
        """Send somebody to sign in and, afterwards, back to the page they wanted; but not twice in a moment."""
        if "returned" in request.cookies:
            answer: Response = page(request, "signed_out.html", next=request.url.path)
            answer.delete_cookie("returned")
            return answer
        return RedirectResponse(f"/sign-in?{urlencode({'next': request.url.path})}", status_code=303)

    async def _leave(self, request: Request) -> Response:
        wanted = request.query_params.get("next", self._home)
        underway = {
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "verifier": secrets.token_urlsafe(48),
            # Only a path of our own: a full address here would make us an open door to anywhere.
            "next": wanted if wanted.startswith("/") and not wanted.startswith("//") else self._home,
        }
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._client.id,
                "redirect_uri": self._client.redirect_uri,
                "scope": "openid",
                "state": underway["state"],
                "nonce": underway["nonce"],
                "code_challenge": challenge_of(underway["verifier"]),
                "code_challenge_method": "S256",
            }
        )
        answer = RedirectResponse(f"{self._provider}/authorize?{query}", status_code=303)
        sealed = self._seal.dumps(underway)
        answer.set_cookie("underway", sealed, max_age=UNDERWAY_S, httponly=True, samesite="lax")
        return answer

    async def _return(self, request: Request) -> Response:
        underway = self._open(request.cookies.get("underway", ""), UNDERWAY_S)
        is_ours = isinstance(underway, dict) and request.query_params.get("state") == underway["state"]
        if not is_ours or not isinstance(underway, dict):
            return problem(request, 400)
        if request.query_params.get("error") == "login_required":
            return RedirectResponse(f"/sign-in?{urlencode({'next': underway['next']})}", status_code=303)
        username = await asyncio.to_thread(self._redeem, request.query_params.get("code", ""), underway)
        if username is None:
            return problem(request, 502)
        answer = RedirectResponse(underway["next"], status_code=303)
        # Browsers store no cookie that says None and is not Secure (RFC 6265bis, 5.7).
        is_lost = self._client.id == "platform" and self._board.is_on("platform-cookie-lost")
        sealed = self._seal.dumps(username)
        same_site: SameSite = "none" if is_lost else "lax"
        answer.set_cookie("session", sealed, max_age=SESSION_S, httponly=True, samesite=same_site)
        answer.set_cookie("returned", "1", max_age=RETURNED_S, httponly=True, samesite="lax")
        answer.delete_cookie("underway")
        return answer

    def _redeem(self, code: str, underway: dict[str, str]) -> str | None:
        """Exchange the code for who it is, over HTTP and behind the browser's back."""
        fields = {
            "grant_type": "authorization_code",
            "client_id": self._client.id,
            "redirect_uri": self._client.redirect_uri,
            "code": code,
            "code_verifier": underway["verifier"],
        }
        try:
            answer = self._http.request("POST", f"{self._back_channel}/token", body=urlencode(fields), headers=FORM)
        except urllib3.exceptions.HTTPError:
            return None
        if answer.status != 200:
            return None
        try:
            told = self._ids.loads(answer.json()["id_token"], max_age=UNDERWAY_S)
        except BadSignature:
            return None
        return str(told["sub"]) if told["nonce"] == underway["nonce"] else None

    async def _sign_out(self, _request: Request) -> Response:
        answer = RedirectResponse(f"{self._provider}/sign-out", status_code=303)
        answer.delete_cookie("session")
        answer.delete_cookie("returned")
        return answer

    def _open(self, sealed: str, limit_s: int) -> object:
        try:
            return self._seal.loads(sealed, max_age=limit_s)
        except BadSignature:
            return None


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
