"""What a request may do, in the database itself: the login that speaks for others does no more than whom it names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.acme import ACME, ASHA, GLOBEX, PHONE
from tests.support.database.logins import create_login
from tests.support.database.number_rows import MEENA, RAVI
from tests.support.database.requesters import CARA, ESHA, GITA, GOPAL, HARI, NILS, NOBODY, TARA, VERA, WEB, populate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

OF_ACME = f"(select id from public.integration_credentials where organization_id = '{ACME}' limit 1)"
# What is tried, on the one integration of Acme's; the ids are those of the owner, whatever the request sees.
TRIED = {
    "see": "select id from public.integration_credentials where id = '{phone}'",
    "see versions": "select id from switchboard.credential_versions where credential_id = '{phone}'",
    "see numbers": "select id from public.organization_phone_numbers where organization_id = '{acme}'",
    "see people": "select id from switchboard.visible_people where id = '{asha}'",
    "see log": "select id from public.integration_audit_logs where organization_id = '{acme}'",
    "see log of nobody": "select id from public.integration_audit_logs where organization_id = '{nil}'",
    "note a test": "update public.integration_credentials set is_verified = true where id = '{phone}'",
    "test": "select switchboard.begin_open('{phone}', 'test')",
    "sync": "select switchboard.begin_open('{phone}', 'sync')",
    "save": "update public.integration_credentials set credentials_encrypted = 'y' where id = '{phone}'",
    "assign": "update public.organization_phone_numbers set assigned_to_user_id = '{asha}' where id = '{number}'",
    "add a number": "insert into public.organization_phone_numbers (organization_id, phone_number, integration_id) "
    "values ('{acme}', '9', '{phone}')",
    "add a number of nothing": "insert into public.organization_phone_numbers (organization_id, phone_number) "
    "values ('{acme}', '9')",
    "set up": "insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted) "
    "values ('{acme}', 'zoho_mail', 'x')",
    "delete": "delete from public.integration_credentials where id = '{phone}'",
    "grant": "insert into public.user_integration_permissions (user_id, integration_id) values ('{nobody}', '{phone}')",
    "set up elsewhere": "insert into public.integration_credentials "
    "(organization_id, integration_type, credentials_encrypted) values ('{globex}', 'zoho_mail', 'x')",
    "reveal": "select switchboard.begin_open('{phone}', 'reveal')",
    "copy": "select switchboard.begin_open('{phone}', 'copy')",
    "lend": "select switchboard.begin_open('{phone}', 'run')",
    "move": "update public.integration_credentials set integration_type = 'x' where id = '{phone}'",
    "forget": "select switchboard.forget_versions('{acme}', 'exotel_phone')",
    "appoint": "select switchboard.change_administrator('{acme}', '{nils}', true)",
    "change settings": "select switchboard.change_setting('versions_days', 31)",
    "map a login": "select switchboard.edit_login('other', 'admin', null, true, 'x')",
}
VIEW = {"see", "see versions", "see numbers", "see people", "see log", "note a test", "test"}
IN_SIGHT = {"see numbers", "see people", "see log"}
CONFIGURE = VIEW | {"sync", "save", "assign", "add a number"}
ADMINISTER = CONFIGURE | {"add a number of nothing", "set up", "delete", "grant"}
# Who, and in which organisation the request says it is.
MAY: dict[tuple[UUID, UUID | str], set[str]] = {
    (ASHA, ACME): ADMINISTER,
    (RAVI, ACME): CONFIGURE,
    (VERA, ACME): VIEW,
    (CARA, ACME): CONFIGURE - {"test"},
    (NILS, ACME): IN_SIGHT,
    (ESHA, ACME): IN_SIGHT,
    (HARI, ACME): VIEW,
    (TARA, ACME): IN_SIGHT,
    # Inactive, of another organisation, and unknown.
    (MEENA, ACME): IN_SIGHT,
    (GOPAL, ACME): IN_SIGHT,
    (GITA, ACME): IN_SIGHT,
    (NOBODY, ACME): IN_SIGHT,
    # Where there is nothing of Acme's.
    (GITA, GLOBEX): {"set up elsewhere"},
    (ASHA, GLOBEX): set(),
    (ASHA, "no id"): set(),
    (HARI, UUID(int=0)): set(),
}


@pytest.fixture(scope="module")
def database(postgres: TestServer, keyed_template: str) -> Iterator[str]:
    """The owner's URI of a database with people of every kind of right, in which nothing stays changed."""
    name = postgres.create_database(template=keyed_template, prefix="requests")
    conninfo = postgres.conninfo(name)
    populate(postgres, conninfo, {ACME: PHONE, GLOBEX: PHONE})
    create_login(postgres, conninfo, "other", ASHA)
    with psycopg.connect(conninfo) as owner:
        (phone,) = owner.execute(f"select {OF_ACME}").fetchone() or ()
        owner.execute("update public.integration_credentials set credentials_encrypted = 'x' where id = %s", [phone])
        owner.execute(
            "insert into public.organization_phone_numbers (organization_id, phone_number, integration_id) "
            "values (%s, '1', %s)",
            [ACME, phone],
        )
    yield conninfo
    postgres.drop_database(name)
    postgres.drop_new_roles()


@pytest.fixture
def web(postgres: TestServer, database: str) -> Iterator[psycopg.Connection]:
    """The login that speaks for others."""
    name = str(conninfo_to_dict(database)["dbname"])
    with psycopg.connect(postgres.conninfo(name, user=WEB)) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection]:
    """The owner, whose transaction is rolled back."""
    with psycopg.connect(database) as connection:
        yield connection
        connection.rollback()


def outcomes(
    web: psycopg.Connection, person: UUID, organization: UUID | str, ids: dict[str, object] | None = None
) -> set[str]:
    """What can be done; whatever reaches no row, or is refused, cannot."""
    ids = ids or _ids(web)
    done = set()
    for name, statement in TRIED.items():
        with web.transaction(force_rollback=True):
            web.execute("select set_config('switchboard.operator_id', %s, true)", [str(person)])
            web.execute("select set_config('switchboard.request_organization', %s, true)", [str(organization)])
            try:
                with web.transaction():
                    cursor = web.execute(statement.format_map(ids).encode())
            except psycopg.Error as refusal:
                assert refusal.sqlstate in ("42501", "SB006", "P0002", "SB007"), (name, refusal)
            else:
                if cursor.rowcount:
                    done.add(name)
    return done


def _ids(web: psycopg.Connection) -> dict[str, object]:
    """The ids, as the login finds them while it names somebody and no organisation."""
    with web.transaction(force_rollback=True):
        web.execute("select set_config('switchboard.operator_id', %s, true)", [str(ASHA)])
        (phone,) = web.execute(f"select {OF_ACME}").fetchone() or ()
        (number,) = web.execute("select id from public.organization_phone_numbers").fetchone() or ()
    return {
        **{"phone": phone, "number": number, "acme": ACME, "globex": GLOBEX},
        **{"asha": ASHA, "nils": NILS, "nobody": NOBODY, "nil": UUID(int=0)},
    }


def test_each_person_may_do_in_a_request_what_they_hold_and_no_more(web: psycopg.Connection) -> None:
    found = {who: outcomes(web, *who) for who in MAY}
    assert {who: sorted(done ^ MAY[who]) for who, done in found.items() if done != MAY[who]} == {}


def test_a_request_sees_no_organisation_that_the_login_is_not_mapped_to(
    postgres: TestServer, web: psycopg.Connection, owner: psycopg.Connection
) -> None:
    name = str(conninfo_to_dict(owner.info.dsn)["dbname"])
    create_login(postgres, postgres.conninfo(name), "narrow", organizations=[GLOBEX])
    ids = _ids(web)
    with psycopg.connect(postgres.conninfo(name, user="narrow")) as narrow:
        assert outcomes(narrow, ASHA, ACME, ids) == set()
        assert outcomes(narrow, GITA, GLOBEX, ids) == {"set up elsewhere"}
        assert outcomes(narrow, HARI, ACME, ids) == set()


def test_it_is_a_request_for_logins_that_speak_for_others_alone(
    postgres: TestServer, web: psycopg.Connection, owner: psycopg.Connection
) -> None:
    """A person's login claims no other organisation, and an owner's session is held back by nothing."""
    phone = _ids(web)["phone"]
    with psycopg.connect(postgres.conninfo(web.info.dbname, user="other")) as own:
        own.execute("select set_config('switchboard.operator_id', %s, true)", [str(NILS)])
        own.execute("select set_config('switchboard.request_organization', %s, true)", [str(GLOBEX)])
        assert own.execute("select id from public.integration_credentials where id = %s", [phone]).fetchone()
        own.execute("update public.integration_credentials set display_name = 'x' where id = %s", [phone])
        own.rollback()
    owner.execute("select set_config('switchboard.request_organization', %s, true)", [str(GLOBEX)])
    assert owner.execute("select count(*) from public.integration_credentials").fetchone() == (2,)


def test_the_log_says_who_vouched_for_a_request(web: psycopg.Connection) -> None:
    ids = _ids(web)
    web.execute("select set_config('switchboard.operator_id', %s, true)", [str(RAVI)])
    web.execute("select set_config('switchboard.request_organization', %s, true)", [str(ACME)])
    web.execute(TRIED["save"].format_map(ids).encode())
    row = web.execute(
        "select user_id, details ->> 'operator', details ->> 'operator_from', details ->> 'session_user' "
        "from public.integration_audit_logs where action = 'credential_updated' order by created_at desc"
    ).fetchone()
    assert row == (RAVI, "ravi@acme.example", "vouched", "web")


@pytest.mark.parametrize(
    ("person", "code"), [(NOBODY, "unknown_person"), (MEENA, "inactive_person"), (GITA, "unknown_person")]
)
def test_who_cannot_be_appointed(owner: psycopg.Connection, person: UUID, code: str) -> None:
    with pytest.raises(psycopg.Error) as refused:
        owner.execute("select switchboard.change_administrator(%s, %s, true)", [ACME, person])
    assert (refused.value.sqlstate, refused.value.diag.message_detail) == ("SB007", code)


def test_appointing_twice_is_logged_once(owner: psycopg.Connection) -> None:
    for appoints, is_logged in ((True, True), (True, False), (False, True), (False, False)):
        row = owner.execute("select switchboard.change_administrator(%s, %s, %s)", [ACME, VERA, appoints]).fetchone()
        assert row is not None and (row[0] is not None) is is_logged
    for change, side in (("appointed", "after"), ("dismissed", "before")):
        row = owner.execute(
            "select details ->> 'change', details -> %s, organization_id from public.integration_audit_logs "
            "where action = 'access_changed' and details -> %s ->> 'user_id' = %s",
            [side, side, str(VERA)],
        ).fetchone()
        assert row == (change, {"user_id": str(VERA), "label": "vera@acme.example"}, ACME)
