"""Words that refuse an account, in the languages of a district's people, and words that only look like it."""

from __future__ import annotations

import pytest

from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.wordings import capacity_in, refusal_in

REFUSED = (
    "Your account or password is incorrect. If you don't remember your password, reset it now.",
    "Sorry, that login is invalid. Try again.",
    "Couldn’t find your Google Account",
    "That Microsoft account doesn't exist.",
    "USUARIO O CONTRASEÑA INCORRECTOS",
    "Nombre de usuario o contraseña no válidos.",
    "Senha incorreta. Tente novamente.",
    "Nom d'utilisateur ou mot de passe invalide.",
    "Ungültiger Benutzername oder Passwort.",
    "Imèl oswa modpas la pa kòrèk.",
    "Tên đăng nhập hoặc mật khẩu không đúng.",
    "Sai mật khẩu.",
    "Maling username o password",
    "Неверное имя пользователя или пароль.",
    "اسم المستخدم أو كلمة المرور غير صالحة.",
    "无效的用户名或密码。",
    "帳號或密碼錯誤",
    "잘못된 사용자 이름 또는 비밀번호입니다.",
    "비밀번호가 일치하지 않습니다.",
)
LOCKED = (
    "Your account is temporarily locked to prevent unauthorized use.",
    "Su cuenta está bloqueada.",
    "A sua conta foi desativada.",
    "Votre compte a été verrouillé.",
    "Kont ou bloke.",
    "Tài khoản của bạn đã bị khóa.",
    "Masyadong maraming pagtatangka sa pag-login.",
    "Ваша учетная запись заблокирована.",
    "تم قفل حسابك بسبب عدة محاولات فاشلة.",
    "您的帐户已被锁定",
    "帳戶已停用",
    "계정이 잠겼습니다.",
    "Too many failed login attempts.",
)
EXPIRED = (
    "Your password has expired and must be changed.",
    "Su contraseña ha caducado.",
    "A sua senha expirou.",
    "Votre mot de passe a expiré.",
    "Mật khẩu của bạn đã hết hạn.",
    "密码已过期",
    "비밀번호가 만료되었습니다.",
    "انتهت صلاحية كلمة المرور.",
)
HARMLESS = (
    "Sign in One-time code That code is not valid.",
    "Iniciar sesión El código no es válido.",
    "Username Password Forgot password? Sign in",
    "Your account will be locked after 5 incorrect password attempts.",
    "If your password is incorrect, call the help desk.",
    "Si olvidó su contraseña, llame a la escuela.",
    "Password expired? Reset it here.",
    "Welcome back, Ana. Your classes start at 8:00.",
    "如果您忘记密码，请联系学校。",
    "Sign in with your school account. Never share your password.",
)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        *((text, Cause.CREDENTIALS_REFUSED) for text in REFUSED),
        *((text, Cause.ACCOUNT_LOCKED) for text in LOCKED),
        *((text, Cause.PASSWORD_EXPIRED) for text in EXPIRED),
        *((text, None) for text in HARMLESS),
    ],
)
def test_words_beside_a_form_say_why_an_account_is_refused(text: str, cause: Cause | None) -> None:
    found = refusal_in(f"Portal of the district. {text} Help")
    assert (found.cause if found else None) is cause


@pytest.mark.parametrize(
    ("text", "is_full"),
    [
        ("Maximum number of participants reached.", True),
        ("Your meeting has reached its participant limit.", True),
        ("The meeting is full", True),
        ("License limit reached", True),
        ("maxParticipantsReached", True),
        ("Maximum number of publishers (1) already reached", True),
        ("The allowed number of speakers has been exceeded", True),
        ("Maximum number of presenters: 4", False),
        ("If the room is full, try plan B.", False),
        ("Participants: 3", False),
    ],
)
def test_words_say_that_no_more_people_fit_in(text: str, *, is_full: bool) -> None:
    assert bool(capacity_in(text)) is is_full
