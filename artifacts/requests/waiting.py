"""Requests that are meant to wait: event streams, long polls, sockets, sound and pictures that flow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

# Playwright's resource types that stay open as long as the page, or that no page waits for.
ENDLESS = frozenset({"eventsource", "websocket", "media", "ping", "beacon", "texttrack"})
# Resource types that a page asks for in the background: only these can be long polls.
BACKGROUND = frozenset({"xhr", "fetch", "other"})
# Words of addresses: Engine.IO and SignalR ("transport"), BOSH (XEP-0124), CometD, Matrix ("timeout" of /sync), CouchDB
# ("feed"), Firebase ("/channel", "RID=rpc"). A hint: it can keep a slow request from being blamed, and do no more.
_PATH_HINT = re.compile(
    r"(^|[/_.-])(long-?poll\w*|poll(ing)?|comet\w*|faye|bayeux|bosh|http-bind|socket\.?io|engine\.?io|sockjs|signalr|sse"
    r"|event-?streams?|streams?|streaming|subscribe|subscriptions?|listen|channel|changes|sync|xhr_streaming"
    r"|heartbeat|keep-?alive)([/_.-]|$)",
    re.IGNORECASE,
)
_QUERY_HINT = re.compile(
    r"(^|&)(transport=(polling|long-?polling|serversentevents|sse)|feed=(longpoll|continuous|eventsource)|rid=rpc"
    r"|(poll|wait|block|long_?poll\w*)=\w)",
    re.IGNORECASE,
)
_STREAMS = ("text/event-stream", "application/x-ndjson", "application/grpc-web", "multipart/x-mixed-replace")
# Time limits of long polls are round; an answer comes a little later than its limit.
_ROUND_S = (1, 2, 5, 10, 15, 20, 25, 30, 40, 45, 50, 55, 60, 90, 120, 180, 240, 300)
_NEAR_ROUND = 0.04
_ALIKE = 0.1
LEAST_S = 0.9


def is_meant_to_wait(kind: str, path: str, query: str, headers: Mapping[str, str]) -> bool:
    """Tells by its kind and address whether a request waits on purpose. `headers` are those of the request, or of the
    answer."""
    if kind in ENDLESS:
        return True
    if any(stream in headers.get(name, "") for name in ("accept", "content-type") for stream in _STREAMS):
        return kind != "document"
    return kind in BACKGROUND and bool(_PATH_HINT.search(path) or _QUERY_HINT.search(query))


def waits_regularly(took_s: Sequence[float]) -> bool:
    """Tells by how long earlier answers of the same address took whether it is a long poll: two alike in a row, or one
    near a round time limit."""
    long_s = [one for one in took_s if one >= LEAST_S]
    if any(abs(one - last) <= _ALIKE * last for last, one in pairwise(long_s)):
        return True
    return any(0 <= one - limit <= max(0.1, _NEAR_ROUND * limit) for one in long_s for limit in _ROUND_S)
