"""Services that Apprise supports: text messages, ntfy, Matrix, Telegram, Jira and many more."""

from __future__ import annotations

import apprise
from apprise.result import AppriseResultStatus

from firstbell.runner.alarms.channels import Answer, BadAddress, ChannelOptions, Delivered, Refused, TryAgain
from firstbell.runner.alarms.channels.page_text import without_links
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity

LIMIT_S = 25
ERROR_LIMIT = 200


class Apprise:
    """`apprise:env:NAME`, a reference to one Apprise URL: such URLs hold keys."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        # No plug-ins of the user, no stored state, and no markup read into text of a page.
        asset = apprise.AppriseAsset(app_id="First Bell", app_desc="First Bell", async_mode=False, plugin_paths=[])
        self._apprise = apprise.Apprise(asset=asset)
        scheme = options.secret(address).partition(":")[0]
        if not self._apprise.add(options.secret(address)):
            raise BadAddress(f"Apprise does not understand this address ({scheme}:...); correct the value of {address}")
        if len(self._apprise) != 1:
            raise BadAddress(f"{address} holds {len(self._apprise)} addresses; give each a reference of its own")
        self._scheme = scheme

    def deliver(self, message: Message, key: str) -> Answer:
        """Sends the message. Apprise does not say whether a failure is permanent, so every failure is retried."""
        del key
        message = without_links(message)
        kind = {
            Severity.CRITICAL: apprise.NotifyType.FAILURE,
            Severity.WARNING: apprise.NotifyType.WARNING,
            Severity.INFO: apprise.NotifyType.INFO,
        }[message.severity]
        with self._apprise.notify(
            title=message.subject,
            body=message.text.partition("\n\n")[2] or message.subject,
            notify_type=apprise.NotifyType.SUCCESS if message.kind is NoticeKind.CLOSED else kind,
            body_format=apprise.NotifyFormat.TEXT,
            timeout=LIMIT_S,
        ) as result:
            return self._answer(result)

    def _answer(self, result: apprise.AppriseResult) -> Answer:
        """Judges by each attempt: for a URL with `optional=yes` Apprise calls a failure a success."""
        ends = [url.attempts[-1].status if url.attempts else AppriseResultStatus.FAILURE for url in result]
        if not ends:
            return Refused(reason=f"{self._scheme}: Apprise has made no attempt; correct the address")
        worst = next((end for end in ends if end is not AppriseResultStatus.SUCCESS), result.status)
        if worst is AppriseResultStatus.SUCCESS:
            return Delivered()
        return TryAgain(reason=f"{self._scheme}: Apprise reports {worst.name.lower()}{_first_error(result)}")


def _first_error(result: apprise.AppriseResult) -> str:
    """Returns the first error code in Apprise's log of this call; only the code, as the log may hold the address."""
    codes = [word for entry in result.logs() for word in str(entry.message).split() if word.startswith("error=")]
    return f" ({codes[0].strip('.,')})"[:ERROR_LIMIT] if codes else ""
