"""A run's files read as a story: what its people did on one clock, what they saw, and what went over the wire.

Everything in here came out of pages and files that anybody may have written: it is text, bounded, and never markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from firstbell.artifacts.bundle.scope import Scope
from firstbell.errors import FirstBellError

TEXT_LIMIT = 400
REQUESTS = 60


class UnreadableRun(FirstBellError):
    """A folder holds no run that can be told; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of one actor. Times are seconds since the attempt began; `picture` is a file's name, or empty."""

    position: int
    actor: str
    title: str
    service: str
    started_s: float
    ended_s: float
    ending: str
    said: str
    picture: str = ""
    others: tuple[tuple[str, str], ...] = ()

    @property
    def took_s(self) -> float:
        """How long it took."""
        return self.ended_s - self.started_s


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """One request: where it went, what came back (0: nothing did), and when and for how long."""

    at: datetime
    actor: str
    method: str
    host: str
    path: str
    status: int
    failure: str
    took_ms: float
    is_theirs: bool

    @property
    def failed(self) -> bool:
        """Whether it was refused or never answered."""
        return self.status <= 0 or self.status >= 400


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaView:
    """What one actor's look at another found; `frames` are the two that were compared, `samples` the call over time."""

    observer: str
    observed: str
    fault: str
    said: str
    figures: tuple[tuple[str, str], ...]
    frames: tuple[str, ...]
    samples: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCheckView:
    """What a check of a host found at that moment, from one location; `said` is empty where nothing was wrong."""

    location: str
    host: str
    verdict: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One attempt of one run, with what is known of the run."""

    run: Mapping[str, Any]
    attempt: Mapping[str, Any]
    began: datetime
    actors: tuple[str, ...]
    moments: tuple[StepView, ...]
    media: tuple[MediaView, ...]
    requests: tuple[RequestView, ...]
    looks: tuple[HostCheckView, ...]
    traces: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def failing(self) -> StepView | None:
        """The first step that did not end well."""
        return next((moment for moment in self.moments if moment.ending), None)

    def at(self, seconds: float) -> datetime:
        """A moment of the attempt, in UTC."""
        return self.began + timedelta(seconds=seconds)


def read_run_view(folder: Path, scope: Scope, number: int = 0) -> RunView:
    """The story of a run that lies in a folder: of its last attempt, or of the one asked for. Raises UnreadableRun."""
    run: dict[str, Any] = _plain(_json(folder / "run.json"))
    try:
        attempts = run["attempts"]
        attempt = next(one for one in reversed(attempts) if not number or one["number"] == number)
        actors = tuple(dict.fromkeys(str(step["actor"]) for step in attempt["steps"]))
        artifacts = [one for one in run["artifacts"] if _is_of(one, attempt["number"])]
        return RunView(
            run=run,
            attempt=attempt,
            began=datetime.fromisoformat(attempt["started_at"]),
            actors=actors,
            moments=tuple(_step_view(step, artifacts, scope) for step in attempt["steps"]),
            media=tuple(_media(proof, artifacts, folder, scope) for proof in attempt.get("media", [])),
            requests=_requests(artifacts, folder, scope),
            looks=_host_check_views(artifacts, folder),
            traces=tuple((one["actor"], one["name"]) for one in artifacts if _is_there(one, "trace")),
            missing=tuple((one["name"], one["missing"]) for one in artifacts if one["missing"]),
        )
    except StopIteration:
        raise UnreadableRun(f"this run has no attempt {number or 1}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableRun(f"run.json is not one of First Bell's ({type(error).__name__})") from None


def _is_of(artifact: Mapping[str, Any], number: int) -> bool:
    """Whether a file belongs to an attempt, and has a name that leads nowhere else."""
    pure = PurePosixPath(str(artifact["name"]))
    return pure.parts[:1] == (f"attempt-{number}",) and ".." not in pure.parts and not pure.is_absolute()


def _is_there(artifact: Mapping[str, Any], kind: str) -> bool:
    return artifact["kind"] == kind and not artifact["missing"]


def _step_view(step: Mapping[str, Any], artifacts: Sequence[Mapping[str, Any]], scope: Scope) -> StepView:
    is_theirs = scope.covers_service(str(step["service"]))
    shown = [one for one in artifacts if _is_there(one, "screenshot") and one["step"] == step["position"]]
    pictures = {str(one["actor"]): str(one["name"]) for one in shown} if is_theirs else {}
    own = pictures.pop(str(step["actor"]), "")
    return StepView(
        position=int(step["position"]),
        actor=str(step["actor"]),
        title=str(step["title"]),
        service=str(step["service"]),
        started_s=float(step["started_s"]),
        ended_s=float(step["ended_s"]),
        ending=str(step["ending"] or ""),
        said=str(step["said"]) if is_theirs else "",
        picture=own,
        others=tuple(pictures.items()),
    )


def _media(proof: Mapping[str, Any], artifacts: Sequence[Mapping[str, Any]], folder: Path, scope: Scope) -> MediaView:
    observer, observed = str(proof["observer"]), str(proof["observed"])
    path = proof.get("path") or {}
    told = {
        "glass to glass": _unit(proof.get("latency_ms"), "ms"),
        "frames": _unit(proof.get("frames_per_s"), "/s"),
        "tone": _unit(proof.get("tone_hz"), "Hz"),
        "looked for": _unit(proof.get("waited_s"), "s"),
        "path": " ".join(str(path.get(key, "")) for key in ("protocol", "local", "remote")).strip(),
    }
    frames = [
        str(one["name"])
        for one in artifacts
        if _is_there(one, "frame") and one["actor"] == observer and f"sees-{observed}-" in one["name"]
    ]
    samples = next((one["name"] for one in artifacts if _is_there(one, "figures") and one["actor"] == observer), "")
    return MediaView(
        observer=observer,
        observed=observed,
        fault=str(proof.get("fault") or ""),
        said=str(proof.get("said") or ""),
        figures=tuple((name, value) for name, value in told.items() if value),
        frames=tuple(sorted(frames)) if scope.covers_calls else (),
        samples=tuple(_json(folder / samples).get("samples", ())) if samples else (),
    )


def _requests(artifacts: Sequence[Mapping[str, Any]], folder: Path, scope: Scope) -> tuple[RequestView, ...]:
    """All of both actors: theirs that failed first, then others' that failed, then theirs by how slow they were."""
    found = []
    for one in artifacts:
        if _is_there(one, "har"):
            entries = _json(folder / one["name"]).get("log", {}).get("entries", [])
            found += [_request(entry, str(one["actor"]), scope) for entry in entries]
    ranked = sorted(found, key=lambda one: (not one.failed, not one.is_theirs, -one.took_ms))
    return tuple(ranked[:REQUESTS])


def _host_check_views(artifacts: Sequence[Mapping[str, Any]], folder: Path) -> tuple[HostCheckView, ...]:
    """The host checks, those that found something first."""
    rows = [row for one in artifacts if _is_there(one, "checks") for row in _json(folder / one["name"])["checks"]]
    looks = [
        HostCheckView(**{name: _text(row[name]) for name in ("location", "host", "verdict", "said")}) for row in rows
    ]
    return tuple(sorted(looks, key=lambda look: (look.verdict == "well", not look.said)))


def _request(entry: Mapping[str, Any], actor: str, scope: Scope) -> RequestView:
    parts = urlsplit(str(entry["request"]["url"]))
    is_theirs = scope.covers_host(parts.netloc)
    return RequestView(
        at=datetime.fromisoformat(str(entry["startedDateTime"]).replace("Z", "+00:00")),
        actor=actor,
        method=_text(entry["request"]["method"]),
        host=_text(parts.netloc),
        path=_text(parts.path + (f"?{parts.query}" if parts.query else "")) if is_theirs else "",
        status=int(entry["response"]["status"]),
        failure=_text(entry["response"].get("_failureText", "")),
        took_ms=float(entry["time"]),
        is_theirs=is_theirs,
    )


def _json(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableRun(f"{file.name} cannot be read ({type(error).__name__})") from None
    if not isinstance(told, dict):
        raise UnreadableRun(f"{file.name} is not one of First Bell's")
    return told


def _plain(value: Any) -> Any:
    """Any JSON with its texts made fit to be shown."""
    match value:
        case str():
            return _text(value)
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {_text(key): _plain(item) for key, item in value.items()}
        case _:
            return value


def _text(value: object) -> str:
    """Bounded, and only what can be shown: no control characters, and nothing that turns a line around."""
    text = "".join(one for one in str(value) if one.isprintable())
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 1]}…"


def _unit(value: object, unit: str) -> str:
    return f"{value:.4g} {unit}" if isinstance(value, int | float) else ""
