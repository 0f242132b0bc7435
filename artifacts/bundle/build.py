"""A run's files made into what is handed out: narrowed, told on a page, and put into a bag."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firstbell.artifacts.bundle import bag, signature
from firstbell.artifacts.bundle.merge_traces import merge_traces
from firstbell.artifacts.bundle.narrowing import narrow_file, narrow_run
from firstbell.artifacts.bundle.page import PageContext, headline, page, side_by_side, summary
from firstbell.artifacts.bundle.run_view import RunView, UnreadableRun, read_run_view
from firstbell.artifacts.bundle.trace_summary import failed_actions
from firstbell.artifacts.packing import write_files
from firstbell.compat.playwright_package import trace_viewer_folder

VIEWER = trace_viewer_folder()
SCHEMA = "firstbell.evidence/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRequest:
    """What bundle is wanted: which attempt (0: the last), and the key to sign it with, as PEM, if any."""

    setting: PageContext
    attempt: int = 0
    signing_key: bytes = b""


def build(files: Mapping[str, bytes], wanted: BundleRequest, now: datetime) -> dict[str, bytes]:
    """The members of a bag, by name, made of a run's files. Raises UnreadableRun, and BadKey."""
    scope = wanted.setting.scope
    run = _run(files)
    payload, left_out = _narrow_files(files, run, wanted)
    payload["run.json"] = json.dumps(narrow_run(run, payload, scope), indent=1).encode()
    story = _run_view(payload, wanted)
    number = story.attempt["number"]
    traces = {actor: payload[name] for actor, name in story.traces}
    if len(traces) > 1:
        payload[f"attempt-{number}/both.zip"] = merge_traces(traces)
        payload["side-by-side.html"] = side_by_side(story)
    if traces:
        payload |= {f"viewer/{path.relative_to(VIEWER).as_posix()}": path.read_bytes() for path in _viewer()}
    setting = replace(
        wanted.setting,
        failed_actions=tuple(one for actor, trace in traces.items() for one in failed_actions(actor, trace)),
        removed=run.get("removed"),
        left_out=left_out,
        is_signed=bool(wanted.signing_key),
    )
    payload["index.html"] = page(story, setting, payload.__getitem__)
    payload["summary.md"] = summary(story, setting)
    payload["manifest.json"] = _manifest(payload, story, setting)
    return _signed(bag.make_bag(payload, _info(story, setting, now)), wanted.signing_key, now)


def shared_page(files: Mapping[str, bytes], wanted: BundleRequest) -> bytes:
    """The page alone, for an address of its own: its bag lies at `setting.bag_link`."""
    run = _run(files)
    payload, left_out = _narrow_files(files, run, wanted)
    payload["run.json"] = json.dumps(narrow_run(run, payload, wanted.setting.scope), indent=1).encode()
    story = _run_view(payload, wanted)
    traces = {actor: payload[name] for actor, name in story.traces}
    failed = tuple(one for actor, trace in traces.items() for one in failed_actions(actor, trace))
    setting = replace(wanted.setting, failed_actions=failed, removed=run.get("removed"), left_out=left_out)
    return page(story, setting, payload.__getitem__)


def _run(files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        run: dict[str, Any] = json.loads(files["run.json"])
        run["artifacts"], run["attempts"], run["broke"]
    except (KeyError, ValueError, TypeError) as error:
        raise UnreadableRun(f"run.json is not one of First Bell's ({type(error).__name__})") from None
    return run


def _narrow_files(
    files: Mapping[str, bytes], run: Mapping[str, Any], wanted: BundleRequest
) -> tuple[dict[str, bytes], tuple[tuple[str, str], ...]]:
    """The run's files as they may be handed out, and which are not, with why."""
    payload: dict[str, bytes] = {}
    left_out = []
    listed = [str(one["name"]) for one in run["artifacts"] if not one["missing"]]
    for name in listed:
        if name not in files:
            left_out.append((name, "it is not in the store"))
            continue
        try:
            data = narrow_file(name, files[name], run, wanted.setting.scope)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            data = None
            left_out.append((name, f"it could not be read ({type(error).__name__})"))
        else:
            if data is None:
                left_out.append((name, "it shows another service"))
        if data is not None:
            payload[name] = data
    return payload, tuple(left_out)


def _run_view(payload: Mapping[str, bytes], wanted: BundleRequest) -> RunView:
    """Told from what is handed out, and from nothing else."""
    with tempfile.TemporaryDirectory(prefix="firstbell-") as place:
        write_files(payload, Path(place))
        return read_run_view(Path(place), wanted.setting.scope, wanted.attempt)


def _manifest(payload: Mapping[str, bytes], story: RunView, setting: PageContext) -> bytes:
    rows = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(payload.items())}
    whole = "".join(f"{digest}  {name}\n" for name, digest in rows.items())
    told = {
        "schema": SCHEMA,
        "run": story.run["id"],
        "headline": headline(story),
        "for": setting.scope.service or None,
        "members": {name: {"sha256": digest, "size_bytes": len(payload[name])} for name, digest in rows.items()},
        "sha256_of_members": hashlib.sha256(whole.encode()).hexdigest(),
        "removed": dict(setting.removed or {}),
        "left_out": [{"name": name, "why": why} for name, why in (*story.missing, *setting.left_out)],
    }
    return json.dumps(told, indent=1).encode()


def _info(story: RunView, setting: PageContext, now: datetime) -> dict[str, str]:
    return {
        "Source-Organization": setting.district,
        "External-Identifier": str(story.run["id"]),
        "External-Description": headline(story),
        "Bagging-Date": f"{now.astimezone(UTC):%Y-%m-%d}",
        "Bag-Software-Agent": f"First Bell {story.run['firstbell']}",
    }


def _signed(members: dict[str, bytes], key: bytes, now: datetime) -> dict[str, bytes]:
    if not key:
        return members
    return {**members, bag.SIGNATURE: signature.sign(members[bag.TAG_MANIFEST], key, bag.TAG_MANIFEST, now)}


def _viewer() -> list[Path]:
    return sorted(path for path in VIEWER.rglob("*") if path.is_file())
