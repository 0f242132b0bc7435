"""What goes wrong at the sign-in."""

from journeys.practice.faults.fault import Fault

SIGN_IN = (
    Fault(
        name="sign-in-refuses",
        service="sign-in",
        cause="credentials-refused",
        seen='Everybody is told "Wrong username or password."',
        journey="sign-in",
    ),
    Fault(
        name="sign-in-503",
        service="sign-in",
        cause="server-error",
        seen="The sign-in page says that the service is unavailable.",
        journey="sign-in",
    ),
)
