"""A journey to begin with: it is played as it stands, and says where to go on."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FIXTURES = ("teacher", "student")
"""Roles that have a fixture of their own; anybody else comes on by `actor("role")`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJourney:
    """What is to be written: the journey's name, who plays, and what the district has configured."""

    name: str
    roles: Sequence[str]
    services: Collection[str]

    @property
    def file_name(self) -> str:
        """As pytest finds it."""
        return f"test_{variable(self.name)}.py"


def refusal_of(name: str) -> str:
    """Why a journey cannot be called so; empty where it can."""
    if NAME.fullmatch(name):
        return ""
    near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    hint = f"such as '{near}'" if near else "such as 'math-page'"
    return f"a journey's name has small letters, digits and single hyphens, {hint}"


def variable(name: str) -> str:
    """A name as Python writes it."""
    return re.sub(r"\W+", "_", name)


def variable_of_role(role: str) -> str:
    """What a role is called inside a journey."""
    name = variable(role)
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"person_{name}"


def arguments_of(roles: Sequence[str], more: Sequence[str] = ()) -> list[str]:
    """The fixtures that a journey of these people asks for."""
    others = [role for role in roles if role not in FIXTURES]
    return [*(role for role in roles if role in FIXTURES), *(["actor"] if others else []), *more]


def entrances_of(roles: Sequence[str]) -> list[str]:
    """The lines that bring people on who have no fixture."""
    return [f'{variable_of_role(role)} = actor("{role}")' for role in roles if role not in FIXTURES]


def text_of(wanted: NewJourney) -> str:
    """The file."""
    relies_on = [name for name in ("edge", "sign-in") if name in wanted.services]
    relies_on = relies_on or sorted(wanted.services)[:1] or ["edge"]
    last = "platform" if "platform" in wanted.services else relies_on[-1]
    relies_on = list(dict.fromkeys([*relies_on, last]))
    quoted = ", ".join(f'"{name}"' for name in relies_on)
    lines = [
        '"""Say in one sentence what this journey proves; firstbell and its messages quote it."""',
        "",
        "import pytest",
        "from playwright.sync_api import expect",
        "",
        "",
        f'@pytest.mark.journey("{wanted.name}", relies_on=[{quoted}])',
        f"def test_{variable(wanted.name)}({', '.join(arguments_of(wanted.roles, ['school']))}):",
        *(f"    {line}" for line in entrances_of(wanted.roles)),
    ]
    for role in wanted.roles:
        lines += [f"    {line}" if line else "" for line in _part(variable_of_role(role), relies_on, last)]
    return "\n".join(lines).rstrip() + "\n"


def _part(who: str, relies_on: Sequence[str], last: str) -> list[str]:
    """One person's steps."""
    way_in = {
        "edge": ("opens the portal", f"school.open_portal({who})"),
        "sign-in": ("signs in", f"school.sign_in({who})"),
    }
    lines = []
    for name in relies_on:
        if name in way_in:
            title, does = way_in[name]
            lines += [f'with {who}.step("{title}", relies_on="{name}"):', f"    {does}"]
    if not lines:
        lines = [
            f'with {who}.step("opens the page", relies_on="{last}"):',
            f'    {who}.go(school.service("{last}").url)',
        ]
    return [
        *lines,
        f'with {who}.step("sees the page", relies_on="{last}"):',
        "    # Go on from here: click, then expect what this person must see.",
        f'    # {who}.page.get_by_role("link", name="My classes").click()',
        f'    expect({who}.page.get_by_role("heading").first).to_be_visible()',
        "",
    ]
