"""People, bell schedule and classes of the practice school, all invented. Passwords are new at every start."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Literal

Role = Literal["teacher", "student"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person with an account. `totp_key` (base32) makes one-time codes; the sign-in asks for one always where
    `asks_code` is set, and otherwise while the fault sign-in-code-refused is on."""

    username: str
    display_name: str
    role: Role
    password: str = field(repr=False)
    totp_key: str | None = field(default=None, repr=False)
    asks_code: bool = False
    locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonPeriod:
    """One period of the bell schedule, in the school's time zone."""

    name: str
    begins: time
    ends: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A class in today's list."""

    id: str
    title: str
    teacher: str
    period: LessonPeriod


BELLS = tuple(
    LessonPeriod(name=f"Period {number}", begins=time(hour), ends=time(hour, 50))
    for number, hour in enumerate((8, 9, 10, 11, 13, 14), start=1)
)

LESSONS: Mapping[str, Lesson] = {
    lesson.id: lesson
    for lesson in (
        Lesson(id="math-3", title="Grade 3 Math", teacher="Mr. Okafor", period=BELLS[0]),
        Lesson(id="reading-3", title="Grade 3 Reading", teacher="Ms. Rivera", period=BELLS[1]),
        Lesson(id="science-3", title="Grade 3 Science", teacher="Ms. Rivera", period=BELLS[3]),
        Lesson(id="art-3", title="Art and Music", teacher="Mr. Lindqvist", period=BELLS[4]),
    )
}
"""Today's classes: the same every day, so that the school can be used at any time."""

OTHER_DAY = tuple(
    Lesson(id=id_, title=title, teacher=teacher, period=period)
    for id_, title, teacher, period in (
        ("library-3", "Library Hour", "Ms. Novak", BELLS[0]),
        ("sports-3", "Physical Education", "Mr. Okafor", BELLS[2]),
        ("spanish-3", "Grade 3 Spanish", "Ms. Duarte", BELLS[3]),
    )
)
"""Yesterday's classes."""

CLASS_TITLE = "Grade 3 Reading"


def create_people() -> dict[str, Person]:
    """Creates the people of one practice school, by account name ("teacher", "student", "student2", ...)."""
    pupils = ("Ada Zz", "Ben Zz", "Cleo Zz", "Dan Zz", "Eva Zz", "Finn Zz", "Gia Zz", "Hugo Zz")
    people = {"teacher": _person("zz.rivera", "Ms. Rivera", "teacher")}
    for number, name in enumerate(pupils, start=1):
        key = "student" if number == 1 else f"student{number}"
        people[key] = _person(f"zz.student{number:02}", name, "student")
    people["student-totp"] = replace(_person("zz.totp", "Ivy Zz", "student"), asks_code=True)
    people["student-locked"] = replace(_person("zz.locked", "Jon Zz", "student"), locked=True)
    return people


def _person(username: str, display_name: str, role: Role) -> Person:
    return Person(
        username=username,
        display_name=display_name,
        role=role,
        password=secrets.token_urlsafe(12),
        totp_key=base64.b32encode(secrets.token_bytes(20)).decode(),
    )
