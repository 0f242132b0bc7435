"""The view of a run's files that the evidence page shows: steps on one clock, media proofs, requests and host checks.

All texts come from pages and files that anyone may have written: they are bounded, printable, and never markup.
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
from firstbell.artifacts.evidence import slug
from firstbell.errors import FirstBellError

TEXT_LIMIT = 400
REQUESTS_SHOWN = 60
_Artifacts = Sequence[Mapping[str, Any]]


class UnreadableRun(FirstBellError):
    """A folder has no readable run; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of one actor. Times are seconds since the attempt began; `picture` is a file's name, or empty, and
    `others` the pictures of the other actors, by actor."""

    position: int
    actor: str
    title: str
    service: str
    started_s: float
    ended_s: float
    ending: str
    message: str
    picture: str = ""
    others: tuple[tuple[str, str], ...] = ()

    @property
    def took_s(self) -> float:
        """The duration of the step."""
        return self.ended_s - self.started_s


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """One request. `status` is 0 without an answer; `is_theirs` is true for a host in the bag's scope."""

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
        """True if it was refused or never answered."""
        return self.status <= 0 or self.status >= 400


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaView:
    """A media proof of one actor. `frames` are the two that were compared, `samples` the call's figures over time."""

    fault: str
    message: str
    figures: tuple[tuple[str, str], ...]
    frames: tuple[str, ...]
    samples: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCheckView:
    """A check of a host during the run, from one location. `problem` is empty if nothing was wrong."""

    location: str
    host: str
    is_ok: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One attempt of a run, with the run's document."""

    run: Mapping[str, Any]
    attempt: Mapping[str, Any]
    began: datetime
    actors: tuple[str, ...]
    steps: tuple[StepView, ...]
    media: tuple[MediaView, ...]
    requests: tuple[RequestView, ...]
    host_checks: tuple[HostCheckView, ...]
    traces: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def failing(self) -> StepView | None:
        """The first step that did not pass."""
        return next((step for step in self.steps if step.ending), None)

    def at(self, seconds: float) -> datetime:
        """Return a time of the attempt, given in seconds since it began."""
        return self.began + timedelta(seconds=seconds)


def read_run_view(folder: Path, scope: Scope, number: int = 0) -> RunView:
    """Read the view of a run in a folder: of its last attempt, or of attempt `number`. Raises UnreadableRun."""
    run: dict[str, Any] = _printable(_json(folder / "run.json"))
    try:
        attempts = run["attempts"]
        attempt = next(attempt for attempt in reversed(attempts) if number in (0, attempt["number"]))
        actors = tuple(dict.fromkeys(str(step["actor"]) for step in attempt["steps"]))
        artifacts = [artifact for artifact in run["artifacts"] if _is_of(artifact, attempt["number"])]
        return RunView(
            run=run,
            attempt=attempt,
            began=datetime.fromisoformat(attempt["started_at"]),
            actors=actors,
            steps=tuple(_step_view(step, artifacts, scope) for step in attempt["steps"]),
            media=tuple(_media(proof, artifacts, folder) for proof in attempt.get("media", [])),
            requests=_requests(artifacts, folder, scope),
            host_checks=_host_check_views(artifacts, folder),
            traces=tuple((trace["actor"], trace["name"]) for trace in _present(artifacts, "trace")),
            missing=tuple((artifact["name"], artifact["missing"]) for artifact in artifacts if artifact["missing"]),
        )
    except StopIteration:
        raise UnreadableRun(f"this run has no attempt {number or 1}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableRun(f"run.json was not written by First Bell ({type(error).__name__})") from None


def _is_of(artifact: Mapping[str, Any], number: int) -> bool:
    """Tell whether a file belongs to an attempt, and its name stays in the attempt's folder."""
    pure = PurePosixPath(str(artifact["name"]))
    return pure.parts[:1] == (f"attempt-{number}",) and ".." not in pure.parts and not pure.is_absolute()


def _present(artifacts: _Artifacts, kind: str, actor: str | None = None) -> list[Mapping[str, Any]]:
    """Return the artifacts of a kind that are not missing; only those of `actor`, if given."""
    present = [artifact for artifact in artifacts if artifact["kind"] == kind and not artifact["missing"]]
    return [artifact for artifact in present if actor in (None, artifact["actor"])]


def _step_view(step: Mapping[str, Any], artifacts: _Artifacts, scope: Scope) -> StepView:
    is_theirs = scope.covers_service(str(step["service"]))
    shown = [artifact for artifact in _present(artifacts, "screenshot") if artifact["step"] == step["position"]]
    pictures = {str(artifact["actor"]): str(artifact["name"]) for artifact in shown}
    own = pictures.pop(str(step["actor"]), "")
    return StepView(
        position=int(step["position"]),
        actor=str(step["actor"]),
        title=str(step["title"]),
        service=str(step["service"]),
        started_s=float(step["started_s"]),
        ended_s=float(step["ended_s"]),
        ending=str(step["ending"] or ""),
        message=str(step["said"]) if is_theirs else "",
        picture=own,
        others=tuple(pictures.items()),
    )


def _media(proof: Mapping[str, Any], artifacts: _Artifacts, folder: Path) -> MediaView:
    observer, observed = str(proof["observer"]), str(proof["observed"])
    path = proof.get("path") or {}
    figures = {
        "latency": _unit(proof.get("latency_ms"), "ms"),
        "frames": _unit(proof.get("frames_per_s"), "/s"),
        "tone": _unit(proof.get("tone_hz"), "Hz"),
        "waited": _unit(proof.get("waited_s"), "s"),
        "path": " ".join(str(path.get(key, "")) for key in ("protocol", "local", "remote")).strip(),
    }
    frames = [str(frame["name"]) for frame in _present(artifacts, "frame", observer)]
    frames = [name for name in frames if f"sees-{slug(observed)}-" in name]
    samples = next((row["name"] for row in _present(artifacts, "figures", observer)), "")
    return MediaView(
        fault=str(proof.get("fault") or ""),
        message=str(proof.get("said") or ""),
        figures=tuple((name, value) for name, value in figures.items() if value),
        frames=tuple(sorted(frames)),
        samples=tuple(_json(folder / samples).get("samples", ())) if samples else (),
    )


def _requests(artifacts: _Artifacts, folder: Path, scope: Scope) -> tuple[RequestView, ...]:
    """Return the requests of all actors: failed ones in scope first, then other failed ones, then the slowest."""
    found = []
    for har in _present(artifacts, "har"):
        entries = _json(folder / har["name"]).get("log", {}).get("entries", [])
        found += [_request(entry, str(har["actor"]), scope) for entry in entries]
    ranked = sorted(found, key=lambda request: (not request.failed, not request.is_theirs, -request.took_ms))
    return tuple(ranked[:REQUESTS_SHOWN])


def _host_check_views(artifacts: _Artifacts, folder: Path) -> tuple[HostCheckView, ...]:
    """Return the host checks, those with a problem first."""
    checks = [
        HostCheckView(
            location=_text(row["location"]),
            host=_text(row["host"]),
            is_ok=row["verdict"] == "well",
            problem=_text(row["said"] or ("" if row["verdict"] == "well" else row["verdict"])),
        )
        for artifact in _present(artifacts, "checks")
        for row in _json(folder / artifact["name"])["checks"]
    ]
    return tuple(sorted(checks, key=lambda check: (check.is_ok, not check.problem)))


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
        document = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableRun(f"{file.name} cannot be read ({type(error).__name__})") from None
    if not isinstance(document, dict):
        raise UnreadableRun(f"{file.name} was not written by First Bell")
    return document


def _printable(value: Any) -> Any:
    """Make all texts of a JSON value printable."""
    match value:
        case str():
            return _text(value)
        case list():
            return [_printable(item) for item in value]
        case dict():
            return {_text(key): _printable(item) for key, item in value.items()}
        case _:
            return value


def _text(value: object) -> str:
    """Return a value as bounded, printable text: without control characters, and without marks that reverse a line."""
    text = "".join(char for char in str(value) if char.isprintable())
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 1]}…"


def _unit(value: object, unit: str) -> str:
    return f"{value:.4g} {unit}" if isinstance(value, int | float) else ""
