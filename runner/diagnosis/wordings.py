"""The words in which products refuse an account or say that they are full, in the languages that districts meet.

A subject and a fault near each other in one sentence, and not whole phrases: products word it in a hundred ways. The
words are those of Keycloak's and Mozilla's translations, Entra, Google, Firebase, Supabase, Symfony and Laravel, and
for Haitian Creole and Tagalog of the applications that have them. All letters are compared without case and accents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firstbell.runner.diagnosis.cause import Cause

# Between the subject and the fault: "Your password, which you changed in May, is incorrect" has 31.
_NEAR = r"[^.!?。！？؟|]{0,45}?"
_SENTENCE = re.compile(r"[^.!?。！？؟|\n]+[.!?。！？؟|\n]?")
QUOTE_LIMIT = 120

# Language: (names of the secret or of the pair, words for wrong).
_CREDENTIALS: Mapping[str, tuple[str, str]] = {
    "en": (
        r"passwords?|passcode|user ?names?|user ?id|credentials?|log-?in|sign-?in|e-?mail( address)?",
        r"incorrect|wrong|invalid|not (recogni[sz]ed|correct|valid|right)|(do|does|did)(n'?t| not) match|bad|unknown",
    ),
    "es": (
        r"contrasena|usuario|credenciales|clave|correo|inicio de sesion",
        r"incorrect[oa]s?|errone[oa]s?|invalid[oa]s?|no (es |son )?(correct|valid)\w+|no coinciden?|equivocad[oa]s?",
    ),
    "pt": (
        r"senha|palavra-passe|usuario|utilizador|credenciais|e-?mail",
        r"incorret[oa]s?|incorrect[oa]s?|invalid[oa]s?|errad[oa]s?|nao (conferem?|coincidem?|correspondem?)",
    ),
    "fr": (
        r"mot de passe|identifiants?|nom d.?utilisateur|adresse e-?mail|courriel",
        r"incorrecte?s?|invalides?|errone\w*|non valides?|mauvais|ne correspond\w*",
    ),
    "de": (
        r"passwort|kennwort|benutzername|anmeldedaten|zugangsdaten",
        r"falsch|ungultig\w*|nicht korrekt|inkorrekt|stimm\w+ nicht|nicht richtig",
    ),
    "ht": (r"mo ?d?e?pas|paswod|non itilizate|imel", r"pa ((te|ki) )?(korek|bon|valab|matche)|envalid|enkorek|move"),
    "vi": (
        r"mat khau|ten đang nhap|ten nguoi dung|tai khoan|thong tin đang nhap",
        r"khong (đung|hop le|chinh xac|khop)|\bsai\b",
    ),
    "tl": (r"passwords?|user ?(name|id)|kredensyal|email", r"\bmali(ng)?\b|hindi (tama|wasto|tugma|valid)|di wasto"),
    "ru": (
        r"парол\w*|логин\w*|им\w+ пользователя|учетн\w+ данн\w+",
        r"неверн\w+|неправильн\w+|недеиствительн\w+|некорректн\w+|не совпада\w+|не подходит",
    ),
    "ar": (
        r"كلمة المرور|كلمة السر|اسم المستخدم|بيانات (الاعتماد|الدخول|تسجيل الدخول)",
        r"غير صحيح\w*|غير صالح\w*|خاطئ\w*|خطا|خاطيء\w*|لا تتطابق",
    ),
    "zh": (
        r"密码|密碼|用户名|用戶名|使用者名稱|帐号|帳號|账号|賬號|账户|帳戶|賬戶|凭据|凭证|憑證",
        r"错误|錯誤|不正确|不正確|无效|無效|有误|有誤|不符|不匹配|不对|不對|不存在",
    ),
    "ko": (
        r"비밀번호|암호|사용자 ?이름|사용자 ?명|아이디|자격 ?증명|로그인 정보",
        r"잘못|올바르지|일치하지|틀렸|틀린|틀립|유효하지|맞지 ?않|정확하지|옳지",
    ),
}
_UNKNOWN_ACCOUNT = (
    r"(could ?n[o']t|can'?t|cannot|unable to|did ?n[o']t) find (\w+ ){0,3}account|account (does ?n[o']t|does not) exist"
    r"|no account (was )?(found|with)|user (was )?(not found|does not exist)|we do ?n[o']t recogni[sz]e (this|your)"
)
# Language: (names of an account, words for locked).
_LOCKED: Mapping[str, tuple[str, str]] = {
    "en": (r"accounts?|users?|profile", r"locked( out)?|disabled|suspended|deactivated|blocked|not active|inactive"),
    "es": (r"cuenta|usuario", r"bloquead[oa]|deshabilitad[oa]|inhabilitad[oa]|desactivad[oa]|suspendid[oa]"),
    "pt": (r"conta|usuario|utilizador", r"bloquead[oa]|desativad[oa]|desabilitad[oa]|suspens[oa]"),
    "fr": (r"compte|utilisateur", r"verrouille\w*|bloque\w*|desactive\w*|suspendue?"),
    "de": (r"konto|benutzer", r"gesperrt|deaktiviert"),
    "ht": (r"kont", r"bloke|femen|dezaktive|sispann"),
    "vi": (r"tai khoan", r"bi khoa|tam khoa|vo hieu hoa|đinh chi|bi chan"),
    "tl": (r"account", r"na-?lock|naka-?lock|naka-?disable|na-?block|naka-?block|sinuspinde|suspendido"),
    "ru": (r"учетн\w+ запис\w+|аккаунт\w*|пользовател\w+", r"заблокирован\w*|отключен\w*|приостановлен\w*"),
    "ar": (r"حساب\w*|المستخدم", r"مقفل|قفل|مغلق|حظر|محظور|معطل|تعطيل|موقوف|ايقاف"),
    "zh": (r"帐户|账户|帳戶|賬戶|帐号|账号|帳號|賬號|用户|用戶|使用者", r"锁定|鎖定|停用|禁用|冻结|凍結|封锁|封鎖"),
    "ko": (r"계정|사용자", r"잠겼|잠김|잠겨|잠금|차단|정지|비활성"),
}
_EXPIRED = (
    r"password (has |is )?expired|expired password|must (change|reset|update) your password|password must be changed",
    r"(contrasena|clave) (ha |esta )?(caducad|expirad|vencid|caduco|expiro)\w*|debe cambiar (la|su) contrasena",
    r"(senha|palavra-passe) (esta |foi )?(expirou|expirada|venceu|vencida)",
    r"mot de passe (a |est )?(expire|perime)",
    r"(passwort|kennwort) ist abgelaufen",
    r"modpas ?(ou|la|ou a)? (te )?(fin )?ekspire",
    r"mat khau (cua ban )?(đa )?het han",
    r"password .{0,16}(nag-?expire|expired na|paso na)",
    r"срок деиствия .{0,12}парол\w+ .{0,6}истек|парол\w+ (истек|просрочен)",
    r"انتهت (صلاحية|مدة) كلمة|كلمة (المرور|السر) .{0,14}(منتهية|انتهت)",
    r"密码.{0,4}过期|密碼.{0,4}(過期|到期)",
    r"(비밀번호|암호).{0,10}만료",
)
_ATTEMPTS = (
    r"too many (\w+ ){0,3}(attempts|tries|log-?ins|sign-?ins)|temporarily (locked|blocked)",
    r"demasiados (intentos|inicios)",
    r"(muitas|excesso de|numero maximo de) tentativas",
    r"trop de (\w+ )?tentatives",
    r"zu viele (\w+ ){0,2}(versuche|anmeldeversuche)",
    r"twop (ese|tantativ|fwa)",
    r"qua nhieu lan|nhieu lan (thu|đang nhap)",
    r"masyadong maraming (mga )?(pagtatangka|pagsubok|attempt)",
    r"слишком много (\w+ )?попыт\w+",
    r"(عدد كبير|الكثير|كثير) من (ال)?محاولات|محاولات (كثيرة|عديدة|فاشلة كثيرة)",
    r"(尝试|嘗試|登录|登入|失败|失敗|错误|錯誤).{0,8}(次数|次數)?(过多|過多|太多)",
    r"시도.{0,14}(많|초과)",
)
_FULL = (
    r"(maximum|max\.?|allowed) (number|amount) of (participants|users|people|attendees|seats|connections|guests)",
    r"(maximum|max\.?|allowed) (number|amount) of (publishers|presenters|speakers|cameras) .{0,16}(reached|exceeded)",
    r"(participants?|users?|attendees?|capacity|licen[sc]es?|seats?|connections?) limit .{0,24}(reached|exceeded)",
    r"(reached|exceeded) (its|the|your) (maximum )?(participants?|users?|attendees?|capacity|licen[sc]es?) limit",
    r"max_?(imum_?)?(participants|users|attendees)_?(reached|exceeded)",
    r"(meeting|room|class|session|call|server|webinar|lobby) (is|has been|is already|is currently) (full|at capacity)",
    r"(limit|number) of (participants|licen[sc]es|users|attendees) .{0,16}(reached|exceeded)|at (full )?capacity",
    r"(no|not enough|out of) (free |more |available )?(seats|licen[sc]es|capacity)( left| available)?",
)
# Sentences that say what would be: no sign-in page has failed because it says how many attempts are allowed.
_CONDITIONAL = re.compile(
    r"\b(if|when|after|once|will be|unless|before|in case|forgot\w*|si|despues|cuando|apres|lorsque|quand|quando|depois"
    r"|wenn|nach|neu|nếu|neu ban|khi|kapag|kung|если|после|когда|اذا|عند|بعد)\b|如果|若|当您|當您|하면|경우"
)


# A one-time code is another matter than a password: "Sign in. That code is not valid".
_ONE_TIME_CODE = re.compile(
    r"\b(codes?|codigos?|kod|otp|pin|ma xac (minh|thuc)|код\w*)\b|رمز|验证码|驗證碼|인증 ?(코드|번호)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The cause that words stand for, and the sentence that says so."""

    cause: Cause
    quote: str


def _pair(subjects: str, faults: str) -> str:
    return rf"({subjects}){_NEAR}({faults})|({faults}){_NEAR}({subjects})"


_PATTERNS: tuple[tuple[Cause, re.Pattern[str]], ...] = (
    (Cause.PASSWORD_EXPIRED, re.compile("|".join(_EXPIRED))),
    (Cause.ACCOUNT_LOCKED, re.compile("|".join([*_ATTEMPTS, *(_pair(*words) for words in _LOCKED.values())]))),
    (
        Cause.CREDENTIALS_REFUSED,
        re.compile("|".join([_UNKNOWN_ACCOUNT, *(_pair(*words) for words in _CREDENTIALS.values())])),
    ),
)
# Codes of error bodies: Entra, Okta, Firebase, Supabase, Keycloak, OAuth's password grant.
_CODES: tuple[tuple[Cause, re.Pattern[str]], ...] = (
    (Cause.PASSWORD_EXPIRED, re.compile(r"aadsts50055|password_?expired|credentials_?expired")),
    (
        Cause.ACCOUNT_LOCKED,
        re.compile(
            r"aadsts5005[37]|locked_?out|(account|user)_?(is_?)?(locked|disabled)|too_?many_?(attempts|requests)"
        ),
    ),
    (
        Cause.CREDENTIALS_REFUSED,
        re.compile(
            r"aadsts50126|aadsts50034|invalid_?(user_?)?(credentials?|login|password|user)|bad_?credentials"
            r"|wrong[_-]?password|invalid[_-]login[_-]credentials|user-not-found|authentication failed|e0000004"
        ),
    ),
)


def refusal_in(text: str) -> Wording | None:
    """Returns the words with which a text refuses an account; None if it does not."""
    for sentence in _sentences(text):
        plain = plain_letters(sentence)
        if not _CONDITIONAL.search(plain) and not plain.rstrip().endswith(("?", "？", "؟")):
            for cause, pattern in _PATTERNS:
                found = pattern.search(plain)
                if found and not (cause is Cause.CREDENTIALS_REFUSED and _ONE_TIME_CODE.search(found[0])):
                    return Wording(cause=cause, quote=_around(plain, sentence, found))
    return None


def refusal_code_in(text: str) -> Cause | None:
    """Returns the cause that an error body's codes stand for; None if they are of another kind, such as a code that was
    used twice or a client that is not known."""
    plain = plain_letters(text)
    return next((cause for cause, pattern in _CODES if pattern.search(plain)), None)


def capacity_in(text: str) -> str:
    """Returns the sentence with which a text says that no more people fit in; empty if it does not."""
    for sentence in _sentences(text):
        plain = plain_letters(sentence)
        if not _CONDITIONAL.search(plain) and (found := _FULL_PATTERN.search(plain)):
            return _around(plain, sentence, found)
    return ""


_FULL_PATTERN = re.compile("|".join(_FULL))


def plain_letters(text: str) -> str:
    """Returns a text without case and accents, so that "Contraseña" and "CONTRASENA" are one word."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return unicodedata.normalize("NFC", "".join(char for char in apart if not unicodedata.combining(char)))


def _sentences(text: str) -> Iterator[str]:
    return (found[0] for found in _SENTENCE.finditer(text))


def _around(plain: str, sentence: str, found: re.Match[str]) -> str:
    """Returns the sentence, or the part of a long one in which the words stand."""
    if len(sentence) <= QUOTE_LIMIT or len(plain) != len(sentence):
        return sentence.strip()[:QUOTE_LIMIT]
    begin = max(0, found.start() - 20)
    return sentence[begin : begin + QUOTE_LIMIT].strip()
