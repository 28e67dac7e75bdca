"""Why a connection test or another act failed, in a few words of the log's."""

from __future__ import annotations

# What a provider's code says, where the log has no words for it.
_CODES = {
    "400": "request refused",
    "401": "key refused",
    "403": "use forbidden",
    "404": "no such account",
    "429": "too many requests",
    "535": "password refused",
    "AUTHENTICATIONFAILED": "password refused",
}


def failure_reason(code: str, words: str, *, is_message: bool = False) -> str:
    """Return why something failed: the log's own words, beside the code; `is_message` of another program's error."""
    words = words.removesuffix(".") or _CODES.get(code, "")
    words = f"t{words[1:]}" if words.startswith("The") else words
    if code in words:
        return words
    return f"{code} {words}" if code and words and is_message else ", ".join(filter(None, (code, words)))
