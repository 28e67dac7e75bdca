"""The command line itself: options before and after a command, and wrong usage."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from tests.generate.commands import every_command
from tests.support.commands import Shell, one_line_of_json
from tests.support.terminal.pty import SWITCHBOARD, Terminal
from tui import __version__

SECRET = "sk-CANARY-5f0c1e2d"


def test_the_version_and_the_help_go_to_standard_output(shell: Shell) -> None:
    assert shell.run("--version").out == shell.run("version").out == f"switchboard {__version__}\n"
    helped = shell.run("--help")
    assert helped.status == 0
    assert max(map(len, helped.out.splitlines())) <= 80
    for name in ("demo", "setup", "schema", "doctor", "integrations", "audit", "keys", "--read-only", "--env-file"):
        assert name in helped.out


def test_every_command_has_a_help_that_fits_a_screen() -> None:
    for path, command in every_command():
        name = f"switchboard {path}".rstrip()
        text = command.get_help(click.Context(command, info_name=name, max_content_width=80))
        assert text.startswith(f"Usage: {name} "), path
        assert max(map(len, text.splitlines())) <= 80, path
        # A group's lists every command.
        assert len(text.splitlines()) <= (42 if isinstance(command, click.Group) else 35), path
        assert "--organization" in text, path


def test_help_prints_what_dash_h_and_help_print_of_every_command(shell: Shell) -> None:
    for path, command in every_command():
        context = click.Context(command, info_name=f"switchboard {path}".rstrip())
        assert command.get_help_option_names(context) == ["--help", "-h"], path
    for words in ([], ["audit"], ["audit", "list"]):
        printed = shell.run("help", *words).out
        assert printed == shell.run(*words, "-h").out == shell.run(*words, "--help").out
        assert printed.startswith(f"Usage: {' '.join(['switchboard', *words])} ")
    assert "`switchboard keys` has no such command. Commands are: generate" in shell.run("help", "keys", "x").refusal(2)
    assert "has no commands" in shell.run("help", "keys", "status", "x").refusal(2)
    assert "is not open" in shell.run("--locked", "help", "keys", "generate").refusal(2)
    assert "demo" not in shell.run("--locked", "help").out


def test_a_negation_in_a_filter_is_no_short_option() -> None:
    words = ["-has:before", "-status:failed", "-o:x"]
    command = dict(every_command())["audit list"]
    assert command.make_context("list", [*words, "--limit", "3"]).params["words"] == tuple(words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["integration"], "integrations"),
        (["integrations"], "list, show, configure, test, enable, disable, delete"),
        (["integrations", "test"], "Give a TYPE, or --all"),
        (["integrations", "check"], "list, show"),
        (["integrations", "show"], "TYPE"),
        (["integrations", "list", "--jsn"], "No such option --jsn. Did you mean --json?"),
        (["audit", "list", "--organisation", "x"], "No such option --organisation. Did you mean --organization?"),
        (["keys", "status", "-x"], "No such option -x. See `switchboard keys status --help`."),
        (["keys", "status", f"--{SECRET}"], "has no such option"),
        (["audit", "list", f"--{SECRET}"], "has no such option"),
        (["integrations", "configure", "exotel_sms", json.dumps({"api_key": SECRET})], "standard input"),
        (["keys", "generate", f"--master-key={SECRET}"], "No such option --master-key. See"),
        (["--organization"], "--organization needs a value. See `switchboard --help`"),
        (["audit", "stats", "--by"], "--by needs a value. See `switchboard audit stats --help`"),
        (["completion", "tcsh"], "The argument SHELL is not bash, zsh or fish."),
        (["--organization", "", "integrations", "list"], "--organization is empty"),
        (["--json=yes", "integrations", "list"], "--json takes no value"),
        (["audit", "list", "--limit", "0"], "from 1 to 10000"),
        (["audit", "list", "--limit", SECRET], "from 1 to 10000"),
        (["--env-file", "missing.env", "integrations", "list"], "not there"),
    ],
)
def test_wrong_usage_is_one_line_that_repeats_no_value(shell: Shell, arguments: list[str], words: str) -> None:
    line = shell.run(*arguments).refusal(2)
    assert words in line
    assert SECRET not in line


def test_bytes_that_are_no_text_are_refused(shell: Shell) -> None:
    assert "UTF-8" in shell.run(b"--organization", b"\xff\xfe", b"integrations", b"list").refusal(2)


@pytest.mark.parametrize(
    "arguments", [["--json", "keys", "status"], ["keys", "--json", "status"], ["keys", "status", "--json"]]
)
def test_a_common_option_counts_wherever_it_stands(phone_shell: Shell, arguments: list[str]) -> None:
    assert phone_shell.run(*arguments).data["state"] == "open"


@pytest.mark.parametrize("arguments", [["integrations", "--json"], ["--json", "nonsense"]])
def test_with_json_a_failure_is_an_object_on_standard_error(shell: Shell, arguments: list[str]) -> None:
    ended = shell.run(*arguments)
    failure = one_line_of_json(ended.err)
    assert (ended.status, ended.out) == (2, "")
    assert failure.keys() == {"error", "what_to_do", "exit"}
    assert failure["exit"] == 2
    assert all(failure.values())


@pytest.mark.parametrize("arguments", [[], ["demo"]])
def test_the_console_without_a_terminal_ends_at_once_and_names_the_ways_out(shell: Shell, arguments: list[str]) -> None:
    line = shell.run(*arguments).refusal(2)
    assert "ssh -t" in line
    assert "`switchboard integrations list`" in line or "`switchboard demo --env`" in line


def test_the_console_on_a_dumb_terminal_ends_at_once(tmp_path: Path) -> None:
    with Terminal(SWITCHBOARD, environment={"TERM": "dumb"}, cwd=tmp_path) as terminal:
        assert terminal.wait_for_exit() == 2
        assert "ssh -t" in "".join(terminal.lines)


def test_output_in_another_encoding_than_utf8_is_refused(shell: Shell) -> None:
    assert "PYTHONIOENCODING" in shell.with_(PYTHONIOENCODING="latin-1").run("keys", "generate").refusal(2)


def test_a_crash_is_one_clean_line_and_a_private_report_without_values(acme_shell: Shell) -> None:
    script = (
        "import sys; from tui.__main__ import main\n"
        "def explode(self, value): private = 'sk-CANARY-5f0c1e2d'; raise RuntimeError(private)\n"
        "import tui.cli.output; tui.cli.output.Output.data = explode\n"
        "sys.argv = ['switchboard', *sys.argv[1:]]; sys.exit(main())"
    )
    ended = acme_shell.run_script(script, "schema", "--json")
    failure = one_line_of_json(ended.err)
    assert (ended.status, ended.out, failure["exit"]) == (70, "", 70)
    report = Path(failure["error"].split("'")[1])
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert "RuntimeError" in text
    assert SECRET not in text.replace("private = ", "")
