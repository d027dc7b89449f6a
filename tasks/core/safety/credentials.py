"""Keys, tokens and passwords: by the shapes that their issuers give them, or by the word that stands before them."""

import re
from collections.abc import Iterator
from typing import Final

# The issuers' prefixes, gathered from detect-secrets 1.5 (Yelp) and the issuers' own pages.
_TOKENS: Final = (
    r"sk-(?=[A-Za-z_-]{0,60}\d)[\w-]{20,}",  # OpenAI, Anthropic, DeepSeek
    r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}(?![0-9A-Za-z])",  # AWS
    r"gh[pousr]_[0-9A-Za-z]{36,}|github_pat_\w{22,}",
    r"gl[a-z]{2,5}-(?=[A-Za-z_-]{0,20}\d)[\w-]{20,}",
    r"xox[abeoprs]-[0-9A-Za-z-]{10,}|xapp-[0-9A-Za-z-]{10,}",
    r"hooks\.slack\.com/services/T\w+/B\w+/\w+",
    r"AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}",
    r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,}|whsec_[0-9A-Za-z]{24,}",
    r"hf_[0-9A-Za-z]{30,}|npm_[0-9A-Za-z]{36}|pypi-AgE[\w-]{50,}|dapi[0-9a-f]{32}|do[opr]_v1_[0-9a-f]{64}",
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|SG\.[\w-]{22}\.[\w-]{43}|(?:AC|SK)[0-9a-f]{32}(?!\w)",
    r"\d{8,10}:[\w-]{35}(?![\w-])",  # Telegram
    r"eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*)?",  # JSON Web Token, RFC 7519
)
_BEGIN = "-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
_END = "-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
_CUT_BODY = r"(?:(?:\s|\\n){0,4}[A-Za-z0-9+/=]{16,})*"
_NAMES = (
    r"(?:api|access|auth|account|private|secret|signing|encryption|service|client|subscription|master)[ _-]?key"
    r"|sharedaccesskey|(?:access|auth|refresh|session|bearer|id|api|bot|personal access)[ _-]?token|token"
    r"|(?:client|app|api|shared|webhook)[ _-]?secret|secret(?:[ _-]access)?(?:[ _-]key)?|credentials?"
)
_WORDS = (
    r"pass(?:word|wd|phrase|code)|pwd|passwort|kennwort|mot de passe|contraseña|contrasena|senha|wachtwoord|пароль|密码"
)
_SIGN = r"[\"'`]?\]?\s?(?::=|=>|={1,3}|:|>|：)[ \t]{0,4}(?:\n[ \t]{0,4})?[\"'`]?"
_SAID = r"[\"'`]?\s(?:is|was|ist|lautet|est|es)[ :]{1,3}[\"'`]?"
_VALUE = r"[^\s\"'`,;<>(){}\[\]]"
_EMPTY = r"(?:none|null|true|false|required|optional|string|[*.x_-]+)(?!\w)"
_CODE = r"\$\w+(?![^\s;,)])|(?:process\.env|os\.environ|self)\b|[A-Za-z_][\w.]{0,60}[(\[]"
_UNSAID = rf"(?!{_EMPTY}|{_CODE})"
_MIXED = rf"(?={_VALUE}{{0,40}}\d)(?={_VALUE}{{0,40}}[A-Za-z])"
_ODD = r"(?=[^\W\d_]{0,40}[\d!#$%&*+/=@^_~-])(?![^\W\d_]{1,40}-[^\W\d_])"
_LAST = r"(?=[.!?]?[\"'`]?[ \t]{0,4}(?:[\n\r,;<>)}\]]|$))"
_PATTERNS: Final = (
    re.compile(rf"(?<![0-9A-Za-z])(?:{'|'.join(_TOKENS)})", re.ASCII),
    re.compile(rf"{_BEGIN}(?:(?:[^-]|-(?!----)){{1,20000}}{_END}|{_CUT_BODY})"),
    re.compile(
        rf"(?:{_WORDS})(?:{_SIGN})({_UNSAID}(?:{_ODD}{_VALUE}{{4,2000}}|[^\W\d_]{{4,100}}{_LAST}))",
        re.IGNORECASE,
    ),
    re.compile(rf"(?:{_WORDS})(?:{_SAID})({_ODD}{_VALUE}{{5,500}}(?<![.!?]))", re.IGNORECASE),
    re.compile(rf"(?:{_NAMES})(?:{_SIGN}|{_SAID})({_UNSAID}{_MIXED}{_VALUE}{{8,2000}}(?<![.!?]))", re.IGNORECASE),
    re.compile(r"\b(?:bearer|basic) ((?=[A-Za-z._~+/-]{0,60}\d)[\w.~+/-]{16,}={0,2})", re.ASCII | re.IGNORECASE),
    re.compile(r"://[^\s:/@<>]{0,100}:([^\s/@<>]{3,200})@"),
    re.compile(r"[?&](?:sig|signature|X-Amz-Signature)=([\w%+/=-]{16,})", re.IGNORECASE),
)


def credentials(text: str) -> Iterator[tuple[int, int]]:
    """Tokens, private keys, and the values after words such as "password" or "api_key"; the word itself stays."""
    for pattern in _PATTERNS:
        for found in pattern.finditer(text):
            yield found.span(found.lastindex or 0)
