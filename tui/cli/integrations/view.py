"""How an integration reads on the command line: its row in the list, its detail, and both as JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tui.cli.output import Column
from tui.models import Integration
from tui.providers import registry, title_of
from tui.words.phone_number import display
from tui.words.text import ascii_json
from tui.words.times import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from tui.data.integrations.authors import Authors
    from tui.data.integrations.credentials import StoredCredential

NOT_VISIBLE = "not visible to your role"
SET, NOT_SET = "set", "not set"
UNKNOWN = "somebody unknown"
# What a type that has no row has no value for: false would say that somebody disabled it.
OF_A_ROW = ("is_active", "is_verified", "proven", "failing")


def record_of(integration: Integration) -> dict[str, Any]:
    """Return what JSON has of an integration: the row's columns, then what was derived; never its envelope.

    Of a type that is not set up, everything but the organisation, the type and the state is None.
    """
    names = [field.name for field in dataclasses.fields(Integration) if field.name != "place"]
    values = {name: getattr(integration, name) for name in names}
    if integration.id is None:
        values |= dict.fromkeys(OF_A_ROW)
    return values | {"state": integration.state}


def _state(record: Mapping[str, Any]) -> str:
    return f"unreadable ({record['unreadable']})" if record["state"] == "unreadable" else str(record["state"])


def _verified(record: Mapping[str, Any]) -> str:
    if record["id"] is None:
        return ""
    if record["failing"]:
        return "failed"
    if not record["is_verified"]:
        return "no"
    if not record["proven"] or record["last_verified_at"] is None:
        return "unproven"
    return f"{record['last_verified_at']:%Y-%m-%d}"


def _count(name: str) -> Any:
    def cell(record: Mapping[str, Any]) -> object:
        if record["id"] is None:
            return ""
        return "hidden" if record[name] is None else record[name]

    return cell


def _format(record: Mapping[str, Any]) -> str:
    return "hidden" if record["unreadable"] == "not visible" else record["envelope_format"] or ""


COLUMNS = (
    Column("TYPE", lambda record: record["integration_type"], shrinks_to=15),
    Column("NAME", lambda record: record["display_name"] or "", shrinks_to=16),
    Column("STATE", _state, shrinks_to=12),
    Column("VERIFIED", _verified, usual=10),
    Column("FORMAT", _format, optional=True),
    Column("PEOPLE", _count("people_with_access"), to_the_right=True),
    Column("NUMBERS", _count("phone_numbers"), to_the_right=True),
)


def detail_record(integration: Integration, stored: StoredCredential | None) -> dict[str, Any]:
    """Return the row and, as `credential`, its fields: of a secret or an unknown field only whether it is set.

    `credential` is None where the envelope does not open or may not be read.
    """
    credential = None if stored is None or stored.credential is None else stored.credential
    return record_of(integration) | {
        "credential": None if credential is None else dict(_fields(integration.integration_type, credential))
    }


def detail_lines(
    integration: Integration,
    stored: StoredCredential | None,
    authors: Authors,
    zone: tzinfo,
    organization: str,
) -> list[tuple[str, object]]:
    """Return names and values, one line each: the row first, then the fields of the credential."""
    lines: list[tuple[str, object]] = [
        ("type", f"{integration.integration_type} ({title_of(integration.integration_type)})"),
        ("name", integration.display_name or NOT_SET),
        ("organisation", organization),
        ("state", _state(record_of(integration))),
        ("verified", _verified_words(integration, authors, zone)),
        ("envelope", NOT_VISIBLE if stored is None else stored.format or "neither format"),
        ("people", _visible(integration.people_with_access)),
        ("phone numbers", _visible(integration.phone_numbers)),
        ("created", f"{shown(integration.created_at, zone)} by {authors.created or UNKNOWN}"),
        ("changed", f"{shown(integration.updated_at, zone)} by {authors.changed or UNKNOWN}"),
    ]
    if stored is None:
        return [*lines, ("credential", NOT_VISIBLE)]
    if stored.credential is None:
        return lines
    known = registry().get(integration.integration_type)
    for name, value in _fields(integration.integration_type, stored.credential):
        field = known.field(name) if known else None
        text = _text(value)
        if value is None:
            text = f"{NOT_SET} ({field.default} applies)" if field and field.default else NOT_SET
        elif field and field.stored_as_typed and display(text) != text:
            text = f"{text} ({display(text)})"
        lines.append((name, text))
    return lines


def _fields(integration_type: str, credential: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what may be shown of each field; a field nobody knows may hold a secret of another program."""
    known = registry().get(integration_type)
    fields = known.fields if known else ()
    kept = known.kept if known else ()
    named = [
        (field.name, (SET if credential.get(field.name) else NOT_SET) if field.secret else credential.get(field.name))
        for field in fields
    ]
    names = {field.name for field in fields}
    others = [(name, value if name in kept else SET) for name, value in credential.items() if name not in names]
    return named + others


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else ascii_json(value)


def _visible(count: int | None) -> object:
    return NOT_VISIBLE if count is None else count


def _verified_words(integration: Integration, authors: Authors, zone: tzinfo) -> str:
    if integration.failing:
        return f"no: the test of {shown(integration.tested_at, zone)} failed"
    if not integration.is_verified:
        return "no: never tested, or changed since"
    if not integration.proven:
        return "by another program, unproven"
    return f"{shown(integration.last_verified_at, zone)} by {authors.tested or UNKNOWN}"
