"""The command `audit export`: the rows of a filter as a file with a manifest, or on standard output."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.audit.filter import FILTERED, LANGUAGE, check_filter, filter_argument, filter_of
from tui.cli.parsing import Command, Text, is_locked, option
from tui.errors import InvalidInput
from tui.words.audit import progress_line
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.cli.output import Output
    from tui.cli.request import Options
    from tui.data.audit.export import Exported, Progress
    from tui.data.audit.export_format import FormatName
    from tui.session.session import Session

PROGRESS_EVERY_S = 2.0
CSV, JSONL = "csv", "jsonl"


class NewFileName(Text):
    """The name of a file to write: any path, or in the locked console a plain name in the folder for exports."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text. Raises InvalidInput."""
        text = super().convert(value, param, ctx)
        if is_locked(ctx):
            from tui.locked.export_place import require_plain_name

            require_plain_name(text)
        return text


@click.command("export", locked=True, cls=Command, context_settings=FILTERED, epilog=LANGUAGE)
@filter_argument
@option(
    "--output",
    locked=True,
    type=NewFileName(),
    metavar="FILE",
    help="Write a new FILE, and FILE.manifest.json beside it.",
)
@option(
    "--format", "form", locked=True, type=Text(), metavar="csv|jsonl", help="csv where FILE ends in .csv, else jsonl."
)
@click.pass_obj
def export(options: Options, words: tuple[str, ...], output: str | None, form: str | None) -> int:
    """Write the rows of the organisation's log, newest first: all of them, or those of the filter.

    jsonl has a JSON object on each line, exact and in ASCII. csv is changed so that no spreadsheet takes a field for a
    formula. The log says who exported what before the first row is read. An existing file is never replaced, and an
    export that is interrupted leaves none. Without --output rows go to standard output, and there is no manifest. In
    the locked console FILE is a plain name in SWITCHBOARD_EXPORT_DIR.
    """
    from tui.cli.run import run

    check_filter(options, words)
    chosen = _format(options, output, form)
    return run(options, partial(_export, words=words, output=output, form=chosen), organization=False)


def _format(options: Options, output: str | None, form: str | None) -> FormatName:
    if form is not None and form not in (CSV, JSONL):
        raise InvalidInput("--format is neither csv nor jsonl.", "Give one of the two.")
    if options.json and form == CSV and output is None:
        raise InvalidInput("--json and --format csv do not go together on standard output.", "Leave one out.")
    named_csv = output is not None and output.lower().endswith(f".{CSV}")
    return "csv" if form == CSV or (form is None and named_csv) else "jsonl"


async def _export(
    session: Session, out: Output, *, words: tuple[str, ...], output: str | None, form: FormatName
) -> None:
    from tui.data.audit.export import export_log
    from tui.data.audit.export_file import Stream
    from tui.locked.export_place import new_file

    resolved = await filter_of(session, out, words)
    sys.stdout.flush()
    file = None if output is None else new_file(session.settings, Path(output))
    destination = Stream(sys.stdout.fileno()) if file is None else file
    done = await export_log(session.database, resolved.log_filter, form, destination, on_progress=_progress(out))
    if file is None:
        out.say(f"{_summary(done)} SHA-256 {done.sha256}. No manifest: --output writes one.")
    else:
        name = str(file.path)
        record: dict[str, Any] = {"file": name, "manifest": f"{name}.manifest.json", **_figures(done)}
        out.result(record, f"{_summary(done)} They are in {name}, the manifest in {name}.manifest.json.")


def _figures(done: Exported) -> dict[str, Any]:
    return {name: done.manifest[name] for name in ("rows", "bytes", "sha256", "first", "last", "format", "altered")}


def _summary(done: Exported) -> str:
    altered = ", altered so that nothing in it is a formula" if done.manifest["altered"] else ""
    return f"Exported {counted(done.rows, 'row')} as {done.manifest['format']}{altered}."


def _progress(out: Output) -> Callable[[Progress], None]:
    """Say now and then how far it has come; nothing where it is over before."""
    begun = said = time.monotonic()

    def tell(progress: Progress) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= PROGRESS_EVERY_S:
            said = now
            out.say(progress_line(progress, now - begun))

    return tell
