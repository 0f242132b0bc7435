"""The tables of firstbell.toml as pydantic models, one module for each table, and their base class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema


class Section(BaseModel):
    """One table of the file. A key that it does not know is a mistake."""

    # Validators are built when they are first used: that of the whole file contains those of its tables.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression for a text. `faults` says which sentence fits a text that does not match: the first whose
    own expression is found in it, else `fault`. No sentence repeats the text, which may be a secret in a wrong key."""

    regex: str
    fault: str
    faults: tuple[tuple[str, str], ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": self.regex}

    def _check(self, text: str) -> str:
        if not re.search(self.regex, text):
            raise ValueError(next((fault for sign, fault in self.faults if re.search(sign, text)), self.fault))
        return text


NAME_LIMIT = 80
"""The longest name, in characters: the width of the columns of history that hold names."""
_NAME_HINT = 'write small letters, digits and single hyphens, such as "live-class"'
Name = Annotated[
    str,
    Pattern(
        rf"^(?=.{{1,{NAME_LIMIT}}}$)[a-z0-9]+(-[a-z0-9]+)*$",
        f"a name has letters or digits around a hyphen; {_NAME_HINT}",
        (
            (r"^$", f"this name is empty; {_NAME_HINT}"),
            (r"[A-Z]", f"a name has no capital letters; {_NAME_HINT}"),
            (r"_", f"a name has no underscores; {_NAME_HINT}"),
            (r"\s", f"a name has no spaces; {_NAME_HINT}"),
            (r"[^a-z0-9-]", f"a name has no such characters; {_NAME_HINT}"),
            (rf".{{{NAME_LIMIT + 1}}}", f"a name has at most {NAME_LIMIT} characters; shorten it"),
        ),
    ),
]

NOT_HTTP = (r"^(?!https?://)", "an address begins with http:// or https://; write it in front, in small letters")
ADDRESS_FAULTS = (
    NOT_HTTP,
    (r"\s", "an address has no spaces; leave them out"),
    (r"@", "an address holds no user name or password; leave out all up to the @"),
)
WebAddress = Annotated[
    str,
    Pattern(
        r"^(https?://[^\s/@]+(/\S*)?)?$",
        'this address names no host; write one such as "https://portal.district.example"',
        ADDRESS_FAULTS,
    ),
]
