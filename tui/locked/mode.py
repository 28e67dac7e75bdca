"""The locked console: whether this process is one, what was asked of it over SSH, and how a closed door answers."""

from __future__ import annotations

import os
import shlex
import unicodedata
from typing import TYPE_CHECKING

from tui.errors import InvalidInput
from tui.settings.profiles import PROFILE_OPTION, WHO_CONNECTS

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

OPTION = "--locked"
VARIABLE = "SWITCHBOARD_LOCKED"
ORIGINAL_COMMAND = "SSH_ORIGINAL_COMMAND"
PROGRAM = "switchboard"
# Whoever starts the console says who is at it, and on which database.
SAID_AT_THE_START = ("--operator", PROFILE_OPTION)
MOST_BYTES = 8192
ASK = "Ask the administrator of this machine."
# By these a person would choose where a crash report is written.
PLACES = ("TMPDIR", "TEMP", "TMP")


def is_locked(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Tell whether the option is anywhere among the arguments, or else what the variable says.

    Decided before anything is parsed or read: the option may stand behind what it has to close. Raises InvalidInput
    for a value of the variable that is neither yes nor no, the empty one among them.
    """
    if OPTION in arguments:
        return True
    match environ.get(VARIABLE, "0").strip().lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
    raise InvalidInput(f"{VARIABLE} is neither 1 nor 0.", f"Set {VARIABLE}=1, or leave it out.")


def words_over_ssh(environ: Mapping[str, str]) -> list[str]:
    """Return the words of the command that sshd was asked for under a forced command; none where it was not asked.

    The words are taken apart as sh would, and nothing else of a shell happens to them. Raises InvalidInput for more
    than 8 KB, for what is not UTF-8, for a control character, for a quote that is not closed and for an operator.
    """
    content = os.fsencode(environ.get(ORIGINAL_COMMAND, ""))
    if len(content) > MOST_BYTES:
        raise InvalidInput("The command over SSH is longer than 8 KB.", "Give a shorter one.")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise InvalidInput(
            "The command over SSH is not valid UTF-8 text.", "Type it again in a UTF-8 terminal."
        ) from None
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise InvalidInput("The command over SSH holds a control character.", "Give the command on one line.")
    try:
        words = shlex.split(text)
    except ValueError:
        words = None
    if words is None:
        raise InvalidInput("The command over SSH has a quote that is not closed.", "Close it, or escape it with \\.")
    for word in words:
        # The log would say who a person claims to be, not who whoever runs the machine said that it is.
        if (option := word.partition("=")[0]) in SAID_AT_THE_START:
            raise closed(f"The option {option}")
    return words[1:] if words[:1] == [PROGRAM] else words


def forget_places(environ: MutableMapping[str, str]) -> None:
    """Take away the variables by which a person would choose the folders that this process writes to."""
    for name in list(environ):
        if name in PLACES or name.startswith("XDG_"):
            del environ[name]


def forget_connection(environ: MutableMapping[str, str]) -> None:
    """Take libpq's own variables away, but for who connects: PGHOSTADDR would send root's password elsewhere."""
    for name in list(environ):
        if name.startswith("PG") and name not in WHO_CONNECTS:
            del environ[name]


def closed(what: str, instead: str = ASK) -> InvalidInput:
    """Return the failure that says that something does not work in the locked console, and what does."""
    return InvalidInput(f"{what} is not open in the locked console.", instead)
