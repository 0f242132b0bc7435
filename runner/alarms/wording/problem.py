"""The problem in the words of a person who must act, and the locations that see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firstbell.runner.alarms.incident import UNKNOWN_SERVICE, Incident
from firstbell.runner.diagnosis.cause import Cause

# Of whom a step is about another person: the teacher's is the student, and the other way round.
_OTHER: Mapping[str, str] = {"student": "the teacher", "teacher": "the student"}
# The rules that find these causes have seen the other half work: see `journeys/media/judgement.py`.
_PEOPLE: Mapping[Cause, str] = {
    Cause.SILENT: "{who} sees {other} but cannot hear them",
    Cause.BLACK: "{who} sees a black picture in place of {other}",
    Cause.FROZEN: "{who} sees {other} frozen",
    Cause.NO_MEDIA: "{who} is in the class, but does not see {other}",
    Cause.WRONG_PICTURE: "{who} sees another person's picture in place of {other}",
    Cause.LOBBY: "{who} waits in the lobby and is not let in",
}
_OPENS = "opens "


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosedProblem:
    """The diagnosis of the failing run: its words, its cause, and how long the failing step took in seconds."""

    words: str = ""
    cause: Cause | None = None
    step_s: float = 0.0


def problem_text(incident: Incident, found: DiagnosedProblem) -> str:
    """Returns what does not work: the words of the diagnosis, else the step that fails."""
    first = incident.current_symptoms[0]
    journeys = {symptom.journey for symptom in incident.current_symptoms}
    more = f" and {len(journeys) - 1} more" if len(journeys) > 1 else ""
    if first.part is not None:
        return f"{first.said}{more}"
    if incident.is_own:
        return f"First Bell cannot judge {first.journey}{more}"
    who = (first.actor or "a person").capitalize()
    if found.cause is Cause.SLOW and found.step_s >= 1:
        text = _slow_text(who, first.step, found.step_s)
    elif found.cause is not None and found.cause in _PEOPLE:
        text = _PEOPLE[found.cause].format(who=who, other=_OTHER.get(first.actor, "the other"))
    elif found.words:
        text = _sentence(incident.subject, found.words)
    else:
        text = f'{who} fails at "{first.step}"'
    return f"{text} ({first.journey}{more})"


def owner_text(incident: Incident) -> str:
    """Returns the owner and the service that is blamed: "Contoso Learn (platform)"."""
    if incident.is_own:
        return "First Bell itself"
    if incident.subject == UNKNOWN_SERVICE:
        return "service not known"
    return f"{incident.owner} ({incident.subject})" if incident.owner else incident.subject


def from_where(incident: Incident, elsewhere: tuple[str, ...], location_count: int) -> str:
    """Returns the locations that see it, and what the others see: "from home; school not tried yet". Empty where there
    is one location only, and for First Bell's own."""
    missing = location_count - len(incident.locations) - len(elsewhere) if incident.is_open else 0
    more = [f"{missing} more location{'s' if missing > 1 else ''} not tried yet"] if missing > 0 else []
    if incident.is_own or (len(incident.locations) < 2 and not elsewhere and not more):
        return ""
    return "; ".join([f"from {listed(incident.locations)}", *elsewhere, *more])


def listed(names: tuple[str, ...]) -> str:
    """Returns names as a list: "home, school and library"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _slow_text(who: str, step: str, took_s: float) -> str:
    if step.startswith(_OPENS):
        thing = step.removeprefix(_OPENS)
        return f"{thing[:1].upper()}{thing[1:]} did not load in {took_s:.0f} s"
    return f'{who} waited {took_s:.0f} s at "{step}"'


def _sentence(service: str, words: str) -> str:
    """Returns the words of a diagnosis as a sentence: "it refuses" becomes "Edge refuses"."""
    if words.startswith("it "):
        words = f"{service} {words.removeprefix('it ')}"
    elif words.startswith("its "):
        words = f"{service}: {words}"
    return words[:1].upper() + words[1:]
