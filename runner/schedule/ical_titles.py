"""Tells by the title of a calendar's event which kind of day it proposes. The titles are data: `day_titles.toml`."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("day_titles.toml")


class ProposalKind(Enum):
    """The kind of a proposed day."""

    CLOSED = "closed"
    SOME = "some pupils"
    EARLY = "early release"
    LATE = "late start"


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleRules:
    """The patterns, compiled. Of `rules`, the first that matches decides; None proposes nothing."""

    rules: tuple[tuple[re.Pattern[str], ProposalKind | None], ...]
    everybody: re.Pattern[str]
    some: re.Pattern[str]


def proposal_kind_of(title: str) -> ProposalKind | None:
    """Returns the kind of day that a title proposes, if any. A day off for some pupils closes no school."""
    table, plain = _table(), _plain(title)
    kind = next((kind for pattern, kind in table.rules if pattern.search(plain)), None)
    is_for_some = kind is ProposalKind.CLOSED and table.some.search(table.everybody.sub("", plain))
    return ProposalKind.SOME if is_for_some else kind


def _plain(title: str) -> str:
    """Returns a title in lower case, without accents and small signs, with one kind of dash."""
    letters = unicodedata.normalize("NFKD", title.casefold()).replace("\u2044", "/")
    without_accents = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[’'‘`.,]", "", re.sub(r"[‐‑‒–—―]", "-", without_accents)).split())


@cache
def _table() -> TitleRules:
    data = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    words: dict[str, str] = {}
    for name, pattern in data["words"].items():
        words[name] = _filled(pattern, words)
    rules = (
        (_any_of([_filled(pattern, words) for pattern in rule["patterns"]]), _kind(rule["says"]))
        for rule in data["rules"]
    )
    return TitleRules(rules=tuple(rules), everybody=_any_of(data["everybody"]), some=_any_of(data["some"]))


def _kind(says: str) -> ProposalKind | None:
    return None if says == "nothing" else ProposalKind(says)


def _filled(pattern: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        pattern = pattern.replace(f"{{{name}}}", word)
    return pattern


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
