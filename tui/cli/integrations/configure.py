"""The command `integrations configure`: from a JSON object on standard input to a saved credential."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tui.cli.credential_input import read_object
from tui.cli.integrations.lookup import type_argument
from tui.cli.parsing import command
from tui.cli.requirements import Requirements
from tui.data.integrations.credentials import Draft, load_credential, save_credential
from tui.data.keys.gate import check_gate
from tui.errors import ConfirmationNeeded, InvalidInput
from tui.providers import integration_type as known_type
from tui.providers.validation import read_display_name, validate
from tui.session.openable_type import openable_type
from tui.words.integrations.description import NOTHING_CHANGED

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.providers.fields import IntegrationType
    from tui.session.session import Session


@command(locked=True, needs=Requirements("administrator", key="required", writes="data"))
@type_argument
def configure(integration_type: str) -> Work:
    """Save a credential: one JSON object on standard input.

    A field that is left out stays as it is, a secret among them; null removes one. `display_name` is the name that
    lists show. Only the names of the changed fields are printed.

    \b
    Example, with the object in a file:
        switchboard integrations configure exotel_sms < credential.json
    """
    definition = known_type(integration_type)
    return partial(_configure, definition=definition, fields=read_object(definition))


async def _configure(session: Session, out: Output, *, definition: IntegrationType, fields: dict[str, Any]) -> None:
    """Check the given fields together with the stored ones, and save them."""
    organization = session.chosen_organization
    base = await load_credential(session.database, session.keyring, organization.id, definition.name)
    if base is not None:
        await openable_type(session, definition.name)
    name, wrong = base.integration.display_name if base else None, None
    if "display_name" in fields:
        name, wrong = read_display_name(fields["display_name"])
    if wrong is None and base is not None and base.problem is not None:
        (await check_gate(session.database, session.keyring)).require_write()
        if not out.yes:
            raise ConfirmationNeeded(
                f"The stored credential of {definition.name} is unreadable ({base.problem.reason}), so saving replaces "
                "it as a whole.",
                "Give every field and --yes, or configure the key it was written with.",
            )
    values = {field: value for field, value in fields.items() if field != "display_name"}
    checked = validate(definition, values, existing=base.credential if base else None)
    by_field = checked.problems | ({"display_name": wrong} if wrong else {})
    if by_field:
        problems = " ".join(f"{field}: {sentence}" for field, sentence in by_field.items())
        raise InvalidInput(
            f"The credential of {definition.name} was not accepted. {problems}",
            "Correct it and run it again; nothing was written.",
        )
    for field, sentence in checked.warnings.items():
        out.warn(f"{field}: {sentence}")
    draft = Draft(organization.id, definition.name, checked.credential, name)
    saved = await save_credential(session.database, session.keyring, draft, base, session.settings.credential_format)
    record = {
        "id": saved.integration_id,
        "organization_id": organization.id,
        "integration_type": definition.name,
        "created": saved.created,
        "changed": list(saved.changed),
    }
    if not saved.changed and not saved.created:
        out.result(record, NOTHING_CHANGED)
    else:
        verb = "set up" if saved.created else "changed"
        out.result(record, f"{definition.name} is {verb}: {', '.join(saved.changed)}.")
