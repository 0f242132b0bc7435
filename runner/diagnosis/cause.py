"""What can be wrong, in one table: each cause with the words that people read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Cause(Enum):
    """Why something failed. The values go to history, to other programs, and to the practice school's faults."""

    # On the way there.
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
    # What answers.
    SERVER_ERROR = "server-error"
    MAINTENANCE = "maintenance"
    CAPACITY = "capacity"
    BLANK = "blank"
    CONTENT_BLOCKED = "content-blocked"
    REDIRECT_LOOP = "redirect-loop"
    SESSION_LOST = "session-lost"
    # At the sign-in.
    CREDENTIALS_REFUSED = "credentials-refused"
    ACCOUNT_LOCKED = "account-locked"
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
    Cause.NAME_GONE: "its name is not found",
    Cause.REFUSED: "it refuses connections",
    Cause.NO_ANSWER: "it does not answer",
    Cause.CUT: "it cuts connections off",
    Cause.CERTIFICATE_EXPIRED: "its certificate has expired",
    Cause.CERTIFICATE_NAME: "its certificate is for another name",
    Cause.CERTIFICATE_UNTRUSTED: "its certificate is not trusted",
    Cause.CAPTIVE_PORTAL: "a captive portal stands in the way",
    Cause.OUTSIDE_DROPPED: "it works inside the district and not from outside",
    Cause.SLOW: "it is too slow",
    Cause.SERVER_ERROR: "it answers with an error",
    Cause.MAINTENANCE: "it shows a maintenance page",
    Cause.CAPACITY: "it has no room for more people",
    Cause.BLANK: "its page stays blank, a script is missing",
    Cause.CONTENT_BLOCKED: "its page forbids what it needs",
    Cause.REDIRECT_LOOP: "it sends people in a circle",
    Cause.SESSION_LOST: "it forgets who has signed in",
    Cause.CREDENTIALS_REFUSED: "it refuses passwords that are right",
    Cause.ACCOUNT_LOCKED: "the account is locked",
    Cause.SECOND_FACTOR: "it refuses the second factor",
    Cause.CLIENT_CERTIFICATE: "it says that the device's certificate has expired",
    Cause.TOKEN_FAILED: "it accepts people, and then does not hand them over",
    Cause.LIST_EMPTY: "the class list is empty",
    Cause.WRONG_DAY: "the class list is that of another day",
    Cause.DEAD_LINK: "the class is listed, but its link leads nowhere",
    Cause.SIGNALLING: "its signalling connection fails",
    Cause.LOBBY: "nobody is let in from the lobby",
    Cause.ICE_FAILED: "no way is found for picture and sound",
    Cause.UDP_BLOCKED: "picture and sound find no way, UDP is blocked",
    Cause.RELAY_REFUSED: "its relay refuses the credentials that it gives out",
    Cause.DTLS_FAILED: "its calls do not come to terms about encryption",
    Cause.NO_MEDIA: "neither picture nor sound arrives",
    Cause.ONE_WAY: "picture and sound arrive in one direction only",
    Cause.SILENT: "no sound arrives",
    Cause.BLACK: "the picture is black",
    Cause.FROZEN: "the picture stands still",
    Cause.WRONG_PICTURE: "it shows somebody else's picture",
    Cause.OWN_LOCATION: "only this location is affected",
    Cause.OWN_NETWORK: "this location has no way out",
    Cause.OWN_NAMES: "this location's name server does not answer",
    Cause.OWN_CLOCK: "this machine's clock is wrong",
    Cause.OWN_MACHINE: "this machine is short of what a browser takes",
    Cause.OWN_BROWSER: "the browser of this machine broke",
    Cause.STRANGER: "somebody was in the class who is not ours",
    Cause.UNKNOWN: "why is not known",
}
"""What each cause means, after the name of whose it is."""
