"""Faults of the sign-in service."""

from firstbell.journeys.practice.faults.fault import Fault

SIGN_IN = (
    Fault(
        name="sign-in-refuses",
        service="sign-in",
        cause="credentials-refused",
        seen='All users see "Wrong username or password."',
        journey="sign-in",
    ),
    Fault(
        name="sign-in-account-locked",
        service="sign-in",
        cause="account-locked",
        seen='All users see "This account is locked."',
        journey="sign-in",
    ),
    Fault(
        name="sign-in-code-refused",
        service="sign-in",
        cause="second-factor",
        seen="All users are asked for a one-time code, and every code is refused.",
        journey="sign-in",
    ),
    Fault(
        name="sign-in-device-certificate",
        service="sign-in",
        cause="client-certificate",
        seen="The sign-in page reports that this device's certificate has expired.",
        journey="sign-in",
    ),
    Fault(
        name="sign-in-503",
        service="sign-in",
        cause="server-error",
        seen='The sign-in page shows "Service unavailable".',
        journey="sign-in",
    ),
    Fault(
        name="sign-in-loop",
        service="sign-in",
        cause="redirect-loop",
        seen='The sign-in page redirects in a loop: the browser shows "redirected you too many times".',
        journey="sign-in",
    ),
    Fault(
        name="sign-in-slow",
        service="sign-in",
        cause="slow",
        seen="Every sign-in page takes 20 seconds to load.",
        journey="sign-in",
    ),
    Fault(
        name="token-broken",
        service="sign-in",
        cause="token-failed",
        seen='The password is accepted, then the portal shows "Sign-in is not answering".',
        journey="sign-in",
    ),
)
