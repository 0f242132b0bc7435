"""The table of causes: each cause with the phrase that people read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Cause(Enum):
    """The cause of a failure. The values are stored in history, read by other programs and by the practice school."""

    # On the network path.
    NAME_GONE = "name-gone"
    REFUSED = "refused"
    NO_ANSWER = "no-answer"
    CUT = "cut"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NAME = "certificate-name"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted"
    CAPTIVE_PORTAL = "captive-portal"
    OUTSIDE_DROPPED = "outside-dropped"
    SLOW = "slow"
    # In the answer.
    SERVER_ERROR = "server-error"
    MAINTENANCE = "maintenance"
    CAPACITY = "capacity"
    BLANK = "blank"
    CONTENT_BLOCKED = "content-blocked"
    REDIRECT_LOOP = "redirect-loop"
    SESSION_LOST = "session-lost"
    # While signing in.
    CREDENTIALS_REFUSED = "credentials-refused"
    ACCOUNT_LOCKED = "account-locked"
    PASSWORD_EXPIRED = "password-expired"  # noqa: S105  # no secret
    SECOND_FACTOR = "second-factor"
    CLIENT_CERTIFICATE = "client-certificate"
    TOKEN_FAILED = "token-failed"  # noqa: S105  # no secret
    # On the platform.
    LIST_EMPTY = "list-empty"
    WRONG_DAY = "wrong-day"
    DEAD_LINK = "dead-link"
    # In the class.
    SIGNALLING = "signalling"
    LOBBY = "lobby"
    ICE_FAILED = "ice-failed"
    UDP_BLOCKED = "udp-blocked"
    RELAY_REFUSED = "relay-refused"
    DTLS_FAILED = "dtls-failed"
    NO_MEDIA = "no-media"
    ONE_WAY = "one-way"
    SILENT = "silent"
    BLACK = "black"
    FROZEN = "frozen"
    WRONG_PICTURE = "wrong-picture"
    # The probe's own.
    OWN_LOCATION = "own-location"
    OWN_NETWORK = "own-network"
    OWN_NAMES = "own-names"
    OWN_CLOCK = "own-clock"
    OWN_MACHINE = "own-machine"
    OWN_BROWSER = "own-browser"
    STRANGER = "stranger"
    UNKNOWN = "unknown"


WORDS: Mapping[Cause, str] = {
    Cause.NAME_GONE: "its host name is not found",
    Cause.REFUSED: "it refuses connections",
    Cause.NO_ANSWER: "it does not answer",
    Cause.CUT: "it closes connections before it has answered",
    Cause.CERTIFICATE_EXPIRED: "its certificate has expired",
    Cause.CERTIFICATE_NAME: "its certificate is for another host name",
    Cause.CERTIFICATE_UNTRUSTED: "its certificate is not trusted",
    Cause.CAPTIVE_PORTAL: "a captive portal answers in its place",
    Cause.OUTSIDE_DROPPED: "it works inside the district, but not from outside",
    Cause.SLOW: "it is too slow",
    Cause.SERVER_ERROR: "it answers with an error",
    Cause.MAINTENANCE: "it shows a maintenance page",
    Cause.CAPACITY: "it is full and turns people away",
    Cause.BLANK: "its page stays blank because a script did not load",
    Cause.CONTENT_BLOCKED: "its page blocks content that it needs",
    Cause.REDIRECT_LOOP: "it redirects in a loop",
    Cause.SESSION_LOST: "it asks people who have signed in to sign in again",
    Cause.CREDENTIALS_REFUSED: "the account's user name or password is rejected",
    Cause.ACCOUNT_LOCKED: "the account is locked",
    Cause.PASSWORD_EXPIRED: "the account's password has expired",
    Cause.SECOND_FACTOR: "it rejects the second factor",
    Cause.CLIENT_CERTIFICATE: "it says that the device's certificate has expired",
    Cause.TOKEN_FAILED: "it accepts the password, but the sign-in then fails",
    Cause.LIST_EMPTY: "the class list is empty",
    Cause.WRONG_DAY: "the class list shows another day",
    Cause.DEAD_LINK: "it links to a page that does not exist",
    Cause.SIGNALLING: "its signalling connection fails",
    Cause.LOBBY: "people in the lobby are not let in",
    Cause.ICE_FAILED: "no network path for picture and sound is found",
    Cause.UDP_BLOCKED: "UDP is blocked, so picture and sound have no network path",
    Cause.RELAY_REFUSED: "its relay refuses the credentials that it gives out",
    Cause.DTLS_FAILED: "encryption for its calls cannot be set up",
    Cause.NO_MEDIA: "neither picture nor sound arrives",
    Cause.ONE_WAY: "picture and sound arrive in one direction only",
    Cause.SILENT: "no sound arrives",
    Cause.BLACK: "the picture is black",
    Cause.FROZEN: "the picture is frozen",
    Cause.WRONG_PICTURE: "it shows another person's picture",
    Cause.OWN_LOCATION: "only this location is affected",
    Cause.OWN_NETWORK: "this location's network does not work",
    Cause.OWN_NAMES: "this location's name server does not answer",
    Cause.OWN_CLOCK: "this machine's clock is wrong",
    Cause.OWN_MACHINE: "this machine cannot run a browser well enough",
    Cause.OWN_BROWSER: "the browser on this machine crashed or hung",
    Cause.STRANGER: "a person who is not a synthetic account was in the class",
    Cause.UNKNOWN: "the cause is not known",
}
"""One phrase for each cause, to follow the name of the service; "it" is the service."""


def words_of(cause: Cause, host: str = "") -> str:
    """The phrase of a cause. `host` is a host that a service's page calls and no service owns, if that is what fails:
    "its page needs cdn.example:443, which refuses connections"."""
    words = WORDS[cause]
    if not host:
        return words
    if words.startswith("it "):
        return f"its page needs {host}, which {words.removeprefix('it ')}"
    if words.startswith("its ") and cause not in (Cause.BLANK, Cause.CONTENT_BLOCKED):
        return f"its page needs {host}, whose {words.removeprefix('its ')}"
    return f"{words} ({host})"
