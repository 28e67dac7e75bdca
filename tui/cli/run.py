"""Opens the session of a command, and runs its work to the end or until a signal."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.output import Output
from tui.data.keys.encryption import Keyring
from tui.data.keys.sources import read_keyring, standing_warning, wrapping_warnings
from tui.errors import Advice, ConfigError, InvalidInput, ReadOnlyMode, SchemaNewer, SwitchboardError
from tui.locked.mode import ASK, forget_connection
from tui.process.garbage import resume_collector
from tui.session.session import Session, require_configured, require_installed
from tui.settings.profiles import PROFILE_OPTION
from tui.settings.settings import KEY_COMMAND_NAME, load_settings
from tui.words.people.organizations import organization_in_full

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from tui.cli.request import Options, Work
    from tui.cli.requirements import Requirements
    from tui.models.people import Organization
    from tui.settings.settings import Settings


SIGNAL = 128
TERMINAL_LOOKED_AT_EVERY_S = 1.0


def run(
    options: Options, work: Work, needs: Requirements, *, before: Callable[[Session, Output], object] | None = None
) -> None:
    """Make sure that what the command requires is there, and do the work.

    `before` checks what was typed against the settings, before anything is connected to.
    Raises SwitchboardError, and SystemExit after a signal.
    """
    if options.watch is not None:
        from tui.cli.watch import require_watchable

        require_watchable(options)
    out = Output(options.form, yes=options.yes)
    session = open_session(options, out, keys=needs.reads_keys)
    writes = needs.writes == "data"
    if writes:
        require_writable(session)
    if before is not None:
        before(session, out)

    async def command() -> None:
        if needs.connects:
            require_configured(session)
            await session.connect()
            require_installed(session)
            if writes:
                require_writable(session)
            if session.schema == "newer":
                newer = SchemaNewer()
                out.warn(newer.sentence, newer.what_to_do)
            if needs.organization:
                organization = await session.find_organization()
                if options.organization and not _is_whole(options.organization, organization):
                    name = organization_in_full(organization.id, organization.name)
                    if writes and not (sys.stderr and sys.stderr.isatty()):
                        # One day another one begins alike, and nobody reads here which was meant.
                        raise InvalidInput(
                            f"That is only the beginning of {name}.", "To write, give its whole name or id."
                        )
                    out.say(f"Organisation: {name}.")
        if options.watch is None:
            await work(session, out)
        else:
            from tui.cli.watch import watch

            await watch(session, work, options.watch)

    run_to_the_end(session, command())


def _is_whole(text: str, organization: Organization) -> bool:
    """Whether a text is the id or the name of the organisation, and not only the beginning of one."""
    return text.strip().lower() in (str(organization.id), organization.id.hex, (organization.name or "").lower())


def open_session(
    options: Options, out: Output, *, keys: bool, environ: Mapping[str, str] = os.environ, cwd: Path | None = None
) -> Session:
    """Return a session that is not connected yet, and write the warnings about it. Raises as `load_session` does."""
    session, warnings = load_session(options, keys=keys, environ=environ, cwd=cwd)
    for warning in warnings:
        out.warn(*warning)
    return session


def load_session(
    options: Options,
    *,
    keys: bool,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
    screen_is_open: bool = False,
) -> tuple[Session, list[tuple[str, ...]]]:
    """Return a session that is not connected yet, and warnings about its settings and keys: sentence and what to do.

    What the command line says wins over the environment, and that over `.env` in `cwd`, in whose place a profile may
    be named; the locked console reads root's files instead. With `keys` the master keys are read, which may run a
    command of up to 10 seconds; not where the screen is open, on which that command might ask something.
    Raises ConfigError and MasterKeyError.
    """
    settings = settings_of(options, environ=environ, cwd=cwd)
    if settings.root_sets_connection:
        forget_connection(os.environ)
    if screen_is_open and any(variable.name == KEY_COMMAND_NAME for variable in settings.master_key):
        raise ConfigError(
            f"{KEY_COMMAND_NAME} is a program, which runs before the screen opens.",
            f"Quit, then run `switchboard {PROFILE_OPTION} {settings.profile or 'NAME'}`.",
        )
    keyring = read_keyring(settings.master_key_sources()) if keys else Keyring(None)
    standing = (standing_warning(keyring), *wrapping_warnings(keyring))
    warnings: list[tuple[str, ...]] = [(sentence,) for sentence in settings.warnings]
    warnings += [warning for warning in standing if warning]
    # Who runs the process, and from where, is read from its own environment, also for the demo.
    session = Session(settings, os.environ, keyring)
    # Typed and seen now. What a setting has stood for since long must not become another one that begins alike.
    session.organization_may_be_short = options.organization is not None
    return session, warnings


def settings_of(options: Options, *, environ: Mapping[str, str] = os.environ, cwd: Path | None = None) -> Settings:
    """Return the settings: what the command line says, else the environment, else `.env` in `cwd` or the profile.

    The locked console reads root's files instead. Raises ConfigError.
    """
    env_file = Path(options.env_file) if options.env_file else None
    settings = load_settings(
        environ, env_file=env_file, profile=options.profile, cwd=cwd or Path.cwd(), locked=options.locked
    )
    return replace(
        settings,
        organization=options.organization or settings.organization,
        operator=options.operator or settings.operator,
        read_only=options.read_only or settings.read_only,
    )


def require_writable(session: Session) -> None:
    """Raise ReadOnlyMode, or SchemaNewer once the session has connected, where nothing may be written."""
    if session.schema == "newer":
        raise SchemaNewer
    if session.read_only:
        raise ReadOnlyMode(what_to_do=ASK) if session.settings.locked else ReadOnlyMode()


def run_to_the_end(session: Session, command: Coroutine[Any, Any, None]) -> None:
    """Run a command and close the session, however it ends. SIGTERM and SIGHUP end it as SystemExit.

    Raises SwitchboardError with a sentence that is true of a command, which does not try again by itself.
    """
    resume_collector()
    try:
        asyncio.run(_run_until_signal(session, command))
    except SwitchboardError as failure:
        if isinstance(failure.advice, Advice):
            failure.advice = f"{failure.advice.removesuffix('.')}, then run it again."
        raise


async def _run_until_signal(session: Session, command: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(command)
    signals: list[int] = []

    def stop(number: int) -> None:
        signals.append(number)
        task.cancel()

    loop = asyncio.get_running_loop()
    watcher = loop.create_task(_watch_terminal(stop))
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Under nohup SIGHUP is ignored, and stays so.
        if signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)
    try:
        await task
    except asyncio.CancelledError:
        if not signals:
            raise
        raise SystemExit(SIGNAL + signals[0]) from None
    finally:
        watcher.cancel()
        await session.close()


async def _watch_terminal(stop: Callable[[int], None]) -> None:
    """Stop as SIGHUP would once the terminal has gone away: after `su` and in a container nobody sends it.

    Only a write would notice otherwise, and a command that waits for rows may have nothing to write for days.
    """
    terminals = select.poll()
    for descriptor in (0, 1, 2):
        if os.isatty(descriptor):
            terminals.register(descriptor, 0)
    while True:
        if any(event & select.POLLHUP for _, event in terminals.poll(0)):
            stop(signal.SIGHUP)
            return
        await asyncio.sleep(TERMINAL_LOOKED_AT_EVERY_S)
