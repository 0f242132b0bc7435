"""Tables of the documentation that are written from the code: configuration keys, causes, faults, channels.

.venv/bin/python docs/generate.py        writes them into the pages of this folder
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from firstbell.journeys.adapters.catalog import kinds
from firstbell.journeys.adapters.presets import presets
from firstbell.journeys.adapters.words import options_in
from firstbell.journeys.media.proof import MediaFault
from firstbell.journeys.practice.faults import FAULTS
from firstbell.journeys.rooms.web_room_words import WebRoomWords
from firstbell.runner.alarms.channels import CHANNELS
from firstbell.runner.config.model import Settings
from firstbell.runner.diagnosis.cause import WORDS, Cause
from firstbell.runner.diagnosis.diagnosis import OF_ACCOUNT, OWN

PAGES = Path(__file__).resolve().parent
REGION = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- end of (?P=name) -->)", re.DOTALL)
UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "m"), (1.0, "s"), (0.001, "ms"))

Schema = Mapping[str, Any]


def configuration() -> str:
    """One table for each table of firstbell.toml."""
    schema = _with_choices_in_place(Settings.model_json_schema())
    return "\n" + "\n".join(_tables(schema, "", schema["$defs"])) + "\n"


def causes() -> str:
    """Every cause of a diagnosis, with the words that follow the service's name in a message."""
    rows = [(f"`{cause.value}`", WORDS[cause], "the probe" if cause in OWN else _blamed(cause)) for cause in Cause]
    return _table(("cause", "message says", "blames"), rows)


def media_faults() -> str:
    """The classes of a failed media proof, in the order in which a call is set up."""
    return ", ".join(f"`{fault.value}`" for fault in MediaFault) + ".\n"


def practice_faults() -> str:
    """Every fault that the practice school can play."""
    rows = [
        (f"`{fault.name}`", fault.service or "none", f"`{fault.cause}`" if fault.cause else "degraded", fault.seen)
        for fault in FAULTS.values()
    ]
    return _table(("fault", "service", "diagnosis", "what people see"), rows)


def channels() -> str:
    """Every kind of channel with an address to copy."""
    return _table(("kind", "address in `to`"), [(name, f"`{kind.example}`") for name, kind in CHANNELS.items()])


def room_presets() -> str:
    """Every product that people join by browser and for which words are shipped."""
    rows = [
        (f"`{one.name}`", one.product, one.proof.value, one.permission, one.note)
        for one in presets().values()
        if one.adapter == "web-room"
    ]
    return _table(("kind", "product", "proof", "permission", "note"), rows)


def room_words() -> str:
    """Every word of a room, with the part of a page that a plain text is looked for in."""
    rows = [(f"`{one.name}`", one.kind, one.meaning) for one in options_in(WebRoomWords)]
    return _table(("option", "is", "meaning"), rows)


def kinds_of_services() -> str:
    """Every kind that ships, with how far it is proven."""
    rows = [(f"`{kind.name}`", ", ".join(kind.services), kind.product, kind.proof) for kind in kinds()]
    return _table(("kind", "services", "for", "proof"), rows)


def words_of_adapters() -> str:
    """The options of each adapter for sign-ins and platforms, with their defaults."""
    text = ""
    for kind in kinds():
        if kind.options and kind.name == kind.adapter and {"sign-in", "platform"} & {*kind.services}:
            rows = [
                (f"`{one.name}`", one.kind, f"`{one.default}`" if one.default else "", one.meaning)
                for one in kind.options
            ]
            text += f"\n### `{kind.name}`\n\n{_table(('option', 'a', 'default', 'meaning'), rows)}"
    return f"{text}\n"


GENERATED: Mapping[str, Callable[[], str]] = {
    "configuration": configuration,
    "causes": causes,
    "media-faults": media_faults,
    "practice-faults": practice_faults,
    "channels": channels,
    "room-presets": room_presets,
    "room-words": room_words,
    "kinds": kinds_of_services,
    "words": words_of_adapters,
}


def current(text: str) -> str:
    """A page with its generated regions as the code makes them now."""
    return REGION.sub(lambda found: f"{found[1]}{GENERATED[found['name']]()}{found[3]}", text)


def _with_choices_in_place(schema: Schema) -> Schema:
    """The schema with each reference to an enum replaced by the enum's values."""
    text = json.dumps(schema)
    for name, model in schema["$defs"].items():
        if "enum" in model:
            text = text.replace(f'"$ref": "#/$defs/{name}"', f'"enum": {json.dumps(model["enum"])}')
    found: Schema = json.loads(text)
    return found


def _blamed(cause: Cause) -> str:
    if cause in OF_ACCOUNT:
        return "First Bell's account, or a service that refuses several"
    return "the service of the failing page, or nobody" if cause is Cause.UNKNOWN else "a service"


def _tables(section: Schema, path: str, models: Mapping[str, Schema], head: str = "") -> Iterator[str]:
    """The keys of a section, then the sections inside it."""
    inner: list[tuple[str, str, Schema]] = []
    rows: list[tuple[str, ...]] = []
    for key, field in section["properties"].items():
        if found := _inside(field):
            name, shape = found
            below = shape.format(f"{path}.{key}".lstrip("."))
            inner.append((below.strip("[]"), below, models[name]))
        else:
            default = "required" if key in section.get("required", ()) else _code(field.get("default"), field)
            rows.append((f"`{key}`", _type(field), default, field.get("description", "")))
    if head:
        yield f"### `{head}`\n\n{' '.join(section.get('description', '').split())}\n"
        yield _table(("key", "type", "default", "meaning"), rows)
    for below, head_below, model in inner:
        yield from _tables(model, below, models, head_below)


def _inside(field: Schema) -> tuple[str, str] | None:
    """The section that a key holds and the shape of its heading; None where the key holds a value."""
    shapes = {
        "[{}]": (field, *field.get("anyOf", ())),
        "[[{}]]": (field.get("items", {}),),
        "[{}.NAME]": _values(field),
    }
    for shape, held in shapes.items():
        for one in held:
            if "$ref" in one:
                return str(one["$ref"]).rpartition("/")[2], shape
    return None


def _values(field: Schema) -> Sequence[Schema]:
    """The schemas of the values of a table whose keys are free."""
    given = (field.get("additionalProperties"), *field.get("patternProperties", {}).values())
    return [one for one in given if isinstance(one, Mapping)]


def _type(field: Schema) -> str:
    """The type of a key in words."""
    choices = [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(_one_type(one) for one in choices))


def _one_type(one: Schema) -> str:
    if "enum" in one:
        return ", ".join(f"`{json.dumps(value)}`" for value in one["enum"])
    match one.get("type"):
        case "array":
            return f"list of {_type(one['items'])}"
        case "object":
            return f"table of {_type(values[0])}" if (values := _values(one)) else "table by group"
        case "boolean":
            return "true or false"
        case "integer" | "number" as kind:
            return ("whole number" if kind == "integer" else "number") + _bounds(one)
        case _:
            return _text_type(one)


def _text_type(one: Schema) -> str:
    pattern, examples = str(one.get("pattern", "")), [str(example) for example in one.get("examples", ())]
    if unit := _unit(one):
        return "duration, in days" if unit == "d" else "duration"
    if one.get("format") in ("time", "date-time", "path"):
        return {"time": "time", "date-time": "date and time", "path": "path"}[one["format"]]
    if any(example.startswith("env:") for example in examples):
        return "reference"
    return "name" if pattern.endswith(r"[a-z0-9]+(-[a-z0-9]+)*$") else "text"


def _unit(one: Schema) -> str:
    """The unit that a duration's default is counted in; empty for other text."""
    found = re.search(r"\((ms\|s\|m\|h|h\|d)\)\$$", str(one.get("pattern", "")))
    return {"ms|s|m|h": "s", "h|d": "d"}[found[1]] if found else ""


def _bounds(one: Schema) -> str:
    low, high = one.get("minimum"), one.get("maximum")
    if low is not None and high is not None:
        return f", {low:g} to {high:g}"
    if "exclusiveMinimum" in one:
        return f", more than {one['exclusiveMinimum']:g}"
    return f", at least {low:g}" if low is not None else ""


def _code(value: object, field: Schema) -> str:
    """A default as the file would give it."""
    if value in (None, "", [], {}):
        return ""
    return f"`{_toml(value, field)}`"


def _toml(value: object, field: Schema) -> str:
    unit = next((unit for one in (field, *field.get("anyOf", ())) if (unit := _unit(one))), "")
    if unit and isinstance(value, int | float):
        return f'"{_duration(value * 86400.0 if unit == "d" else value)}"'
    if isinstance(value, list) and field.get("type") == "string":
        return json.dumps(", ".join(value))
    if isinstance(value, Mapping):
        pairs = (f'"{key}" = {_toml(one, _values(field)[0])}' for key, one in value.items())
        return "{ " + ", ".join(pairs) + " }"
    return str(value) if field.get("format") == "time" else json.dumps(value)


def _duration(seconds: float) -> str:
    size, unit = next((size, unit) for size, unit in UNITS if seconds >= size and seconds % size == 0)
    return f"{seconds / size:g}{unit}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Write every page that holds a generated region."""
    for page in sorted(PAGES.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        page.write_text(current(text), encoding="utf-8")


if __name__ == "__main__":
    main()
