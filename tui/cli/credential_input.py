"""A credential from standard input: one JSON object, or on a terminal one field after the other."""

from __future__ import annotations

import sys
import warnings
from getpass import GetPassWarning, getpass
from typing import TYPE_CHECKING, Any

from tui.data.keys.credential_json import parse_credential
from tui.errors import InvalidInput
from tui.providers.field_kinds import read
from tui.words.text import plain

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.providers.fields import Field, IntegrationType

LARGEST_BYTES = 1_000_000


def read_object(definition: IntegrationType) -> dict[str, Any]:
    """Read the one JSON object from standard input. Raises InvalidInput, also where that is a terminal."""
    required = {field.name: "..." for field in definition.fields if field.required}
    form = ", ".join(f'"{name}": "{value}"' for name, value in required.items())
    if sys.stdin is None or sys.stdin.isatty():
        raise InvalidInput(
            f"The credential of {definition.name} is read from standard input, which is a terminal.",
            f"Put {{{form}}} into a file of mode 0600 and add `< file`.",
        )
    text = sys.stdin.buffer.read(LARGEST_BYTES + 1)
    if len(text) > LARGEST_BYTES:
        raise InvalidInput("Standard input is larger than a credential can be.", f"Give one JSON object: {{{form}}}.")
    if not text.strip():
        raise InvalidInput("Standard input is empty.", f"Give one JSON object: {{{form}}}.")
    return parse_credential(text)


def ask_fields(definition: IntegrationType, out: Output) -> dict[str, Any]:
    """Ask for each field on the terminal, again after a sentence where it is not accepted; secrets are not shown.

    A field that may be blank is left out where nothing is typed. Raises InvalidInput where the input ends.
    """
    return {field.name: value for field in definition.fields if (value := _ask(field, out)) is not None}


def _ask(field: Field, out: Output) -> Any:
    usual = f" [{field.default}]" if field.default is not None else "" if field.required else " (may be blank)"
    prompt = plain(f"{field.label}{usual}: ")
    while True:
        try:
            reading = read(field, _typed(prompt, is_secret=field.secret))
        except UnicodeDecodeError:
            out.say("Text; that is no UTF-8. Type it again in a UTF-8 terminal.")
            continue
        if reading.problem is None and reading.value is None and field.required:
            out.say(f"It is required. {field.help}")
        elif reading.problem is not None:
            out.say(reading.problem)
        else:
            for warning in reading.warnings:
                out.say(warning)
            return reading.value


def _typed(prompt: str, *, is_secret: bool) -> str:
    """Return a line from the terminal. Raises InvalidInput where the input ends or a secret would be seen."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)
            if is_secret:
                return getpass(prompt)
            sys.stderr.write(prompt)
            sys.stderr.flush()
            if line := sys.stdin.readline():
                return line
    except GetPassWarning:
        raise InvalidInput(
            "This terminal cannot hide a secret that is typed.", "Give a JSON object: `< file`."
        ) from None
    except EOFError:
        pass
    raise InvalidInput("The input ended before the credential was whole.", "Run it again.")
