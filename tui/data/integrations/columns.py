"""The columns of an integration without its envelope, as queries select them and rows have them."""

from __future__ import annotations

from typing import Any

COLUMNS = """c.id, c.organization_id, c.integration_type, c.display_name, c.is_active, c.is_verified,
       c.last_verified_at, c.created_by, c.updated_by, c.created_at, c.updated_at"""


def without_envelope(row: dict[str, Any]) -> dict[str, Any]:
    """Return the values of COLUMNS under their own names."""
    names = [name.strip().removeprefix("c.") for name in COLUMNS.split(",")]
    values = {name: row[name] for name in names}
    values["is_active"], values["is_verified"] = bool(row["is_active"]), bool(row["is_verified"])
    return values
