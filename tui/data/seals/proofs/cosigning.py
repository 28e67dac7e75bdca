"""A second person's signature under a checkpoint: only of a log that extends the last one that they signed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.data.seals.chain import newest_seal, seals_of
from tui.data.seals.proofs.checkpoints import read_origin
from tui.data.seals.proofs.notes import Checkpoint, NoteError, VerifierKey, cosignature, read_checkpoint
from tui.data.seals.proofs.old_checkpoints import TreeOfSeals
from tui.data.seals.sealing_keys import COSIGN_FILE, recorded_keys, small_file
from tui.data.seals.whole_log import require_whole_log
from tui.errors import CheckFailed, InvalidInput, SealKeyError
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.data.postgres.database import Database
    from tui.data.seals.sealing_keys import SealKey

STATE = ".checkpoint"
DISTRUST = "Do not sign it: run `switchboard audit verify`, and ask who owns the database."


def verifier_of(key: SealKey) -> VerifierKey:
    """Return the public half of a cosigner's key, with the name that its signatures have."""
    return VerifierKey(f"cosigner/{hashlib.sha256(key.public_key).hexdigest()[:16]}", key.public_key)


async def cosign(
    database: Database, checkpoint: Checkpoint, key: SealKey, key_file: Path, public_keys: Sequence[bytes] = ()
) -> tuple[Checkpoint, Checkpoint | None]:
    """Return the checkpoint with the signature of `key`, and the one that was signed before (None: none).

    The chain of seals itself is read, and has to extend both. `public_keys` are those of the log to trust, in place of
    those that the database has recorded. What was signed last is kept beside the key, and is replaced before the
    signature is given out. Raises SealKeyError where `key` signs seals, CheckFailed for a checkpoint that is not one of
    this log, or not an extension of the last; PermissionDenied, and what Database.read raises.
    """
    await database.read(require_whole_log)
    recorded = [public_key for _, public_key, _ in await database.read(recorded_keys)]
    if key.public_key in (*recorded, *public_keys):
        raise SealKeyError(
            f"The key that {COSIGN_FILE} names signs the seals, and a cosigner is somebody else.",
            "Make one of your own: `switchboard audit cosign --new-key FILE`.",
        )
    if not checkpoint.is_signed_by(public_keys or recorded):
        raise CheckFailed("The checkpoint is not signed with a key of this log.", DISTRUST)
    if checkpoint.origin != await database.read(read_origin):
        raise CheckFailed("The checkpoint is of another log.", "Sign it where that log is.")
    tree, newest = TreeOfSeals(), await newest_seal(database)
    if newest is not None:
        async for seal in seals_of(database, newest.id):
            tree.add(seal)
    if not tree.is_at(checkpoint):
        raise CheckFailed(
            f"The log has other seals than the checkpoint of {counted(checkpoint.size, 'seal')}.", DISTRUST
        )
    with _held(key_file):
        name = verifier_of(key)
        before = _read_state(key_file, name)
        _require_extension(tree, checkpoint, before)
        own = cosignature(checkpoint, name, key.sign, int(time.time()))
        others = tuple(s for s in checkpoint.signatures if (s.name, s.key_hash) != (own.name, own.key_hash))
        signed = replace(checkpoint, signatures=(*others, own))
        _write_state(key_file, signed)
    return signed, before


def _require_extension(tree: TreeOfSeals, checkpoint: Checkpoint, before: Checkpoint | None) -> None:
    if before is None:
        return
    if before.origin != checkpoint.origin:
        raise CheckFailed(f"The key has signed another log: {before.origin}.", "Sign each log with a key of its own.")
    if before.size > checkpoint.size:
        raise CheckFailed(f"The key has signed a later checkpoint: of {counted(before.size, 'seal')}.", DISTRUST)
    if not tree.is_at(before):
        raise CheckFailed(
            f"The log does not extend the checkpoint of {counted(before.size, 'seal')} that the key has signed.",
            DISTRUST,
        )


@contextlib.contextmanager
def _held(key_file: Path) -> Iterator[None]:
    """Keep a second cosigning out, which would read what this one replaces."""
    descriptor = os.open(key_file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read_state(key_file: Path, own: VerifierKey) -> Checkpoint | None:
    """Return what this key signed last; None where there is no file at all. Whoever else could write it could fork."""
    path = Path(f"{key_file}{STATE}")
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode) or mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SealKeyError(
            f"The file {path} is not a plain file that its owner alone writes.",
            "Put it back from a backup, and run chmod 600 on it.",
        )
    try:
        before = read_checkpoint(small_file(path, "last checkpoint"))
    except NoteError:
        before = None
    if before is None or before.cosigned_at(own) is None:
        raise InvalidInput(
            f"The file {path} does not hold the checkpoint that was signed last.", "Put it back from a backup."
        )
    return before


def _write_state(key_file: Path, signed: Checkpoint) -> None:
    """Replace the file as a whole, so that whatever ends the program leaves one of the two."""
    path, new = Path(f"{key_file}{STATE}"), Path(f"{key_file}{STATE}.new")
    try:
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(str(signed).encode())
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SealKeyError(
            f"What was signed cannot be kept beside the key: {error.strerror}.",
            "Nothing was signed; see to the folder.",
        ) from None
