"""What goes wrong at the sign-in."""

from firstbell.journeys.practice.faults.fault import Fault

SIGN_IN = (
    Fault(
        name="sign-in-refuses",
        service="sign-in",
        cause="credentials-refused",
        seen='Everybody is told "Wrong username or password."',
        journey="sign-in",
    ),
    Fault(
        name="sign-in-account-locked",
        service="sign-in",
        cause="account-locked",
        seen='Everybody is told "This account is locked."',
        journey="sign-in",
    ),
    Fault(
        name="sign-in-code-refused",
        service="sign-in",
        cause="second-factor",
        seen="Everybody is asked for a one-time code, and no code is valid.",
        journey="sign-in",
    ),
    Fault(
        name="sign-in-device-certificate",
        service="sign-in",
        cause="client-certificate",
        seen="The sign-in page says that the certificate of this device has expired.",
        journey="sign-in",
    ),
    Fault(
        name="sign-in-503",
        service="sign-in",
        cause="server-error",
        seen="The sign-in page says that the service is unavailable.",
        journey="sign-in",
    ),
    Fault(
        name="sign-in-loop",
        service="sign-in",
        cause="redirect-loop",
        seen='The browser says "redirected you too many times".',
        journey="sign-in",
    ),
    Fault(
        name="sign-in-slow",
        service="sign-in",
        cause="slow",
        seen="Every page of the sign-in takes 20 seconds.",
        journey="sign-in",
    ),
    Fault(
        name="token-broken",
        service="sign-in",
        cause="token-failed",
        seen='The password is accepted, and then the portal says "Sign-in is not answering".',
        journey="sign-in",
    ),
)
