"""The command `audit export`: the rows of a filter as a file with a manifest, or on standard output."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.audit.filter import FilteredCommand, archive_option
from tui.cli.completion.candidates import files, words
from tui.cli.new_file_name import NewFileName
from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.data.archive.export import export_archive
from tui.data.archive.matching import matcher
from tui.data.archive.reading import ArchiveReader
from tui.data.audit.export.file import MANIFEST, Stream, StreamBroken
from tui.data.audit.export.format import FORMATS, format_of
from tui.data.audit.export.run import export_audit_log
from tui.errors import InvalidInput
from tui.locked.export_place import new_file
from tui.providers import title_of
from tui.words.counts import counted
from tui.words.log.rows import exported_words, progress_line
from tui.words.text import plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.cli.output import Output
    from tui.cli.request import Options
    from tui.data.audit.export.format import FormatName
    from tui.data.audit.filter import AuditFilter
    from tui.session.session import Session

NAME_OF_FILE = re.compile(r"[^\":]+\.(?:csv|jsonl|json)", re.IGNORECASE)
FIGURES = ("rows", "bytes", "sha256", "first", "last", "format", "altered")


class ExportCommand(FilteredCommand):
    """The command on the rows of a FILTER that takes no name of a file among its words."""

    def invoke(self, ctx: click.Context) -> None:
        """Run it. Raises InvalidInput where a word is a file that should be written."""
        output = ctx.params["output"]
        for word in filter(NAME_OF_FILE.fullmatch, ctx.params["words"]):
            meant = f"Did you mean --output {plain(word)}" + (f" in place of {plain(output)}" if output else "")
            raise InvalidInput(
                f"{plain(word)} would be searched for in the log, not written.",
                f"{meant}? To look for it, put it in double quotes as well as single.",
            )
        super().invoke(ctx)


@command(cls=ExportCommand, locked=True, needs=Requirements("any", writes="log", organization=False))
@option(
    "--output",
    locked=True,
    type=NewFileName(),
    metavar="FILE",
    shell_complete=files,
    help="Write a new FILE, and FILE.manifest.json beside it.",
)
@option(
    "--format",
    "-o",
    "form",
    locked=True,
    metavar="csv|jsonl",
    shell_complete=words("csv", "jsonl"),
    help="Where left out: csv if FILE ends in .csv, else jsonl.",
)
@archive_option
@click.pass_obj
def export(
    options: Options, output: str | None, form: str | None, archive: str | None
) -> Callable[[Session, Output, AuditFilter], Awaitable[None]]:
    """Write the rows of the organisation's log, newest first: all of them, or those of the filter.

    jsonl has a JSON object on each line, exact and in ASCII. csv is changed so that no spreadsheet takes a field for a
    formula, and its last column, summary, says in a sentence what happened. The log says who exported what before the
    first row is read. An existing file is never replaced, and an export that is interrupted leaves none. Without
    --output rows go to standard output, and there is no manifest. In the locked console FILE is a plain name in
    SWITCHBOARD_EXPORT_DIR.
    """
    if form is None and options.format in FORMATS:
        # It stood before `export`.
        form, options.format = options.format, None
    form_name = _format(options, output, form)
    if archive is not None:
        if form_name != "jsonl":
            raise InvalidInput("An archive is exported as jsonl alone.", "Leave --format out, or name a FILE.jsonl.")
        return partial(_export_archive, archive=Path(archive), output=output)

    async def work(session: Session, out: Output, audit_filter: AuditFilter) -> None:
        sys.stdout.flush()
        file = None if output is None else new_file(session.settings, Path(output))
        destination = Stream(sys.stdout.fileno()) if file is None else file
        exported = await export_audit_log(
            session.database,
            audit_filter,
            form_name,
            destination,
            title_of=title_of,
            on_progress=lambda progress: out.progress(progress_line(progress)),
        )
        if file is None:
            out.say(f"{exported_words(exported, None)} SHA-256 {exported.sha256}. No manifest: --output writes one.")
        else:
            name = str(file.path)
            figures = {key: exported.manifest[key] for key in FIGURES}
            record = {"file": name, "manifest": f"{name}{MANIFEST}", **figures}
            out.result(record, exported_words(exported, name))

    return work


async def _export_archive(
    session: Session, out: Output, audit_filter: AuditFilter, *, archive: Path, output: str | None
) -> None:
    sys.stdout.flush()
    file = None if output is None else new_file(session.settings, Path(output))
    destination = Stream(sys.stdout.fileno()) if file is None else file
    with ArchiveReader(archive) as reader:
        try:
            manifest = await export_archive(reader, audit_filter, matcher(audit_filter), destination)
        except StreamBroken as broken:
            raise broken.error from None
    done = f"Exported {counted(manifest['rows'], 'row')} of {reader.month} as jsonl"
    if file is None:
        out.say(f"{done}. SHA-256 {manifest['sha256']}.")
    else:
        name = str(file.path)
        out.result({"file": name, "manifest": f"{name}{MANIFEST}", **manifest}, f"{done} to {name}.")


def _format(options: Options, output: str | None, form: str | None) -> FormatName:
    if form is not None and form not in FORMATS:
        raise InvalidInput("--format is neither csv nor jsonl.", "Give one of the two.")
    if options.form == "json" and form == "csv" and output is None:
        raise InvalidInput("--json and --format csv do not go together on standard output.", "Leave one out.")
    return format_of(output) if form is None else "csv" if form == "csv" else "jsonl"
