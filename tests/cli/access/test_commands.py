"""The commands `access`: a login is made, listed, changed and removed, and what each refuses and asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.cli.conftest import fill_office, on_database, shell_on_clone
from tests.support.acme import ACME, ASHA
from tests.support.commands import Shell, contents, execute
from tests.support.database.number_rows import RAVI
from tests.support.terminal.forked_terminal import ForkedTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

CANARY = "canary pass 47+11"
ADD = ("access", "add", "eve", "--person", "asha@acme.example", "--role", "support", "--organization", "Acme Foods")


@pytest.fixture(scope="module")
def desk_template(postgres: TestServer, phone_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name of a database with people and the groups, to be cloned and not to be changed."""
    name = postgres.create_database(template=phone_template, prefix="template_desk")
    fill_office(postgres.conninfo(name))
    shell = on_database(Shell(tmp_path_factory.mktemp("desk")), postgres.conninfo(name))
    assert shell.run("setup", "--yes", "--roles").status == 0
    with postgres.keeping_roles():
        yield name
    postgres.drop_database(name)
    postgres.drop_new_roles()


@pytest.fixture
def desk(shell: Shell, postgres: TestServer, desk_template: str) -> Iterator[Shell]:
    """A shell on a database of its own with people and the groups."""
    with shell_on_clone(postgres, desk_template, shell) as on_clone:
        yield on_clone


def url_of(desk: Shell) -> str:
    return desk.environment["DATABASE_URL"]


def logs_in(desk: Shell, server: TestServer, password: str) -> bool:
    name = str(conninfo_to_dict(url_of(desk))["dbname"])
    try:
        with psycopg.connect(server.conninfo(name, user="eve", password=password)):
            return True
    except psycopg.OperationalError:
        return False


def test_a_login_is_made_listed_changed_and_removed(desk: Shell, postgres: TestServer) -> None:
    assert desk.run("access", "list").err == "No login is a person here: whoever logs in claims who they are.\n"
    made = desk.run(*ADD, "--create", "--expires", "2099-12-31", "--note", "front desk")
    assert made.status == 0, made.err
    sentence, password = made.out.splitlines()
    assert sentence == "eve is Asha Rao <asha@acme.example>: support, sees Acme Foods."
    # The server of the tests has databases of other tests.
    assert "hold in this database alone, and the login can also connect to " in made.err
    assert made.err.endswith("\nIts password, shown only now:\n")
    assert logs_in(desk, postgres, password)
    (listed,) = desk.run("access", "list", "--json").data
    assert (listed["state"], listed["user_id"], listed["organizations"]) == ("alive", str(ASHA), [str(ACME)])
    assert (listed["expires_at"][:10], listed["connection_limit"], listed["note"]) == ("2099-12-31", 8, "front desk")
    assert password not in desk.run("access", "list", "--json").out
    row = desk.run("access", "list").out.splitlines()[1]
    assert row.split() == ["eve", "Asha", "Rao", "support", "Acme", "Foods", "works", "2099-12-31", "23:59", "UTC"]

    edited = desk.run("access", "edit", "eve", "--all-organizations", "--role", "auditor", "--no-note", "--json").data
    assert (edited["sees_all"], edited["role"], edited["note"], edited["left_to_do"]) == (True, "auditor", None, [])
    again = desk.run("access", "edit", "eve", "--role", "auditor")
    assert again.out == "Nothing changes: eve is Asha Rao <asha@acme.example>: auditor, sees all organisations.\n"

    refused = desk.run("access", "remove", "eve").refusal(2)
    assert "can no longer log in to any database of this server" in refused
    for typed, status in (("ev", 2), ("eve", 0)):
        command = ("access", "remove", "eve")
        with ForkedTerminal(*command, environment=desk.environment, cwd=desk.folder, columns=200) as terminal:
            terminal.wait_for("Type eve to continue")
            terminal.type(f"{typed}\r")
            assert terminal.wait_for_exit() == status
            assert ("nobody logs in with it" in terminal.text) == (status == 0)
    assert not logs_in(desk, postgres, password)
    assert desk.run("access", "list", "--json").data[0]["state"] == "removed"
    assert "nobody's here" in desk.run("access", "remove", "eve", "--yes").refusal(2)

    lost = desk.run_into(Path("/dev/full"), *ADD, "--create")
    assert lost.status == 1
    assert "The login eve was added, but" in lost.err
    assert "`switchboard access remove eve`, then the same `access add --create`" in lost.err
    assert "run it again" not in lost.err
    assert desk.run("access", "list", "--json").data[0]["state"] == "alive"


def test_a_password_is_given_on_standard_input_typed_twice_unseen_or_there_is_none(
    desk: Shell, postgres: TestServer
) -> None:
    for line, words in (("short\n", "fewer than 12"), ("eve eve eve\n", "fewer than 12"), ("", "fewer than 12")):
        assert words in desk.run(*ADD, "--create", "--ask-password", stdin=line).refusal(2)
    piped = desk.run(*ADD, "--create", "--ask-password", "--json", stdin=f"{CANARY}\nnot this\n")
    assert (piped.data["created"], piped.data["password"]) == (True, None)
    assert logs_in(desk, postgres, CANARY)
    assert desk.run("access", "remove", "eve", "--yes").status == 0
    with postgres.admin() as admin:
        admin.execute("drop role eve")

    command = (*ADD, "--create", "--ask-password")
    for second, status in (("canary something else", 2), (CANARY, 0)):
        with ForkedTerminal(*command, environment=desk.environment, cwd=desk.folder, columns=200) as terminal:
            terminal.wait_for("Password for eve:")
            terminal.type(f"{CANARY}\r")
            terminal.wait_for("The same again:")
            terminal.type(f"{second}\r")
            assert terminal.wait_for_exit() == status
            assert b"canary" not in bytes(terminal.output)
        assert logs_in(desk, postgres, CANARY) == (status == 0)
    assert desk.run("access", "remove", "eve", "--yes").status == 0
    with postgres.admin() as admin:
        admin.execute("drop role eve")
    assert desk.run(*ADD, "--create", "--no-password").status == 0
    with postgres.admin() as admin:
        row = admin.execute("select rolcanlogin, rolpassword from pg_authid where rolname = 'eve'").fetchone()
    assert row == (True, None)


REFUSED = (
    ("add eve --role support --all-organizations", 2, "not said who the login is"),
    ("add eve --person RAVI --all-organizations", 2, "not said what the login may do"),
    ("add eve --person RAVI --role support", 2, "would see nothing"),
    ("add eve --person RAVI --role support --all-organizations --organization ACME", 2, "names none of them"),
    ("add eve --person RAVI --role support --all-organizations --expires 90d", 2, "Add --create"),
    ("add eve --person RAVI --role support --all-organizations", 2, "(--create)"),
    ("add eve --person RAVI --speaks-for-others --role support --all-organizations", 2, "not both"),
    ("add eve --person RAVI --role support --organization Nowhere", 2, "No organisation has that id or name"),
    ("add eve --person nobody@acme.example --role support --all-organizations", 2, "No person has that id"),
    ("add postgres --person RAVI --role support --all-organizations", 3, "own login"),
    ("add pg_monitor --person RAVI --role support --all-organizations", 2, "programs use"),
    ("add eve --person RAVI --role owner --all-organizations", 2, "admin, support or auditor"),
    ("edit eve", 2, "nothing to change"),
    ("edit eve --role admin", 2, "nobody's here"),
    ("add eve --create --person RAVI --role support --all-organizations --format csv", 2, "CSV cannot hold it"),
)


def test_what_cannot_be_is_refused_in_a_sentence_and_leaves_nothing(desk: Shell, postgres: TestServer) -> None:
    before, roles = contents(url_of(desk)), postgres.roles()
    for words, status, sentence in REFUSED:
        arguments = words.replace("RAVI", str(RAVI)).replace("ACME", str(ACME)).split()
        assert sentence in desk.run("access", *arguments).refusal(status), words
    assert (contents(url_of(desk)), postgres.roles()) == (before, roles)


def test_what_this_login_may_not_do_is_said_before_and_left_as_sql(desk: Shell, postgres: TestServer) -> None:
    for role in ("ann", "eve"):
        postgres.create_role(role)
    assert desk.run("access", "add", "ann", *ADD[3:5], "--role", "admin", "--all-organizations").status == 0
    execute(
        url_of(desk),
        "insert into integration_audit_logs (organization_id, integration_type, action, status, details, user_agent) "
        "values (%s, 'none', 'call_made', 'success', '{\"session_user\": \"eve\"}', 'dialer/2.1')",
        ACME,
    )
    ann = desk.with_(DATABASE_URL=make_conninfo(url_of(desk), user="ann"))
    postgres.create_role("gus", "login in role switchboard_admin")
    assert desk.run("access", "add", "gus", *ADD[3:5], "--role", "admin", "--organization", "Acme Foods").status == 0
    gus = desk.with_(DATABASE_URL=make_conninfo(url_of(desk), user="gus"))
    for command in ("edit ann --role auditor", "remove ann", "edit nobody --role auditor"):
        assert "sees a part of the organisations" in gus.run("access", *command.split()).refusal(3)
    assert "logins that see all of them, or others, are not listed" in gus.run("access", "list").err
    before = contents(url_of(desk))
    assert 'create role "newer" login' in ann.run(*ADD[:2], "newer", *ADD[3:], "--create").refusal(3)
    asked = ann.run(*ADD)
    assert (asked.status, 'grant "switchboard_support" to "eve"' in asked.err) == (2, True)
    assert "also used by dialer/2.1" in asked.err
    assert contents(url_of(desk)) == before
    added = ann.run(*ADD, "--yes", "--json").data
    assert (added["state"], len(added["left_to_do"])) == ("not_in_group", 1)
    listed = ann.run("access", "list")
    assert "eve: It has nothing of the group of its role. Edit it and keep the role" in listed.err
    execute(url_of(desk), added["left_to_do"][0])
    unsure = ann.run("access", "remove", "eve").refusal(2)
    assert "sees nothing here from then on. Until somebody who may has run" in unsure
    assert ("it can still log in" in unsure, "can no longer log in" in unsure) == (True, False)
    removed = ann.run("access", "remove", "eve", "--yes")
    assert removed.out == "eve is nobody's any more here.\n"
    assert removed.err.splitlines()[0] == "Somebody who may has to run:"
    assert 'alter role "eve" nologin password null;' in removed.err
    half = ann.run("access", "list")
    assert "eve: It was removed, and can still log in. Remove it again" in half.err
    assert "it is nobody's here already" in desk.run("access", "remove", "eve").refusal(2)
    offboard = ("permissions", "offboard", "asha@acme.example", "--dry-run")
    assert "With these nobody logs in any more" in desk.run(*offboard).out
    untried = desk.with_(SWITCHBOARD_READ_ONLY="1").run(*offboard).out
    assert ("With these" in untried, "not tried in read-only mode" in untried) == (False, True)
    assert desk.run("access", "remove", "eve", "--yes").out == "eve is nobody's any more, and nobody logs in with it.\n"
    assert [row["state"] for row in desk.run("access", "list", "--json").data] == ["alive", "alive", "removed"]
    assert "nobody's here" in desk.run("access", "remove", "eve", "--yes").refusal(2)


def test_whom_the_first_login_locks_out_and_which_programs_use_one_is_confirmed(
    desk: Shell, postgres: TestServer
) -> None:
    for role in ("ann", "plain"):
        postgres.create_role(role, "login in role switchboard_support")
    postgres.create_role("deputy", "login in role postgres, switchboard_admin")
    postgres.create_role("eve")
    first = "ann and plain are in the groups, are nobody here, and see nothing from now on."
    before = contents(url_of(desk))
    asked = desk.run(*ADD)
    assert (asked.status, f"The first login that is a person: {first}" in asked.err) == (2, True)
    assert contents(url_of(desk)) == before
    assert "nobody here" not in desk.run("doctor").out
    added = desk.run(*ADD, "--yes")
    assert (added.status, first in added.err) == (0, True)
    execute(
        url_of(desk),
        "insert into integration_audit_logs (organization_id, integration_type, action, status, details, user_agent) "
        "values (%s, 'none', 'call_made', 'success', '{\"session_user\": \"plain\"}', 'dialer/2.1')",
        ACME,
    )
    plain = ("access", "add", "plain", *ADD[3:])
    asked = desk.run(*plain)
    assert (asked.status, "also used by dialer/2.1" in asked.err) == (2, True)
    with ForkedTerminal(*plain, environment=desk.environment, cwd=desk.folder, columns=200) as terminal:
        terminal.wait_for("Do it now? [y/N]")
        terminal.type("y\r")
        assert terminal.wait_for_exit() == 0
    assert [row["login"] for row in desk.run("access", "list", "--json").data] == ["eve", "plain"]
    assert "ann is in the groups and nobody here, and sees nothing." in desk.run("doctor").out
    ann, sees = make_conninfo(url_of(desk), user="ann"), "select sees_everything from switchboard.my_login()"
    assert execute(ann, sees) == [(False,)]
    # As docs/access.md has it.
    execute(url_of(desk), "delete from switchboard.logins")
    assert desk.run("setup", "--yes").status == 0
    assert execute(ann, sees) == [(True,)]
