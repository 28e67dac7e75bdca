"""The argument FILTER of the commands that read the audit log: the rest of the words, and what is wrong with them."""

from __future__ import annotations

import difflib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tui.cli.parsing import Command, Text, argument
from tui.data.audit.qualifiers import QUALIFIERS
from tui.errors import FilterError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from tui.cli.output import Output
    from tui.cli.request import Options
    from tui.data.audit.filter import AuditFilter
    from tui.session.session import Session

F = TypeVar("F", bound="Callable[..., Any]")

# So that a negation is a word of the filter: -status:success.
FILTERED: dict[str, Any] = {"ignore_unknown_options": True}
SHOWN_BEFORE, SHOWN = 60, 160
LANGUAGE = f"""FILTER is any of {" ".join(each.usage for each in QUALIFIERS.values())} and words to look for.
All must hold; commas separate alternatives, and - before any of them negates it. For example:
status:failed since:2d -action:call_made details.error_code:429,503 "Rate limit\""""


def filter_argument(command: F) -> F:
    """Give a command the words of its filter as `words`; its context settings must be FILTERED."""
    return argument("words", locked=True, nargs=-1, type=Text(), metavar="FILTER", callback=_refuse_options)(command)


def run_on_filter(
    options: Options, words: Sequence[str], work: Callable[[Session, Output, AuditFilter], Awaitable[None]]
) -> int:
    """Run a command on the rows of the filter that the words say; return 0.

    The filter is parsed before anything is connected to. It is of the chosen organisation unless org: names others;
    what was not found in the directory is said. Raises what `run` raises, FilterError, and UnknownOrganization where
    none is chosen.
    """
    from tui.cli.run import run

    command_line = click.get_current_context().command
    if not isinstance(command_line, Command):
        raise TypeError("a command of ours has requirements")

    parsed: list[AuditFilter] = []

    def parse(session: Session, out: Output) -> None:
        from tui.data.audit.filter import join_words, parse_filter

        with _pointing(out):
            parsed.append(parse_filter(join_words(words), zone=session.settings.timezone))

    async def command(session: Session, out: Output) -> None:
        from tui.data.audit.name_resolution import resolve_filter

        names_its_own = any(term.name == "org" for term in parsed[0].terms)
        organization_id = None if names_its_own else (await session.find_organization()).id
        with _pointing(out):
            resolved = await resolve_filter(session.database, parsed[0], organization_id)
        for note in resolved.notes:
            out.say(note)
        await work(session, out, resolved.audit_filter)

    return run(options, command, command_line.needs, before=parse)


@contextmanager
def _pointing(out: Output) -> Iterator[None]:
    try:
        yield
    except FilterError as wrong:
        _point_at(out, wrong)
        raise


def _point_at(out: Output, wrong: FilterError) -> None:
    """Show the filter with carets under the word that is wrong."""
    from rich.cells import cell_len

    from tui.words.text import plain

    if not wrong.text:
        return
    start = max(wrong.offset - SHOWN_BEFORE, 0)
    before = plain(wrong.text[start : wrong.offset])
    word = plain(wrong.text[wrong.offset : wrong.offset + wrong.length])[:SHOWN]
    after = plain(wrong.text[wrong.offset + wrong.length :])[:SHOWN_BEFORE]
    out.say(before + word + after)
    out.say(" " * cell_len(before) + "^" * max(cell_len(word), 1))


def _refuse_options(context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        if word.startswith("--"):
            options = [name for option in context.command.get_params(context) for name in option.opts]
            known = [name for name in options if name.startswith("--")]
            near = difflib.get_close_matches(word.partition("=")[0], known, n=1, cutoff=0.6)
            raise click.NoSuchOption(word, possibilities=near, ctx=context)
    return words
