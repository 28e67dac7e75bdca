"""The table [control] of a definition file: written into its text, of which all else stays byte for byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.errors import InvalidInput
from tui.providers.declared.definition import Definition
from tui.providers.declared.lines import key_lines
from tui.providers.declared.reading import read_definition

if TYPE_CHECKING:
    from tui.providers.declared.definition import Control

_HEADER = re.compile(r"\s*\[\s*control\s*\]\s*(?:#.*)?")


def control_table(control: Control) -> str:
    """Return the table as it stands in a file."""
    return "\n".join(["[control]", *_entries(control).values()]) + "\n"


def with_control(content: bytes, control: Control, definition: Definition) -> bytes:
    """Return the content of the definition's file with this control in place of the one that is there.

    Raises InvalidInput where the content is not what the definition was read from, or has the control in another form.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise _not_written(definition, control) from None
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    places = key_lines(text.replace("\r\n", "\n")).lines
    header = places.get(("control",))
    if header is None:
        gap = "" if text.endswith("\n\n") or text.endswith("\n\r\n") else end if text.endswith("\n") else end * 2
        changed = text + gap + control_table(control).replace("\n", end)
    elif not _HEADER.fullmatch(lines[header - 1].rstrip("\r")):
        raise _not_written(definition, control)
    else:
        ending = end.removesuffix("\n")
        new = {places.get(("control", key)): entry for key, entry in _entries(control).items()}
        missing = [entry + ending for key, entry in _entries(control).items() if ("control", key) not in places]
        kept = [new[n] + ending if n in new else line for n, line in enumerate(lines, 1)]
        changed = "\n".join([*kept[:header], *missing, *kept[header:]])
    # The file decides what is asked: what was not understood must not be written.
    read = read_definition(definition.path, changed.encode(), definition.origin)
    if not isinstance(read, Definition) or (read.sha256, read.control) != (definition.sha256, control):
        raise _not_written(definition, control)
    return changed.encode()


def _entries(control: Control) -> dict[str, str]:
    return {"date": f"date = {control.date.isoformat()}", "sha256": f'sha256 = "{control.check_sha256}"'}


def _not_written(definition: Definition, control: Control) -> InvalidInput:
    entries = ", ".join(_entries(control).values())
    return InvalidInput(
        "The control was not written: the file changed meanwhile, or has its [control] in another form.",
        f"Write it as a table: [control], {entries}",
    )
