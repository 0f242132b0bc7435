"""The redaction pipeline: from raw recordings in a private folder to clean files that may be stored.

It fails closed: a file that cannot be cleaned, or whose cleaning raises any error, is put into quarantine on this
machine and is missing from the run. All files are read for secrets before any is cleaned: a token of the second attempt
may stand in the first one's console.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from firstbell.artifacts.evidence import Artifact, ArtifactKind, absent, sealed
from firstbell.artifacts.redaction.by_key import clean_value
from firstbell.artifacts.redaction.format_words import without_words
from firstbell.artifacts.redaction.har import allowed_har
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.quarantine import put_aside
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.artifacts.redaction.rescan import Quarantined, rescan
from firstbell.artifacts.redaction.trace import TraceWords, clean_trace, words_of_trace

# Each costs time in every text; a page can set any number of cookies. Far more than the 20 or so of a class.
MOST_SECRETS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionResult:
    """The clean artifacts, the bytes of those that are there, by name, the counts of removed secrets by kind, and the
    secrets that were `found` in the files."""

    artifacts: tuple[Artifact, ...]
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    removed: Mapping[str, int] = field(default_factory=dict)
    found: frozenset[str] = field(default=frozenset(), repr=False)


class CleaningState(Enum):
    """The state of the cleaning of one file."""

    READ = "read"
    CLEANED = "cleaned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningProgress:
    """The cleaning of one file has come to a state. `said` is why it failed. `found` are the secrets that were read in
    it, or by which it was cleaned; `removed` are the counts of what was removed from it."""

    name: str
    state: CleaningState
    said: str = ""
    found: frozenset[str] = field(default=frozenset(), repr=False)
    removed: Mapping[str, int] = field(default_factory=dict)


def clean(
    artifacts: Iterable[Artifact], folder: Path, known: KnownSecrets, *, quarantine: Path, found: Iterable[str] = ()
) -> RedactionResult:
    """Clean each artifact in place, in this process. A file that cannot be cleaned is moved to `quarantine`, and is
    missing. `found` are secrets that the run met."""
    artifacts = tuple(artifacts)
    return result_of(artifacts, folder, quarantine, list(cleaned(artifacts, folder, known, found)))


def cleaned(
    artifacts: Iterable[Artifact], folder: Path, known: KnownSecrets, found: Iterable[str]
) -> Iterator[CleaningProgress]:
    """Read, then clean each file in place, and yield how far it has come. Raises nothing."""
    files = {artifact.name: artifact.kind for artifact in artifacts if not artifact.missing}
    values, names = set(found), set[str]()
    unread: list[str] = []
    for name, kind in files.items():
        try:
            more = words_of_trace(folder / name) if kind is ArtifactKind.TRACE else TraceWords()
            if len(values | more.secrets) > MOST_SECRETS:
                raise Quarantined(f"it has more than {MOST_SECRETS} secrets")
        except Exception as error:
            unread.append(name)
            yield CleaningProgress(name=name, state=CleaningState.FAILED, said=_reason(error))
        else:
            values |= more.secrets
            names |= more.names
            yield CleaningProgress(name=name, state=CleaningState.READ, found=more.secrets)
    met = frozenset(without_words(values, names))
    # The second reading is of what was certain before: a short code is part of some number in every trace.
    certain, all_known = known.with_more(met.intersection(found)), known.with_more(met)
    for name, kind in files.items():
        if name in unread:
            continue
        try:
            redactor = Redactor(all_known)
            _clean_file(kind, folder / name, redactor)
            rescan(name, (folder / name).read_bytes(), certain)
            yield CleaningProgress(name=name, state=CleaningState.CLEANED, found=met, removed=dict(redactor.removed))
        except Exception as error:
            yield CleaningProgress(name=name, state=CleaningState.FAILED, said=_reason(error))


def result_of(
    artifacts: Iterable[Artifact], folder: Path, quarantine: Path, progress: Sequence[CleaningProgress]
) -> RedactionResult:
    """Return the result of a cleaning; each file that was not cleaned goes into quarantine."""
    last = {one.name: one for one in progress}
    kept: list[Artifact] = []
    files: dict[str, bytes] = {}
    for artifact in artifacts:
        file = folder / artifact.name
        if not artifact.missing and last[artifact.name].state is CleaningState.CLEANED:
            kept.append(sealed(artifact, file))
        elif artifact.missing:
            kept.append(artifact)
        else:
            file.with_suffix(".clean").unlink(missing_ok=True)
            place = put_aside(file, quarantine / artifact.name)
            kept.append(absent(artifact, f"quarantined: {last[artifact.name].said}; it is in {place}"))
        if not kept[-1].missing:
            files[artifact.name] = file.read_bytes()
    done = [one for one in progress if one.state is CleaningState.CLEANED]
    removed = sum((Counter(one.removed) for one in done), Counter[str]())
    found = frozenset[str]().union(*(one.found for one in done))
    return RedactionResult(artifacts=tuple(kept), files=files, removed=dict(sorted(removed.items())), found=found)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "cleaning it takes more memory than any recording of a class"
    return str(error) if isinstance(error, Quarantined) else f"it could not be read ({type(error).__name__})"


def _clean_file(kind: ArtifactKind, file: Path, redactor: Redactor) -> None:
    match kind:
        case ArtifactKind.TRACE:
            cleaned_file = file.with_suffix(".clean")
            clean_trace(file, cleaned_file, redactor)
            cleaned_file.replace(file)
        case ArtifactKind.SCREENSHOT | ArtifactKind.FRAME:
            pass  # A screenshot was masked when it was taken; a frame shows our own signature.
        case ArtifactKind.HAR:
            har = clean_value(allowed_har(json.loads(file.read_text()), redactor), redactor)
            file.write_text(json.dumps(har, indent=1))
        case _:
            file.write_text(json.dumps(clean_value(json.loads(file.read_text()), redactor), indent=1))
