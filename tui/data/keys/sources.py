"""Where master keys come from: variables, a file, or a command, read exactly as they are."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import stat
import subprocess
import time
from typing import TYPE_CHECKING

from tui.data.keys.encryption import Keyring
from tui.data.keys.master_key import MasterKey
from tui.errors import MasterKeyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tui.errors import SwitchboardError

VALUE = "ENCRYPTION_MASTER_KEY"
FILE = "ENCRYPTION_MASTER_KEY_FILE"
COMMAND = "ENCRYPTION_MASTER_KEY_COMMAND"
PREVIOUS = "ENCRYPTION_MASTER_KEY_PREVIOUS"
PREVIOUS_FILE = "ENCRYPTION_MASTER_KEY_PREVIOUS_FILE"
SERVICE_ROLE = "SUPABASE_SERVICE_ROLE_KEY"

COMMAND_TIMEOUT_S = 10.0
LARGEST_BYTES = 65_536

STANDING_WARNING = (
    "The master key is SUPABASE_SERVICE_ROLE_KEY: rotating that API key would lose every credential.",
    "A key of its own (ENCRYPTION_MASTER_KEY) would be safer.",
)

Source = tuple[str, str]  # value, and where the variable was set


def read_keyring(sources: Iterable[tuple[str, str, str]]) -> Keyring:
    """Read the master keys: `sources` holds name, value and origin of each variable that is set.

    Runs the command, for up to 10 seconds, so call it before the screen opens. Trims one line end, "\\n" or "\\r\\n",
    from a file's or a command's text and nothing else. Without any source the keyring is empty.
    Raises MasterKeyError for two sources at once, for a file that is missing or open to others, for a command that
    fails, and for what is not UTF-8; never with any of what was read.
    """
    variables: dict[str, Source] = {name: (value, origin) for name, value, origin in sources if value}
    _refuse_two(variables, (VALUE, FILE, COMMAND), "the master key")
    _refuse_two(variables, (PREVIOUS, PREVIOUS_FILE), "earlier master keys")
    return Keyring(_read_current(variables), _read_previous(variables))


def read_key_file(name: str, path: str) -> MasterKey:
    """Read a key from a file that `name` names; raises as `read_keyring`."""
    return MasterKey(_only_key(_file_text(name, path), name), f"the file of {name}")


def read_key_bytes(name: str, content: bytes) -> MasterKey:
    """Make a key of what was read from `name`, at most LARGEST_BYTES and one; raises as `read_keyring`."""
    return MasterKey(_only_key(_text(content, name), name), name)


def standing_warning(keyring: Keyring) -> tuple[str, str] | None:
    """What has to stay on the screen as long as the service_role key is the master key: a sentence, and what to do."""
    current = keyring.current
    return STANDING_WARNING if current is not None and current.source.startswith(SERVICE_ROLE) else None


def is_from_program(keyring: Keyring) -> bool:
    """Whether a program has given the master key."""
    return keyring.current is not None and keyring.current.source.startswith(COMMAND)


def wrapping_warnings(keyring: Keyring) -> list[tuple[str, str]]:
    """A sentence and what to do for each key that begins or ends with quotes or a line break, which are part of it."""
    return [
        (
            _wrapping_sentence(f"{'master' if key is keyring.current else 'earlier'} key from {key.source}", key),
            "`switchboard keys status` says which of the two opens what is stored."
            if key is keyring.current
            else "Remove that if credentials of this key do not open.",
        )
        for key in keyring.keys
        if key.without_wrapping() is not None
    ]


def new_key_warning(key: MasterKey) -> tuple[str, str] | None:
    """Return the same of a key that is to be the new one, which everybody will have to configure as it is."""
    if key.without_wrapping() is None:
        return None
    return (
        _wrapping_sentence(f"new key, from {key.source},", key),
        "Remove that, unless it is meant: the key would have to be configured with it everywhere.",
    )


def _wrapping_sentence(which: str, key: MasterKey) -> str:
    return (
        f"The {which} begins or ends with {wrapping_words(key)}, and that is part of the key: without it, it would be "
        "another key."
    )


def wrapping_words(key: MasterKey) -> str:
    """Return "quotes", "a line break" or both, as a sentence has them."""
    return key.wrapping.replace("line break", "a line break").replace("byte order", "a byte order")


def _refuse_two(variables: Mapping[str, Source], names: tuple[str, ...], what: str) -> None:
    sources = [f"{name} ({variables[name][1]})" for name in names if name in variables]
    if len(sources) > 1:
        raise MasterKeyError(
            f"There is more than one source of {what}: {', '.join(sources)}.", "Keep one and remove the others."
        )


def _read_current(variables: Mapping[str, Source]) -> MasterKey | None:
    if VALUE in variables:
        return MasterKey(variables[VALUE][0], _source_name(VALUE, variables))
    if FILE in variables:
        return MasterKey(_only_key(_file_text(FILE, variables[FILE][0]), FILE), _source_name(FILE, variables))
    if COMMAND in variables:
        return MasterKey(_only_key(_command_text(variables[COMMAND][0]), COMMAND), _source_name(COMMAND, variables))
    if SERVICE_ROLE in variables:
        return MasterKey(variables[SERVICE_ROLE][0], _source_name(SERVICE_ROLE, variables))
    return None


def _read_previous(variables: Mapping[str, Source]) -> list[MasterKey]:
    if PREVIOUS in variables:
        return [MasterKey(variables[PREVIOUS][0], _source_name(PREVIOUS, variables))]
    if PREVIOUS_FILE not in variables:
        return []
    source = _source_name(PREVIOUS_FILE, variables)
    lines = _file_text(PREVIOUS_FILE, variables[PREVIOUS_FILE][0]).split("\n")
    return [
        MasterKey(key, f"{source}, line {number}")
        for number, line in enumerate(lines, start=1)
        if (key := line.removesuffix("\r"))
    ]


def _source_name(name: str, variables: Mapping[str, Source]) -> str:
    return f"{name} ({variables[name][1]})"


def _only_key(text: str, name: str) -> str:
    """The text without one line end, "\\n" or "\\r\\n"; whatever else is there belongs to the key."""
    key = text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")
    if not key:
        raise MasterKeyError(f"What {name} points to is empty.", "It must hold the master key and nothing else.")
    return key


def _file_text(name: str, path: str) -> str:
    return _text(read_private_file(path, name, MasterKeyError, "Check its name."), name)


def read_private_file(path: str | Path, name: str, failure: type[SwitchboardError], advice: str) -> bytes:
    """Return at most LARGEST_BYTES and one of a plain file of this user or root that others neither read nor write.

    What was opened is looked at, not what the path names, and links are followed. Raises `failure`, with `advice` where
    the file that the variable `name` names cannot be opened.
    """
    try:
        # A pipe that nobody writes to would hold up the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as exc:
        reason = (exc.strerror if isinstance(exc, OSError) else None) or "not a file's name"
        raise failure(f"The file that {name} names cannot be opened: {reason}.", advice) from None
    try:
        _check_owner_and_mode(os.fstat(descriptor), name, failure)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(LARGEST_BYTES + 1)
    finally:
        os.close(descriptor)


def _check_owner_and_mode(status: os.stat_result, name: str, failure: type[SwitchboardError]) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise failure(f"What {name} names is not a plain file.", "Put the key into a plain file.")
    if status.st_uid not in (os.geteuid(), 0):
        raise failure(
            f"The file that {name} names belongs to somebody else.",
            "It must belong to the user who runs Switchboard, or to root.",
        )
    # A group may read what root owns: that is how one file serves everybody in a locked console.
    if status.st_mode & 0o026 or (status.st_mode & 0o040 and status.st_uid != 0):
        raise failure(
            f"The file that {name} names can be read or written by others than its owner.", "Run chmod 600 on it."
        )


def _command_text(command: str) -> str:
    """Standard output of a program: no shell, no input, its own session, and nothing it says is shown."""
    try:
        arguments = shlex.split(command)
    except ValueError:
        arguments = []
    if not arguments:
        raise MasterKeyError(
            f"{COMMAND} is not a command with its arguments.", "Check its quotes; it is run without a shell."
        )
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as exc:
        reason = (exc.strerror if isinstance(exc, OSError) else None) or "not a program's name"
    else:
        return _read_output(process)
    raise MasterKeyError(
        f"The program of {COMMAND} cannot be started: {reason}.", "Check its name; it is run without a shell."
    )


def _read_output(process: subprocess.Popen[bytes]) -> str:
    """What the program wrote, once it has ended well. Its whole session is ended with it, however it goes."""
    deadline = time.monotonic() + COMMAND_TIMEOUT_S
    try:
        text = _text(_read_until(process, deadline), COMMAND)
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise MasterKeyError(
            f"The program of {COMMAND} did not end within {COMMAND_TIMEOUT_S:.0f} seconds.",
            "It must print the key without asking anything.",
        ) from None
    finally:
        _terminate(process)
    if status != 0:
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        raise MasterKeyError(
            f"The program of {COMMAND} failed ({how}).", "Run it by hand to see why; its output is not shown here."
        )
    return text


def _read_until(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    if process.stdout is None:
        raise AssertionError("the output is a pipe")
    output = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while len(output) <= LARGEST_BYTES:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            chunk = os.read(process.stdout.fileno(), LARGEST_BYTES)
            if not chunk:
                break
            output += chunk
    return output


def _terminate(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _text(content: bytes, name: str) -> str:
    if len(content) > LARGEST_BYTES:
        raise MasterKeyError(f"What {name} points to is too long for a master key.", "Check that it is the right one.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    # Raised out here because the decoder's error carries the bytes, and would travel along as the context.
    raise MasterKeyError(f"What {name} points to is not UTF-8 text.", "Use exactly the text it was set up with.")
