"""The type of a stored integration, where its credential may be opened for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.integrations.definitions import require_recorded
from tui.errors import UnknownType
from tui.providers import has_mistake, integration_type, known_type
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.providers.fields import IntegrationType
    from tui.session.session import Session


async def openable_type(session: Session, name: str) -> IntegrationType:
    """Return the type of that name. Whoever opens a credential that is stored asks this first.

    Raises UnknownType, and NotRecorded where the definition is a person's own and the database has not recorded it: it
    would say which fields are secret, and which host they are sent to.
    """
    if known_type(name) is None and not has_mistake(name):
        raise UnknownType(
            f"There is no integration type {name[:50]!a}.",
            f"A file declared it: put {safe_text(name, 50)}.toml back where types are read, or delete the integration.",
        )
    type_ = integration_type(name)
    if type_.definition is not None:
        await require_recorded(session.database, type_.definition)
    return type_
