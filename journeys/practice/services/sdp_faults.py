"""What a bad network, or a bad server between two pages, does to what they tell each other about their call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Address = tuple[str, int]
Reroute = Callable[[str], str | None]
"""What becomes of a candidate ("candidate:..."); None where it is lost on its way."""

CANDIDATE = "a=candidate:"
PROTOCOL, HOST, PORT, KIND = 2, 4, 5, 7


def drop_candidate(_candidate: str) -> None:
    """No candidate arrives: neither side ever learns where the other is."""
    return


def keep_candidate(candidate: str) -> str:
    """All is well."""
    return candidate


def relay_only(dead_end: Address) -> Reroute:
    """Direct ways lead to `dead_end`, which never answers, as between two homes; a relay's stay as they are."""

    def reroute(candidate: str) -> str | None:
        parts = candidate.split(" ")
        if len(parts) <= KIND or parts[KIND] == "relay":
            return candidate
        if parts[PROTOCOL].lower() != "udp":
            return None
        parts[HOST], parts[PORT] = dead_end[0], str(dead_end[1])
        return " ".join(parts)

    return reroute


def rewrite_candidates(described: Mapping[str, Any], reroute: Reroute) -> dict[str, Any]:
    """A description with its candidates as they arrive."""
    lines = str(described.get("sdp", "")).splitlines(keepends=True)
    return {**described, "sdp": "".join(kept for line in lines if (kept := _rewrite_line(line, reroute)))}


def receive_only(described: Mapping[str, Any]) -> dict[str, Any]:
    """A description that says of its sender: receives, and sends nothing."""
    return {**described, "sdp": str(described.get("sdp", "")).replace("a=sendrecv", "a=recvonly")}


def _rewrite_line(line: str, reroute: Reroute) -> str | None:
    if not line.startswith(CANDIDATE):
        return line
    candidate = reroute(line.removeprefix("a=").rstrip("\r\n"))
    return None if candidate is None else f"a={candidate}\r\n"
