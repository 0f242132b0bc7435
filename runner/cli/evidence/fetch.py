"""Fetches the evidence of a run from the store or the spool, and writes bags of it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firstbell.artifacts.bundle.build import BundleRequest
from firstbell.artifacts.bundle.page import PageContext
from firstbell.artifacts.bundle.scope import Scope
from firstbell.artifacts.evidence import run_prefix
from firstbell.artifacts.packing import unpack
from firstbell.errors import FirstBellError
from firstbell.runner.app.alerting import alerting_for
from firstbell.runner.app.build_storage import spool_of, store_of
from firstbell.runner.cli.opening import zone_of
from firstbell.runner.config.load import Config
from firstbell.runner.config.secrets import secret
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.runs.runs import RunHistory

SHORT_NAME = 6


class EvidenceNotFound(FirstBellError):
    """The evidence of a run is not available; the message gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedEvidence:
    """A run with its files. `names` are those of its objects, parts included, each once."""

    run: RunRow
    prefix: str
    names: tuple[str, ...]
    files: Mapping[str, bytes]


def evidence_of(config: Config, database: Database, name: str, *, is_sent: bool = False) -> FetchedEvidence:
    """Fetches the evidence of a run, by the last letters of its id or by the number of the incident that it opened.

    A run that still waits on this machine is read from here; the store is asked for what is not. With `is_sent` it is
    sent first, because only what is in the store can be held. Raises NoSuchRun, NoSuchIncident, EvidenceNotFound,
    StoreError, UnreadableObjects.
    """
    run = RunHistory(database, zone_of(config)).find(_opened_by(config, database, name) or name)
    prefix = run_prefix(run.started_at, run.journey, run.id)
    store, spool = store_of(config), spool_of(config)
    waiting, is_whole = spool.read(prefix)
    if waiting and is_sent:
        spool.deliver(store)
        waiting, is_whole = spool.read(prefix)
        if waiting:
            raise EvidenceNotFound(f"{run.id} still waits on this machine; send it first: firstbell store deliver")
    fetched: dict[str, None] = {}

    def get(name: str) -> bytes:
        fetched[name] = None
        return waiting[name] if name in waiting else store.get(name)

    here = {name for name in waiting if name.startswith(f"{prefix}/")}
    names = sorted(here if is_whole else here | set(store.names(f"{prefix}/")))
    if not names:
        if at := spool.dropped(prefix):
            raise EvidenceNotFound(
                f"the evidence of {run.id} was dropped at {at}: the spool was full and the store was not reachable"
            )
        raise EvidenceNotFound(f"{store.address(prefix)} is empty: the evidence has expired, or was never kept")
    files = unpack(prefix, names, get)
    return FetchedEvidence(run=run, prefix=prefix, names=tuple(fetched), files=files)


def _opened_by(config: Config, database: Database, number: str) -> str:
    """The run that opened an incident; empty for text that is no incident number (a run's short id has six letters)."""
    if not number.isdecimal() or len(number) >= SHORT_NAME:
        return ""
    details = alerting_for(config, database).incidents.find(int(number))
    names = [symptom.run_id for symptom in details.incident.symptoms if symptom.run_id]
    if not names:
        raise EvidenceNotFound(
            f"incident {number} is First Bell's own and has no run; see: firstbell incidents {number}"
        )
    return names[0]


def bundle_request_of(config: Config, evidence: FetchedEvidence, service: str, attempt: int) -> BundleRequest:
    """The request of a bag, signed with evidence.signing_key if there is one.

    Raises EvidenceNotFound for a service that the run did not use, and MissingSecret.
    """
    reference = config.settings.evidence.signing_key
    scope = _scope(evidence, service)
    return BundleRequest(
        context=PageContext(district=config.settings.school.name, zone=zone_of(config), scope=scope),
        run_json_sha256=evidence.run.run_json_sha256,
        attempt=attempt,
        signing_key=secret(reference).reveal().encode() if reference else b"",
    )


def zipped(bag: Mapping[str, bytes], folder: str) -> bytes:
    """A bag as a zip that unpacks into a folder."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in bag.items():
            target.writestr(f"{folder}/{name}", data)
    return written.getvalue()


def write_bag(bag: Mapping[str, bytes], folder: Path) -> None:
    """Writes a bag into a new folder. Raises FileExistsError: a bag is never mixed with other files."""
    folder.mkdir(parents=True)
    for name, data in bag.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _scope(evidence: FetchedEvidence, service: str) -> Scope:
    if not service:
        return Scope()
    known = json.loads(evidence.files["run.json"]).get("services", {})
    if service not in known:
        raise EvidenceNotFound(f"this run relied on no service '{service}'; there are: {', '.join(sorted(known))}")
    section = known[service]
    if not section["hosts"]:
        raise EvidenceNotFound(f"the hosts of {service} are unknown; add hosts to [services.{service}] and run again")
    others = (one for name, one in known.items() if name != service and one["owner"] != section["owner"])
    return Scope(
        service=service,
        owner=section["owner"],
        hosts=tuple(section["hosts"]),
        others=tuple(host for one in others for host in one["hosts"]),
    )
