"""Writes a new journey, which runs as it is and marks where to continue."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FIXTURES = ("teacher", "student")
"""Roles with a fixture of their own; other roles use `actor("role")`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJourney:
    """The journey to write: its name, its roles, and the services of the district. `has_sign_in`: its sign-in has an
    adapter; without one, the journey finds its own way through those pages."""

    name: str
    roles: Sequence[str]
    services: Collection[str]
    has_sign_in: bool = True

    @property
    def file_name(self) -> str:
        """The file name, as pytest collects it."""
        return f"test_{variable(self.name)}.py"


def refusal_of(name: str) -> str:
    """The reason why a journey name is invalid; empty if it is valid."""
    if NAME.fullmatch(name):
        return ""
    near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    hint = f"such as '{near}'" if near else "such as 'math-page'"
    return f"write a journey's name with lower-case letters, digits and single hyphens, {hint}"


def variable(name: str) -> str:
    """Turns a name into a Python identifier."""
    return re.sub(r"\W+", "_", name)


def variable_of_role(role: str) -> str:
    """The variable of a role inside a journey."""
    name = variable(role)
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"person_{name}"


def arguments_of(roles: Sequence[str], more: Sequence[str] = ()) -> list[str]:
    """The fixtures of a journey with these roles."""
    others = [role for role in roles if role not in FIXTURES]
    return [*(role for role in roles if role in FIXTURES), *(["actor"] if others else []), *more]


def entrances_of(roles: Sequence[str]) -> list[str]:
    """The lines that create actors for roles without a fixture."""
    return [f'{variable_of_role(role)} = actor("{role}")' for role in roles if role not in FIXTURES]


def text_of(journey: NewJourney) -> str:
    """The text of the file."""
    doors = ("edge", "sign-in") if journey.has_sign_in else ("edge",)
    relies_on = [name for name in doors if name in journey.services]
    relies_on = relies_on or sorted(journey.services)[:1] or ["edge"]
    last = "platform" if "platform" in journey.services else relies_on[-1]
    relies_on = list(dict.fromkeys([*relies_on, last]))
    quoted = ", ".join(f'"{name}"' for name in relies_on)
    lines = [
        '"""Say in one sentence what this journey proves; firstbell and its messages quote it."""',
        "",
        "import pytest",
        "from playwright.sync_api import expect",
        "",
        "",
        f'@pytest.mark.journey("{journey.name}", relies_on=[{quoted}])',
        f"def test_{variable(journey.name)}({', '.join(arguments_of(journey.roles, ['school']))}):",
        *(f"    {line}" for line in entrances_of(journey.roles)),
    ]
    for role in journey.roles:
        lines += [f"    {line}" if line else "" for line in _part(variable_of_role(role), relies_on, last, doors)]
    return "\n".join(lines).rstrip() + "\n"


def _part(actor: str, relies_on: Sequence[str], last: str, doors: Collection[str]) -> list[str]:
    """The steps of one actor."""
    sign_in_steps = {
        "edge": ("opens the portal", f"school.open_portal({actor})"),
        "sign-in": ("signs in", f"school.sign_in({actor})"),
    }
    lines = []
    for name in relies_on:
        if name in doors:
            title, call = sign_in_steps[name]
            lines += [f'with {actor}.step("{title}", relies_on="{name}"):', f"    {call}"]
    if not lines:
        lines = [
            f'with {actor}.step("opens the page", relies_on="{last}"):',
            f'    {actor}.go(school.service("{last}").url)',
        ]
    return [
        *lines,
        f'with {actor}.step("sees the page", relies_on="{last}"):',
        "    # Continue here: click, then expect what this person must see.",
        f'    # {actor}.page.get_by_role("link", name="My classes").click()',
        f'    expect({actor}.page.get_by_role("heading").first).to_be_visible()',
        "",
    ]
