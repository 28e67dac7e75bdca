"""The skeleton of the console's first frame: drawn in plain escape sequences, before anything slow is imported."""

from __future__ import annotations

import os
import stat

from tui.process.terminal_checks import why_no_terminal
from tui.settings.profiles import PROFILE_OPTION, PROFILE_VARIABLE, configuration_folder, is_profile_name, profile_file
from tui.terminal.early_screen import early_screen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What decides is written down again here: the modules that it belongs to take a tenth of a second to import.
OPTIONS_WITH_VALUE = frozenset({"--organization", "--operator", "--env-file", PROFILE_OPTION})
FLAGS = frozenset({"--read-only", "--yes", "--locked"})
ROOT_FILE = "/etc/switchboard/env"
PLACES = ("DATABASE_URL", "PGHOST", "PGSERVICE", "PGDATABASE")
KEY_COMMAND = "ENCRYPTION_MASTER_KEY_COMMAND"
MOST_BYTES = 1_000_000
SMALLEST, LARGEST = (60, 20), (1000, 1000)

TOP, HEALTH = "Switchboard", "connecting"
OPEN_SECTION = "[1 Integrations]"
OTHER_SECTIONS = (
    ((" 2 Permissions ", " 3 Numbers ", " 4 Audit ", " 5 Setup "), 40),
    (("2 Perms", "3 Numbers", "4 Audit", "5 Setup"), 22),
    (("2", "3", "4", "5"), 0),
)
"""In full, in short, and by their keys: with the cells that are left for the context where there are as many."""
HINTS = (("o", "organisation"), ("r", "refresh"), ("?", "help"))


def draw_skeleton(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> None:
    """Draw it on the early screen where these arguments open the console on a database; else leave the terminal alone.

    Where anything is unknown nothing is drawn: whoever handles it then finds the terminal as it was.
    """
    if why_no_terminal("", environ) is not None or not environ.get("TERM"):
        return
    columns, rows = os.get_terminal_size(2)
    fits = SMALLEST[0] <= columns <= LARGEST[0] and SMALLEST[1] <= rows <= LARGEST[1]
    if fits and opens_console(arguments, environ):
        early_screen.take(skeleton(columns, rows))


def opens_console(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether the console opens, on a database, and without running a program for the master key.

    An agent of that program's may ask for a passphrase on the terminal, as gpg-agent does on that of GPG_TTY. Without a
    database the wizard opens, which looks different.
    """
    options = _options(arguments)
    if options is None:
        return False
    locked = "--locked" in options or environ.get("SWITCHBOARD_LOCKED", "0") != "0"
    if locked and (environ.get("SSH_ORIGINAL_COMMAND") or "--env-file" in options):
        return False
    profile = options.get(PROFILE_OPTION) or environ.get(PROFILE_VARIABLE)
    if profile:
        if "--env-file" in options or not is_profile_name(profile):
            return False
        file = profile_file(ROOT_FILE.rpartition("/")[0] if locked else configuration_folder(environ), profile)
    else:
        file = ROOT_FILE if locked else options.get("--env-file", ".env")
    content = _content(file, may_be_missing=not profile and "--env-file" not in options)
    if content is None or environ.get(KEY_COMMAND) or KEY_COMMAND.encode() in content:
        return False
    # A profile alone says which database it is: where the environment names another, no console opens.
    return any((not profile and environ.get(name)) or name.encode() in content for name in PLACES)


def skeleton(columns: int, rows: int) -> str:
    """Return what the first frame shows whatever the settings say: top line, sections, hints."""
    others = next(
        texts
        for texts, room in OTHER_SECTIONS
        if sum(len(text) + 1 for text in (OPEN_SECTION, *texts)) + room <= columns
    )
    sections = " ".join((OPEN_SECTION, *(f"\x1b[2m{text}\x1b[0m" for text in others)))
    hints = "  ".join(f"\x1b[1m{key}\x1b[0m {meaning}" for key, meaning in HINTS)
    top = TOP + HEALTH.rjust(columns - len(TOP))
    return f"\x1b[7m{top}\x1b[0m\x1b[2;1H{sections}\x1b[{rows};1H{hints}"


def _options(arguments: Sequence[str]) -> dict[str, str] | None:
    """Return the options among the arguments; None where there is anything but options that the console takes."""
    options = {}
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if name in OPTIONS_WITH_VALUE:
            options[name] = value if equals else next(words, "")
        elif word in FLAGS:
            options[word] = word
        else:
            return None
    return options if all(options.values()) else None


def _content(path: str, *, may_be_missing: bool) -> bytes | None:
    """Return what a plain file holds, nothing where it may be missing; None where reading it fails or would take it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b"" if may_be_missing else None
    except (OSError, ValueError):
        return None
    try:
        # What goes through a pipe can be read only once.
        return os.read(descriptor, MOST_BYTES) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(descriptor)
