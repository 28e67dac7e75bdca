"""The program's entry: hardens the process, runs a command or the console, and gives every end its exit status."""

from __future__ import annotations

import os
import sys

from tui.process.hardening import harden
from tui.skeleton import draw_skeleton
from tui.terminal.early_screen import early_screen

# Whatever is imported above delays the skeleton: the rest is imported behind it, where it is needed.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tui.cli.request import OpenConsole, Options
    from tui.data.keys.master_key import MasterKey
    from tui.errors import SwitchboardError
    from tui.session.session import Session
    from tui.words.log.invocation import Invocation

SIGNAL = 128
SIGINT, SIGPIPE = 2, 13
# As tui.cli.completion.scripts has it.
COMPLETION = "_SWITCHBOARD_COMPLETE"
WITHOUT_A_TERMINAL = "switchboard integrations list"
LOCKED_WITHOUT_A_TERMINAL = "ssh HOST integrations list"
DEMO_WITHOUT_A_TERMINAL = "switchboard demo --env"


def main() -> int:
    """Run `switchboard` with the process's own arguments; return the exit status (docs/commands.md)."""
    try:
        return _main()
    except KeyboardInterrupt:
        # While the first modules were imported.
        return SIGNAL + SIGINT
    finally:
        early_screen.give_back()


def _main() -> int:
    harden()
    _replace_closed_streams()
    if COMPLETION in os.environ:
        from tui.cli.completion.answer import answer

        return answer(os.environ)
    draw_skeleton(sys.argv[1:])
    from tui.cli.request import Options, asks_for_json
    from tui.process.garbage import hold_collector

    hold_collector()

    # Before click reads the arguments, so that a failure on the way there is JSON as well.
    options = Options(expects_json=asks_for_json(sys.argv[1:]))
    try:
        status = _run_or_report(sys.argv[1:], options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        if sys.stderr.isatty() and not early_screen.is_taken:
            # The terminal has just echoed ^C at the end of a line.
            sys.stderr.write("\n")
        return SIGNAL + SIGINT
    except BrokenPipeError:
        # The reader has seen enough; what is still buffered must not fail a second time at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SIGNAL + SIGPIPE
    except OSError as error:
        from tui.errors import OutputFailed

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sentence = f"The output could not be written: {error.strerror}."
        return _report(OutputFailed(sentence, "Check where it is redirected to, then run it again."), options)
    finally:
        _warn_of_commit_in_doubt(options)
    return status


def _run_or_report(arguments: list[str], options: Options) -> int:
    """Run the command; turn whatever goes wrong into one line on standard error and an exit status."""
    from tui.cli.request import OpenConsole
    from tui.errors import SwitchboardError
    from tui.process.crash_report import crash_failure, crash_report
    from tui.process.terminal_checks import refuse_other_encodings

    try:
        refuse_other_encodings()
        arguments = _arguments_over_ssh(arguments, options)
        # Without arguments there is nothing to read, and to import click takes a twelfth of the console's start.
        outcome = _run_command(arguments, options) if arguments else OpenConsole(options)
        return outcome if isinstance(outcome, int) else _open_console(outcome)
    except SwitchboardError as failure:
        return _report(failure, options)
    except Exception as error:
        if isinstance(error, OSError) and _is_output_error(error):
            raise
        return _report(crash_failure(crash_report(error)), options)


def _run_command(arguments: list[str], options: Options) -> int | OpenConsole:
    from tui.cli.root import run_command

    return run_command(arguments, options)


def _arguments_over_ssh(arguments: list[str], options: Options) -> list[str]:
    """Note whether this is the locked console; return the arguments, there with those that ssh was given."""
    from tui.cli.request import asks_for_json
    from tui.errors import InvalidInput
    from tui.locked.mode import ORIGINAL_COMMAND, forget_places, is_locked, words_over_ssh
    from tui.settings.type_folders import type_folders, use_type_folders

    options.locked = is_locked(arguments, os.environ)
    use_type_folders(type_folders(os.environ, locked=options.locked))
    if not options.locked:
        return arguments
    forget_places(os.environ)
    try:
        words = words_over_ssh(os.environ)
    except InvalidInput:
        options.expects_json |= asks_for_json(os.environ[ORIGINAL_COMMAND].split())
        raise
    options.expects_json |= asks_for_json(words)
    return [*arguments, *words]


def _open_console(request: OpenConsole) -> int:
    """Open the console on the configured database, or on the demo's with nothing of the configuration."""
    from pathlib import Path

    from tui.process.terminal_checks import require_terminal

    if not request.demo:
        require_terminal(LOCKED_WITHOUT_A_TERMINAL if request.options.locked else WITHOUT_A_TERMINAL)
        status = _run_app(request.options, os.environ, Path.cwd())
        from tui.app import DEMO

        wants_demo = status == DEMO and not request.options.locked
        return _open_console(request._replace(demo=True)) if wants_demo else status
    require_terminal(DEMO_WITHOUT_A_TERMINAL)
    from tui.cli.output import Output
    from tui.cli.setup.demo import drop_libpq_variables
    from tui.demo.session import prepare_demo

    drop_libpq_variables()
    with prepare_demo(reset=request.reset) as demo:
        if demo.notice:
            Output().say(demo.notice)
        request.options.env_file = request.options.profile = None
        # It says what this terminal can draw, whatever is configured for a database.
        ascii_alone = {name: value for name, value in os.environ.items() if name == "SWITCHBOARD_ASCII"}
        return _run_app(request.options, demo.environment | ascii_alone, demo.server.data_dir, keep_key=demo.keep_key)


def _run_app(
    options: Options, environ: Mapping[str, str], cwd: Path, *, keep_key: Callable[[MasterKey], None] | None = None
) -> int:
    """Run the console to its end; `keep_key` is what the demo keeps another master key with."""
    from dataclasses import replace

    from tui.cli.output import Output
    from tui.cli.run import load_session, open_session
    from tui.process.crash_report import crash_failure
    from tui.session.key_ahead import derive_with_kept_salt
    from tui.terminal.without_palette import leave_out_palette

    # The size is the terminal's own, whatever a shell has exported.
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
    session = open_session(options, Output(), keys=True, environ=environ, cwd=cwd)
    derive_with_kept_salt(session)
    leave_out_palette()
    # Behind it, since they take half of the start.
    from tui.app import SwitchboardApp
    from tui.terminal.ending import EndingOnSignals

    def load_profile(name: str | None) -> tuple[Session, list[tuple[str, ...]]]:
        # The organisation that was named is one of the other database.
        other = replace(options, profile=name, env_file=None, organization=None) if name else options
        return load_session(other, keys=True, environ=environ, cwd=cwd, screen_is_open=True)

    def write_commands(invocations: Sequence[Invocation], profile: str | None) -> str:
        from tui.cli.command_line import command_line

        return command_line(invocations, options, profile, is_demo=keep_key is not None)

    wizard = session.settings.nothing_configured and not options.locked
    app = SwitchboardApp(
        session,
        wizard=wizard,
        load_profile=load_profile if keep_key is None else None,
        write_commands=write_commands,
        keep_key=keep_key,
    )

    def abandon() -> None:
        early_screen.give_back()
        app.abandon_terminal()
        _warn_of_commit_in_doubt(options)

    with EndingOnSignals(app.end_soon, abandon, app.wake):
        status = app.run(mouse=app.configuration.mouse)
    if app.crash_file is not None:
        return _report(crash_failure(app.crash_file), options)
    return status or app.return_code or 0


def _report(failure: SwitchboardError, options: Options) -> int:
    from tui.cli.output import report

    return report(failure, as_json=options.fails_in_json)


def _warn_of_commit_in_doubt(options: Options) -> None:
    """Say how an interrupted write ended: below everything else, and once the terminal is restored."""
    commit = sys.modules.get("tui.data.postgres.commit")
    if commit is None:
        return
    from tui.cli.output import Output

    for sentence, what_to_do in commit.last_words():
        Output("json" if options.fails_in_json else "table").warn(sentence, what_to_do)


def _is_output_error(error: OSError) -> bool:
    """Whether standard output refused a write: a broken pipe, or a disk or quota behind a redirection that is full."""
    import errno

    refusals = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
    return error.errno in refusals and error.filename is None


def _replace_closed_streams() -> None:
    """Open the null device in place of each standard stream that the process was started without (None in Python)."""
    for descriptor, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
            setattr(sys, name, os.fdopen(descriptor, "w" if descriptor else "r", encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
