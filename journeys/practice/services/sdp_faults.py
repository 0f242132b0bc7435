"""Faults in the signalling between two pages: ICE candidates that are lost or rewritten, and one-way descriptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Address = tuple[str, int]
Reroute = Callable[[str], str | None]
"""Rewrites a candidate ("candidate:..."); None if it is lost."""

CANDIDATE = "a=candidate:"
PROTOCOL, HOST, PORT, KIND = 2, 4, 5, 7


def drop_candidate(_candidate: str) -> None:
    """Drops the candidate, so that neither side learns the other's address."""
    return


def keep_candidate(candidate: str) -> str:
    """Keeps the candidate unchanged."""
    return candidate


def relay_only(dead_end: Address) -> Reroute:
    """Builds a rewrite that points direct candidates to `dead_end`, which never answers; relay candidates are kept."""

    def reroute(candidate: str) -> str | None:
        parts = candidate.split(" ")
        if len(parts) <= KIND or parts[KIND] == "relay":
            return candidate
        if parts[PROTOCOL].lower() != "udp":
            return None
        parts[HOST], parts[PORT] = dead_end[0], str(dead_end[1])
        return " ".join(parts)

    return reroute


def rewrite_candidates(description: Mapping[str, Any], reroute: Reroute) -> dict[str, Any]:
    """Rewrites the candidates inside a session description."""
    lines = str(description.get("sdp", "")).splitlines(keepends=True)
    return {**description, "sdp": "".join(kept for line in lines if (kept := _rewrite_line(line, reroute)))}


def receive_only(description: Mapping[str, Any]) -> dict[str, Any]:
    """Marks a session description as receive-only."""
    return {**description, "sdp": str(description.get("sdp", "")).replace("a=sendrecv", "a=recvonly")}


def _rewrite_line(line: str, reroute: Reroute) -> str | None:
    if not line.startswith(CANDIDATE):
        return line
    candidate = reroute(line.removeprefix("a=").rstrip("\r\n"))
    return None if candidate is None else f"a={candidate}\r\n"
