"""Commands on a FILTER of the audit log: its words are the rest of the command line, and a wrong one is pointed at."""

from __future__ import annotations

import difflib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from rich.cells import cell_len

from tui.cli.completion.candidates import files, filter_words
from tui.cli.parsing import Argument, Command, option
from tui.cli.request import FORMS, OCSF, Options
from tui.cli.requirements import Requirements
from tui.cli.run import run
from tui.data.archive.matching import resolve_without_directory
from tui.data.audit.filter import AuditFilter, join_words, parse_filter
from tui.data.audit.name_resolution import resolve_filter
from tui.data.audit.qualifiers import QUALIFIERS
from tui.errors import FilterError
from tui.words.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.shell_completion import CompletionItem

    from tui.cli.output import Output
    from tui.session.session import Session

MOST_CELLS_AROUND, MOST_CELLS_OF_WORD = 60, 160
archive_option = option(
    "--archive",
    metavar="FILE",
    shell_complete=files,
    needs=Requirements(finds=True, connects=False, organization=False),
    help="Read an archived month; it needs no database.",
)
LANGUAGE = f"""FILTER is any of {" ".join(each.usage for each in QUALIFIERS.values())} and words to look for.
All must hold; commas separate alternatives, and - before any of them negates it. For example:
status:failed since:2d -action:call_made details.error_code:429,503 "Rate limit\""""


class FilteredCommand(Command):
    """A command on the rows of a FILTER; its work gets the resolved filter after the session and the output."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(
            *arguments,
            epilog=LANGUAGE,
            # So that a negation is a word of the filter: -status:success.
            context_settings={"ignore_unknown_options": True},
            **attributes,
        )
        self.params.insert(
            0,
            Argument(
                ["words"],
                locked=True,
                nargs=-1,
                metavar="FILTER",
                callback=_refuse_options,
                shell_complete=filter_words,
            ),
        )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Complete options; after a single - also with qualifiers, which it negates."""
        negated = [] if incomplete.startswith("--") else filter_words(ctx, self.params[0], incomplete)
        return [*super().shell_complete(ctx, incomplete), *negated]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; -ocsv is the format, as in every other command, and no word that is negated."""
        joined = {f"-o{form}": f"--format={form}" for form in (*FORMS, OCSF)}
        return super().parse_args(ctx, [joined.get(argument, argument) for argument in args])

    def make_parser(self, ctx: click.Context) -> Any:
        """Return a parser that takes a short option only where it stands alone: in -status:failed is no -s."""
        parser: Any = super().make_parser(ctx)
        parser._long_opt |= parser._short_opt
        parser._short_opt.clear()
        return parser

    def invoke(self, ctx: click.Context) -> None:
        """Run the work on the rows of the filter that the words say.

        The filter is parsed before anything is connected to. It is of the chosen organisation unless org: names others;
        what was not found in the directory is said. Raises what `run` raises, FilterError, and UnknownOrganization
        where none is chosen.
        """
        text = join_words(ctx.params.pop("words"))
        work = self.work(ctx)

        reads_archive = bool(ctx.params.get("archive"))

        def parse(session: Session, out: Output) -> AuditFilter:
            with _pointing_at_errors(out):
                return parse_filter(text, zone=session.settings.timezone)

        async def work_on_filter(session: Session, out: Output) -> None:
            # Anew for each reading of a list that is watched: since:10m goes on with the time.
            parsed = parse(session, out)
            if reads_archive:
                with _pointing_at_errors(out):
                    audit_filter, notes = resolve_without_directory(parsed)
                for note in notes:
                    out.say(note)
                await work(session, out, audit_filter)
                return
            names_organization = any(term.name == "org" for term in parsed.terms)
            organization_id = None if names_organization else (await session.find_organization()).id
            with _pointing_at_errors(out):
                resolved = await resolve_filter(session.database, parsed, organization_id)
            for note in resolved.notes:
                out.say(note)
            await work(session, out, resolved.audit_filter)

        run(ctx.find_object(Options) or Options(), work_on_filter, self.requirements(ctx), before=parse)


@contextmanager
def _pointing_at_errors(out: Output) -> Iterator[None]:
    """Show the filter with carets under the word that a FilterError is about."""
    try:
        yield
    except FilterError as error:
        if error.text:
            _point_at(out, error)
        raise


def _point_at(out: Output, error: FilterError) -> None:
    end = error.offset + error.length
    before = plain(error.text[max(error.offset - MOST_CELLS_AROUND, 0) : error.offset])
    word = plain(error.text[error.offset : end])[:MOST_CELLS_OF_WORD]
    after = plain(error.text[end:])[:MOST_CELLS_AROUND]
    out.say(before + word + after)
    out.say(" " * cell_len(before) + "^" * max(cell_len(word), 1))


def _refuse_options(context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """Raise NoSuchOption for a word such as --limt, which click leaves to the filter."""
    for word in words:
        if word.startswith("--"):
            names = [name for option in context.command.get_params(context) for name in option.opts]
            long_names = [name for name in names if name.startswith("--")]
            near = difflib.get_close_matches(word.partition("=")[0], long_names)
            raise click.NoSuchOption(word, possibilities=near, ctx=context)
    return words
