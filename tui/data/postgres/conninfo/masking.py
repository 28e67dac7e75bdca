"""Where the passwords are in a connection that is still being typed, so that the rest of it can be shown."""

from __future__ import annotations

import re

MASK_CHARACTER = "•"

# What may be shown at all: any other word may be a password that was meant for another field.
_BEGINNING = re.compile(
    r"""["'`]?(?:(?:export|set|env)\s+["']?|\$env:)?"""
    r"""(?:(?:PG[A-Z]+|\w*(?:URL|URI|DSN)|host|hostaddr|port|dbname|user|password|sslmode|service)\s*="""
    r"""|(?:jdbc:)?postgres(?:ql)?(?:\+\w+)?://|(?:\$\ )?psql\s)""",
    re.IGNORECASE,
)
_FRONTS = ("postgresql://", "postgres://", "jdbc:postgresql://", "psql ", "export ", "database_url=", "$env:")
_CREDENTIALS = re.compile(r"://([^:/?#]*):(.*)", re.DOTALL)
_PORT = re.compile(r"\d{0,5}(?:[/?,].*)?", re.DOTALL)
_WORD = re.compile(r"(?:password|secret|scram_\w+_key)\w*\s*=\s*", re.IGNORECASE)
# A shell puts quoted and bare pieces together to one word.
_VALUE = re.compile(
    r"""(?=['"])(?:'(?:[^'\\]|\\.)*'?|"[^"]*"?|[^\s'"])+|.*?(?=&\w+=|\s+\w+\s*=|\s+psql\s|\Z)""",
    re.DOTALL | re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return a typed connection with a • for each character of its passwords; where it is none, for each character."""
    if not _BEGINNING.match(text) and not any(front.startswith(text.lower()) for front in _FRONTS):
        return MASK_CHARACTER * len(text)
    shown = list(text)
    for start, end in _passwords(text):
        shown[start:end] = MASK_CHARACTER * (end - start)
    return "".join(shown)


def _passwords(text: str) -> list[tuple[int, int]]:
    values = (_VALUE.match(text, word.end()) for word in _WORD.finditer(text))
    spans = [value.span() for value in values if value]
    credentials = _CREDENTIALS.search(text)
    if credentials:
        name, rest = credentials.groups()
        # To the last @, since one may be the password's own; until there is one, a password may begin like a port.
        end = -1 if "://" in rest else rest.rfind("@")
        if end >= 0 or "@" not in name or not _PORT.fullmatch(rest):
            spans.append((credentials.start(2), credentials.start(2) + end if end >= 0 else len(text)))
    return spans
