"""The commands `audit checkpoint` and `audit cosign`: what all seals come to, signed by the log and by others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.audit.trusted_keys import public_key_option, read_checkpoint_file
from tui.cli.completion.candidates import files
from tui.cli.output import Output
from tui.cli.parsing import argument, command, option
from tui.cli.requirements import Requirements
from tui.data.seals.proofs.checkpoints import make_checkpoint, read_checkpoint_of_newest
from tui.data.seals.proofs.cosigning import cosign as sign_checkpoint
from tui.data.seals.proofs.cosigning import verifier_of
from tui.data.seals.proofs.notes import base64_of
from tui.data.seals.sealing_keys import new_seal_key, read_cosign_key, read_public_key, read_seal_key
from tui.errors import InvalidInput, NotFound, SealKeyError
from tui.words.counts import counted

if TYPE_CHECKING:
    from typing import Any

    from tui.cli.request import Options, Work
    from tui.data.seals.proofs.notes import Checkpoint
    from tui.session.session import Session

KEEP_IT = (
    "Keep it where the database's owner cannot change it: `audit verify --checkpoint FILE` compares the log with it."
)


@command(locked=True, needs=Requirements("any", finds=True, organization=False))
async def checkpoint(session: Session, out: Output) -> None:
    """Print the newest checkpoint: what all seals so far come to, signed, in some 200 bytes.

    Each sealing makes one. Where all seals are of version 1, this signs one with the sealing key, and logs it. Mailed,
    printed or committed elsewhere it shows later whether a seal was made again since, by whomever.
    """
    newest = await read_checkpoint_of_newest(session.database)
    if newest is None:
        try:
            key = read_seal_key(session.settings.seal_key_file)
        except SealKeyError as failure:
            raise NotFound("There is no checkpoint yet: no seal is of version 2.", failure.what_to_do) from None
        newest = await make_checkpoint(session.database, key)
    out.exact(_record(newest), str(newest))
    out.say(KEEP_IT)


@command(needs=Requirements("any", key="cosigning", finds=True, organization=False))
@argument("file", required=False, metavar="FILE", shell_complete=files)
@public_key_option(help="Trust this key, not the database's; may be repeated.")
@option(
    "--new-key",
    metavar="FILE",
    shell_complete=files,
    needs=Requirements(key="cosigning"),
    help="Make a cosigner's key in a new FILE and stop there.",
)
@click.pass_obj
def cosign(options: Options, file: str | None, public_keys: tuple[str, ...], new_key: str | None) -> Work | None:
    """Sign a checkpoint with your own key, and print it with your signature.

    It is signed only where the log that you see extends it, and the one that you have signed before, which is kept in a
    file beside your key. That is the file that SWITCHBOARD_COSIGN_KEY_FILE names, and never the key that seals.
    """
    if new_key is not None:
        if file is not None:
            raise InvalidInput("--new-key makes a key and signs nothing.", "Leave the other FILE out.")
        _make_key(Output(options.form), new_key)
        return None
    if file is None:
        raise InvalidInput("The checkpoint to sign is missing.", "Give the file that it is in.")
    unsigned = read_checkpoint_file(file)
    keys = tuple(map(read_public_key, public_keys))

    async def work(session: Session, out: Output) -> None:
        key_file = session.settings.cosign_key_file
        key = read_cosign_key(key_file)
        if key_file is None:
            raise AssertionError("a key was read from no file")
        _refuse_sealing_key(session, key.public_key)
        signed, before = await sign_checkpoint(session.database, unsigned, key, key_file, keys)
        out.exact(_record(signed), str(signed))
        if before is None:
            out.say("It is the first that this key has signed: with what the log was before, nothing was compared.")
        else:
            out.say(f"The log extends the checkpoint of {counted(before.size, 'seal')} that this key signed before.")

    return work


def _refuse_sealing_key(session: Session, public_key: bytes) -> None:
    """Refuse the key that this console seals with, also before it has sealed anything."""
    try:
        sealing = read_seal_key(session.settings.seal_key_file).public_key
    except SealKeyError:
        # None, or one that whoever cosigns rightly cannot read.
        return
    if sealing == public_key:
        raise SealKeyError(
            "The same key seals the log and would sign its checkpoints, and a cosigner is somebody else.",
            "Make one of your own: `switchboard audit cosign --new-key FILE`.",
        )


def _make_key(out: Output, path: str) -> None:
    key = verifier_of(new_seal_key(Path(path)))
    out.record({"name": key.name, "public_key": str(key)}, [("name", key.name), ("public key", key)])
    out.say(
        "Name the file in SWITCHBOARD_COSIGN_KEY_FILE, and keep it where nobody has the sealing key. With the public"
    )
    out.say("key `audit verify --checkpoint FILE --cosigner KEY` requires your signature.")


def _record(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "origin": checkpoint.origin,
        "seals": checkpoint.size,
        "root": base64_of(checkpoint.root),
        "checkpoint": str(checkpoint),
    }
