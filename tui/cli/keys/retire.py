"""The command `keys retire`: the end of a key that nothing needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.completion.candidates import replaced_keys
from tui.cli.confirm import confirm
from tui.cli.keys.progress import ProgressLines
from tui.cli.parsing import argument, command
from tui.cli.requirements import Requirements
from tui.data.keys.retirement import retire_key

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.session.session import Session


@command(needs=Requirements("administrator", key="optional", writes="data", organization=False))
@argument("key_id", metavar="KEY-ID", shell_complete=replaced_keys)
async def retire(session: Session, out: Output, key_id: str) -> None:
    """Retire a key that was replaced, so that it can never be used again.

    Refused while a credential or a kept version needs it. A legacy envelope does not say which key it needs, so each
    of them has to open with another configured key.
    """
    await confirm(out, f"Retire the key {key_id} for good?", f"The key {key_id} could never be used again.")
    await retire_key(session.database, session.keyring, key_id, ProgressLines(out))
    out.result({"key_id": key_id, "state": "retired"}, f"The key {key_id} is retired.")
    out.say("Backups of the database from before the rotation still need it: destroy it when the last of them is gone.")
