"""The command `integrations threshold`: the balance below which a check speaks."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from tui.cli.integrations.lookup import find_integration, type_argument
from tui.cli.parsing import argument, command
from tui.cli.requirements import Requirements
from tui.data.checks.observed import BALANCE_THRESHOLD
from tui.data.checks.store import note_observed
from tui.data.integrations.credentials import binding
from tui.errors import InvalidInput
from tui.providers import known_type
from tui.providers.naming import full_name

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.session.session import Session

NONE = "none"
AMOUNT = re.compile(r"[0-9]{1,12}([.][0-9]{1,4})?")


@command(locked=True, needs=Requirements("support", writes="data"))
@type_argument
@argument("amount", locked=True, metavar="AMOUNT|none")
def threshold(integration_type: str, amount: str) -> Work:
    """Have `switchboard check` tell when a balance is below AMOUNT.

    The amount is in the currency of the account, such as 500 or 99.50.
    """
    return partial(_set_threshold, integration_type=integration_type, amount=_amount(amount))


def _amount(text: str) -> str | None:
    if text.strip().lower() == NONE:
        return None
    if not AMOUNT.fullmatch(text.strip()):
        raise InvalidInput("That is no amount.", f"Give one such as 500 or 99.50, or {NONE}.")
    return text.strip()


async def _set_threshold(session: Session, out: Output, *, integration_type: str, amount: str | None) -> None:
    type_ = known_type(integration_type)
    if type_ is not None and (type_.observe is None or type_.definition is not None):
        raise InvalidInput(f"{type_.title} has no balance.", "Name an integration of a provider that is paid by use.")
    integration = await find_integration(session, integration_type)
    await note_observed(session.database, binding(integration).row_id, {("", BALANCE_THRESHOLD): amount})
    out.result(
        {"id": integration.id, "integration_type": integration.integration_type, "balance_threshold": amount},
        f"A check tells when the balance of {full_name(integration)} is below {amount}."
        if amount
        else f"A check does not look at the balance of {full_name(integration)}.",
    )
