"""The command `audit prove`: one row of the log for somebody who does not see the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from tui.cli.audit.trusted_keys import read_checkpoint_file
from tui.cli.completion.candidates import files
from tui.cli.new_file_name import NewFileName
from tui.cli.parsing import argument, command, option
from tui.cli.requirements import Requirements
from tui.data.seals.proofs.proving import prove_row
from tui.errors import InvalidInput
from tui.locked.export_place import new_file

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Options, Work
    from tui.data.audit.export.file import NewFile
    from tui.data.seals.proofs.notes import Checkpoint
    from tui.session.session import Session


class RowId(click.ParamType[UUID]):
    """The id of a row."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> UUID:
        """Return the id. Raises InvalidInput."""
        try:
            return value if isinstance(value, UUID) else UUID(str(value))
        except ValueError:
            raise InvalidInput(
                "ROW is not the id of a row.", "`switchboard audit list --json` shows the ids of rows."
            ) from None


@command(locked=True, needs=Requirements("any", finds=True, organization=False))
@argument("row", locked=True, type=RowId(), metavar="ROW")
@option(
    "--output",
    locked=True,
    type=NewFileName(),
    metavar="FILE",
    shell_complete=files,
    help="Write a new FILE; without it the proof goes to standard output.",
)
# Closed in the locked console, which reads no file that a person names.
@option(
    "--checkpoint",
    metavar="FILE",
    shell_complete=files,
    help="Prove it against this checkpoint, such as one with cosignatures, in place of the newest.",
)
@click.pass_obj
def prove(_options: Options, row: UUID, output: str | None, checkpoint: str | None) -> Work:
    """Prove that a row of the log is as it was sealed, to whoever has the public key.

    ROW is its id. The proof has the row itself; of the others of its hour it tells how many there are. It is for rows
    under a seal of version 2, and is checked with `audit verify --proof FILE --public-key KEY`, without a database. In
    the locked console FILE is a plain name in SWITCHBOARD_EXPORT_DIR.
    """
    against = None if checkpoint is None else read_checkpoint_file(checkpoint)

    async def work(session: Session, out: Output) -> None:
        file = None if output is None else new_file(session.settings, Path(output))
        await _prove(session, out, row, file, against)

    return work


async def _prove(session: Session, out: Output, row: UUID, file: NewFile | None, against: Checkpoint | None) -> None:
    proof = await prove_row(session.database, row, against)
    if file is not None:
        await file.write_whole(str(proof).encode())
    name = None if file is None else str(file.path)
    record = {
        "id": row,
        "file": name,
        "origin": proof.checkpoint.origin,
        "seals": proof.checkpoint.size,
        "proof": str(proof),
    }
    if name is None:
        out.exact(record, str(proof))
    else:
        out.result(
            record, f"The proof of row {row} is in {name}; `audit verify --proof FILE --public-key KEY` checks it."
        )
