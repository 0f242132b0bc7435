"""Tests that redaction and `record` know a secret's field by its words in the languages of families.

The names are those of real forms and interfaces, written down apart from the table.
"""

from __future__ import annotations

import pytest

from firstbell.artifacts.redaction.by_key import clean_value
from firstbell.artifacts.redaction.by_pattern import clean_text
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.runner.authoring.field_words import CODE_FIELD, SECRET_FIELD, matches_any

NAMES = [
    "nuevaContrasena",
    "contraseña",
    "clave",
    "motDePasse",
    "mot_de_passe",
    "mdp",
    "senha",
    "palavra_passe",
    "kennwort",
    "matkhau",
    "mat-khau",
    "密码",
    "驗證碼",
    "비밀번호",
    "인증번호",
    "пароль",
    "parol",
    "modpas",
    "كلمة_المرور",
    "رمز_التحقق",
    "kontrasenyas",
    "codigo_de_verificacion",
    "pin",
    "passcode",
    "otp",
]
LABELS = [
    "Contrase\u00f1a",
    "MOT DE PASSE",
    "Mật khẩu mới",
    "Mat khau",
    "请输入密码",
    "비밀번호 입력",
    "كلمة المرور",
    "Ang iyong kontrasenyas",
    "Modpas ou",
    "Palavra-passe",
    "Введите пароль",
    "Código de verificación",
    "인증번호",
    "One-time code",
]
HARMLESS = ["city", "shopping", "stateful", "tokyo", "email", "language", "spin", "passage_nr", "usuario", "логин"]


def redactor() -> Redactor:
    return Redactor(KnownSecrets(()))


@pytest.mark.parametrize("name", NAMES)
def test_value_of_a_name_is_removed_from_an_address_and_a_page(name: str) -> None:
    assert "a1b2c3" not in clean_text(f"https://x.test/?x=1&{name}=a1b2c3", redactor())
    row = {"queryString": [{"name": name, "value": "a1b2c3"}]}
    assert "a1b2c3" not in str(clean_value(row, redactor()))


@pytest.mark.parametrize("label", LABELS)
def test_text_typed_into_a_field_is_removed_and_record_knows_the_field(label: str) -> None:
    call = {"method": "fill", "params": {"selector": f'internal:label="{label}"i', "value": "a1b2c3"}}
    assert "a1b2c3" not in str(clean_value(call, redactor()))
    assert matches_any([label], SECRET_FIELD) or matches_any([label], CODE_FIELD)


@pytest.mark.parametrize("name", HARMLESS)
def test_other_names_keep_their_value(name: str) -> None:
    assert clean_text(f"https://x.test/?{name}=a1b2c3", redactor()).endswith("=a1b2c3")
