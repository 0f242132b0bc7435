"""Words that identify a field for a password, a one-time code or a user name.

They cover English and the languages in which districts write to families. Words are compared without case, accents and
compatibility forms, so that they match labels without accents too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

ANYWHERE_SECRET = (
    "passw", "passcode", "passphrase", "pwd",
    "contraseña",  # Spanish
    "mot de passe", "mots de passe", "code secret", "code confidentiel",  # French
    "kennwort", "geheimzahl",  # German, whose words grow together
    "palavra-passe", "palavra passe",  # Portuguese
    "mật khẩu",  # Vietnamese
    "密码", "密碼", "口令",  # Chinese
    "modpas", "mo de pas",  # Haitian Creole
    "كلمة المرور", "كلمة السر", "الرقم السري",  # Arabic
    "пароль", "비밀번호", "パスワード",  # Russian, Korean, Japanese
)  # fmt: skip
# Short words, and parts of other words: "pin" is in "shopping", and a Spanish "palabra clave" is a search word.
ALONE_SECRET = (
    r"secret(?!ar)", r"\bpin\b", r"\bmdp\b", r"\bsenhas?\b", r"(?<!palabra )(?<!palabras )\bclaves?\b",
    r"^[#.\[].*(?:\bpass\b|[_-]pass|userpass|loginpass)",
)  # fmt: skip
ANYWHERE_CODE = (
    "one-time", "one time", "onetime", "authenticat", "verification code", "security code", "two-factor", "two factor",
    "código de verificación", "código de seguridad", "un solo uso",  # Spanish
    "code de vérification", "code de sécurité", "usage unique",  # French
    "bestätigungscode", "sicherheitscode", "verifizierungscode", "einmalcode", "einmalpasswort", "einmalkennwort",
    "código de verificação", "código de segurança",  # Portuguese
    "mã xác minh", "mã xác nhận", "mã xác thực",  # Vietnamese
    "验证码", "驗證碼", "一次性密",  # Chinese
    "kòd verifikasyon",  # Haitian Creole
    "رمز التحقق",  # Arabic
    "код подтверждения", "인증번호", "確認コード",  # Russian, Korean, Japanese
)  # fmt: skip
ALONE_CODE = (r"\botp\b",)
ANYWHERE_USER = (
    "username", "user name", "user-name", "user_name", "userid", "user id", "email", "e-mail", "login", "log-in",
    "student id", "student number",
    "usuario", "usuário", "correo electrónico", "utilizador", "nom d'utilisateur", "nom d’utilisateur", "identifiant",
    "courriel", "benutzer", "anmeldename", "nutzername",
    "tên đăng nhập", "tên người dùng", "用户名", "用戶名", "账号", "帐号", "帳號", "使用者名稱", "non itilizatè",
    "اسم المستخدم", "البريد الإلكتروني", "логин", "имя пользователя", "아이디", "ユーザー名",
)  # fmt: skip
ALONE_USER = (r"\buser\b", r"\baccount\b")
# Words for codes of any kind: with six digits typed, the field takes a one-time code.
ANY_CODE = (r"\bcode\b", r"\bcodigo\b", r"\bkod\b", "رمز", "ma xac")


def plain(text: str) -> str:
    """Normalises a text: no case, accents or compatibility forms."""
    decomposed = unicodedata.normalize("NFKD", text.casefold()).replace("đ", "d")
    return " ".join("".join(char for char in decomposed if unicodedata.category(char) != "Mn").split())


def _one_of(anywhere: Iterable[str], alone: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join([*(re.escape(plain(word)) for word in anywhere), *alone]))


SECRET_FIELD = _one_of(ANYWHERE_SECRET, ALONE_SECRET)
CODE_FIELD = _one_of(ANYWHERE_CODE, ALONE_CODE)
USER_FIELD = _one_of(ANYWHERE_USER, ALONE_USER)
CODE_WORD = _one_of((), ANY_CODE)


def matches_any(words: Iterable[str], of: re.Pattern[str]) -> str:
    """The first word that matches a pattern, as it was written; empty if none does."""
    return next((word for word in words if of.search(plain(word))), "")
