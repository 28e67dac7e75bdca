"""A definition as a file in a person's own folder would be read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from tui.providers.declared.definition import Authorization, Condition, Control, Definition, Get, HttpsCheck
from tui.providers.fields import Field

DEFINITION = Definition(
    name="acme_voice",
    title="Acme voice",
    help="Console > API keys.",
    documentation=(),
    unconfirmed="",
    fields=(
        Field("account_id", "Account id", "word", "The account.", required=True),
        Field("api_host", "API host", "host", "The host.", required=True),
        Field("auth_token", "Auth token", "word", "The token.", required=True, secret=True),
    ),
    check=HttpsCheck(
        host="",
        host_field="api_host",
        authorization=Authorization("basic", "{auth_token}", "{account_id}"),
        gets=(Get("/v1/account.json", Condition((200,), {"sid": "{account_id}"})),),
    ),
    show=(),
    numbers=None,
    control=None,
    origin="user",
    path=Path("/home/asha/.config/switchboard/types/acme_voice.toml"),
    sha256="ab" * 32,
    check_sha256="ef" * 32,
)
CONTROL = Control(date(2026, 11, 30), DEFINITION.check_sha256)


def definition(**changes: Any) -> Definition:
    """Return DEFINITION with other values."""
    return DEFINITION._replace(**changes)
