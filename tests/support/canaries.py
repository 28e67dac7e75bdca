"""Looking for secrets in what they must not reach, in every form in which they could stand there."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def forms(secret: str) -> Iterator[str]:
    """How a secret could look in an output: itself, within JSON, in hex, percent-encoded, in base64 at any offset."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield secret.encode().hex()
    yield quote(secret, safe="")
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        yield encoded[4 if offset else 0 : -4]


def found_in(text: str, secrets: Iterable[str]) -> list[str]:
    """The forms of the secrets that stand in a text, whatever the case of their letters."""
    text = text.lower()
    return [form for secret in secrets for form in forms(secret) if form.lower() in text]
