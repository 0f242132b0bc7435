"""Building of evidence bags: a run's files are narrowed, shown on a page, and put into a bag."""

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
from firstbell.artifacts.bundle.narrowing import narrow_file, narrow_run, why_left_out
from firstbell.artifacts.bundle.page import PageContext, headline, page, side_by_side, summary
from firstbell.artifacts.bundle.run_view import RunView, UnreadableRun, read_run_view
from firstbell.artifacts.bundle.trace_summary import failed_actions
from firstbell.artifacts.evidence import check_unaltered
from firstbell.artifacts.packing import write_files
from firstbell.compat.playwright_package import trace_viewer_folder

VIEWER = trace_viewer_folder()
SCHEMA = "firstbell.evidence/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRequest:
    """The options of a bag: its page's context, the hash of run.json in history (empty: unknown), the attempt (0: the
    last), and the key that signs it, as PEM."""

    context: PageContext
    run_json_sha256: str
    attempt: int = 0
    signing_key: bytes = b""


def build(files: Mapping[str, bytes], request: BundleRequest, now: datetime) -> dict[str, bytes]:
    """Return the members of a bag of a run's files, by name. Raises UnreadableRun, AlteredEvidence, BadKey."""
    payload, view, context = _prepare(files, request)
    number = view.attempt["number"]
    traces = {actor: payload[name] for actor, name in view.traces}
    if len(traces) > 1:
        payload[f"attempt-{number}/both.zip"] = merge_traces(traces)
        payload["side-by-side.html"] = side_by_side(view)
    if traces:
        payload |= {f"viewer/{path.relative_to(VIEWER).as_posix()}": path.read_bytes() for path in _viewer()}
    payload["index.html"] = page(view, context, payload.__getitem__)
    payload["summary.md"] = summary(view, context)
    payload["manifest.json"] = _manifest(payload, view, context)
    return _with_signature(bag.make_bag(payload, _info(view, context, now)), request.signing_key, now)


def shared_page(files: Mapping[str, bytes], request: BundleRequest) -> bytes:
    """Return the page alone, to be shared by a link; its bag is at `context.bag_link`. Raises UnreadableRun."""
    payload, view, context = _prepare(files, request)
    return page(view, context, payload.__getitem__)


def _prepare(files: Mapping[str, bytes], request: BundleRequest) -> tuple[dict[str, bytes], RunView, PageContext]:
    """Return the files that may be handed out, and the view and the context of the page about them."""
    run = _run(files)
    check_unaltered(files["run.json"], files, request.run_json_sha256)
    payload, left_out = _narrow_files(files, run, request)
    payload["run.json"] = json.dumps(narrow_run(run, payload, request.context.scope), indent=1).encode()
    view = _run_view(payload, request)
    failed = tuple(action for actor, name in view.traces for action in failed_actions(actor, payload[name]))
    context = replace(
        request.context,
        failed_actions=failed,
        removed=run.get("removed"),
        left_out=left_out,
        is_signed=bool(request.signing_key),
    )
    return payload, view, context


def _run(files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        run: dict[str, Any] = json.loads(files["run.json"])
        run["artifacts"], run["attempts"], run["broke"]
    except (KeyError, ValueError, TypeError) as error:
        raise UnreadableRun(f"run.json was not written by First Bell ({type(error).__name__})") from None
    return run


def _narrow_files(
    files: Mapping[str, bytes], run: Mapping[str, Any], request: BundleRequest
) -> tuple[dict[str, bytes], tuple[tuple[str, str], ...]]:
    """Return the run's files as they may be handed out, and the names of those left out, with the reason."""
    payload: dict[str, bytes] = {}
    left_out = []
    listed = [str(artifact["name"]) for artifact in run["artifacts"] if not artifact["missing"]]
    for name in listed:
        if name not in files:
            left_out.append((name, "it is not in the store"))
            continue
        try:
            data = narrow_file(name, files[name], run, request.context.scope)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            left_out.append((name, f"it could not be read ({type(error).__name__})"))
            continue
        if data is None:
            left_out.append((name, why_left_out(name, run)))
        else:
            payload[name] = data
    return payload, tuple(left_out)


def _run_view(payload: Mapping[str, bytes], request: BundleRequest) -> RunView:
    """Return the view of the files that are handed out, and of nothing else."""
    with tempfile.TemporaryDirectory(prefix="firstbell-") as folder:
        write_files(payload, Path(folder))
        return read_run_view(Path(folder), request.context.scope, request.attempt)


def _manifest(payload: Mapping[str, bytes], view: RunView, context: PageContext) -> bytes:
    rows = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(payload.items())}
    listing = "".join(f"{digest}  {name}\n" for name, digest in rows.items())
    document = {
        "schema": SCHEMA,
        "run": view.run["id"],
        "headline": headline(view),
        "for": context.scope.service or None,
        "members": {name: {"sha256": digest, "size_bytes": len(payload[name])} for name, digest in rows.items()},
        "sha256_of_members": hashlib.sha256(listing.encode()).hexdigest(),
        "removed": dict(context.removed or {}),
        "left_out": [{"name": name, "why": why} for name, why in (*view.missing, *context.left_out)],
    }
    return json.dumps(document, indent=1).encode()


def _info(view: RunView, context: PageContext, now: datetime) -> dict[str, str]:
    return {
        "Source-Organization": context.district,
        "External-Identifier": str(view.run["id"]),
        "External-Description": headline(view),
        "Bagging-Date": f"{now.astimezone(UTC):%Y-%m-%d}",
        "Bag-Software-Agent": f"First Bell {view.run['firstbell']}",
    }


def _with_signature(members: dict[str, bytes], key: bytes, now: datetime) -> dict[str, bytes]:
    if not key:
        return members
    return {**members, bag.SIGNATURE: signature.sign(members[bag.TAG_MANIFEST], key, bag.TAG_MANIFEST, now)}


def _viewer() -> list[Path]:
    return sorted(path for path in VIEWER.rglob("*") if path.is_file())
