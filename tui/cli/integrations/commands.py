"""The commands `integrations`: listing, showing, configuring, testing, enabling, disabling and deleting them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from tui.cli.parsing import Group, Text, argument, option
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Options
    from tui.models import Integration
    from tui.session.session import Session

type_argument = argument("integration_type", locked=True, metavar="TYPE", type=Text())


@click.group("integrations", locked=True, cls=Group)
def integrations() -> None:
    """The integrations of an organisation and their credentials."""


@integrations.command("list", locked=True)
@click.pass_obj
def list_(options: Options) -> int:
    """List every type of integration, configured or not."""
    from tui.cli.run import run

    return run(options, _list, keys=True)


@integrations.command("show", locked=True)
@type_argument
@click.pass_obj
def show(options: Options, integration_type: str) -> int:
    """Show one integration; of a secret only whether it is set."""
    from tui.cli.run import run

    return run(options, partial(_show, integration_type=integration_type), keys=True)


@integrations.command("configure", locked=True)
@type_argument
@click.pass_obj
def configure(options: Options, integration_type: str) -> int:
    """Save a credential: one JSON object on standard input.

    A field that is left out stays as it is, a secret among them; null removes one. `display_name` is the name that
    lists show. Only the names of the changed fields are printed.

    \b
    Example, with the object in a file:
        switchboard integrations configure exotel_sms < credential.json
    """
    from tui.cli.integrations.configure import configure as save
    from tui.cli.integrations.configure import read_object
    from tui.cli.run import run
    from tui.providers import integration_type as known_type

    provider = known_type(integration_type)
    given = read_object(provider)
    return run(options, partial(save, options=options, provider=provider, given=given), keys=True, writes=True)


@integrations.command("test", locked=True)
@argument("integration_type", locked=True, metavar="[TYPE]", type=Text(), required=False)
@option("--all", "everything", locked=True, is_flag=True, help="Test every integration of the organisation.")
@click.pass_obj
def test(options: Options, integration_type: str | None, everything: bool) -> int:
    """Ask the provider whether a credential works; nothing is sent or changed there.

    Give a TYPE (or the id of a row), or --all.

    Three levels, each reported by itself: shape (the fields), reach (name, TLS), answer (what the provider said).
    Exits with 5 where it did not pass.
    """
    from tui.cli.integrations.test import test_all, test_one
    from tui.cli.run import run

    if everything == (integration_type is not None):
        raise InvalidInput("It is not clear what to test.", "Give a TYPE, or --all.")
    if integration_type is None:
        return run(options, test_all, keys=True)
    return run(options, partial(test_one, integration_type=integration_type), keys=True)


@integrations.command("enable", locked=True)
@type_argument
@click.pass_obj
def enable(options: Options, integration_type: str) -> int:
    """Let an integration be used again."""
    from tui.cli.run import run

    return run(options, partial(_set_active, integration_type=integration_type, active=True), writes=True)


@integrations.command("disable", locked=True)
@type_argument
@click.pass_obj
def disable(options: Options, integration_type: str) -> int:
    """Stop an integration from being used; everything of it is kept."""
    from tui.cli.run import run

    return run(options, partial(_set_active, integration_type=integration_type, active=False), writes=True)


@integrations.command("delete", locked=True)
@type_argument
@click.pass_obj
def delete(options: Options, integration_type: str) -> int:
    """Delete an integration with its permissions and phone numbers.

    Says what goes with it, and asks for the type's name; --yes deletes at once.
    """
    from tui.cli.run import run

    return run(options, partial(_delete, options=options, integration_type=integration_type), writes=True)


async def _list(session: Session, out: Output) -> None:
    from tui.cli.integrations.view import COLUMNS, record_of
    from tui.cli.run import organization_of
    from tui.data.integrations.listing import list_integrations
    from tui.providers import registry

    listed = await list_integrations(session.database, session.keyring, organization_of(session).id, list(registry()))
    out.rows(listed, COLUMNS, record=record_of, empty="There is no integration type.")
    unread = [integration for integration in listed if integration.unreadable == "no key"]
    if unread:
        out.warn(
            "No master key is configured, so no credential could be looked into.",
            "Set ENCRYPTION_MASTER_KEY; `switchboard keys status` says which key is in use.",
        )


async def _show(session: Session, out: Output, *, integration_type: str) -> None:
    from tui.cli.integrations.view import detail_lines, detail_record
    from tui.cli.run import organization_of
    from tui.data.integrations.authors import Authors, authors_of
    from tui.data.integrations.credentials import load_credential
    from tui.data.keys.gate import check_gate
    from tui.errors import PermissionDenied
    from tui.words.organizations import organization_in_full

    found = await _found(session, integration_type, with_key=True)
    try:
        stored = await load_credential(
            session.database,
            session.keyring,
            found.organization_id,
            found.integration_type,
            integration_id=found.id,
        )
    except PermissionDenied:
        stored = None
    known = await authors_of(session.database, [found])
    authors = known[found.id] if found.id else Authors()
    organization = organization_of(session)
    name = organization_in_full(organization.id, organization.name)
    out.record(detail_record(found, stored), detail_lines(found, stored, authors, session.settings.timezone, name))
    if stored is not None and stored.problem is not None:
        if stored.problem.reason in ("no key", "other key"):
            (await check_gate(session.database, session.keyring)).require_write()
        raise stored.problem


async def _set_active(session: Session, out: Output, *, integration_type: str, active: bool) -> None:
    from tui.data.integrations.listing import set_active

    found = await _found(session, integration_type)
    name = found.integration_type
    changed = await set_active(session.database, found, active=active)
    state = "enabled" if active else "disabled"
    out.result(
        {"id": found.id, "integration_type": name, "is_active": active, "changed": changed},
        f"{name} is {state}." if changed else f"{name} was {state} already.",
    )


async def _delete(session: Session, out: Output, *, options: Options, integration_type: str) -> None:
    from tui.cli.confirm import confirm_by_name
    from tui.data.integrations.listing import delete as delete_integration
    from tui.data.integrations.listing import what_goes_with

    found = await _found(session, integration_type)
    name = found.integration_type
    expected = await what_goes_with(session.database, found)
    if not options.yes:
        await confirm_by_name(
            out,
            name,
            f"Deleting {name} {expected.sentence()}. It cannot be undone.",
            f"`switchboard integrations disable {integration_type}` stops its use and keeps everything.",
        )
    gone = await delete_integration(session.database, found, expected)
    out.result(
        {
            "id": found.id,
            "integration_type": name,
            "deleted": True,
            "permissions": gone.permissions,
            "people": gone.people,
            "phone_numbers": gone.phone_numbers,
        },
        f"{name} is deleted, with {gone.permissions} permissions and {gone.phone_numbers} phone numbers.",
    )


async def _found(session: Session, wanted: str, *, with_key: bool = False) -> Integration:
    """Return the integration of that type or id. Raises NotFound, and UnknownType for a type that nobody knows.

    Where an adopted table holds several rows of a type, InvalidInput lists their ids. Opening every envelope of the
    list takes the key half a second, so it is only done where that is shown.
    """
    from tui.cli.run import organization_of
    from tui.data.integrations.listing import list_integrations
    from tui.data.keys.encryption import Keyring
    from tui.errors import NotFound
    from tui.providers import integration_type as known_type

    keyring = session.keyring if with_key else Keyring(None)
    listed = await list_integrations(session.database, keyring, organization_of(session).id, [])
    found = [integration for integration in listed if wanted in (integration.integration_type, str(integration.id))]
    if len(found) > 1:
        ids = ", ".join(str(integration.id) for integration in found)
        raise InvalidInput(f"There are {len(found)} rows of {wanted}.", f"Give the id of the one you mean: {ids}.")
    if found:
        return found[0]
    known_type(wanted)
    raise NotFound(
        f"{wanted} is not set up in this organisation.",
        f"Set it up with `switchboard integrations configure {wanted}`.",
    )
