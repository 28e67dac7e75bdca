"""What the value of an argument or an option can be completed with; each is the `shell_complete` of a parameter."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from tui.cli.request import Options
from tui.settings.profiles import configuration_folder, profile_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    Candidates = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]

# Nothing below imports more than it needs: every command names one of these.


def words(*choices: str) -> Candidates:
    """Return what completes with a few words."""
    return lambda context, parameter, incomplete: fitting(((choice, "") for choice in choices), incomplete)


def files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Let the shell complete with names of files."""
    return [CompletionItem(incomplete, type="file")]


def types(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the types of integrations."""
    from tui.providers import type_titles

    return fitting(type_titles().items(), incomplete)


def types_or_files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the types, and with names of files where what is typed begins none."""
    return types(context, parameter, incomplete) or files(context, parameter, incomplete)


def own_types(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the types that files of the user's own declare."""
    from tui.providers import definitions

    own = ((found.name, found.title) for found in definitions() if found.origin == "user")
    return fitting(own, incomplete)


def profiles(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the profiles that there are."""
    names = profile_names(configuration_folder(os.environ))
    return fitting(((name, "") for name in names), incomplete)


def people(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with people of the directory, and whoever else holds a permission: by e-mail, else by id."""
    from tui.cli.completion.stored import ask, people_like

    return fitting(ask(options_of(context), people_like, incomplete), incomplete)


def person_or_types(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with a person, then with types; with types alone where --user names the people."""
    begins_with_person = not context.params.get("users") and not context.params.get(parameter.name or "")
    return (people if begins_with_person else types)(context, parameter, incomplete)


def numbers(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the organisation's phone numbers, as E.164; digits in the middle find a single one."""
    from tui.cli.completion.stored import ask, numbers_like

    return fitting(ask(options_of(context), numbers_like, incomplete), incomplete)


def organizations(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with organisations by name, else by id."""
    from tui.cli.completion.stored import ask, organizations_like

    return fitting(ask(options_of(context), organizations_like, incomplete), incomplete)


def logins(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the logins that are people."""
    from tui.cli.completion.stored import ask, logins_like

    return fitting(ask(options_of(context), logins_like, incomplete), incomplete)


def server_logins(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the roles of the server that log in and are nobody's here."""
    from tui.cli.completion.stored import ask, server_logins_like

    return fitting(ask(options_of(context), server_logins_like, incomplete), incomplete)


def replaced_keys(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the ids of master keys that were replaced and not retired."""
    from tui.cli.completion.stored import ask, replaced_keys_like

    return fitting(ask(options_of(context), replaced_keys_like, incomplete), incomplete)


def filter_words(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete a word of a filter of the audit log; the qualifiers themselves without the database."""
    from tui.data.audit.qualifiers import QUALIFIERS

    sign = "-" if incomplete.startswith("-") else ""
    is_path = any(each.takes == "path" and incomplete.startswith(sign + each.opening) for each in QUALIFIERS.values())
    if ":" not in incomplete and not is_path:
        return fitting(((sign + each.opening, each.note) for each in QUALIFIERS.values()), incomplete)
    from tui.cli.completion.stored import ask, filters_like

    found = ask(options_of(context), filters_like, incomplete)
    if not found:
        name, _, value = incomplete.removeprefix("-").partition(":")
        begins = f"{sign}{name}:{value[: value.rfind(',') + 1]}"
        qualifier = QUALIFIERS.get(name)
        found = [(begins + offered, "") for offered in (qualifier.offered if qualifier else ())]
    return fitting(found, incomplete)


def options_of(context: click.Context) -> Options:
    """Return the common options that the line has so far."""
    return context.find_object(Options) or Options()


def fitting(choices: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem[str]]:
    """Return the values that begin with what was typed, in any case; else the only one there is.

    A shell puts the common beginning of several in place of what was typed, and would take letters away.
    """
    listed = list(dict.fromkeys(choices))
    begun = [choice for choice in listed if choice[0].casefold().startswith(incomplete.casefold())]
    found = begun or (listed if len(listed) == 1 and incomplete else [])
    return [CompletionItem(value, help=help_ or None) for value, help_ in found]
