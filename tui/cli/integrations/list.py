"""The command `integrations list`: every type of integration and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.integrations.view import COLUMNS, record_of
from tui.cli.parsing import command, watch_option
from tui.cli.requirements import Requirements
from tui.data.integrations.listing import list_integrations
from tui.providers import type_titles
from tui.session.seen_checks import read_checks, with_checks

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.session.session import Session


@command(locked=True, needs=Requirements("support", key="optional"))
@watch_option
async def list_(session: Session, out: Output) -> None:
    """List every type of integration, configured or not."""
    organization_id = session.chosen_organization.id
    known = await list_integrations(session.database, session.keyring, organization_id, list(type_titles()))
    listed = with_checks(known, await read_checks(session, organization_id))
    out.rows(listed, COLUMNS, record=record_of, empty="There is no integration type.")
    if any(integration.unreadable == "no key" for integration in listed):
        out.warn(
            "No master key is configured, so no credential could be checked.",
            "Set ENCRYPTION_MASTER_KEY; `switchboard keys status` says which key is in use.",
        )
