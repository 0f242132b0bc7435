"""The names in a list of participants: which rows of a page belong to expected people, and which to a stranger."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

# Words that products write in place of a person's own name.
_SELF = (
    "you me myself yourself ich du sie moi vous toi yo tu usted eu voce io lei ik jij ty wy jag jeg mina sina "
    "я вы ты 我 你 自分 あなた 나 אני أنت"
)
# Words that they write beside a name.
_ROLES = (
    "host cohost co-host guest moderator presenter organizer organiser attendee participant viewer teacher student "
    "owner admin speaker external unverified gast gastgeber gastgeberin moderatorin organisator lehrer lehrerin invite "
    "hote animateur animatrice organisateur organisatrice invitado anfitrion anfitriona moderador moderadora "
    "organizador organizadora convidado anfitriao ospite organizzatore moderatore gost prowadzacy gosc vard gjest "
    "гость ведущий организатор модератор 主持人 来宾 ゲスト ホスト 호스트 게스트"
)
INITIALS = 3
"""The most letters of an avatar that stands for a picture."""

_BRACKETS = re.compile(r"[(\[（【][^()\[\]（）【】]*[)\]）】]")
_SEPARATORS = re.compile(r"\s*[,;·•|/]\s*|\s+[-–—]\s+")
_AND = re.compile(r"\s+(?:and|und|et|y|e)\s+")
_NUMBER = re.compile(r"\d+")
# Marks, characters without width, symbols, and the private letters that fonts of icons use.
_DROPPED = frozenset({"Mn", "Cf", "So", "Sk", "Co", "Cs"})


def plain(text: str) -> str:
    """A text as it is compared: without case, accents, icons, signs that have no width, and additional spaces."""
    letters = unicodedata.normalize("NFKD", text)
    return " ".join("".join(one for one in letters if unicodedata.category(one) not in _DROPPED).split()).casefold()


SELF_WORDS = frozenset(map(plain, _SELF.split()))
PRESENTATIONS = frozenset(
    {
        "presentation", "your presentation", "ihre prasentation", "deine prasentation", "votre presentation",
        "tu presentacion", "su presentacion", "la tua presentazione", "sua apresentacao",
    }
)  # fmt: skip
"""The texts of a row that stands for the screen which a person shows, beside the row of the person."""
ROLE_WORDS = SELF_WORDS | frozenset(map(plain, _ROLES.split()))


def is_expected(row: Iterable[str], names: Collection[str]) -> bool:
    """Whether the texts of a row, in their order on the page, belong to one of the `names`, which are plain.

    One of the texts must be the name, with nothing beside it but brackets and the words of a role: an unknown word may
    be another person's name. A row that says only "You" is the actor's own.
    """
    texts = [text for text in map(plain, row) if text]
    return _is_named(texts, names) or _is_own(texts)


def surplus(rows: Iterable[Collection[str]], names: Mapping[str, int]) -> int:
    """The number of people too many among the expected rows of one list, seen at one time.

    `names` are plain, each with the number of people who bear it: two rows of one name are two people. What an actor
    presents, and rows of people who are not expected, are not counted.
    """
    texts = [[text for text in map(plain, row) if text] for row in rows]
    people = [row for row in texts if not PRESENTATIONS.intersection(row) and is_expected(row, names)]
    # The longest that fits: "Ada Student" is not "Ada" in the role of a student.
    own = [max((name for name in names if _is_named(row, (name,))), key=len, default="") for row in people]
    too_many = sum(max(0, shown - names[name]) for name, shown in Counter(own).items() if name)
    return max(too_many, len(people) - sum(names.values()))


def _is_named(texts: Sequence[str], names: Collection[str]) -> bool:
    beside = _beside_initials(texts)
    return any(_is_name(text, names) for text in (*texts, " ".join(texts), " ".join(beside)))


def _is_own(texts: Sequence[str]) -> bool:
    # Initials may be a word such as "me" or "du".
    beside = _beside_initials(texts)
    return any(text in SELF_WORDS for text in beside) and all(map(_are_role_words, beside))


def _beside_initials(texts: Sequence[str]) -> Sequence[str]:
    return texts[1:] if len(texts) > 1 and len(texts[0]) <= INITIALS else texts


def counted(text: str) -> int:
    """The number of people in a text such as "Participants (3)"; 0 where it has none."""
    found = _NUMBER.search(text)
    return int(found[0]) if found else 0


def _is_name(text: str, names: Collection[str]) -> bool:
    bare = " ".join(_BRACKETS.sub(" ", text).split())
    if text in names or bare in names or _given_name_first(bare) in names:
        return True
    parts = [part for part in _SEPARATORS.split(bare) if part]
    parts = [piece for part in parts for piece in ([part] if part in names else _AND.split(part))]
    if len(parts) > 1 and any(part in names for part in parts):
        return all(part in names or _are_role_words(part) for part in parts)
    return any(bare.startswith(f"{name} ") and _are_role_words(bare[len(name) :]) for name in names)


def _given_name_first(text: str) -> str:
    """The name that is written "Student, Ada"; the text itself where it is not written so."""
    family, comma, given = text.partition(", ")
    return f"{given} {family}" if comma else text


def _are_role_words(text: str) -> bool:
    return all(word in ROLE_WORDS for word in text.split())
