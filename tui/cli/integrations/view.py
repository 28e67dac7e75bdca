"""How an integration reads on the command line: its row in the list, its detail, and both as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.integrations.checks import check_record, month
from tui.cli.output import Column
from tui.models.integrations import Integration
from tui.providers import is_check_proven, known_type
from tui.providers.naming import integration_name, type_in_full
from tui.words.integrations.description import NOT_VISIBLE, connection, count_of_use, facts, stored_format
from tui.words.integrations.seen_checks import check_facts, for_how_long
from tui.words.integrations.usage import with_usage
from tui.words.numbers.phone_number import display
from tui.words.text import ascii_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from tui.data.integrations.authors import Authors
    from tui.data.integrations.credentials import StoredCredential
    from tui.data.integrations.usage import Usage

SET, NOT_SET = "set", "not set"
# What a type that has no row has no value for: false would say that somebody disabled it.
OF_SCREENS = ("place", "unknown_since", "test_failure", "checks")
ROW_ONLY_FIELDS = ("is_active", "is_verified", "proven", "failing")


def record_of(integration: Integration) -> dict[str, Any]:
    """Return what JSON has of an integration: the row's columns, then what was derived; never its envelope.

    Of a type that is not set up, everything but the organisation, the type and the state is None.
    """
    names = [name for name in Integration._fields if name not in OF_SCREENS]
    values = {name: getattr(integration, name) for name in names}
    if integration.id is None:
        values |= dict.fromkeys(ROW_ONLY_FIELDS)
    check_proven = None if integration.id is None else is_check_proven(integration.integration_type)
    return values | {"state": integration.state} | check_record(integration) | {"check_proven": check_proven}


COLUMNS: tuple[Column[Integration], ...] = (
    Column("TYPE", lambda row: row.integration_type, shrinks_to=15),
    Column("NAME", integration_name, shrinks_to=12),
    Column("STATE", lambda row: row.state, shrinks_to=10),
    Column("CONNECTION", connection, shrinks_to=20, usual=20),
    Column("FOR", for_how_long, optional=True, usual=5),
    Column("FORMAT", stored_format, optional=True),
    Column("PEOPLE", lambda row: count_of_use(row, row.people_with_access), to_the_right=True),
    Column("NUMBERS", lambda row: count_of_use(row, row.phone_numbers), to_the_right=True),
    Column("LAST 30 DAYS", month, optional=True, usual=30),
)


def detail_record(integration: Integration, stored: StoredCredential | None) -> dict[str, Any]:
    """Return the row and, as `credential`, its fields: of a secret or an unknown field only whether it is set.

    `credential` is None where the envelope does not open, or may not be read or opened.
    """
    credential = None if stored is None or stored.credential is None else stored.credential
    return record_of(integration) | {
        "credential": None if credential is None else dict(_shown_fields(integration.integration_type, credential))
    }


def detail_lines(
    integration: Integration,
    stored: StoredCredential | None,
    authors: Authors,
    usage: Usage,
    zone: tzinfo,
    organization: str,
    *,
    why_not: str = NOT_VISIBLE,
) -> list[tuple[str, object]]:
    """Return names and values, one line each: the row first, then the fields of the credential, or `why_not`."""
    checks = [(fact.label, fact.text) for fact in check_facts(integration, zone, shown=display)]
    lines: list[tuple[str, object]] = [
        ("type", type_in_full(integration.integration_type)),
        ("name", integration.display_name or NOT_SET),
        ("organisation", organization),
        *((label.lower(), text) for label, text in with_usage(facts(integration, authors, zone, checks), usage, zone)),
    ]
    if stored is None:
        return [*lines, ("credential", why_not)]
    if stored.credential is None:
        return lines
    definition = known_type(integration.integration_type)
    for name, value in _shown_fields(integration.integration_type, stored.credential):
        field = definition.field(name) if definition else None
        text = _value_text(value)
        if value is None:
            text = f"{NOT_SET} ({field.default} applies)" if field and field.default else NOT_SET
        elif field and field.stored_as_typed and display(text) != text:
            text = f"{text} ({display(text)})"
        lines.append((name, text))
    return lines


def _shown_fields(integration_type: str, credential: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what may be shown of each field; a field nobody knows may hold a secret of another program."""
    definition = known_type(integration_type)
    fields = definition.fields if definition else ()
    # Those of a declared type are kept and not shown, and a hidden one may be a secret.
    kept_fields = definition.foreign_fields if definition and definition.definition is None else ()
    named = [
        (field.name, (SET if credential.get(field.name) else NOT_SET) if field.secret else credential.get(field.name))
        for field in fields
    ]
    names = {field.name for field in fields}
    others = [(name, value if name in kept_fields else SET) for name, value in credential.items() if name not in names]
    return named + others


def _value_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else ascii_json(value)
