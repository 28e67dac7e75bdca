"""The command `audit seal`: sign the audit log hour by hour."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.audit.progress import end_of_hours, report_progress
from tui.cli.completion.candidates import files
from tui.cli.output import Output
from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.data.archive.retention import due_sentence, due_what_to_do, read_retention
from tui.data.seals.sealing import seal_log
from tui.data.seals.sealing_keys import new_seal_key, read_seal_key
from tui.data.seals.whole_log import require_whole_log
from tui.errors import SealKeyError
from tui.words.counts import counted

if TYPE_CHECKING:
    from tui.cli.request import Options, Work
    from tui.session.session import Session


@command(needs=Requirements("administrator", key="sealing", writes="data", finds=True, organization=False))
@option(
    "--new-key",
    metavar="FILE",
    shell_complete=files,
    needs=Requirements(key="sealing"),
    help="Make a sealing key in a new FILE and stop there.",
)
@click.pass_obj
def seal(options: Options, new_key: str | None) -> Work | None:
    """Sign every whole hour of the log that ended 15 minutes ago.

    Meant for a nightly job: with nothing to seal it says so and exits with 0, and two at once do not collide. The
    private key is in the file that SWITCHBOARD_SEAL_KEY_FILE names; without it the exit status is 4. It says as well
    which months are due to be archived, where the log is to be kept for a while only.
    """
    if new_key is not None:
        _make_sealing_key(Output(options.form), new_key)
        return None
    return _seal


def _make_sealing_key(out: Output, path: str) -> None:
    key = new_seal_key(Path(path))
    public_key = key.public_key.hex()
    out.record({"key_id": key.key_id, "public_key": public_key}, [("key id", key.key_id), ("public key", public_key)])
    out.say("Name the file in SWITCHBOARD_SEAL_KEY_FILE. Keep the public key where the database's owner cannot change")
    out.say("it: with it `audit verify --public-key` notices seals that somebody else has made.")


async def _seal(session: Session, out: Output) -> None:
    try:
        key = read_seal_key(session.settings.seal_key_file)
    except SealKeyError:
        # Nobody is to make a key who may not seal with it.
        await session.database.read(require_whole_log)
        raise
    sealed = await seal_log(session.database, key, on_progress=partial(report_progress, out, "sealed"))
    retention = await read_retention(session.database)
    due = retention.due_before
    until = end_of_hours(sealed.sealed_until)
    done = f"Sealed {counted(sealed.rows, 'row')} with {counted(sealed.seals, 'seal')}"
    newest = sealed.newest_seal or "none"
    out.result(
        {
            "seals": sealed.seals,
            "rows": sealed.rows,
            "sealed_until": sealed.sealed_until,
            "newest_seal": sealed.newest_seal,
            "key_id": key.key_id,
            "archive_due_before": None if due is None else str(due),
        },
        f"{done if sealed.seals else 'There was nothing to seal'}. Sealed until {until}; newest seal {newest}.",
    )
    if due is not None:
        out.warn(due_sentence(due, retention.months), due_what_to_do(due))
