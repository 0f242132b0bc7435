"""Everything that Apprise carries: text messages, ntfy, Matrix, Telegram, Jira and many more."""

from __future__ import annotations

import apprise
from apprise.result import AppriseResultStatus

from firstbell.runner.alarms.channels import Answer, BadAddress, ChannelOptions, Delivered, Refused, TryAgain
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity

LIMIT_S = 25
SAID_LIMIT = 200


class Apprise:
    """`apprise:env:NAME`, a reference to one Apprise URL: such URLs hold keys."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        # No plug-in of the user's own, no stored state, no marks of any markup read into what a page said.
        asset = apprise.AppriseAsset(app_id="First Bell", app_desc="First Bell", async_mode=False, plugin_paths=[])
        self._way = apprise.Apprise(asset=asset)
        scheme = options.secret(address).partition(":")[0]
        if not self._way.add(options.secret(address)):
            raise BadAddress(
                f"Apprise does not understand this address ({scheme}:...); correct what {address} leads to"
            )
        if len(self._way) != 1:
            raise BadAddress(f"{address} leads to {len(self._way)} addresses; give each a reference of its own")
        self._scheme = scheme

    def deliver(self, message: Message, key: str) -> Answer:
        """Send it. Apprise does not say whether trying again is of use, so that it is."""
        del key
        kind = {
            Severity.CRITICAL: apprise.NotifyType.FAILURE,
            Severity.WARNING: apprise.NotifyType.WARNING,
            Severity.INFO: apprise.NotifyType.INFO,
        }[message.severity]
        with self._way.notify(
            title=message.subject,
            body=message.text.partition("\n\n")[2] or message.subject,
            notify_type=apprise.NotifyType.SUCCESS if message.kind is NoticeKind.CLOSED else kind,
            body_format=apprise.NotifyFormat.TEXT,
            timeout=LIMIT_S,
        ) as result:
            return self._answer(result)

    def _answer(self, result: apprise.AppriseResult) -> Answer:
        """By each attempt: a URL with `optional=yes` calls a failure a success."""
        ends = [one.attempts[-1].status if one.attempts else AppriseResultStatus.FAILURE for one in result]
        if not ends:
            return Refused(said=f"{self._scheme}: Apprise has tried nobody; correct the address")
        worst = next((end for end in ends if end is not AppriseResultStatus.SUCCESS), result.status)
        if worst is AppriseResultStatus.SUCCESS:
            return Delivered()
        return TryAgain(said=f"{self._scheme}: Apprise reports {worst.name.lower()}{_first_error(result)}")


def _first_error(result: apprise.AppriseResult) -> str:
    """What went wrong, from Apprise's own log of this call: a status is in it, an address is not."""
    codes = [word for entry in result.logs() for word in str(entry.message).split() if word.startswith("error=")]
    return f" ({codes[0].strip('.,')})"[:SAID_LIMIT] if codes else ""
