"""The command `types record`: lets a definition of one's own open stored credentials, or ends that."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui.cli.completion.candidates import own_types
from tui.cli.confirm import confirm
from tui.cli.parsing import argument, command, option
from tui.cli.requirements import Requirements
from tui.data.integrations.definitions import read_recorded, record_definition, withdraw_definition
from tui.errors import InvalidInput, NotFound
from tui.providers import integration_type
from tui.providers.declared.description import check_lines, hosts_of, origin_words
from tui.providers.declared.reading import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.providers.declared.definition import Definition
    from tui.session.session import Session


@command(needs=Requirements("administrator", writes="data", organization=False))
@argument("name", metavar="TYPE", shell_complete=own_types)
@option("--withdraw", help="End it: stored credentials of the type are not opened any more.")
def record(name: str, withdraw: bool) -> Work:
    """Let the definition of a type in your folder open stored credentials.

    Shows whom it asks and what is sent there, and asks; --yes records at once. The database keeps the SHA-256 of what
    the file says: one that is changed, or is another on another machine, has to be recorded again. Shipped types and
    those in root's folder need no record.
    """
    if withdraw:
        return partial(_withdraw, name=name)
    definition = integration_type(name).definition
    if definition is None or definition.origin != "user":
        whose = f"{origin_words(definition)}, so its credentials are opened anyway"
        raise InvalidInput(f"The type {name} is {whose}.", "Nothing has to be recorded.")
    return partial(_record, definition=definition)


async def _record(session: Session, out: Output, *, definition: Definition) -> None:
    known = (await read_recorded(session.database)).get(definition.name)
    before = known.sha256 if known else None
    is_new = before != definition.sha256
    if is_new:
        for line in _facts(definition, before):
            out.say(line)
        question = f"Let it open the stored credentials of {definition.name}?"
        await confirm(out, question, f"The stored credentials of {definition.name} would be sent as the file says.")
        await record_definition(session.database, definition)
    out.result(
        {
            "name": definition.name,
            "file": str(definition.path),
            "sha256": definition.sha256,
            "hosts": hosts_of(definition),
            "recorded_before": before,
            "changed": is_new,
        },
        f"The definition of {definition.name} is recorded{'' if is_new else ' already'}.",
    )


def _facts(definition: Definition, before: str | None) -> Iterator[str]:
    """Yield what somebody has to know who answers for it."""
    yield f"{definition.name}: {definition.title}"
    yield f"File: {shown_path(definition.path)}"
    yield f"SHA-256: {definition.sha256}"
    if before is not None:
        yield f"In the place of: {before}"
    yield f"Hosts: {', '.join(hosts_of(definition)) or 'none'}"
    yield from check_lines(definition)
    if definition.numbers is not None:
        yield f"Numbers: GET {definition.numbers.path}"
    for field in definition.fields:
        if field.default is not None:
            # Of a host it is where the secrets go that were stored without one.
            yield f"Where {field.name} is blank: {field.default}"
    for shown in definition.show:
        yield f"Stored in the clear: {shown.path} (as {shown.label})"
    yield f"Check: {'proven' if definition.is_proven else 'unproven'}"
    secrets = ", ".join(field.name for field in definition.fields if field.secret)
    yield f"Secret fields: {secrets or 'none; all are shown to whoever may see the integration'}"


async def _withdraw(session: Session, out: Output, *, name: str) -> None:
    known = (await read_recorded(session.database)).get(name)
    if known is None:
        raise NotFound(f"No definition of {name[:50]!a} is recorded.", "`switchboard types list --recorded` has all.")
    question = f"Keep the definition of {name} from opening stored credentials?"
    await confirm(out, question, f"The stored credentials of {name} would not be opened any more.")
    was_there = await withdraw_definition(session.database, name)
    out.result(
        {"name": name, "sha256": known.sha256, "withdrawn": was_there}, f"The definition of {name} is recorded no more."
    )
