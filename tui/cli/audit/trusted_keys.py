"""What a person names on the command line to check the log with: public keys, and files that were kept elsewhere."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli.completion.candidates import files
from tui.cli.parsing import Text, is_locked, option
from tui.data.seals.proofs.notes import NoteError, read_checkpoint, read_verifier_key
from tui.data.seals.sealing_keys import small_file
from tui.errors import InvalidInput
from tui.locked.mode import closed

if TYPE_CHECKING:
    import click

    from tui.data.seals.proofs.notes import Checkpoint, VerifierKey

PUBLIC_KEY_DIGITS = re.compile(r"\s*[0-9a-fA-F]{64}\s*")


class KeyOrFile(Text):
    """A public key in digits, or the name of its file; the locked console reads no file that a person names."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text. Raises InvalidInput."""
        text = super().convert(value, param, ctx)
        if is_locked(ctx) and not PUBLIC_KEY_DIGITS.fullmatch(text):
            raise closed("A file for --public-key", "Give the key itself, 64 hexadecimal digits.")
        return text


public_key_option = partial(
    option,
    "--public-key",
    "public_keys",
    locked=True,
    type=KeyOrFile(),
    multiple=True,
    metavar="KEY|FILE",
    shell_complete=files,
)


def read_checkpoint_file(path: str) -> Checkpoint:
    """Return the checkpoint in a file. Raises InvalidInput."""
    return checkpoint_in(small_file(Path(path), "checkpoint"))


def checkpoint_in(text: str) -> Checkpoint:
    """Return the checkpoint that a text is. Raises InvalidInput."""
    try:
        return read_checkpoint(text)
    except NoteError:
        raise InvalidInput(
            "That is no checkpoint.", "Give what `switchboard audit checkpoint` printed, unchanged."
        ) from None


def read_cosigner(text: str) -> VerifierKey:
    """Return the public key of a cosigner. Raises InvalidInput."""
    try:
        return read_verifier_key(text)
    except NoteError:
        raise InvalidInput(
            "That is not the public key of a cosigner.", "Give what `switchboard audit cosign --new-key FILE` printed."
        ) from None
