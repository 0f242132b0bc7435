"""Prometheus Alertmanager, by its API v2: an incident is one alert, which Alertmanager groups."""

from __future__ import annotations

import json

from firstbell.runner.alarms.channels import Answer, ChannelOptions
from firstbell.runner.alarms.channels.http_post import post
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind


class Alertmanager:
    """`alertmanager:http://host:9093`, with `#env:NAME` after it for an Authorization header."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        url, _, reference = address.partition("#")
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        self._web = options.web
        self._headers = {"Content-Type": "application/json"}
        if reference:
            self._headers["Authorization"] = options.secret(reference)

    def deliver(self, message: Message, key: str) -> Answer:
        """Posts the alert. Its labels are the same for a whole opening, so that repeats are the same alert."""
        del key
        return post(self._url, json.dumps([_alert(message)]).encode(), self._headers, self._web)


def _alert(message: Message) -> dict[str, object]:
    """Returns the alert. It ends when the next notice is due: without an end, Alertmanager would drop it after its
    resolve_timeout."""
    ends = message.at if message.kind is NoticeKind.CLOSED else message.good_until
    return {
        "labels": {
            "alertname": "FirstBell",
            "incident": message.thread,
            "service": message.service,
            "owner": message.owner,
        },
        "annotations": {
            "summary": message.subject,
            "severity": message.severity.value,
            **{label.lower(): value for label, value in message.rows},
        },
        "startsAt": message.since.isoformat(),
        "endsAt": ends.isoformat(),
        "generatorURL": message.proof,
    }
