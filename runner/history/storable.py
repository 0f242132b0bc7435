"""Values as every database can store them: text of pages and calendars holds characters that PostgreSQL refuses."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

# NUL is no text in PostgreSQL, and halves of surrogate pairs are no UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_ESCAPED = re.compile(r"\\u(?:0000|d[89a-f])")


def storable(value: Any) -> Any:
    """Returns a value, or the parameters of a statement, with unstorable characters replaced."""
    if isinstance(value, str):
        return value if value.isascii() and "\x00" not in value else _UNSTORABLE.sub(_REPLACEMENT, value)
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(storable(item) for item in value)
    return [storable(item) for item in value] if isinstance(value, list) else value


def json_text(value: Any) -> str:
    """Returns JSON as PostgreSQL reads it: a number that is not finite becomes null. Raises TypeError."""
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), allow_nan=False)
    return json.dumps(storable(json.loads(text))) if _ESCAPED.search(text) else text


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
