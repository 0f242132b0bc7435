"""Durations as the file has them: "250ms", "90s", "5m", "1h", and "30d" for a key that counts days."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

DAY_S = 86400.0
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY_S}


def _parse(value: object, units: str, example: str) -> float:
    found = re.fullmatch(rf"(\d+(?:\.\d+)?)\s*({units})", value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"write a duration with its unit, such as {example}")
    return float(found[1]) * _UNITS_S[found[2]]


def _seconds(value: object) -> object:
    seconds = _parse(value, "ms|s|m|h", '"90s", "5m" or "1h"')
    if not 0 < seconds <= DAY_S:
        raise ValueError('this is not between a moment and a day; write one such as "90s", "5m" or "1h"')
    return seconds


def _days(value: object) -> object:
    seconds = _parse(value, "h|d", '"90d"')
    if not DAY_S <= seconds <= 3660 * DAY_S:
        raise ValueError('this is not between a day and ten years; write one such as "90d"')
    return seconds / DAY_S


_SECONDS = {"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|h)$", "examples": ["90s", "5m"]}
_DAYS = {"type": "string", "pattern": r"^\d+(\.\d+)?\s*(h|d)$", "examples": ["90d"]}

Seconds = Annotated[float, BeforeValidator(_seconds), WithJsonSchema(_SECONDS)]
"""At most a day, in seconds."""
Days = Annotated[float, BeforeValidator(_days), WithJsonSchema(_DAYS)]
"""At least one day, in days."""
