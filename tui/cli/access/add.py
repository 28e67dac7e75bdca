"""The command `access add`: makes a login a person, and makes the login where that is asked for."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tui.cli.access.arguments import (
    all_organizations_option,
    confirm_consequences,
    note_option,
    organization_option,
    require_one_scope,
    role_option,
    scope_of,
)
from tui.cli.access.view import change_record, say_left_to_do
from tui.cli.completion.candidates import people, server_logins
from tui.cli.completion.candidates import words as completed_words
from tui.cli.confirm import ask_unseen
from tui.cli.parsing import argument, command, option
from tui.cli.requirements import Requirements
from tui.data.access.changes import (
    NewLogin,
    NewRole,
    add_login,
    adding,
    login_after,
    rehearse,
    require_mapper,
    require_name,
    require_note,
)
from tui.data.access.logins import find_person_to_map
from tui.data.access.members import locked_out_by_first
from tui.data.access.other_databases import other_databases
from tui.data.access.other_programs import DAYS, NAMED, other_programs
from tui.data.access.passwords import LONGEST_BYTES, generate_password, require_good_password
from tui.data.access.roles import ACCESS_ROLES
from tui.data.permissions.listing import server_time
from tui.data.permissions.values import parse_expiry
from tui.errors import InvalidInput, OutputFailed
from tui.secret import Secret
from tui.words.people.access import SHOWN_ONCE, also_used_by, locks_out, login_in_full, scoped_here_alone

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.data.access.changes import LoginChanged
    from tui.data.access.logins import Login
    from tui.data.access.roles import AccessRole
    from tui.session.session import Session


@command(locked=True, needs=Requirements("administrator", writes="data", organization=False))
@argument("login", locked=True, metavar="LOGIN", shell_complete=server_logins)
@option("--person", locked=True, metavar="USER", shell_complete=people, help="Who it is, by id or e-mail.")
@option("--speaks-for-others", locked=True, help="In place of --person: a program that acts for many.")
@role_option()
@organization_option
@all_organizations_option
@note_option
@option("--create", help="Make the login on the server as well.")
@option("--ask-password", help="Type its password, or give it on standard input.")
@option("--no-password", help="It logs in by a certificate or the like.")
@option(
    "--expires",
    metavar="WHEN",
    shell_complete=completed_words("90d", "26w", "end of year", "never"),
    help="When its password ends: a date, 90d, never.",
)
def add(
    login: str,
    person: str | None,
    speaks_for_others: bool,
    role: AccessRole | None,
    organizations: tuple[str, ...],
    all_organizations: bool,
    note: str | None,
    create: bool,
    ask_password: bool,
    no_password: bool,
    expires: str | None,
) -> Work:
    """Make a login a person: whoever logs in is that person, whatever they claim.

    --create makes the login too, in the group of its role, with a password that is made here and shown once, or given
    with --ask-password; the server is never told it. What you may not do on the server is said before anything is
    written.

    \b
    Example:
        switchboard access add eve --person eve@example.org --role support \\
            --organization "Acme Foods" --create
    """
    require_name(login)
    require_note(note)
    if role is None:
        raise InvalidInput("It is not said what the login may do.", f"Give --role: {', '.join(ACCESS_ROLES)}.")
    require_one_scope(organizations, sees_all=all_organizations, required=True)
    if person is not None and speaks_for_others:
        raise InvalidInput(
            "A login is one person or speaks for others, not both.", "Leave --person or --speaks-for-others out."
        )
    if person is None and not speaks_for_others:
        raise InvalidInput("It is not said who the login is.", "Give --person, or --speaks-for-others for a program.")
    if not create and (ask_password or no_password or expires is not None):
        raise InvalidInput(
            "--ask-password, --no-password and --expires are about a login that is made.",
            "Add --create, or leave them out.",
        )
    if no_password and expires is not None:
        raise InvalidInput("Only a password expires.", "Leave --expires or --no-password out.")
    if ask_password and no_password:
        raise InvalidInput("--ask-password and --no-password contradict each other.", "Give one of them.")
    piped = _piped_password(login) if ask_password and not _is_terminal() else None

    async def work(session: Session, out: Output) -> None:
        database = session.database
        await require_mapper(database)
        generates = create and not ask_password and not no_password
        if generates:
            out.require_exact()
        expires_at = None
        if expires is not None:
            expires_at = parse_expiry(expires, await server_time(database), session.settings.timezone)
        user = await find_person_to_map(database, person) if person is not None else None
        scope = await scope_of(session, organizations, sees_all=all_organizations)

        def new_login(password: Secret | None) -> NewLogin:
            new_role = NewRole(password, expires_at) if create else None
            return NewLogin(login, user.id if user else None, role, scope, note, new_role)

        rehearsed = await rehearse(database, adding(new_login(None)))
        members = await locked_out_by_first(database, login)
        reasons = [locks_out(members)] if members else []
        if not create and (programs := await other_programs(database, login)):
            reasons.append(" ".join(also_used_by(programs, NAMED, DAYS)))
        if not all_organizations and (elsewhere := await other_databases(database, login, NAMED)):
            out.warn(*scoped_here_alone(elsewhere, NAMED))
        await confirm_consequences(session, out, rehearsed, reasons, input_is_taken=piped is not None)
        password = piped
        if create and ask_password and piped is None:
            password = await _typed_password(out, login)
        elif generates:
            password = generate_password()
        changed = await add_login(database, new_login(password))
        added = await login_after(database, login)
        _show_added(out, added, changed, created=create, password=password if generates else None)

    return work


def _show_added(out: Output, login: Login, changed: LoginChanged, *, created: bool, password: Secret | None) -> None:
    """Write what was added, and a password that was made. Raises OutputFailed: it is written nowhere else."""
    shown = password.reveal("shown once to whoever made the login") if password else None
    record = change_record(login, changed) | {"created": created, "password": shown}
    try:
        out.result(record, f"{login_in_full(login)}.")
        say_left_to_do(out, changed)
        if shown is not None and out.as_table:
            out.say(SHOWN_ONCE)
            out.text(shown)
        sys.stdout.flush()
    except OSError as lost:
        if shown is None and isinstance(lost, BrokenPipeError):
            raise
        # What is still buffered must not fail a second time at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sentence = f"The login {login.login} was added, but the output could not be written: {lost.strerror}."
        what_to_do = "Do not add it again: `switchboard access list` shows it."
        if shown is not None:
            sentence += " Its password is lost."
            what_to_do = (
                f"For another one run `switchboard access remove {login.login}`, then the same `access add --create`."
            )
        raise OutputFailed(sentence, what_to_do) from lost


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _piped_password(login: str) -> Secret:
    """Read one line of standard input. Raises InvalidInput."""
    line = sys.stdin.buffer.readline(LONGEST_BYTES + 3) if sys.stdin is not None else b""
    try:
        password = Secret(line.decode().rstrip("\r\n"))
    except UnicodeDecodeError:
        raise InvalidInput("The password on standard input is not valid UTF-8 text.", "Give it as UTF-8.") from None
    require_good_password(password, login)
    return password


async def _typed_password(out: Output, login: str) -> Secret:
    """Ask for the password twice. Raises InvalidInput."""
    first = Secret(await ask_unseen(out, f"Password for {login}: "))
    require_good_password(first, login)
    again = await ask_unseen(out, "The same again: ")
    if again != first.reveal("compared with the second typing"):
        raise InvalidInput("The two passwords are not the same, so nothing was done.", "Run it again.")
    return first
