"""An adapter is loaded by its kind, from here or from outside; each mistake in it is one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbell.journeys.adapters.loading import KINDS, UnknownKind, adapter_faults, kinds_for, load_adapter
from firstbell.journeys.adapters.presets import Preset, presets
from firstbell.journeys.adapters.words import option_faults
from firstbell.journeys.stage.service import Service

SIGN_IN = "class Mine:\n    def __init__(self, service): ...\n    def sign_in(self, actor): ...\n"


def service(kind: str, name: str = "sign-in", **options: str) -> Service:
    return Service(name=name, owner="", url="https://a.example", kind=kind, options=options)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A configuration's folder. What is imported from it is forgotten afterwards."""
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def test_a_class_is_found_beside_the_configuration(folder: Path) -> None:
    (folder / "my_adapters").mkdir()
    (folder / "my_adapters" / "words.py").write_text("NAME = 'here'\n")
    (folder / "my_adapters" / "way.py").write_text("from my_adapters.words import NAME\n" + SIGN_IN)
    loaded = load_adapter(service("my_adapters.way:Mine"), folder)
    assert loaded.adapter.__name__ == "Mine"
    assert type(loaded.build()) is loaded.adapter


def test_a_package_offers_a_kind_by_entry_point(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "offered_way.py").write_text(SIGN_IN)
    info = folder / "offered-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offered\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[firstbell.adapters]\noffered = offered_way:Mine\n")
    monkeypatch.syspath_prepend(str(folder))
    assert load_adapter(service("offered"), folder).adapter.__module__ == "offered_way"
    assert "offered" in kinds_for("sign-in")


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        (SIGN_IN, "absent_way:Mine", r"there is no module absent_way; create .*absent_way\.py"),
        (SIGN_IN, "a_way.deeper:Mine", r"there is no module a_way\.deeper"),
        ("import absent_thing\n", "a_way:Mine", "a_way needs the module absent_thing, which is not installed"),
        ("def (", "a_way:Mine", r"a_way cannot be imported: SyntaxError: .*\(line 1\)"),
        ("1 / 0\n", "a_way:Mine", "a_way cannot be imported: ZeroDivisionError"),
        (SIGN_IN, "a_way:Mime", r"a_way\.py has no class 'Mime'; did you mean 'Mine'\?"),
        ("Mine = 3\n", "a_way:Mine", "a_way:Mine is no class"),
        (SIGN_IN, "a way:Mine", "is no import path"),
        ("class Mine:\n    def __init__(self, service): ...\n", "a_way:Mine", r"lacks sign_in\(actor\)"),
        ("class Mine:\n    def sign_in(self, actor): ...\n", "a_way:Mine", "let it take one argument, the service"),
        (SIGN_IN.replace("service", "service, more"), "a_way:Mine", r"built by Mine\(service, more\)"),
        (SIGN_IN.replace("actor", ""), "a_way:Mine", r"has sign_in\(\) instead of sign_in\(actor\)"),
    ],
)
def test_a_class_that_cannot_be_used_says_why_in_one_sentence(folder: Path, source: str, kind: str, said: str) -> None:
    (folder / "a_way.py").write_text(source)
    with pytest.raises(UnknownKind, match=said) as raised:
        load_adapter(service(kind), folder)
    assert len(str(raised.value).splitlines()) == 1


def test_a_room_may_lack_what_products_lack_and_must_have_the_rest(folder: Path) -> None:
    (folder / "a_room.py").write_text(
        "class Mine:\n    def __init__(self, service): ...\n    def open(self, h, t): ...\n"
    )
    with pytest.raises(UnknownKind, match=r"lacks class_of\(title\), which a live-class needs; add it"):
        load_adapter(service("a_room:Mine", "live-class"), folder)


def test_a_kind_of_another_service_is_told_apart(folder: Path) -> None:
    with pytest.raises(UnknownKind, match="there is no platform of kind 'keycloak'; that is a kind of sign-in"):
        load_adapter(service("keycloak", "platform"), folder)


def test_a_preset_fills_words_and_the_configuration_has_the_last_one(folder: Path) -> None:
    loaded = load_adapter(service("keycloak", username_label="Pupil"), folder)
    assert loaded.service.options["username_label"] == "Pupil"
    assert loaded.service.options["password_label"] == "css=#password"
    loaded.build()


def test_an_unknown_option_is_a_mistake_with_its_key(folder: Path) -> None:
    faults = list(adapter_faults(service("redirect", usrname_label="Pupil"), folder))
    assert faults == [
        (("options", "usrname_label"), "this adapter has no option of this name; did you mean 'username_label'?")
    ]


@pytest.mark.parametrize("preset", presets().values(), ids=presets().keys())
def test_each_preset_fills_words_that_its_adapter_has(preset: Preset, tmp_path: Path) -> None:
    assert preset.permission
    assert preset.services
    for name in preset.services:
        assert preset.name not in KINDS[name], "a kind of our own would be taken instead"
        loaded = load_adapter(service(preset.name, name), tmp_path)
        assert list(option_faults(loaded.adapter.words, preset.options)) == []
