"""What a command prints: data on standard output in one of the forms, prose and failures on standard error."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TextIO, TypeVar

from rich.cells import cell_len

from tui.errors import AlreadyTold, InvalidInput
from tui.terminal.early_screen import early_screen
from tui.words.text import ascii_json, fit, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tui.cli.request import Form
    from tui.errors import SwitchboardError

GAP = "  "
PROGRESS_EVERY_S = 2.0
Item = TypeVar("Item")
CellItem_contra = TypeVar("CellItem_contra", contravariant=True)


class Column(NamedTuple, Generic[CellItem_contra]):
    """A column of a table: its title, the text of an item's cell, and what gives way on a narrow terminal.

    `shrinks_to` is the number of cells it may be cut to; an `optional` one is left out where that is not enough for the
    `usual` widths of the others.
    """

    title: str
    cell: Callable[[CellItem_contra], object]
    shrinks_to: int | None = None
    to_the_right: bool = False
    optional: bool = False
    wraps: bool = False
    usual: int = 0


class Output:
    """Writes data to standard output in a form, and prose, which JSON omits, to standard error.

    Every text is made safe for a terminal on its way out. Nothing is ever coloured.
    """

    def __init__(self, form: Form = "table", *, yes: bool = False) -> None:
        self.form = form
        self.yes = yes
        """Whether every confirmation was given beforehand."""
        self._progress_at = time.monotonic()
        self._columns: tuple[str, ...] = ()

    @property
    def as_table(self) -> bool:
        """Whether data is for people."""
        return self.form == "table"

    @property
    def as_json(self) -> bool:
        """Whether what is said beside the data is JSON too, or left out."""
        return self.form in ("json", "jsonl")

    def require_exact(self) -> None:
        """Raise InvalidInput for CSV, which changes what would be a formula: a key may begin with a +."""
        if self.form == "csv":
            raise InvalidInput("CSV cannot hold it exactly as it is.", "Leave --format out, or give json.")

    def rows(
        self,
        items: Sequence[Item],
        columns: Sequence[Column[Item]],
        *,
        empty: str,
        record: Callable[[Item], Mapping[str, Any]],
        piped_width: int | None = None,
    ) -> None:
        """Write a list: the items' records, or a table, or `empty` where there are no items."""
        if not self.as_table:
            self.data([record(item) for item in items])
        elif items:
            self.table(items, columns, piped_width)
        if not items:
            self.say(empty)

    def record(self, record: Mapping[str, Any], lines: Iterable[tuple[str, object]]) -> None:
        """Write one thing: the record, or the lines as names and values under one another."""
        if not self.as_table:
            self.data(dict(record))
            return
        named = list(lines)
        width = max((len(name) for name, _ in named), default=0)
        for name, value in named:
            self.text(f"{name.ljust(width)}{GAP}{_safe_line(value, sys.stdout)}")

    def exact(self, record: Mapping[str, Any], text: str) -> None:
        """Write the record, or a text that holds only as it is, to the last byte.

        Raises InvalidInput for a terminal that it would do something to, or that would show it in another way.
        """
        if not self.as_table:
            self.require_exact()
            self.data(dict(record))
            return
        if sys.stdout.isatty() and any(_safe_line(line, sys.stdout) != line for line in text.split("\n")):
            raise InvalidInput(
                "This terminal cannot show it exactly as it is.", "Write it to a file: put `> FILE` behind the command."
            )
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()

    def result(self, record: Mapping[str, Any], sentence: str) -> None:
        """Write the result of an act: the record, or a sentence."""
        if not self.as_table:
            self.data(dict(record))
        else:
            self.text(sentence)

    def data(self, value: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Write one record or a list of records, as JSON in ASCII or as CSV.

        JSON is one line, on a terminal indented; as JSON lines each record of a list has a line of its own.
        """
        records = [value] if isinstance(value, Mapping) else value
        if self.form == "csv":
            self._write_csv(records, {name: None for record in records for name in record})
        elif self.form == "jsonl":
            for record in records:
                sys.stdout.write(ascii_json(record) + "\n")
        else:
            sys.stdout.write(ascii_json(value, indent=2 if sys.stdout.isatty() else None) + "\n")

    def line(self, record: Mapping[str, Any]) -> None:
        """Write one more record of a list that has no end: a line of JSON or of CSV, before its first one the header.

        Every record has the fields of the first.
        """
        if self.form == "csv":
            self._write_csv([record], () if self._columns else record)
        else:
            sys.stdout.write(ascii_json(record) + "\n")

    def _write_csv(self, records: Sequence[Mapping[str, Any]], header: Iterable[str]) -> None:
        from tui.cli.csv_text import csv_line

        columns = tuple(header)
        if columns:
            self._columns = columns
            sys.stdout.write(csv_line(columns))
        for record in records:
            line = csv_line([record.get(name) for name in self._columns])
            sys.stdout.write(line.encode("ascii", "backslashreplace").decode() if _ascii_only(sys.stdout) else line)

    def text(self, line: object) -> None:
        """Write one line of data."""
        sys.stdout.write(_safe_line(line, sys.stdout).rstrip() + "\n")

    def say(self, line: object) -> None:
        """Write one line of prose to standard error."""
        if not self.as_json:
            _write_error(_safe_line(line, sys.stderr))

    def progress(self, line: str) -> None:
        """Write a line of prose, unless the last one of progress was written less than PROGRESS_EVERY_S ago."""
        if time.monotonic() - self._progress_at >= PROGRESS_EVERY_S:
            self._progress_at = time.monotonic()
            self.say(line)

    def warn(self, sentence: str, what_to_do: str = "") -> None:
        """Write one line about something that does not stop the command."""
        if self.as_json:
            _write_error(ascii_json({"warning": sentence, "what_to_do": what_to_do}))
        else:
            _write_error(_safe_line(f"Warning: {sentence} {what_to_do}".rstrip(), sys.stderr))

    def table(self, items: Sequence[Item], columns: Sequence[Column[Item]], piped_width: int | None = None) -> None:
        """Write a table, as wide as the terminal at most, or `piped_width` where there is none; None sets no bound."""
        available = _terminal_width(sys.stdout) or piped_width
        columns = _drop_optional_columns(columns, available)
        cells = [[_safe_line(column.cell(item), sys.stdout) for column in columns] for item in items]
        lines = [[column.title for column in columns], *cells]
        widths = [max(cell_len(line[index]) for line in lines) for index in range(len(columns))]
        widths = _shrink_widths(widths, columns, available)
        ellipsis = "..." if _ascii_only(sys.stdout) else "\u2026"
        if columns[-1].wraps and available is not None:
            lines, widths = _wrap_last_column(lines, widths, available)
        for line in lines:
            parts = []
            for text, width, column in zip(line, widths, columns, strict=True):
                shown = text if cell_len(text) <= width else fit(text, width, ellipsis=ellipsis)
                blanks = " " * (width - cell_len(shown))
                parts.append(blanks + shown if column.to_the_right else shown + blanks)
            sys.stdout.write(GAP.join(parts).rstrip() + "\n")


def report(failure: SwitchboardError, *, as_json: bool) -> int:
    """Write a failure to standard error, one line saying what is wrong and what to do, and return its exit status."""
    if isinstance(failure, AlreadyTold) and not as_json:
        return failure.exit_status
    if as_json:
        _write_error(
            ascii_json({"error": failure.sentence, "what_to_do": failure.what_to_do, "exit": failure.exit_status})
        )
    else:
        _write_error(_safe_line(f"{failure.sentence} {failure.what_to_do}".rstrip(), sys.stderr))
    return failure.exit_status


def _write_error(line: str) -> None:
    if sys.stderr is sys.__stderr__:
        # On the screen of the shell, where it stays; not what --watch draws on the other one.
        early_screen.give_back()
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except OSError:
        # The terminal has gone away. What is still buffered must not fail again at exit, which would then be 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _safe_line(value: object, stream: TextIO) -> str:
    return plain(value, ascii_only=_ascii_only(stream))


def _ascii_only(stream: TextIO) -> bool:
    return (stream.encoding or "ascii").lower().replace("-", "").replace("_", "") != "utf8"


def _terminal_width(stream: TextIO) -> int | None:
    """Return the width in cells of the terminal that the stream writes to; None for a pipe or a file."""
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except OSError:
        return None


def _wrap_last_column(lines: list[list[str]], widths: list[int], available: int) -> tuple[list[list[str]], list[int]]:
    """Break the last column's texts at blanks into further lines, so that each line fits."""
    before = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    width = max(available - before, 20)
    wrapped: list[list[str]] = []
    for line in lines:
        first, *rest = wrap(line[-1], width) or [""]
        wrapped.append([*line[:-1], first])
        wrapped += [[""] * (len(line) - 1) + [piece] for piece in rest]
    return wrapped, [*widths[:-1], width]


def _drop_optional_columns(columns: Sequence[Column[Item]], available: int | None) -> list[Column[Item]]:
    """Leave out optional columns, the last one first, until the others have their least width."""
    shown = list(columns)
    while available is not None and sum(_least_width(column) + len(GAP) for column in shown) > available + len(GAP):
        optional = [column for column in shown if column.optional]
        if not optional:
            break
        shown.remove(optional[-1])
    return shown


def _least_width(column: Column[Any]) -> int:
    return max(column.shrinks_to or column.usual, len(column.title))


def _shrink_widths(widths: list[int], columns: Sequence[Column[Any]], available: int | None) -> list[int]:
    """Shrink the widest column that may shrink, a cell at a time, until the table fits or none can shrink further."""
    widths = list(widths)
    while available is not None and sum(widths) + len(GAP) * (len(widths) - 1) > available:
        shrinkable = [
            index
            for index, column in enumerate(columns)
            if column.shrinks_to is not None and widths[index] > max(column.shrinks_to, len(column.title))
        ]
        if not shrinkable:
            break
        widths[max(shrinkable, key=lambda index: widths[index])] -= 1
    return widths
