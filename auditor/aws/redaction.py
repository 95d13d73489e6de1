"""What can't be shown, and what must not be, of what AWS, a proxy, the SDK or a credential's program has said."""

import re

_HIDDEN = "…"

# To a wrong signature AWS answers with the text that should have been signed, session token included.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
_REST = r"The Canonical String for this request should have been.*|\bAWS4-HMAC-SHA256\b.*"
_SCHEME = r"(?:Bearer|Basic|Digest|Negotiate|NTLM)\s+[\w.~+/=-]+"
# A section of a report is named `password`, too, and the error code behind it is none.
_NAMES = (
    r"secret[_-]?(?:access[_-]?)?key|client[_-]?secret|private[_-]?key"
    r"|(?:security|session|access|refresh|id|bearer|authorization|identity)[_-]?token"
    r"|authorization|signature|password(?!: [A-Z][A-Za-z]+: )|passwd"
)
_QUOTED = r"b?\\?\"(?:[^\"\\]|\\.)*\"?|b?\\?'(?:[^'\\]|\\.)*'?"
# As JSON, a header, a setting and a query write it; a token by itself must be quoted: sentences speak of tokens, too.
_NAMED = (
    rf"(?P<name>{_NAMES})\\?[\"']?\s*[:=]\s*(?:AWS4-HMAC-SHA256\b.*|{_SCHEME}|{_QUOTED}|[^\s,;&<>\"']+)"
    rf"|(?<![\w])(?P<token>token)\\?[\"']?\s*(?:[:=]\s*(?:{_QUOTED})|=\s*[^\s,;&<>\"']+)"
)
_ELEMENT = rf"<(?P<element>{_NAMES}|token)>[^<]*"
_USER_OF_URL = r"(?<=://)[^/@\s]+(?=@)"
_WEB_IDENTITY = r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?"
# No word is so long. Paths are, and begin with a slash, and the last part of an ARN, behind an account's id.
_LONG = r"(?<![\w/+.-])(?<!\d:)[A-Za-z0-9][\w+/=-]{99,}"

_SECRETS = re.compile(
    "|".join((_REST, _ELEMENT, _NAMED, rf"\b{_SCHEME}", _USER_OF_URL, _WEB_IDENTITY, _LONG)),
    re.DOTALL | re.IGNORECASE,
)


def redacted(text: str) -> str:
    """The text, line by line as it was, without what is or may be a secret; its name stays where it has one."""
    return _SECRETS.sub(_left_of, text)


def without_secrets(text: str) -> str:
    """What was said, in one line, without signed headers, keys, tokens, and passwords of URLs."""
    return well_formed(" ".join(redacted(text).split()))


def well_formed(text: str) -> str:
    """The text with its lone surrogates, which no file can hold, backslash-escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _left_of(match: re.Match[str]) -> str:
    if match["element"]:
        return f"<{match['element']}>{_HIDDEN}"
    return f"{match['name'] or match['token'] or ''}{_HIDDEN}"
