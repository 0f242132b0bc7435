"""A signed webhook: a CloudEvents 1.0 envelope, with a signature over time and body against replays."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

from firstbell.runner.alarms.channels import Answer, BadAddress, ChannelOptions, checked_url
from firstbell.runner.alarms.channels.http_post import post
from firstbell.runner.alarms.message import Message

PREFIX = "whsec_"


class Webhook:
    """`webhook:https://host/path` with `#env:NAME` after it for the key, or `webhook:env:NAME` for a secret address.

    Signed as Standard Webhooks describes: `webhook-id`, `webhook-timestamp`, and `webhook-signature: v1,` with the
    base64 of HMAC-SHA256 over "id.timestamp.body". A receiver refuses a request that is old or
    came before. A key that begins with `whsec_` is base64, as in that standard; any other is used as it is.
    """

    def __init__(self, address: str, options: ChannelOptions) -> None:
        url, _, key = address.partition("#")
        is_plain = url.startswith(("https://", "http://"))
        self.url = url if is_plain else checked_url(options.secret(url), "a webhook's address")
        self._web = options.web
        self._key = _key(options.secret(key)) if key else b""

    def deliver(self, message: Message, key: str) -> Answer:
        """Posts the event."""
        body = json.dumps(_event(message, key)).encode()
        stamp = str(int(time.time()))
        headers = {"Content-Type": "application/cloudevents+json", "webhook-id": key, "webhook-timestamp": stamp}
        if self._key:
            signed = hmac.new(self._key, f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
            headers["webhook-signature"] = f"v1,{base64.b64encode(signed).decode()}"
        return post(self.url, body, headers, self._web)


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise BadAddress(f"the webhook's key begins with {PREFIX}, but is not base64; correct it") from None


def _event(message: Message, key: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": key,
        "source": "/firstbell",
        "type": f"firstbell.incident.{message.kind.value}",
        "subject": f"incident/{message.incident}",
        "time": message.at.isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "incident": message.incident,
            "severity": message.severity.value,
            "service": message.service,
            "owner": message.owner,
            "summary": message.subject,
            "details": dict(message.rows),
            "body": message.body,
            "proof": message.proof,
        },
    }
