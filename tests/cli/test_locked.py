"""The allow-list of the locked console's command line: every command and option there is, and what is closed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from tests.generate.commands import every_command, leaves
from tests.generate.ways_out import TYPED_WAYS, ways_table, ways_table_in_document
from tests.support.commands import one_line_of_json
from tui.cli.parsing import Command, Group, option
from tui.cli.request import Options
from tui.cli.root import run_command, switchboard
from tui.errors import InvalidInput, SwitchboardError

if TYPE_CHECKING:
    from tests.support.commands import Shell

# A command or an option that is added is closed until it says otherwise, and then docs/commands.md has it as open. What
# these lead to must stay closed.
CLOSED_COMMANDS = {"demo", "setup", "keys generate", "audit seal", "audit cosign", "audit archive"}
CLOSED_OPTIONS = {"--env-file"}
CLOSED_OPTIONS_OF = {
    "access add": {"--create", "--ask-password", "--no-password", "--expires"},
    "audit list": {"--archive"},
    "audit stats": {"--archive"},
    "audit export": {"--archive"},
    "audit prove": {"--checkpoint"},
    "audit verify": {"--manifest", "--file", "--checkpoint", "--cosigner", "--proof", "--archive"},
    "audit retention": {"--months"},
    "check": {"--notify"},
    "audit tail": {"--position"},
    "integrations versions": {"--keep", "--days"},
}
IS_CLOSED = "is not open in the locked console"


ours = Command("ours", callback=lambda: None)
plain = click.Command("plain", callback=lambda: None)


def refusal(*arguments: str) -> str:
    """What a locked command line is refused with before the command is run; nothing where it is not."""
    context: click.Context | None = None
    try:
        words = list(arguments)
        command: click.Command = switchboard
        context = command.make_context("switchboard", words, obj=Options(locked=True))
        while isinstance(command, click.Group) and (rest := [*context._protected_args, *context.args]):
            name, inner, rest = command.resolve_command(context, rest)
            assert inner is not None
            command = inner
            context = command.make_context(name, rest, parent=context)
    except (click.UsageError, SwitchboardError, click.exceptions.Exit) as refused:
        return str(refused)
    return ""


class TestEveryCommand:
    def test_that_leads_out_is_closed_and_a_group_never_is(self) -> None:
        closed = {path for path, command in every_command() if not command.locked}
        assert closed >= CLOSED_COMMANDS
        assert closed <= leaves().keys()

    @pytest.mark.parametrize("path", sorted(CLOSED_COMMANDS))
    def test_that_is_closed_is_refused_whatever_else_is_said(self, path: str) -> None:
        for more in ([], ["--help"], ["--json"]):
            with pytest.raises(InvalidInput, match=f"`switchboard {path}` {IS_CLOSED}") as refused:
                run_command([*path.split(), *more], Options(locked=True))
            assert refused.value.exit_status == 2

    def test_that_is_closed_is_in_no_help_and_in_no_list(self) -> None:
        # `demo` is what somebody who types dem would mean.
        for word in ("nonsense", "dem"):
            with pytest.raises(InvalidInput) as wrong:
                run_command([word], Options(locked=True))
            assert "schema, doctor" in str(wrong.value)
            assert "demo" not in str(wrong.value)

    def test_that_says_nothing_is_closed_also_where_it_is_plain_click(self) -> None:
        group = Group("later", locked=True, lazy_commands={name: f"{__name__}:{name}" for name in ("ours", "plain")})
        assert group.list_commands(click.Context(group, obj=Options(locked=True))) == []
        for name in group.lazy_commands:
            with pytest.raises(InvalidInput, match=IS_CLOSED):
                group.invoke(group.make_context("later", [name], obj=Options(locked=True)))
            group.invoke(group.make_context("later", [name], obj=Options()))


class TestEveryOption:
    def test_is_open_or_closed_as_was_decided(self) -> None:
        for path, command in every_command():
            if not command.locked:
                continue
            closed_options = CLOSED_OPTIONS | CLOSED_OPTIONS_OF.get(path, set())
            parameters = [
                param for param in command.get_params(click.Context(command)) if isinstance(param, click.Option)
            ]
            assert closed_options <= {parameter.opts[0] for parameter in parameters}, path
            shown = command.get_help(click.Context(command, info_name=path, obj=Options(locked=True)))
            assert not [name for name in closed_options if name in shown], path
            for parameter in parameters:
                given = [parameter.opts[0]] if parameter.is_flag else [parameter.opts[0], "x"]
                is_refused = refusal(*path.split(), *given).startswith(f"The option {parameter.opts[0]} {IS_CLOSED}")
                assert is_refused == (parameter.opts[0] in closed_options), (path, parameter.opts[0])

    def test_says_for_itself_whether_it_is_open_and_few_name_a_file(self) -> None:
        given = [
            (path, param)
            for path, command in every_command()
            for param in command.get_params(click.Context(command))
            if command.locked and param is not command.get_help_option(click.Context(command))
        ]
        silent = {(path, parameter.opts[0]) for path, parameter in given if not hasattr(parameter, "locked")}
        assert silent == set()
        files = {
            (path, parameter.opts[0])
            for path, parameter in given
            if parameter.locked and "FILE" in (parameter.metavar or "")
        }
        assert files == {
            *(("audit export", "--output"), ("audit prove", "--output"), ("audit verify", "--public-key")),
            # Refuses one itself: tests/cli/types/test_types.py.
            ("types show", "type_or_file"),
        }

    def test_that_says_nothing_is_closed_also_where_it_is_plain_click(self) -> None:
        effects: list[object] = []

        @click.command("later", cls=Command, locked=True)
        @click.option("--plain", is_eager=True, callback=lambda *given: effects.append(given[-1]))
        @option("--ours", metavar="X")
        def later(plain: str | None, ours: str | None) -> None:
            raise AssertionError

        for name in ("--plain", "--ours"):
            with pytest.raises(InvalidInput, match=f"The option {name} {IS_CLOSED}"):
                later.make_context("later", [name, "x"], obj=Options(locked=True))
        assert not effects
        later.make_context("later", ["--plain", "x", "--ours", "x"], obj=Options())
        assert effects == ["x"]

    @pytest.mark.parametrize("name", ["/tmp/x", "../x", "..", ".", ".bashrc", "a/b", "a\nb"])
    def test_of_a_file_takes_a_plain_name_only(self, name: str) -> None:
        assert "plain name" in refusal("audit", "export", "--output", name)
        assert not refusal("audit", "export", "--output", "log.csv")

    def test_of_a_public_key_takes_digits_only(self) -> None:
        assert IS_CLOSED in refusal("audit", "verify", "--public-key", "/etc/shadow")
        assert IS_CLOSED in refusal("audit", "verify", "--public-key", "a" * 64, "--public-key", "b" * 63)
        assert not refusal("audit", "verify", "--public-key", "a" * 64)


class TestTheProgram:
    def test_reads_no_env_file_of_the_working_folder(self, shell: Shell) -> None:
        (shell.folder / ".env").write_text("nonsense of a file\n")
        assert "No database is configured" in shell.run("--locked", "integrations", "list").refusal(1)
        (shell.folder / ".env").unlink()

    @pytest.mark.parametrize("arguments", [["--locked", "--env-file", "x"], ["--env-file", "x", "--locked"]])
    def test_reads_no_file_that_is_named(self, shell: Shell, arguments: list[str]) -> None:
        assert f"--env-file {IS_CLOSED}" in shell.run(*arguments, "integrations", "list").refusal(2)

    def test_is_locked_by_the_variable_which_cannot_undo_the_option(self, shell: Shell) -> None:
        for locked in (shell.with_(SWITCHBOARD_LOCKED="1"), shell):
            assert IS_CLOSED in locked.run("demo", *([] if locked is not shell else ["--locked"])).refusal(2)
        assert IS_CLOSED in shell.with_(SWITCHBOARD_LOCKED="0").run("demo", "--locked").refusal(2)
        assert "neither 1 nor 0" in shell.with_(SWITCHBOARD_LOCKED="").run("--version").refusal(2)

    def test_takes_no_command_over_ssh_unless_it_is_locked(self, shell: Shell) -> None:
        asked = shell.with_(SSH_ORIGINAL_COMMAND="keys status '")
        assert asked.run("--version").status == 0
        assert "not closed" in asked.run("--locked").refusal(2)

    def test_does_what_was_asked_over_ssh(self, phone_shell: Shell) -> None:
        locked = phone_shell.with_(SWITCHBOARD_LOCKED="1", SSH_ORIGINAL_COMMAND="switchboard integrations list --json")
        assert "exotel_phone" in [row["integration_type"] for row in locked.run().data]
        failure = one_line_of_json(locked.with_(SSH_ORIGINAL_COMMAND="demo --json").run().err)
        assert failure["exit"] == 2
        assert json.dumps(failure).count(IS_CLOSED) == 1
        unclosed = locked.with_(SSH_ORIGINAL_COMMAND="audit list --json 'x").run()
        assert one_line_of_json(unclosed.err)["exit"] == 2

    def test_answers_every_way_out_that_is_typed_over_ssh_and_leaves_nothing(self, acme_shell: Shell) -> None:
        assert len(TYPED_WAYS) >= 20
        for way in TYPED_WAYS:
            typed = way.typed.replace("{outside}", str(acme_shell.folder))
            outcome = acme_shell.with_(SSH_ORIGINAL_COMMAND=typed).run("--locked")
            assert (outcome.status, way.answer in outcome.out + outcome.err) == (way.status, True), (way.line, outcome)
        assert list(acme_shell.folder.iterdir()) == []

    def test_prints_json_over_ssh_only_where_a_word_asks_for_it(self, acme_shell: Shell) -> None:
        listed = acme_shell.run("--locked", "audit", "list", "a --json b")
        asked = acme_shell.with_(SSH_ORIGINAL_COMMAND="audit list 'a --json b'").run("--locked")
        assert (asked.status, asked.err) == (0, listed.err)
        assert asked.out == listed.out

    def test_exports_to_the_folder_for_exports_and_names_it(self, acme_shell: Shell) -> None:
        assert "SWITCHBOARD_EXPORT_DIR is not set" in acme_shell.run(
            "--locked", "audit", "export", "--output", "x"
        ).refusal(2)
        (acme_shell.folder / "exports").mkdir()
        locked = acme_shell.with_(SWITCHBOARD_EXPORT_DIR=str(acme_shell.folder / "exports"))
        outcome = locked.run("--locked", "audit", "export", "--output", "log.csv")
        assert outcome.status == 0, outcome.err
        assert f"{acme_shell.folder}/exports/log.csv" in outcome.out
        assert sorted(file.name for file in acme_shell.folder.rglob("*")) == [
            "exports",
            "log.csv",
            "log.csv.manifest.json",
        ]


def test_the_document_has_the_ways_out_that_are_tried() -> None:
    assert ways_table_in_document() == ways_table()
