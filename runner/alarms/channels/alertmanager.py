"""Prometheus Alertmanager, by its API v2: an incident of ours is one alert of theirs, which is grouped over there."""

from __future__ import annotations

import json
from datetime import datetime

from firstbell.runner.alarms.channels import Answer, ChannelOptions
from firstbell.runner.alarms.channels.http_post import post
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind


class Alertmanager:
    """`alertmanager:http://host:9093`, with `#env:NAME` behind it for an Authorization header."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        place, _, reference = address.partition("#")
        self._url = f"{place.rstrip('/')}/api/v2/alerts"
        self._headers = {"Content-Type": "application/json"}
        if reference:
            self._headers["Authorization"] = options.secret(reference)

    def deliver(self, message: Message, key: str) -> Answer:
        """Post the alert. Its labels are the same for a whole opening, so that the same again is the same alert."""
        del key
        return post(self._url, json.dumps([_alert(message)]).encode(), self._headers)


def _alert(message: Message) -> dict[str, object]:
    """An alert without an end is forgotten after Alertmanager's resolve_timeout; ours lasts until our next notice."""
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
            **{label.lower(): told for label, told in message.rows},
        },
        "startsAt": _stamp(message.since),
        "endsAt": _stamp(ends),
        "generatorURL": message.proof,
    }


def _stamp(moment: datetime) -> str:
    return moment.isoformat()
